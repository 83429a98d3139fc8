"""What may happen to a run in a real cluster: waits, evictions, deaths, limits, and an API server that is away."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyter_mlops.errors import Conflict, MlopsError, Refused, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unauthorized
from jupyter_mlops.kube.in_cluster import ServiceAccount
from jupyter_mlops.kube.rbac import driver_rules
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, NODES, PODS, PVCS, QUOTAS, SECRETS, SERVICE_ACCOUNTS
from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.store.events import RunCreated, TaskStarted, TaskWaiting
from jupyter_mlops.targets.kubernetes import submit
from jupyter_mlops.targets.kubernetes.places import GRACE_S, RunPlace, driver_job
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import retry, show
from tests.cluster.conftest import SERVER_PID
from tests.cluster.person import VOLUMES
from tests.cluster.relay import Relay
from tests.cluster.test_home import on_volume
from tests.cluster.test_runs import PYTHON, notebook, states, store

__all__ = ["store"]

PATIENCE_S = 120.0
WAITS = "import time\nwhile True: time.sleep(0.1)"
RIGHTS = [
    {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)} for rule in driver_rules()
]


def project(cluster, where: Path, account: str = "driver", **settings: Any) -> Path:
    """A project whose target is the namespace."""
    own = {"image": cluster.image, "python": PYTHON, "namespace": cluster.namespace, "service_account": account}
    lines = [f"{name} = {json.dumps(value)}" for name, value in {**own, "patience": 5, **settings}.items()]
    (where / "jupyter_mlops.toml").write_text("\n".join(["[kubernetes]", *lines]) + "\n")
    (where / ".jupyter_mlops").mkdir(exist_ok=True)
    return where


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cluster.account("driver", RIGHTS)
    monkeypatch.setenv("KUBECONFIG", cluster.kubeconfig)
    return project(cluster, tmp_path)


def until(ready: Callable[[], Any], what: str) -> Any:
    """What `ready` gives, once it is something."""
    end = time.monotonic() + PATIENCE_S
    while not (found := ready()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.3)
    return found


class Watching:
    """Listens to a run, and does things to it at its events; each in a thread, so that the run goes on meanwhile."""

    def __init__(self, kube: Kube) -> None:
        self.kube, self.run, self.heard = kube, "", []
        self._acts: list[tuple[Callable[[Any], bool], Callable[[], None]]] = []
        self._threads: list[threading.Thread] = []
        self.faults: list[BaseException] = []

    def __call__(self, event: Any) -> None:
        self.heard.append(event)
        if isinstance(event, RunCreated):
            self.run = event.run
        for when, act in [item for item in self._acts if item[0](event)]:
            self._acts.remove((when, act))
            self._threads.append(threading.Thread(target=self._do, args=(act,)))
            self._threads[-1].start()

    def at_start_of(self, task: str, act: Callable[[], None]) -> None:
        self._acts.append((lambda event: isinstance(event, TaskStarted) and event.task == task, act))

    def at_wait_for(self, code: str, act: Callable[[], None]) -> None:
        self._acts.append((lambda event: isinstance(event, TaskWaiting) and event.code == code, act))

    def waits(self) -> list[TaskWaiting]:
        return [event for event in self.heard if isinstance(event, TaskWaiting) and event.reason]

    def done(self) -> None:
        """All that was to be done was done."""
        for thread in self._threads:
            thread.join()
        assert not self.faults, self.faults
        assert not self._acts

    def pod(self, part: str = "step", phase: str = "Running") -> str:
        """The name of the pod of this run that is at work."""
        mine = f"jupyter-mlops.io/part={part},jupyter-mlops.io/run={self.run}"

        def look() -> list[str]:
            found = self.kube.list(PODS, labels=mine).items
            return [
                item["metadata"]["name"]
                for item in found
                if item["status"].get("phase") == phase and "deletionTimestamp" not in item["metadata"]
            ]

        return until(look, f"a {phase} pod of the {part}")[0]

    def evict(self, pod: str) -> None:
        """As `kubectl drain` does it."""
        path = PODS.path(self.kube.namespace, pod, "eviction")
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        answer = self.kube.transport.send(Request("POST", path, {}, body))
        assert answer.status < 300, answer.body

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as fault:
            self.faults.append(fault)


@pytest.fixture
def watching(cluster) -> Watching:
    return Watching(cluster.kube)


def wait_for_word(folder: Path, watching: Watching, task: str, word: str) -> None:
    """Until the first attempt of the task has printed it."""
    log = folder / ".jupyter_mlops" / "runs" / watching.run / "tasks" / task / "1" / "log"
    until(lambda: log.exists() and word in log.read_text(), f"the word {word!r}")


def first_time(work: str) -> str:
    """Code that waits for ever the first time, and works when it runs again."""
    return (
        f"import os, time\nmark = '/mlops/store/work/' + {work!r}\nif not os.path.exists(mark):\n"
        "    open(mark, 'w').close()\n    print('the first', flush=True)\n    time.sleep(600)\nprint('the second')"
    )


# Taken away.


@pytest.mark.parametrize("how", ["evicted", "deleted"])
def test_a_step_that_is_taken_away_begins_again_without_using_up_a_retry(
    folder: Path, watching: Watching, how: str
) -> None:
    def take() -> None:
        pod = watching.pod()
        wait_for_word(folder, watching, "work", "the first")
        watching.evict(pod) if how == "evicted" else watching.kube.delete(PODS, pod)

    watching.at_start_of("work", take)
    answer = run(notebook(folder, f"%%step work --no-cache\n{first_time(how)}"), target="kubernetes", on_event=watching)
    watching.done()
    assert answer["state"] == "succeeded", answer["tasks"]
    [task] = answer["tasks"]
    said = {"evicted": "Its node was drained.", "deleted": "Its pod was deleted."}[how]
    assert [attempt["state"] for attempt in task["attempts"]] == ["failed", "succeeded"]
    assert [note for note in task["notes"] if f"Attempt 1 was started again: {said}" in note]
    runs = folder / ".jupyter_mlops" / "runs" / answer["run"] / "tasks" / "work"
    assert "the first" in (runs / "1" / "executed.ipynb").read_text()
    assert (runs / "2" / "log").read_text().strip() == "the second"


def test_a_driver_that_is_evicted_is_followed_by_another_that_goes_on(
    folder: Path, watching: Watching, cluster
) -> None:
    replaced: list[str] = []

    def take() -> None:
        wait_for_word(folder, watching, "work", "the first")
        replaced.append(watching.pod("driver"))
        watching.evict(replaced[0])

    watching.at_start_of("work", take)
    path = notebook(
        folder, "%%step before --no-cache\nx = 1", f"%%step work --no-cache\n{first_time('driver')}\nprint(x)"
    )
    answer = run(path, target="kubernetes", on_event=watching)
    watching.done()
    assert answer["state"] == "succeeded"
    drivers = f"jupyter-mlops.io/part=driver,jupyter-mlops.io/run={watching.run}"

    def ended() -> list[str]:
        [job] = cluster.kube.list(JOBS, labels=drivers).items
        found = [item["type"] for item in job["status"].get("conditions", []) if item["status"] == "True"]
        return [kind for kind in found if kind in ("Complete", "Failed")]

    assert until(ended, "the end of the driver's Job") == ["Complete"]
    assert replaced != [item["metadata"]["name"] for item in cluster.kube.list(PODS, labels=drivers).items]


# Waiting.


def test_a_step_that_finds_no_node_says_so_while_it_waits_and_can_be_canceled(folder: Path, watching: Watching) -> None:
    stop, seen = threading.Event(), []

    def look() -> None:
        seen.extend(task["waiting"] for task in show(watching.run, folder=folder)["tasks"])
        stop.set()

    watching.at_wait_for("unschedulable", look)
    answer = run(notebook(folder, "%%step big --cpu 640\nx = 1"), target="kubernetes", on_event=watching, stop=stop)
    watching.done()
    assert answer["state"] == "canceled"
    assert "too little cpu free (it asks for 640)" in seen[0]
    assert answer["tasks"][0]["waiting"] == ""


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--image nowhere.example/none:1", "nowhere.example/none:1"),
        ("--secret nothing:key:KEY", "There is no Secret nothing in the namespace."),
    ],
)
def test_a_step_that_lacks_something_fails_with_its_name(
    folder: Path, watching: Watching, option: str, said: str
) -> None:
    answer = run(notebook(folder, f"%%step lacks {option}\nx = 1"), target="kubernetes", on_event=watching)
    assert answer["state"] == "failed"
    assert said in answer["tasks"][0]["reason"]
    assert [event for event in watching.waits() if said in event.reason]
    left = f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={answer['run']}"
    until(lambda: not watching.kube.list(JOBS, labels=left).items, "the end of its Job")


def test_a_quota_without_room_for_a_pod_is_waited_for(folder: Path, watching: Watching, cluster) -> None:
    cluster.kube.create(QUOTAS, {"metadata": {"name": "one"}, "spec": {"hard": {"pods": "1"}}})
    try:
        watching.at_wait_for("quota", lambda: cluster.kube.delete(QUOTAS, "one"))
        answer = run(notebook(folder, "%%step s --no-cache\nx = 1"), target="kubernetes", on_event=watching)
    finally:
        cluster.kube.delete(QUOTAS, "one")
    watching.done()
    assert answer["state"] == "succeeded"
    assert "The namespace's quota one has no room: of pods it asks for 1, 1 of 1 are in use." in [
        event.reason for event in watching.waits()
    ]


def test_a_quota_without_room_for_a_job_is_waited_for(folder: Path, watching: Watching, cluster) -> None:
    used = len(cluster.kube.list(JOBS).items)
    hard = {"count/jobs.batch": str(used + 1)}
    cluster.kube.create(QUOTAS, {"metadata": {"name": "jobs"}, "spec": {"hard": hard}})
    try:
        watching.at_wait_for("quota", lambda: cluster.kube.delete(QUOTAS, "jobs"))
        answer = run(notebook(folder, "%%step s --no-cache\nx = 1"), target="kubernetes", on_event=watching)
    finally:
        cluster.kube.delete(QUOTAS, "jobs")
    watching.done()
    assert answer["state"] == "succeeded"


# Ended.


def test_a_step_that_takes_too_long_keeps_what_it_has_printed(folder: Path) -> None:
    answer = run(
        notebook(folder, "%%step slow --timeout 4\nprint('so far', flush=True)\nimport time; time.sleep(600)"),
        target="kubernetes",
    )
    [task] = answer["tasks"]
    assert (task["state"], task["reason"]) == ("failed", "took longer than its timeout of 4 s")
    assert "so far" in Path(task["notebook"]).read_text()


def test_a_canceled_run_stops_its_steps_and_keeps_what_they_have_printed(folder: Path, watching: Watching) -> None:
    stop = threading.Event()

    def cancel() -> None:
        wait_for_word(folder, watching, "slow", "so far")
        stop.set()

    watching.at_start_of("slow", cancel)
    answer = run(
        notebook(folder, f"%%step slow\nprint('so far', flush=True)\n{WAITS}", "%%step after\nx = 1"),
        target="kubernetes",
        on_event=watching,
        stop=stop,
    )
    watching.done()
    assert answer["state"] == "canceled"
    assert states(answer)["slow"] == "canceled"
    assert "so far" in Path(answer["tasks"][0]["notebook"]).read_text()


DEAF = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n"
    "while True: time.sleep(0.2)"
)


def test_steps_that_do_not_listen_are_killed_after_their_grace(folder: Path, watching: Watching) -> None:
    """Their pods have the grace period of all steps, so this waits for it: once for both ways to be asked to end."""
    stop = threading.Event()

    def cancel() -> None:
        for task in ("slow", "endless"):
            wait_for_word(folder, watching, task, "deaf")
        asked = f"jupyter-mlops.io/run={watching.run},jupyter-mlops.io/step=slow"
        until(
            lambda: [p for p in watching.kube.list(PODS, labels=asked).items if "deletionTimestamp" in p["metadata"]],
            "the end of the time of the step `slow`",
        )
        stop.set()

    watching.at_start_of("endless", cancel)
    path = notebook(folder, f"%%step slow --timeout 3\n{DEAF}", f"%%step endless\n{DEAF}")
    answer = run(path, target="kubernetes", on_event=watching, stop=stop)
    watching.done()
    assert answer["state"] == "canceled"
    assert states(answer) == {"slow": "failed", "endless": "canceled"}
    assert answer["tasks"][0]["reason"] == "took longer than its timeout of 3 s"
    for task in states(answer):
        place = folder / ".jupyter_mlops" / "runs" / watching.run / "tasks" / task / "1"
        assert "deaf" in (place / "log").read_text()
        seen = [json.loads(line) for line in (place / "cluster.jsonl").read_text().splitlines()]
        pods = [line for line in seen if line["kind"] == "pod"]
        killed = next(pod for pod in pods if pod["exit_code"] == 128 + signal.SIGKILL)
        running = [pod["at"] for pod in pods if pod["state"] == "running"]
        assert killed["at"] - max(running) > 0.9 * GRACE_S  # told to end, it ran on
    mine = f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={watching.run}"
    until(lambda: not watching.kube.list(JOBS, labels=mine).items, "the end of its Jobs")


def test_a_process_that_crashes_is_named_so_and_uses_up_a_retry(folder: Path) -> None:
    # The first process of a container cannot send itself SIGKILL.
    crash = "import ctypes, os\nmark = '/mlops/store/died'\nos.path.exists(mark) or {}ctypes.string_at(0)"
    always, once = crash.format(""), crash.format("open(mark, 'w').close() or ")
    [task] = run(notebook(folder, f"%%step dies --no-cache\n{always}"), target="kubernetes")["tasks"]
    assert (task["state"], "SIGSEGV" in task["reason"]) == ("failed", True), task["reason"]
    answer = run(notebook(folder, f"%%step dies --no-cache --retries 1\n{once}"), target="kubernetes")
    assert answer["state"] == "succeeded"
    assert [attempt["state"] for attempt in answer["tasks"][0]["attempts"]] == ["failed", "succeeded"]


def test_a_step_with_too_little_memory_is_named_so(folder: Path) -> None:
    path = notebook(folder, "%%step eats --memory 64Mi\nheld = []\nwhile True: held.append(bytearray(8 << 20))")
    [task] = run(path, target="kubernetes")["tasks"]
    assert "more memory than its limit of 64Mi (OOMKilled)" in task["reason"].replace(" MiB", "Mi")


# What is missing.


def test_an_image_without_python_is_told_and_nothing_is_left(folder: Path, cluster) -> None:
    project(cluster, folder, python="/nowhere/python3")
    with pytest.raises((Refused, WorkFailed), match=r"There is no /nowhere/python3 in the image"):
        run(notebook(folder, "x = 1"), target="kubernetes")


def test_a_driver_that_may_not_make_jobs_names_the_right(folder: Path, cluster) -> None:
    rules = [{**rule, "verbs": ["get", "list", "watch"]} if rule["resources"] == ["jobs"] else rule for rule in RIGHTS]
    cluster.account("weak", rules)
    project(cluster, folder, account="weak")
    answer = run(notebook(folder, "x = 1"), target="kubernetes")
    [task] = answer["tasks"]
    assert "cannot create resource" in task["reason"]
    assert "target rbac" in task["reason"]


def test_a_token_that_is_replaced_is_taken_up_and_one_that_ended_is_told(cluster, tmp_path: Path) -> None:
    cluster.account("rotating", RIGHTS)

    def token(secret: str) -> str:
        """One that ends with a Secret."""
        made = cluster.kube.create(SECRETS, {"metadata": {"name": secret}})
        bound = {"kind": "Secret", "apiVersion": "v1", "name": secret, "uid": made["metadata"]["uid"]}
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600, "boundObjectRef": bound},
        }
        path = SERVICE_ACCOUNTS.path(cluster.namespace, "rotating", "token")
        return json.loads(cluster.kube.transport.send(Request("POST", path, {}, body)).body)["status"]["token"]

    (tmp_path / "ca.crt").write_bytes(Path(cluster.access.ca_file).read_bytes() if cluster.access.ca_file else b"")
    (tmp_path / "token").write_text(token("first"))
    transport = HttpTransport(ServiceAccount(cluster.access.server, tmp_path))
    kube = Kube(transport, cluster.namespace)
    try:
        assert kube.list(JOBS)
        cluster.kube.delete(SECRETS, "first")

        def refused() -> bool:
            with contextlib.suppress(Unauthorized):
                kube.list(JOBS)
                return False
            return True

        until(refused, "the end of the token")  # servers remember for some seconds who was let in
        (tmp_path / "token").write_text(token("second"))
        assert kube.list(JOBS)
    finally:
        transport.close()


def test_who_is_not_let_in_is_told_to_log_in(cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = json.loads(subprocess.check_output(["kubectl", "config", "view", "--raw", "-o", "json"]))
    config["users"] = [{"name": user["name"], "user": {"token": "old"}} for user in config["users"]]
    (folder / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    with pytest.raises(Unauthorized) as refused:
        run(notebook(folder, "x = 1"), target="kubernetes")
    assert "Log in to the cluster again" in refused.value.hint


# The way to the server.


@pytest.fixture
def relay(cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """The run's driver, and who follows it here, reach the server through a port that can be closed."""
    server = urlsplit(cluster.access.server)
    if not is_here(server.hostname):
        pytest.skip("needs the API server to be on this machine")
    way = Relay(server.hostname, server.port)

    def through(place: RunPlace, number: int, order: str) -> dict[str, Any]:
        job = driver_job(place, number, order)
        env = {"KUBERNETES_SERVICE_HOST": server.hostname, "KUBERNETES_SERVICE_PORT": str(way.port)}
        [container] = job["spec"]["template"]["spec"]["containers"]
        container["env"] += [{"name": name, "value": value} for name, value in env.items()]
        return job

    monkeypatch.setattr(submit, "driver_job", through)
    config = json.loads(subprocess.check_output(["kubectl", "config", "view", "--raw", "-o", "json"]))
    config["clusters"][0]["cluster"]["server"] = f"https://{server.hostname}:{way.port}"
    (folder / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    yield way
    way.end()


def is_here(host: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


CHAIN = ("%%step one --no-cache\nimport time; time.sleep(8); x = 1", "%%step two --no-cache\nprint(x)")


def test_a_run_outlives_a_server_that_is_away_for_a_while(folder: Path, relay: Relay, watching: Watching) -> None:
    def cut() -> None:
        watching.pod()
        relay.close_for(20)

    watching.at_start_of("one", cut)
    answer = run(notebook(folder, *CHAIN), target="kubernetes", on_event=watching)
    watching.done()
    assert states(answer) == {"one": "succeeded", "two": "succeeded"}
    assert [task["attempt"] for task in answer["tasks"]] == [1, 1]


@pytest.mark.parametrize("attached", [False, True])
def test_a_run_whose_watches_are_cut_again_and_again_does_each_step_once(
    folder: Path, relay: Relay, watching: Watching, attached: bool
) -> None:
    over, broken = threading.Event(), []

    def cut() -> None:
        while not over.wait(1.0):
            broken.append(relay.cut())

    watching.at_start_of("one", cut)
    path = notebook(folder, *(cell.replace("sleep(8)", "sleep(6)") for cell in CHAIN), "%%step three --no-cache\nx + 1")
    try:
        answer = run(path, target="kubernetes", on_event=watching, attached=attached)
    finally:
        over.set()
    watching.done()
    assert states(answer) == dict.fromkeys(("one", "two", "three"), "succeeded")
    assert [task["attempt"] for task in answer["tasks"]] == [1, 1, 1]
    assert [len(task["attempts"]) for task in answer["tasks"]] == [1, 1, 1]
    assert sum(number > 0 for number in broken) > 5, broken
    pods = watching.kube.list(PODS, labels=f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={watching.run}").items
    assert len(pods) == 3


@pytest.mark.stops_the_server
def test_a_run_outlives_a_server_that_hangs_for_a_while(folder: Path, watching: Watching) -> None:
    server = int(os.environ[SERVER_PID])

    def hang() -> None:
        watching.pod()
        os.kill(server, signal.SIGSTOP)
        try:
            time.sleep(20)
        finally:
            os.kill(server, signal.SIGCONT)

    watching.at_start_of("one", hang)
    answer = run(notebook(folder, *CHAIN), target="kubernetes", on_event=watching)
    watching.done()
    assert states(answer) == {"one": "succeeded", "two": "succeeded"}


# Two drivers.


def test_of_two_drivers_of_a_run_the_second_gives_way(folder: Path, watching: Watching, cluster) -> None:
    said: list[str] = []

    def another() -> None:
        watching.pod()
        mine = f"jupyter-mlops.io/run={watching.run}"
        [order] = cluster.kube.list(CONFIG_MAPS, labels=f"{mine},jupyter-mlops.io/part=plan").items
        place = RunPlace.from_data(json.loads(order["data"]["order.json"])["place"])
        job = driver_job(place, 2, order["metadata"]["name"])
        cluster.kube.create(JOBS, job)
        marks = f"batch.kubernetes.io/job-name={job['metadata']['name']}"

        def ended() -> Any:
            pods = cluster.kube.list(PODS, labels=marks).items
            return [item for item in pods if item["status"].get("phase") in ("Failed", "Succeeded")]

        [pod] = until(ended, "the end of the second driver")
        assert pod["status"]["phase"] == "Failed"
        said.append(pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"])
        on_volume(cluster, "second-is-over", "open('/mlops/store/second', 'w').close()")

    watching.at_start_of("work", another)
    wait = "import os, time\nwhile not os.path.exists('/mlops/store/second'): time.sleep(0.2)"
    answer = run(notebook(folder, f"%%step work --no-cache\n{wait}"), target="kubernetes", on_event=watching)
    watching.done()
    assert answer["state"] == "succeeded"
    assert answer["tasks"][0]["attempt"] == 1
    assert "The run is driven by the pod" in said[0]


# A full volume.


@pytest.fixture
def small(cluster, folder: Path) -> Iterator[Path]:
    """A claim of a few megabytes, that are memory of this machine."""
    nodes = cluster.kube.list(NODES).items
    if os.geteuid() or len(nodes) > 1 or not is_here(nodes[0]["status"]["addresses"][0]["address"]):
        pytest.skip("needs a cluster whose one node is this machine, and root")
    name = f"small-{uuid.uuid4().hex[:8]}"
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}
    # Not below pytest's folder, which later sessions clear: a mount that is left would be in their way.
    place = Path(tempfile.mkdtemp(prefix="mlops-small-"))
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", str(place)])
    try:
        kept = {"hostPath": {"path": str(place)}, "persistentVolumeReclaimPolicy": "Retain"}
        size = {"storage": "8Mi"}
        cluster.kube.create(VOLUMES, {"metadata": {"name": name}, "spec": {**spec, **kept, "capacity": size}})
        claim = {**spec, "resources": {"requests": size}}
        cluster.kube.create(PVCS, {"metadata": {"name": name}, "spec": claim})
        project(cluster, folder, claim=name)
        yield place
    finally:
        with contextlib.suppress(MlopsError):
            cluster.kube.delete(PVCS, name)
            cluster.kube.delete(VOLUMES, name)
        subprocess.check_call(["umount", "-l", str(place)])
        place.rmdir()


@pytest.mark.parametrize("what", ["values", "a file"])
def test_a_full_volume_fails_the_step_by_that_name_and_with_room_the_run_goes_on(
    folder: Path, small: Path, what: str
) -> None:
    size = "size = (16 << 20) if os.path.exists('/mlops/store/fill') else 10"
    use = {"values": "x = os.urandom(size)", "a file": "x = open('/mlops/store/big', 'wb').write(bytes(size))"}[what]
    path = notebook(folder, f"%%step fills --no-cache\nimport os\n{size}\n{use}", "%%step uses\nprint(x)")
    (small / "fill").touch()
    answer = run(path, target="kubernetes")
    assert (answer["state"], states(answer)["fills"]) == ("failed", "failed")
    assert "the disk is full" in answer["tasks"][0]["reason"]
    (small / "fill").unlink()
    (small / "big").unlink(missing_ok=True)

    def again() -> Any:
        with contextlib.suppress(Conflict):  # its pod may be said to run for a moment after it has ended
            return retry(answer["run"], folder=folder)

    assert until(again, "the end of the driver")["state"] == "succeeded"
