"""Runs on a Kubernetes beside bare Jobs of the same image there: a chain, many steps at once, requests, the first pod.

Needs KUBECONFIG, kubectl, rights to make namespaces and FlowSchemas, and on the nodes the image of
JUPYTER_MLOPS_TEST_IMAGE (by default `mlops/examples:1`), with pandas.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness import ROOT, Figure, Report, notebook

sys.path.insert(0, str(ROOT))

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.job import job
from jupyter_mlops.kube.kubeconfig import transport_for
from jupyter_mlops.kube.pod_settings import PodSettings, Work
from jupyter_mlops.kube.rbac import DRIVER, Subject, as_yaml
from jupyter_mlops.kube.request import Request, Response, Stream
from jupyter_mlops.kube.resource import JOBS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.events import Event, RunFinished, TaskStarted
from jupyter_mlops.verbs.run import run
from tests.cluster.by_kubectl import IMAGE, Namespace, namespace

CHAIN, WIDE, ROUNDS = 20, 50, 3
PYTHON = os.environ.get("JUPYTER_MLOPS_TEST_PYTHON", "/opt/venv/bin/python3")
FLOW = "jupyter-mlops-benchmark"


def main() -> Report:
    """Measure and report."""
    report = Report("cluster")
    with namespace("mlops-bench") as here, TemporaryDirectory() as name:
        here("apply", "-f", "-", given=as_yaml(["run"], here.name, Subject("User", "nobody")))
        here.claim("mlops-store")
        connection = transport_for()
        try:
            kube = Kube(connection.transport, here.name)
            _measure(report, here, kube, Path(name))
        finally:
            connection.transport.close()
    return report


def _measure(report: Report, here: Namespace, kube: Kube, folder: Path) -> None:
    settings = {"image": IMAGE, "python": PYTHON, "namespace": here.name, "service_account": DRIVER}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    made = [notebook(_chain(), folder / "chain.ipynb"), notebook(_wide(), folder / "wide.ipynb")]
    (folder / "jupyter_mlops.toml").write_text(f"[kubernetes]\n{lines}")
    _ran(made[0])  # brings the code there, and images into the node's memory

    rounds = [(_bare(kube, 1, f"one-{at}"), _bare_chain(kube, at), _ran(made[0])) for at in range(ROUNDS)]
    alone = statistics.median(item[0] for item in rounds)
    bare = statistics.median(item[1] for item in rounds)
    chain = statistics.median(item[2].steps for item in rounds)
    note = f"a bare Job takes {bare / CHAIN:.2f} s in a chain of its own, {alone:.2f} s alone"
    report.add(Figure(f"a chain of {CHAIN} steps, a step", chain / CHAIN, "s", note=note))
    report.add(Figure("the same, over bare Jobs one after the other", chain / bare, "x", promise=1.3))
    first = statistics.median(item[2].first for item in rounds)
    report.add(Figure("from Run to the Job of the first step", first, "s", note="the driver's pod is at work then"))

    pairs = [
        (_bare(kube, WIDE, f"wide-{at}"), _ran(made[1]).steps, _indexed(kube, WIDE, f"index-{at}")) for at in range(2)
    ]
    at_once, ours, indexed = (statistics.median(column) for column in zip(*pairs, strict=True))
    report.add(Figure(f"{WIDE} steps at once", ours, "s", note=f"{WIDE} bare Jobs: {at_once:.1f} s"))
    report.add(Figure("the same, over bare Jobs at once", ours / at_once, "x", promise=1.3))
    note = f"the Indexed Job: {indexed:.1f} s (docs/decisions/012)"
    report.add(
        Figure(f"{WIDE} bare Jobs at once, over an Indexed Job of as many pods", at_once / indexed, "x", note=note)
    )
    _requests(report, here, made)


class _Ran:
    """What a run took: `first` seconds from the call to the start of the first step, `steps` from there to the end."""

    def __init__(self, path: Path) -> None:
        started = time.time()
        answer = run(path, target="kubernetes", cache=False, on_event=self._hear)
        if answer["state"] != "succeeded":
            raise RuntimeError(f"the run {answer['run']} {answer['state']}")
        self.steps = self.ended - self.began
        self.first = self.began - started

    began = ended = 0.0

    def _hear(self, event: Event) -> None:
        if isinstance(event, TaskStarted):
            self.began = self.began or event.at
        if isinstance(event, RunFinished):
            self.ended = event.at


def _ran(path: Path) -> _Ran:
    return _Ran(path)


def _chain() -> list[tuple[str, str]]:
    return [("s0", "total = 0"), *((f"s{at}", "total = total + 1") for at in range(1, CHAIN))]


def _wide() -> list[tuple[str, str]]:
    return [(f"s{at}", f"total_{at} = {at}") for at in range(WIDE)]


def _bare_chain(kube: Kube, at: int) -> float:
    return sum(_bare(kube, 1, f"chain-{at}-{step}") for step in range(CHAIN))


def _bare(kube: Kube, many: int, name: str) -> float:
    """Seconds from the creation of so many Jobs that do nothing to the end of the last one's pod."""
    return _until_over(kube, name, [_nothing(f"{name}-{number}", name) for number in range(many)])


