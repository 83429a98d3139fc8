"""Routes about notebooks that are being written."""

from __future__ import annotations

import json

import pytest

from tests.server.conftest import Ask, notebook


async def test_health_says_which_versions_there_are(ask: Ask) -> None:
    status, told = await ask("GET", "health")
    assert (status, told["api"]) == (200, 1)
    assert told["version"]


async def test_a_posted_notebook_is_analysed_and_nothing_is_written(ask: Ask, jp_root_dir) -> None:
    content = notebook(("parameters", "n = 2"), ("one", "x = n"), ("two", "print(x, y)"))
    status, told = await ask("POST", "analysis", body={"path": "new.ipynb", "content": content})
    assert status == 200
    assert [step["name"] for step in told["steps"]] == ["one", "two"]
    assert told["edges"] == [{"from": "one", "to": "two", "names": ["x"]}]
    assert [(cell["id"], cell["role"], cell["step"]) for cell in told["cells"]] == [
        ("cell-0", "parameters", None),
        ("cell-1", "step", "one"),
        ("cell-2", "step", "two"),
    ]
    assert [(item["name"], item["type"], item["default"]) for item in told["parameters"]] == [("n", "int", 2)]
    assert [(item["name"], item["cell"]) for item in told["diagnostics"]] == [("y", 2)]
    assert not (jp_root_dir / "new.ipynb").exists()


async def test_a_diagnostic_names_its_cell_and_has_fixes(ask: Ask) -> None:
    content = notebook(("one", "load = 1"), ("two", "print(lod)"))
    found = (await ask("POST", "analysis", body={"path": "a.ipynb", "content": content}))[1]["diagnostics"]
    assert [(item["code"], item["cell_id"], item["notebook"]) for item in found] == [("MLO101", "cell-1", "")]
    edit = {"cell": "cell-1", "line": 1, "replace": "print(load)"}
    assert found[0]["fixes"] == [{"title": "Read 'load' instead", "edits": [edit]}]


async def test_an_edit_changes_the_answer(ask: Ask) -> None:
    before = notebook(("one", "x = 1"), ("two", "print(x)"))
    after = notebook(("one", "x = 1"), ("two", "print(1)"))
    found = [(await ask("POST", "analysis", body={"path": "a.ipynb", "content": item}))[1] for item in (before, after)]
    assert [len(item["edges"]) for item in found] == [1, 0]


@pytest.mark.parametrize("name", ["other.py", "other.ipynb"])
async def test_an_edit_of_a_file_that_the_notebook_runs_changes_the_answer(ask: Ask, jp_root_dir, name: str) -> None:
    content = notebook(("one", "%run other.py"), ("two", "print(x)"))
    if name.endswith(".ipynb"):
        content["cells"][0] |= {"source": "", "metadata": {"jupyter_mlops": {"notebook": name}}}
    found = []
    for source in ("y = 1", "x = 1"):
        text = source if name.endswith(".py") else json.dumps(notebook(("first", source)))
        (jp_root_dir / name).write_text(text)
        found.append((await ask("POST", "analysis", body={"path": "a.ipynb", "content": content}))[1]["diagnostics"])
    assert [[item["name"] for item in items] for items in found] == [["x"], []]


async def test_an_option_beyond_all_numbers_is_a_diagnostic(ask: Ask) -> None:
    content = notebook(("one", "x = 1"))
    content["cells"][0]["metadata"]["jupyter_mlops"] |= {"cpu": 10**400, "retries": 10**400, "timeout": 10**400}
    status, told = await ask("POST", "analysis", body={"path": "a.ipynb", "content": content})
    assert status == 200
    assert {item["name"] for item in told["diagnostics"] if item["code"] == "MLO501"} >= {"cpu", "timeout"}


async def test_a_conversion_gives_metadata_and_writes_nothing(ask: Ask) -> None:
    content = notebook(("one", "x = 1"), ("two", "print(x)"))
    for cell in content["cells"]:
        cell["metadata"] = {}
    status, told = await ask("POST", "conversion", body={"path": "a.ipynb", "content": content, "by": "cells"})
    assert status == 200
    assert [cell["metadata"]["role"] for cell in told["cells"]] == ["step", "step"]
    assert told["cells"][0]["id"] == "cell-0"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "required"),
        ({"path": "a.ipynb"}, "content"),
        ({"path": "a.ipynb", "content": notebook() | {"cells": "x"}}, "content/cells"),
        (
            {"path": "a.ipynb", "content": notebook() | {"cells": [{"cell_type": "code", "source": ""}, 1]}},
            "content/cells/1",
        ),
        ({"path": "a.ipynb", "content": {"cells": []}}, "required property"),
        ({"path": "a.ipynb", "content": notebook(), "more": 1}, "more"),
        ({"path": "a.ipynb", "content": notebook(), "by": "magic"}, "by"),
        ({"path": "", "content": notebook()}, "path"),
        ({"path": "a.ipynb", "content": notebook() | {"nbformat": 3}}, "nbformat"),
        ([], "object"),
    ],
)
async def test_a_wrong_body_is_refused_with_the_place(ask: Ask, body, says) -> None:
    status, told = await ask("POST", "analysis", body=body)
    assert (status, told["code"]) == (400, "usage")
    assert says in told["message"]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
async def test_what_is_no_json_is_refused(ask: Ask, raw) -> None:
    status, told = await ask("POST", "analysis", raw=raw)
    assert (status, told["code"]) == (400, "usage")


async def test_a_broken_notebook_is_told_as_such(ask: Ask) -> None:
    content = {"cells": [{"cell_type": "code", "source": 7}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    status, told = await ask("POST", "analysis", body={"path": "a.ipynb", "content": content})
    assert status == 422
    assert told["code"] == "not_a_notebook"


async def test_a_notebook_that_is_too_large_is_refused(ask: Ask, jp_serverapp) -> None:
    jp_serverapp.web_app.settings["jupyter_mlops"].max_body = 1000
    content = notebook(("one", "x = '" + "a" * 2000 + "'"))
    status, told = await ask("POST", "analysis", body={"path": "a.ipynb", "content": content})
    assert (status, told["code"]) == (413, "too_large")


async def test_targets_say_what_they_can_do(ask: Ask) -> None:
    status, told = await ask("GET", "targets")
    assert status == 200
    assert "local" in [target["name"] for target in told["targets"]]
