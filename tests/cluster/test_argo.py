"""Notebooks run by the real controller of Argo Workflows, under Pod Security `restricted`, by somebody who has exactly
the Role that `target rbac argo` prints.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.discovery import served
from jupyter_mlops.kube.rbac import WORKFLOW_PODS, rules
from jupyter_mlops.kube.resource import CONFIG_MAPS, PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes_of
from jupyter_mlops.store.events import RunCreated, RunFinished, TaskStarted
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import run_ids
from jupyter_mlops.targets.argo.cluster import ArgoWorkflows
from jupyter_mlops.targets.argo.following import OVER
from jupyter_mlops.targets.argo.workflow import WORKFLOWS
from jupyter_mlops.verbs.compile import compile as compile_to
from jupyter_mlops.verbs.remote import attach, fetch
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import cancel, delete, logs, retry, show
from jupyter_mlops.verbs.verify import verify
from tests.cluster.as_user import grant, kubeconfig
from tests.cluster.test_runs import PYTHON, notebook, states, store

__all__ = ["store"]


@pytest.fixture(scope="module", autouse=True)
def _argo(cluster) -> None:
    """The controller's kind, and in the namespace what `target rbac argo` prints."""
    found, there = served(cluster.kube).find(cluster.kube, WORKFLOWS.group, WORKFLOWS.kind)
    if found is None:
        pytest.skip(f"needs Argo Workflows: {there.missing or there.unknown}")
    grant(cluster, "ada", ["argo"])