def _indexed(kube: Kube, many: int, name: str) -> float:
    """The same for one Job of so many pods."""
    made = _nothing(name, name)
    made["spec"].update(completionMode="Indexed", completions=many, parallelism=many, backoffLimitPerIndex=0)
    made["spec"].pop("backoffLimit", None)
    return _until_over(kube, name, [made])


def _nothing(name: str, mark: str) -> dict[str, Any]:
    made = job(name, Work(IMAGE, (PYTHON, "-c", "pass"), labels={"bench": mark}), PodSettings())
    made["metadata"]["labels"] = {"bench": mark}
    return made


def _until_over(kube: Kube, name: str, jobs: list[dict[str, Any]]) -> float:
    started, over, ended = time.perf_counter(), set(), threading.Event()

    def watch() -> None:
        stop = Stop()
        for change in changes_of(kube, Selection(JOBS, f"bench={name}"), stop):
            if any(item.get("type") == "SuccessCriteriaMet" for item in _conditions(change.object)):
                over.add(change.object["metadata"]["name"])
            if len(over) == len(jobs):
                ended.set()
                return

    threading.Thread(target=watch, daemon=True).start()
    for made in jobs:
        kube.create(JOBS, made)
    if not ended.wait(600):
        raise RuntimeError(f"the Jobs {name} did not end")
    seconds = time.perf_counter() - started
    for made in jobs:
        kube.delete(JOBS, made["metadata"]["name"])
    return seconds


def _conditions(found: Any) -> list[dict[str, Any]]:
    return (found.get("status", {}).get("conditions") or []) if found else []


def _requests(report: Report, here: Namespace, made: list[Path]) -> None:
    """Requests of whoever watches are counted here, those of the driver by the API server: it has a flow of its own."""
    schema = {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": FLOW},
        "spec": {
            "priorityLevelConfiguration": {"name": "workload-low"},
            "matchingPrecedence": 100,
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [
                {
                    "subjects": [
                        {"kind": "ServiceAccount", "serviceAccount": {"name": DRIVER, "namespace": here.name}}
                    ],
                    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}],
                }
            ],
        },
    }
    here.make(schema)
    try:
        for path, steps in zip(made, (CHAIN, WIDE), strict=True):
            before = _of_driver(here)
            home = _counted(lambda path=path: _ran(path))  # type: ignore[misc]
            driver = _of_driver(here) - before
            note = f"the driver {driver}, at home {home}"
            what = f"API requests a step, {steps} steps {'one after the other' if path == made[0] else 'at once'}"
            report.add(Figure(what, (home + driver) / steps, "requests", note=note))
    finally:
        here("delete", "flowschema", FLOW)


def _of_driver(here: Namespace) -> int:
    """Requests of the driver's account that the API server has taken."""
    found = [
        line.rpartition(" ")[2]
        for line in here("get", "--raw", "/metrics").splitlines()
        if line.startswith("apiserver_flowcontrol_dispatched_requests_total{") and f'flow_schema="{FLOW}"' in line
    ]
    return sum(int(float(text)) for text in found)


def _counted(work: Callable[[], object]) -> int:
    """How many requests this process sends meanwhile."""
    from jupyter_mlops.kube.transport import HttpTransport

    count = 0
    send, stream = HttpTransport.send, HttpTransport.stream

    def counting_send(self: HttpTransport, request: Request) -> Response:
        nonlocal count
        count += 1
        return send(self, request)

    def counting_stream(self: HttpTransport, request: Request) -> Stream:
        nonlocal count
        count += 1
        return stream(self, request)

    HttpTransport.send, HttpTransport.stream = counting_send, counting_stream  # type: ignore[method-assign]
    try:
        work()
    finally:
        HttpTransport.send, HttpTransport.stream = send, stream  # type: ignore[method-assign]
    return count
