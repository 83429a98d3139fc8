"""What steps need on a real cluster: files, options, images."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS, Resource
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import logs
from tests.cluster.person import EXAMPLES, least_rights, open_store, project
from tests.cluster.test_runs import notebook, states
from tests.cluster.watched import until

BARE = "mlops/bare:1"
SECRETS = Resource("", "v1", "secrets", "Secret")
SMALL = {"cpu": "50m", "memory": "64Mi"}


@pytest.fixture(scope="module")
def person(cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    open_store(cluster)
    path = tmp_path_factory.mktemp("person") / "kubeconfig"
    return path, least_rights(cluster, path)


@pytest.fixture
def folder(person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(person[0]))
    return project(tmp_path, image=BARE, service_account=person[1], requests=SMALL)


def said(answer, step: str, folder: Path) -> str:
    return "".join(part["text"] for part in logs(answer["run"], step, folder=folder)["logs"])


def test_files_and_modules_travel_and_are_not_sent_twice(cluster, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "numbers.bin").write_bytes(bytes(range(256)) * 100)
    (folder / "data" / "häufig.txt").write_text("eins\n")
    (folder / "helper.py").write_text("def total(data): return sum(data)\n")
    work = folder / "notebooks"
    work.mkdir()
    path = notebook(
        work,
        "# Read\n",
        "import sys; sys.path.insert(0, '..')\nfrom pathlib import Path\nimport os\n"
        "data = open('../data/numbers.bin', 'rb').read()\nprint(len(data), os.listdir('../data'))",
        "# Write\n",
        "os.makedirs('out', exist_ok=True)\nopen('out/copy.bin', 'wb').write(data)",
        "# Look\n",
        "print(os.path.getsize('out/copy.bin'), os.path.basename(os.getcwd()), Path('../data/häufig.txt').read_text())",
    )
    first = run(path, target="kubernetes")
    assert first["state"] == "succeeded", first
    assert "25600" in said(first, "read", folder)
    assert "25600 notebooks eins" in said(first, "look", folder)
    path.write_text(path.read_text().replace("print(len(data)", "print('again', len(data)"))
    again = run(path, target="kubernetes")
    assert again["state"] == "succeeded", again
    orders = [
        json.loads(item["data"]["order.json"])
        for item in cluster.kube.list(CONFIG_MAPS).items
        if "order.json" in item.get("data", {}) and again["run"] in item["data"]["order.json"]
    ]
    assert len(orders) == 1
    assert "again 25600" in said(again, "read", folder)
    kept = [item for item in cluster.kube.list(CONFIG_MAPS).items if item["metadata"]["name"].startswith("mlops-kept")]
    assert [len(item["data"]) for item in kept] == [1]


def test_options_reach_the_step(cluster, folder: Path, person) -> None:
    value = base64.b64encode(b"s3cret").decode()
    cluster.kube.create(SECRETS, {"metadata": {"name": "db"}, "data": {"password": value}})
    cluster.kube.create(CONFIG_MAPS, {"metadata": {"name": "app"}, "data": {"app.ini": "colour=blue"}})
    project(
        folder,
        image=BARE,
        service_account=person[1],
        requests=SMALL,
        env={"EVERYWHERE": "yes $(HOME) $$"},
        volumes=["config/app:/etc/app"],
        labels={"team": "a"},
        node_selector={"kubernetes.io/os": "linux"},
        tolerations=[{"key": "gpu", "operator": "Exists"}],
        affinity={"nodeAffinity": {}},
        annotations={"note": "a b"},
    )
    path = notebook(
        folder,
        "%%step look --cpu 0.1 --memory 96Mi --env OWN=1 --secret db:password:PASSWORD --volume secret/db:/secrets\n"
        "import os\nprint(os.environ['PASSWORD'], open('/secrets/password').read(), os.environ['OWN'])\n"
        "print(os.environ['EVERYWHERE'], open('/etc/app/app.ini').read(), os.environ['OMP_NUM_THREADS'])",
    )
    answer = run(path, target="kubernetes")
    assert answer["state"] == "succeeded", answer
    text = said(answer, "look", folder)
    assert "s3cret s3cret 1" in text
    assert "yes $(HOME) $$ colour=blue 1" in text
    [job] = cluster.kube.list(JOBS, labels=f"jupyter-mlops.io/run={answer['run']},jupyter-mlops.io/part=step").items
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"] == {
        "requests": {"cpu": "100m", "memory": "96Mi"},
        "limits": {"cpu": "100m", "memory": "96Mi"},
    }
    assert (pod["nodeSelector"], pod["tolerations"][0]["key"]) == ({"kubernetes.io/os": "linux"}, "gpu")
    assert job["metadata"]["labels"]["team"] == "a"
    [term] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"


def test_two_images_in_one_pipeline_and_a_value_that_the_second_cannot_load(folder: Path) -> None:
    path = notebook(
        folder,
        f"%%step make --image {EXAMPLES}\nimport pandas as pd\nframe = pd.DataFrame({{'a': [1, 2]}})",
        "%%step count\ntotal = 3",
        "%%step plain\nprint('total', total)",
        "%%step load\nprint(frame)",
    )
    answer = run(path, target="kubernetes")
    assert states(answer) == {
        "make": "succeeded",
        "count": "succeeded",
        "plain": "succeeded",
        "load": "failed",
    }, answer
    [failed] = [task for task in answer["tasks"] if task["step"] == "load"]
    assert "pandas" in failed["reason"]
    assert "total 3" in said(answer, "plain", folder)


def test_an_image_without_python_says_so(cluster, folder: Path) -> None:
    path = notebook(folder, "%%step look --image testcluster/pause:1\nx = 1")
    answer = run(path, target="kubernetes")
    assert answer["state"] == "failed"
    [task] = answer["tasks"]
    assert "testcluster/pause:1" in task["reason"]
    until(lambda: not cluster.kube.list(PODS, fields="status.phase=Running").items, "the end of all pods")


def test_two_runs_at_once_leave_each_others_files_alone(folder: Path) -> None:
    import threading

    path = notebook(
        folder,
        "name = 'a'",
        "# Write\n",
        "import time\nopen('mine.txt', 'w').write(name)\ntime.sleep(3)\nprint(open('mine.txt').read() == name)",
    )
    data = json.loads(path.read_text())
    data["cells"][0]["metadata"]["tags"] = ["parameters"]
    path.write_text(json.dumps(data))
    answers = {}
    threads = [
        threading.Thread(
            target=lambda name=name: answers.update({name: run(path, target="kubernetes", params={"name": name})})
        )
        for name in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: answer["state"] for name, answer in answers.items()} == {"a": "succeeded", "b": "succeeded"}
    for answer in answers.values():
        assert "True" in said(answer, "write", folder)
