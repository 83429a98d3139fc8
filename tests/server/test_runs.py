"""Runs over the routes: started in processes of their own, looked at, compared, stopped."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Ask

WORK = (
    ("parameters", "n = 2"),
    ("one", "import jupyter_mlops as mlops\nx = n * 10\nmlops.log_metric('x', x)\nprint('made', x)"),
    ("two", "print(x + 1)"),
)


async def finished(ask: Ask, run: str, **query: Any) -> dict[str, Any]:
    """The run, once it is over."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        status, told = await ask("GET", "runs", run, **query)
        assert status == 200, told
        if told["state"] not in ("pending", "running"):
            return told
        await asyncio.sleep(0.05)
    raise AssertionError(f"{run} did not end")


async def started(ask: Ask, path: str, **asked: Any) -> str:
    status, told = await ask("POST", "runs", body={"path": path, **asked})
    assert status == 201, told
    return told["run"]


async def test_a_run_goes_its_way(ask: Ask, write) -> None:
    write("work.ipynb", *WORK)
    run = await started(ask, "work.ipynb", params={"n": 3})
    told = await finished(ask, run)
    assert (told["state"], told["params"], told["metrics"], told["source"]) == (
        "succeeded",
        {"n": 3},
        {"x": 30.0},
        "work.ipynb",
    )
    assert [(task["task"], task["state"], task["log"], task["notebook"]) for task in told["tasks"]] == [
        ("one", "succeeded", True, True),
        ("two", "succeeded", True, True),
    ]
    assert (await ask("GET", "runs", run, "tasks", "one", "log"))[1]["text"] == "made 30\n"
    assert (await ask("GET", "runs", run, "tasks", "one", "log", start=5, limit=2))[1]["text"] == "30"
    whole = (await ask("GET", "runs", run, "notebook"))[1]
    assert any("31" in json.dumps(cell.get("outputs", "")) for cell in whole["cells"])
    assert (await ask("GET", "runs", run, "notebook", task="two"))[0] == 200
    assert [point["value"] for point in (await ask("GET", "runs", run, "metrics"))[1]["metrics"]["x"]] == [30.0]
    graph = (await ask("GET", "runs", run, "graph"))[1]
    assert [(step["name"], step["state"]) for step in graph["steps"]] == [("one", "succeeded"), ("two", "succeeded")]


async def test_a_run_tells_what_a_view_of_it_shows(ask: Ask, write) -> None:
    write(
        "work.ipynb", ("one", "x = [1, 2]"), ("two", "z = sum(x)\n1 / (z - 3)", {"retries": 1}), ("three", "w = len(x)")
    )
    run = await started(ask, "work.ipynb")
    told = await finished(ask, run)
    one, two, three = told["tasks"]
    assert told["created"] <= told["started"] <= told["finished"]
    assert told["environment"]["python"]
    assert told["environment"]["packages"]
    assert (told["interrupted"], told["tags"]) == (False, {})
    assert [(item["attempt"], item["state"]) for item in one["attempts"]] == [(1, "succeeded")]
    assert [(item["attempt"], item["state"]) for item in two["attempts"]] == [(1, "failed"), (2, "failed")]
    assert two["attempts"][0]["finished"] <= two["attempts"][1]["started"] == two["started"]
    assert "ZeroDivisionError" in two["attempts"][0]["reason"]
    assert [(item["name"], item["task"], item["type"]) for item in three["inputs"]] == [("x", "one", "list")]
    assert three["inputs"][0]["digest"] == one["outputs"]["x"]["digest"]
    assert {"source", "params", "environment"} <= set(one["key"])
    error = two["error"]
    assert (error["kind"], error["cell"], error["cell_id"], error["line"]) == ("ZeroDivisionError", 1, "cell-1", 2)
    assert error["notebook"] == ""
    assert "division" in error["message"]
    assert error["traceback"]
    assert (await ask("GET", "runs", run, "tasks", "two", "log", attempt=1))[0] == 200


