"""Pods of ours under Pod Security `restricted`: admitted, and able to do what steps do, whatever the image's user."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.code_bundle import FOLDER, CodeBundle, bundle
from jupyter_mlops.kube.explain import why_died
from jupyter_mlops.kube.job import job
from jupyter_mlops.kube.labels import labels, owned
from jupyter_mlops.kube.pod_settings import Claim, ConfigFiles, PodSettings, SecretFiles, Work
from jupyter_mlops.kube.pod_template import pod_template
from jupyter_mlops.pipeline.model import Options, Secret
from tests.cluster.by_kubectl import IMAGE, Namespace, namespace

GOLDEN = Path(__file__).parent.parent / "unit" / "kube" / "golden"
SMALL = PodSettings(requests={"cpu": "50m", "memory": "32Mi"})


@pytest.fixture(scope="module")
def here(cluster: object) -> Iterator[Namespace]:
    with namespace("pods") as made:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "driver"}}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "database"},
            "stringData": {"password": "p$w"},
        }
        made.make(account, secret)
        made.claim("store")
        yield made


@pytest.mark.parametrize("name", ["plain", "openshift", "full"])
def test_every_golden_pod_is_admitted(here: Namespace, name: str) -> None:
    template = json.loads((GOLDEN / f"pod-{name}.json").read_text())
    metadata = {**template["metadata"], "name": name}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    here("create", "--dry-run=server", "--validate=strict", "-f", "-", given=pod)
    spec = {"template": template, "backoffLimit": 0}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
    said = here("create", "--dry-run=server", "--validate=strict", "-f", "-", given=job, check=False)
    assert "Warning" not in said
    assert "created" in said


PROBE = """
import getpass, json, os, tempfile
def writable(folder):
    with tempfile.NamedTemporaryFile(dir=folder): return True
try:
    open("/etc/mine", "w"); root = "writable"
except OSError as error:
    root = error.strerror
print(json.dumps({
    "user": os.getuid(), "name": getpass.getuser(), "home": writable(os.path.expanduser("~")),
    "tmp": writable(None), "price": os.environ["PRICE"], "secret": os.environ["PASSWORD"],
    "file": open("/keys/password").read(), "map": open("/plan/plan.json").read(), "store": writable("/project"),
    "cwd": os.getcwd(), "services": sorted(name for name in os.environ if "SERVICE_HOST" in name),
    "token": os.path.exists("/var/run/secrets/kubernetes.io"), "root": root, "argument": __import__("sys").argv[1],
}))
"""


def test_a_pod_of_a_root_image_can_do_what_steps_do(here: Namespace) -> None:
    plan = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "plan"}, "data": {"plan.json": "{}"}}
    here.make(plan)
    price = "$5.00 $(HOME) $$ ${X} ü\n`a`"
    work = Work(
        IMAGE,
        ("python3", "-c", PROBE, "$(HOME) $$"),
        Options(memory="64Mi", env={"PRICE": price}, secrets=(Secret("database", "password", "PASSWORD"),)),
        mounts={
            "/keys": SecretFiles("database"),
            "/plan": ConfigFiles(("plan",)),
            "/project": Claim("store"),
        },
        folder="/project",
    )
    settings = PodSettings(requests=SMALL.requests, read_only_root=True)
    pod, log = here.run("probe", pod_template(work, settings))
    assert pod["status"]["phase"] == "Succeeded", log
    assert json.loads(log) == {
        "user": 1000,
        "name": "mlops",
        "home": True,
        "tmp": True,
        "price": price,
        "secret": "p$w",
        "file": "p$w",
        "map": "{}",
        "store": True,
        "cwd": "/project",
        "services": ["KUBERNETES_SERVICE_HOST"],
        "token": False,
        "root": "Read-only file system",
        "argument": "$(HOME) $$",
    }


def test_a_job_of_ours_is_admitted_without_a_warning(here: Namespace) -> None:
    work = Work(IMAGE, ("python3", "-V"), labels=labels("step", run="r"))
    made = job("fit", work, PodSettings(queue="team"), deadline=60)
    said = here("create", "--dry-run=server", "--validate=strict", "-f", "-", given=made, check=False)
    assert said.strip() == "job.batch/fit created (server dry run)"


def _code(program: str, size: int = 0) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("__main__.py", program)
        archive.writestr("data", bytes(size))
    return made.getvalue()


def _run(
    here: Namespace, name: str, code: CodeBundle, *arguments: str, python: str = "python3"
) -> tuple[dict[str, Any], str]:
    work = Work(IMAGE, code.command(arguments, python), mounts={FOLDER: code.mount}, labels=labels("step", run=name))
    return here.run(name, pod_template(work, SMALL))


def test_code_of_several_objects_runs_in_a_pod(here: Namespace) -> None:
    code = bundle(_code("import sys; print(len(open(sys.argv[0], 'rb').read()), sys.argv[1:])", 2_500_000))
    assert len(code.pieces) == 3
    for item in code.config_maps:
        here.make(item)
    _, log = _run(here, "code", code, "a b", "$(HOME)")
    assert log == f"{sum(map(len, code.pieces))} ['a b', '$(HOME)']\n"


def test_code_that_was_changed_on_the_cluster_is_refused_and_told(here: Namespace) -> None:
    code = bundle(_code("print('mine')"))
    other = base64.b64encode(_code("print('theirs')")).decode()
    here.make({**code.config_maps[0], "binaryData": {"000": other}})
    pod, log = _run(here, "tampered", code)
    reason = why_died(pod)
    assert reason is not None
    assert reason.code == "code_refused"
    assert reason.said == log.strip()
    assert "is not what was sent" in reason.said


def test_a_config_map_with_code_cannot_be_changed(here: Namespace) -> None:
    code = bundle(_code("print('fixed')"))
    here.make(*code.config_maps)
    said = here("patch", "configmap", code.names[0], "--type=merge", "-p", '{"binaryData":{"000":"eA=="}}', check=False)
    assert "immutable" in said


def test_an_image_without_python_is_told(here: Namespace) -> None:
    code = bundle(_code("pass"))
    here.make(*code.config_maps)
    pod, _ = _run(here, "no-python", code, python="no-such-python")
    reason = why_died(pod)
    assert reason is not None
    assert (reason.code, reason.said == f"There is no no-such-python in the image {IMAGE}.") == ("no_program", True)


def test_what_a_run_owns_goes_with_it_and_what_two_own_with_the_last(here: Namespace) -> None:
    for name in ("anchor-1", "anchor-2"):
        here.make(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels("anchor", run=name)}}
        )
    one, two = (here.get("configmap", name) for name in ("anchor-1", "anchor-2"))
    shared = bundle(b"of two runs").config_maps[0]
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
    here.make(owned(owned(shared, one), two), owned(mine, one))
    here("delete", "configmap", "anchor-1")
    here("wait", "--for=delete", "configmap/mine", "--timeout=30s")
    assert here.get("configmap", shared["metadata"]["name"])
    here("delete", "configmap", "anchor-2")
    here("wait", "--for=delete", f"configmap/{shared['metadata']['name']}", "--timeout=30s")
