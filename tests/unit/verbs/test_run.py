"""`run` and what follows it, on real processes."""

import json
import threading
import time
from pathlib import Path

import pytest

from jupyter_mlops.errors import Conflict, NotebookHasErrors, NotFound, Usage
from jupyter_mlops.store.events import TaskStarted
from jupyter_mlops.verbs.compile import compile as compile_plan
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import cancel, delete, diff, export, follow_logs, lineage, list_runs, logs, retry, show


def states(summary):
    return {task["task"]: task["state"] for task in summary["tasks"]}


def test_it_runs_a_notebook_and_uses_the_cache_the_next_time(write_notebook):
    path = write_notebook(("one", "x = 1\nprint('made', x)"), ("two", "y = x + 1\ny"))
    first = run(path)
    assert (first["state"], states(first)) == ("succeeded", {"one": "succeeded", "two": "succeeded"})
    executed = json.loads(Path(first["notebook"]).read_text())
    assert executed["cells"][0]["outputs"][0]["text"] == ["made 1\n"]
    assert executed["cells"][1]["outputs"][0]["data"]["text/plain"] == ["2"]
    assert states(run(path)) == {"one": "cached", "two": "cached"}
    assert states(run(path, only="two")) == {"one": "cached", "two": "succeeded"}
    assert states(run(path, cache=False)) == {"one": "succeeded", "two": "succeeded"}


def test_a_file_that_a_step_changes_is_not_put_back_over_what_a_person_has_written(write_notebook, tmp_path):
    path = write_notebook(("add", "text = open('list.txt').read()\nopen('list.txt', 'w').write(text + 'x')"))
    listed = tmp_path / "list.txt"
    listed.write_text("")
    assert [states(run(path))["add"], listed.read_text()] == ["succeeded", "x"]
    assert [states(run(path))["add"], listed.read_text()] == ["succeeded", "xx"]
    listed.write_text("by hand ")
    assert [states(run(path))["add"], listed.read_text()] == ["succeeded", "by hand x"]
    listed.write_text("x")
    assert [states(run(path))["add"], listed.read_text()] == ["cached", "xx"]


def test_a_parameter_only_reruns_what_reads_it(write_notebook):
    path = write_notebook(("parameters", "depth = 2\nname = 'a'"), ("one", "a = depth * 2"), ("two", "b = name * 2"))
    run(path)
    again = run(path, params={"depth": "3"})
    assert states(again) == {"one": "succeeded", "two": "cached"}
    assert again["params"] == {"depth": 3, "name": "a"}
    assert next(task["why"] for task in again["tasks"] if task["step"] == "one") == ["params"]


@pytest.mark.parametrize(
    ("params", "words"), [({"dept": "3"}, "dept"), ({"depth": "deep"}, "int"), ({"depth": [1]}, "int")]
)
def test_a_wrong_parameter_is_refused_before_anything_runs(write_notebook, params, words):
    path = write_notebook(("parameters", "depth = 2"), ("one", "a = depth"))
    with pytest.raises(Usage, match=words):
        run(path, params=params)
    assert list_runs() == []


def test_a_failing_cell_is_named_and_can_be_mended_and_retried(write_notebook, tmp_path):
    path = write_notebook(
        ("one", "print('once')\nx = 1"),
        ("two", "import os\nif not os.path.exists('ready'):\n    raise OSError('not ready')\ny = x"),
        ("three", "z = y"),
        ("other", "w = x"),
    )
    failed = run(path)
    assert failed["state"] == "failed"
    assert states(failed) == {"one": "succeeded", "two": "failed", "three": "skipped", "other": "succeeded"}
    two = failed["tasks"][1]
    assert (two["error"]["kind"], two["error"]["cell"], two["error"]["line"]) == ("OSError", 1, 3)
    assert two["notebook"]
    (tmp_path / "ready").touch()
    mended = retry("last")
    assert mended["state"] == "succeeded"
    assert [task["attempt"] for task in mended["tasks"]] == [1, 2, 1, 1]
    assert retry("last") == mended


def test_a_run_on_this_machine_cannot_be_attached(write_notebook):
    path = write_notebook(("one", "x = 1"))
    with pytest.raises(Usage, match="always driven from here"):
        run(path, attached=True)


def test_a_notebook_with_errors_does_not_run(write_notebook):
    path = write_notebook(("one", "x = 1"), ("two", "y = (x"))
    with pytest.raises(NotebookHasErrors, match="cell 1"):
        run(path)
    assert list_runs() == []


def test_it_runs_at_once_what_can(write_notebook):
    """Two steps that wait for each other's file only end if they run at the same time."""
    wait = "import os, time\nopen('{mine}', 'w').close()\nwhile not os.path.exists('{other}'):\n    time.sleep(0.01)"
    mine, other = {"mine": "a", "other": "b"}, {"mine": "b", "other": "a"}
    path = write_notebook(
        ("one", "here = 1"),
        ("left", "here\n" + wait.format(**mine).replace("'b'", "chr(98)").replace("'a'", "chr(97)")),
        ("right", "here\n" + wait.format(**other).replace("'b'", "chr(98)").replace("'a'", "chr(97)")),
    )
    assert run(path, parallel=2)["state"] == "succeeded"