async def test_a_graph_counts_the_items_of_loops(ask: Ask, write) -> None:
    write("work.ipynb", ("one", "x = 1"), ("two", "y = 6 / (k - x)", {"for_each": "k in [1, 2, 3]"}))
    run = await started(ask, "work.ipynb")
    told = await finished(ask, run)
    assert [(task["task"], task["item"]) for task in told["tasks"]] == [
        ("one", None),
        ("two[0]", 1),
        ("two[1]", 2),
        ("two[2]", 3),
    ]
    one, two = (await ask("GET", "runs", run, "graph"))[1]["steps"]
    assert (one["items"], one["for_each"], one["cell_ids"]) == ({}, None, ["cell-0"])
    assert (two["items"], two["for_each"]) == ({"failed": 1, "succeeded": 2}, "k in [1, 2, 3]")


async def test_runs_are_listed_filtered_and_paged(ask: Ask, write) -> None:
    write("sub/work.ipynb", *WORK)
    runs = [await started(ask, "sub/work.ipynb", params={"n": n}) for n in (1, 2, 3)]
    for run in runs:
        await finished(ask, run, folder="sub")
    status, page = await ask("GET", "runs", folder="sub/work.ipynb", limit=2)
    assert (status, [item["run"] for item in page["runs"]], page["more"]) == (200, runs[:0:-1], True)
    assert page["runs"][0]["notebook"] == "sub/work.ipynb"
    rest = (await ask("GET", "runs", folder="sub", limit=2, offset=2))[1]
    assert ([item["run"] for item in rest["runs"]], rest["more"]) == (runs[:1], False)
    assert (page["total"], rest["total"]) == (3, 3)
    write("sub/other.ipynb", *WORK)
    other = await started(ask, "sub/other.ipynb")
    await finished(ask, other, folder="sub")
    of_one = (await ask("GET", "runs", notebook="sub/work.ipynb", limit=1))[1]
    assert ([item["run"] for item in of_one["runs"]], of_one["total"], of_one["more"]) == (runs[-1:], 3, True)
    of_other = (await ask("GET", "runs", notebook="RTC:sub/other.ipynb", query="metrics.x > 15"))[1]
    assert ([item["run"] for item in of_other["runs"]], of_other["total"]) == ([other], 1)
    assert (await ask("GET", "runs", notebook="sub/none.ipynb"))[1]["total"] == 0
    assert (await ask("GET", "runs", notebook="../work.ipynb"))[0] == 400
    await ask("DELETE", "runs", other, folder="sub")
    found = (await ask("GET", "runs", folder="sub", query="metrics.x > 15", order_by="metrics.x asc"))[1]
    assert [item["metrics"]["x"] for item in found["runs"]] == [20.0, 30.0]
    status, told = await ask("GET", "runs", folder="sub", query="metrics.x >")
    assert (status, told["code"]) == (400, "usage")


async def test_two_runs_are_compared(ask: Ask, write) -> None:
    write("work.ipynb", *WORK)
    runs = [await started(ask, "work.ipynb", params={"n": n}) for n in (1, 2)]
    for run in runs:
        await finished(ask, run)
    status, told = await ask("GET", "runs", runs[0], "diff", runs[1])
    assert (status, told["params"], told["metrics"]) == (200, {"n": [1, 2]}, {"x": [10.0, 20.0]})
    assert {name: task["outputs"] for name, task in told["tasks"].items()} == {"one": ["x"]}
    assert told["tasks"]["one"]["state"] == ["succeeded", "succeeded"]


async def test_a_failed_run_is_mended_and_retried(ask: Ask, write, jp_root_dir: Path) -> None:
    write("work.ipynb", ("one", "print('once')"), ("two", "open('ready.txt')"))
    run = await started(ask, "work.ipynb")
    failed = await finished(ask, run)
    assert failed["state"] == "failed"
    assert (failed["tasks"][1]["error"]["kind"], failed["tasks"][1]["error"]["cell"]) == ("FileNotFoundError", 1)
    (jp_root_dir / "ready.txt").touch()
    status, told = await ask("POST", "runs", run, "retry")
    assert (status, told) == (202, {"run": run})
    until = time.monotonic() + 60
    while (mended := await finished(ask, run))["state"] != "succeeded":
        assert time.monotonic() < until
    assert [task["attempt"] for task in mended["tasks"]] == [1, 2]