@pytest.fixture
def folder(cluster, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose target is the namespace."""
    settings = {
        "image": cluster.image,
        "python": PYTHON,
        "service_account": WORKFLOW_PODS,
        "access": "ReadWriteOnce",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    text = "\n".join(['target = "argo"', "[argo]", *lines, 'requests = {cpu = "50m", memory = "64Mi"}'])
    (tmp_path / "jupyter_mlops.toml").write_text(text + "\n")
    (tmp_path / ".jupyter_mlops").mkdir()
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(cluster, "ada", tmp_path / "kubeconfig")))
    return tmp_path


def of_run(cluster, resource, run: str) -> tuple:
    return cluster.kube.list(resource, labels=f"jupyter-mlops.io/run={run}").items


def gone(cluster, resource, run: str) -> None:
    """Wait until nothing of that kind is left of a run."""
    for _ in changes_of(cluster.kube, Selection(resource, f"jupyter-mlops.io/run={run}"), Stop()):
        if not of_run(cluster, resource, run):
            break


def log_of(answer, step: str, folder: Path) -> str:
    return "".join(part["text"] for part in logs(answer["run"], step, folder=folder)["logs"])


@pytest.mark.timeout(900)
def test_values_conditions_loops_and_all_that_comes_home(folder: Path) -> None:
    path = notebook(
        folder,
        "%%step load\nimport pandas as pd\nframe = pd.DataFrame({'a': range(5)})\nacc = 0.95",
        "%%step good --when 'acc > 0.9'\nimport jupyter_mlops as mlops\nmlops.log_metric('acc', acc)\nprint('good')",
        "%%step bad --when 'acc < 0.9'\nprint('bad')",
        "%%step square --for-each 'n in range(1, 4)'\ny = n * n\nprint('made', y)",
        "%%step total\nprint('total', sum(y) + int(frame['a'].sum()))",
    )
    heard = []
    answer = run(path, target="argo", on_event=heard.append)
    assert answer["state"] == "succeeded"
    made = {"load": "succeeded", "good": "succeeded", "bad": "skipped", "square": "succeeded", "total": "succeeded"}
    assert states(answer) == made
    assert [type(event) for event in heard if isinstance(event, (RunCreated, RunFinished))] == [RunCreated, RunFinished]
    assert log_of(answer, "total", folder) == "total 24\n"
    assert log_of(answer, "square", folder) == "made 1\nmade 4\nmade 9\n"
    executed = json.loads(Path(answer["notebook"]).read_text())
    assert any("total 24" in str(cell.get("outputs")) for cell in executed["cells"])

    again = run(path, target="argo")
    assert set(states(again).values()) == {"cached", "skipped"}


@pytest.mark.timeout(900)
def test_a_retry_a_failure_and_going_on_with_it(folder: Path, cluster) -> None:
    path = notebook(
        folder,
        "%%step flaky --retries 1\nimport os\nseen = '/mlops/store/seen'\nfirst = not os.path.exists(seen)\n"
        "open(seen, 'w').close()\nassert not first, 'the first try fails'\nvalue = 5",
        "%%step fails\nassert os.path.exists('/mlops/store/mended'), 'not yet'\nlater = 1",
        "%%step needs\nprint(later)",
        "%%step eats --memory 96Mi\nheld = []\nwhile True: held.append(bytearray(8 << 20))",
        "%%step tidy --exit\nprint('tidied')",
    )
    failed = run(path, target="argo")
    assert failed["state"] == "failed"
    wanted = {"flaky": "succeeded", "fails": "failed", "needs": "skipped", "eats": "failed", "tidy": "succeeded"}
    assert states(failed) == wanted
    tasks = {task["step"]: task for task in failed["tasks"]}
    assert tasks["flaky"]["attempt"] == 2
    assert "not yet" in tasks["fails"]["reason"]
    assert "96Mi" in tasks["eats"]["reason"]
    assert "failed" in tasks["needs"]["reason"]
    assert log_of(failed, "tidy", folder) == "tidied\n"

    mending = notebook(folder, "%%step mend\nopen('/mlops/store/mended', 'w').close()")
    assert run(mending, target="argo")["state"] == "succeeded"
    gone_on = retry(failed["run"], folder=folder)
    assert states(gone_on) == {**wanted, "fails": "succeeded", "needs": "succeeded"}
    assert {task["step"]: task["attempt"] for task in gone_on["tasks"]}["flaky"] == 2
    assert log_of(gone_on, "needs", folder) == "1\n"

    delete(failed["run"], folder=folder)
    for resource in (WORKFLOWS, PODS, CONFIG_MAPS):
        gone(cluster, resource, failed["run"])


@pytest.mark.timeout(600)
def test_a_run_that_is_canceled_says_so(folder: Path) -> None:
    path = notebook(
        folder,
        "%%step long\nimport time\nprint('sleeping', flush=True)\ntime.sleep(600)",
        "%%step after --after long\nprint('never')",
        "%%step tidy --exit\nprint('tidied')",
    )
    stop = threading.Event()

    def listen(event) -> None:
        if isinstance(event, TaskStarted) and event.task == "long":
            stop.set()

    answer = run(path, target="argo", stop=stop, on_event=listen)
    assert answer["state"] == "canceled"
    assert states(answer) == {"long": "canceled", "after": "canceled", "tidy": "canceled"}


@pytest.mark.timeout(600)
def test_a_run_outlives_who_started_it_with_its_files_and_nothing_is_left_of_it(folder: Path, cluster) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "numbers.bin").write_bytes(bytes(range(256)) * 100)
    (folder / "tools.py").write_text("def total(data): return sum(data)\n")
    path = notebook(
        folder,
        "%%step read\nimport os, time, tools\ndata = open('data/numbers.bin', 'rb').read()\n"
        "print(tools.total(data), flush=True)\nlarge = os.urandom(3 << 20)\nopen('out.txt', 'w').write('made')\n"
        "time.sleep(5)",
        "%%step look\nprint(len(large), open('out.txt').read())",
    )

    def die(event) -> None:
        if isinstance(event, TaskStarted):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="attach"):
        run(path, target="argo", on_event=die)
    project = Project.find(folder)
    [found] = run_ids(project)
    delete(found, here=True, folder=folder)
    answer = attach(found[-8:], folder=folder)  # unknown here by now
    assert (answer["state"], states(answer)) == ("succeeded", {"read": "succeeded", "look": "succeeded"})
    assert log_of(answer, "read", folder) == f"{sum(range(256)) * 100}\n"
    assert log_of(answer, "look", folder) == f"{3 << 20} made\n"
    assert fetch(found, "large", folder=folder)["bytes"] > 3 << 20
    assert not [item for item in of_run(cluster, CONFIG_MAPS, found) if "parcel" in item["metadata"]["name"]]
    delete(found, folder=folder)
    for resource in (WORKFLOWS, PODS, CONFIG_MAPS):
        gone(cluster, resource, found)
    left = "import glob\nprint(glob.glob('/mlops/store/.jupyter_mlops/runs/*'), glob.glob('/mlops/store/work/*/*'))"
    looked = run(notebook(folder, f"%%step look\n{left}"), target="argo")
    assert found not in log_of(looked, "look", folder)


@pytest.mark.timeout(600)
def test_a_run_that_nobody_follows_is_stopped_from_elsewhere(folder: Path) -> None:
    path = notebook(folder, "%%step long\nimport time\nprint('sleeping', flush=True)\ntime.sleep(600)")

    def die(event) -> None:
        if isinstance(event, TaskStarted):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, target="argo", on_event=die)
    [found] = run_ids(Project.find(folder))
    assert show(found, folder=folder)["state"] == "running"
    cancel(found, folder=folder)
    answer = attach(found, folder=folder)
    assert (answer["state"], states(answer)) == ("canceled", {"long": "canceled"})
    assert log_of(answer, "long", folder).startswith("sleeping\n")


@pytest.mark.timeout(600)
def test_a_pipeline_there_means_the_same_as_its_notebook(folder: Path, cluster) -> None:
    answer = verify(notebook(folder, "%%step a\nx = [1]", "%%step b\nx.append(2)\nprint(x)"), target="argo")
    assert (answer["same"], answer["differences"], answer["steps"]) == (True, [], 2)


@pytest.mark.timeout(600)
def test_a_run_whose_image_is_not_there_is_refused_and_leaves_nothing(folder: Path, cluster) -> None:
    with pytest.raises(Refused, match="image"):
        run(notebook(folder, "%%step one\nx = 1"), target="argo", image="nobody/has-it:1")
    [found] = run_ids(Project.find(folder))
    assert show(found, folder=folder)["state"] == "failed"
    gone(cluster, WORKFLOWS, found)


@pytest.mark.timeout(600)
def test_what_compile_wrote_runs_with_kubectl_and_takes_parameters(folder: Path, cluster, enter) -> None:
    path = notebook(folder, "depth = 4\nname = 'a \"b\"'", "%%step work\nprint(depth, name)")
    data = json.loads(path.read_text())
    data["cells"][0]["metadata"]["tags"] = ["parameters"]
    path.write_text(json.dumps(data))
    answer = compile_to(path, output=folder / "wf.yaml", target="argo")
    yaml = pytest.importorskip("yaml")
    kube = enter(cluster.token_of("ada"), cluster.namespace)
    for item in yaml.safe_load_all(Path(answer["code"]).read_text()):
        kube.apply(CONFIG_MAPS, item)
    workflow = yaml.safe_load(Path(answer["output"]).read_text())
    [depth, _] = workflow["spec"]["arguments"]["parameters"]
    assert depth == {"name": "depth", "value": "4"}
    depth["value"] = "7"
    workflow["metadata"]["name"] = "by-hand"
    kube.create(WORKFLOWS, workflow)
    for change in changes_of(cluster.kube, Selection(WORKFLOWS, fields="metadata.name=by-hand"), Stop()):
        if change.kind != "synced" and (change.object.get("status") or {}).get("phase") in OVER:
            break
    assert change.object["status"]["phase"] == "Succeeded", change.object["status"]
    pods = cluster.kube.list(PODS, labels="workflows.argoproj.io/workflow=by-hand").items
    logged = (cluster.kube.log(pod["metadata"]["name"], container="main") for pod in pods)
    printed = b"".join(part for stream in logged for part in stream).decode()
    assert '\n7 a "b"\n' in printed


def test_the_rights_that_are_printed_are_enough_and_what_is_missing_is_said(folder: Path, cluster, enter) -> None:
    plain = [
        {"apiGroups": [item.group], "resources": [item.resource], "verbs": list(item.verbs)} for item in rules("argo")
    ]
    settings = {"image": cluster.image, "python": PYTHON, "service_account": WORKFLOW_PODS}
    allowed = ArgoWorkflows(kube=enter(cluster.account("may", plain), cluster.namespace), **settings)
    assert allowed.capabilities.items[0].available
    follower = [rule for rule in plain if rule["apiGroups"] != ["argoproj.io"]]
    forbidden = ArgoWorkflows(kube=enter(cluster.account("may-not", follower), cluster.namespace), **settings)
    assert "workflows.argoproj.io" in forbidden.capabilities.items[0].missing


@pytest.mark.timeout(600)
def test_no_token_is_in_the_container_of_a_step(folder: Path) -> None:
    code = "%%step look\nimport os\nprint(os.listdir('/var/run/secrets/kubernetes.io/serviceaccount'))"
    answer = run(notebook(folder, code), target="argo")
    assert log_of(answer, "look", folder) == "[]\n"