def test_it_can_be_stopped_and_goes_on(write_notebook, tmp_path):
    path = write_notebook(
        ("one", "x = 1"), ("slow", "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.02)\ny = x")
    )
    stop = threading.Event()

    def watch(event):
        if isinstance(event, TaskStarted) and event.step == "slow":
            stop.set()

    canceled = run(path, on_event=watch, stop=stop)
    assert (canceled["state"], states(canceled)["slow"]) == ("canceled", "canceled")
    (tmp_path / "go").touch()
    assert retry(canceled["run"])["state"] == "succeeded"


def test_a_detached_run_goes_on_and_can_be_followed_and_canceled(write_notebook, tmp_path):
    path = write_notebook(("slow", "import time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.02)"))
    begun = run(path, detach=True)
    assert begun["state"] in ("pending", "running")
    assert next(iter(follow_logs(begun["run"], "slow"))) == "begun\n"
    with pytest.raises(Conflict):
        delete(begun["run"])
    cancel(begun["run"])
    deadline = time.monotonic() + 20
    while show(begun["run"])["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert show(begun["run"])["state"] == "canceled"


def test_runs_are_found_compared_exported_and_deleted(write_notebook, tmp_path):
    path = write_notebook(
        ("parameters", "depth = 2"), ("one", "import jupyter_mlops as mlops\nmlops.log_metric('acc', depth / 10)")
    )
    run(path)
    better = run(path, params={"depth": 9})
    found = list_runs("metrics.acc > 0.5 and params.depth = 9")
    assert [item["run"] for item in found] == [better["run"]]
    first, second = list_runs(order_by="started asc")
    difference = diff(first["run"], second["run"])
    assert difference["params"] == {"depth": (2, 9)}
    assert difference["metrics"] == {"acc": (0.2, 0.9)}
    assert difference["source"] == {}
    assert (tmp_path / "run.zip").samefile(export(better["run"], output="run.zip")["output"])
    delete(better["run"])
    assert [item["run"] for item in list_runs()] == [first["run"]]
    with pytest.raises(NotFound):
        show(better["run"])


def test_logs_are_by_task(write_notebook):
    path = write_notebook(("one", "print('a')"), ("two", "print('b')"))
    run(path)
    assert logs("last")["logs"] == [{"task": "one", "text": "a\n"}, {"task": "two", "text": "b\n"}]
    assert logs("last", "two")["logs"] == [{"task": "two", "text": "b\n"}]
    with pytest.raises(NotFound, match="three"):
        logs("last", "three")


def test_lineage_goes_back_to_what_made_a_value(write_notebook):
    path = write_notebook(("one", "x = [1]"), ("two", "y = x + [2]"), ("three", "print(y)"))
    made = run(path)
    digest = made["tasks"][1]["outputs"]["y"]["digest"]
    assert {task["task"] for task in lineage(digest)["tasks"]} == {"one", "two"}
    assert {task["task"] for task in lineage(digest, forward=True)["tasks"]} == {"three"}


def test_a_compiled_plan_runs_without_its_notebook(write_notebook, tmp_path):
    path = write_notebook(("one", "x = 20"), ("two", "print(x + 1)"))
    compile_plan(path, output=tmp_path / "plan.json")
    path.unlink()
    done = run(tmp_path / "plan.json")
    assert done["state"] == "succeeded"
    assert logs("last", "two")["logs"][0]["text"] == "21\n"


def test_steps_of_a_group_run_in_their_own_notebooks_folder(write_notebook, tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "table.csv").write_text("7")
    write_notebook(
        ("load", "n = int(open('table.csv').read())\nopen('out.txt', 'w').write('made')"), name="inner/nb.ipynb"
    )
    (tmp_path / "p.py").write_text(
        "import jupyter_mlops as mlops\n\n@mlops.step\ndef show(n):\n    import os\n    print(n, os.getcwd())\n\n"
        "@mlops.pipeline\ndef around():\n    show(mlops.subpipeline('inner/nb.ipynb')['n'])"
    )
    monkeypatch.chdir(tmp_path / "inner")
    ran = run("../p.py")
    assert [part["text"] for part in logs(ran["run"], folder="..")["logs"]] == [f"7 {tmp_path}\n"]
    (tmp_path / "inner" / "out.txt").unlink()
    assert states(run("../p.py")) == {"nb.load": "cached", "show": "cached"}
    assert (tmp_path / "inner" / "out.txt").read_text() == "made"
    (tmp_path / "inner" / "table.csv").write_text("8")
    assert states(run("../p.py")) == {"nb.load": "succeeded", "show": "succeeded"}