async def test_a_running_run_is_canceled_and_cannot_be_deleted_before(ask: Ask, write) -> None:
    write("work.ipynb", ("slow", "import time\nfor i in range(600):\n    time.sleep(0.1)"))
    run = await started(ask, "work.ipynb")
    assert (await ask("DELETE", "runs", run))[0] == 409
    status, told = await ask("POST", "runs", run, "cancel")
    assert (status, told["run"]) == (202, run)
    assert (await finished(ask, run))["state"] == "canceled"
    assert (await ask("POST", "runs", run, "cancel"))[0] == 409
    assert (await ask("DELETE", "runs", run))[0] == 204
    assert (await ask("GET", "runs", run))[0] == 404


async def test_artifacts_are_listed_shown_and_saved(ask: Ask, write, jp_fetch) -> None:
    source = "import jupyter_mlops as mlops\nopen('t.csv', 'w').write('a,b\\n1,2\\n')\nmlops.log_artifact('t.csv')"
    write("work.ipynb", ("one", source))
    run = await started(ask, "work.ipynb")
    await finished(ask, run)
    listed = (await ask("GET", "runs", run, "artifacts"))[1]["artifacts"]
    digest = next(item["digest"] for item in listed if item["name"] == "t.csv")
    shown = (await ask("GET", "runs", run, "artifacts", digest, preview="true"))[1]
    assert (shown["kind"], shown["rows"]) == ("table", [["a", "b"], ["1", "2"]])
    answer = await jp_fetch("jupyter-mlops", "api", "runs", run, "artifacts", digest)
    assert answer.body == b"a,b\n1,2\n"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await ask("GET", "runs", run, "artifacts", "0" * 64))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"path": "none.ipynb"}, 404, "none.ipynb"),
        ({"path": "work.ipynb", "params": {"m": 1}}, 400, "'m'"),
        ({"path": "work.ipynb", "params": {"n": "many"}}, 400, "int"),
        ({"path": "work.ipynb", "target": "moon"}, 404, "moon"),
        ({"path": "work.ipynb", "only": "nothing"}, 404, "nothing"),
        ({"path": "work.ipynb", "parallel": 0}, 400, "parallel"),
        ({"path": "bad.ipynb"}, 422, "MLO"),
    ],
)
async def test_what_cannot_run_says_why(ask: Ask, write, body, status, says) -> None:
    write("work.ipynb", *WORK)
    write("bad.ipynb", ("one", "x = ("))
    found, told = await ask("POST", "runs", body=body)
    assert (found, says in told["message"]) == (status, True), told


@pytest.mark.parametrize(
    ("parts", "query", "status"),
    [
        (("runs", "nothing"), {}, 404),
        (("runs", "a.b"), {}, 404),
        (("runs",), {"limit": "0"}, 400),
        (("runs",), {"limit": "x"}, 400),
        (("runs",), {"color": "red"}, 400),
        (("runs", "last", "tasks", "x", "log"), {}, 404),
        (("nothing",), {}, 404),
    ],
)
async def test_what_is_not_there_is_told_as_json(ask: Ask, parts, query, status) -> None:
    found, told = await ask("GET", *parts, **query)
    assert found == status
    assert told["message"]


async def test_a_store_that_cannot_be_written_is_a_sentence_and_a_way_out(ask: Ask, write, jp_root_dir) -> None:
    write("n.ipynb", *WORK)
    shutil.rmtree(jp_root_dir / ".jupyter_mlops")
    (jp_root_dir / ".jupyter_mlops").write_text("no folder")
    status, told = await ask("POST", "runs", body={"path": "n.ipynb"})
    assert (status, told["code"]) == (507, "store_unwritable")
    assert "cannot be written" in told["message"]
    assert told["hint"]
    assert str(jp_root_dir) not in json.dumps(told)
