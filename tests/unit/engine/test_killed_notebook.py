"""A process that died left no notebook, or an old one: it is completed from its events and its log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlops.engine.killed_notebook import show_killed
from jupyter_mlops.runtime.executed import ExecutedNotebook
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.spec import CellSource, TaskSpec

REASON = "killed by signal 9 (SIGKILL): somebody ended it"
SETUP = (CellSource(0, "setup", "import os", 1),)
CELLS = (CellSource(3, "one", "print(1)", 2), CellSource(4, "two", "print(2)", 3), CellSource(6, "three", "3", 4))


def spec(folder: Path, **fields: Any) -> TaskSpec:
    given = {"setup": SETUP, "cells": CELLS, **fields}
    return TaskSpec("r", "a", "a", 1, directory=str(folder), cwd=str(folder), **given)


def begun(folder: Path, *cells: tuple[int, str]) -> None:
    """Cells that began, each with what it printed."""
    lines, log = [], b""
    for index, text in cells:
        lines.append({"type": "cell.started", "at": 1.0, "task": "a", "cell": index, "log": len(log)})
        log += text.encode()
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "log").write_bytes(log)


def shown(folder: Path) -> list[tuple[str, list[str]]]:
    """Source and outputs (text, or the name of an error) of every cell."""
    notebook = nbformat.read(folder / "executed.ipynb", as_version=4)
    nbformat.validate(notebook)
    return [
        (
            cell.source,
            [output.get("text") or output.get("ename") or output.data["text/plain"] for output in cell.outputs],
        )
        for cell in notebook.cells
    ]


def test_each_cell_shows_its_stretch_of_the_log_and_the_last_one_how_it_died(tmp_path: Path) -> None:
    begun(tmp_path, (0, ""), (3, "é\n"), (4, "two\nlast words"))
    show_killed(spec(tmp_path), tmp_path, REASON)
    assert shown(tmp_path) == [
        ("import os", []),
        ("print(1)", ["é\n"]),
        ("print(2)", ["two\nlast words", "ProcessDied"]),
        ("3", []),
    ]
    assert REASON in (tmp_path / "executed.ipynb").read_text()


def test_what_the_process_saved_itself_stays(tmp_path: Path) -> None:
    begun(tmp_path, (0, ""), (3, "one\n"), (4, "two\n"))
    saved = ExecutedNotebook(str(tmp_path / "executed.ipynb"), {})
    saved.add_parameters({"n": 1})
    for cell in (*SETUP, *CELLS):
        place = saved.add(cell)
        if cell.id == "one":
            outputs = CellOutputs()
            outputs.display({"text/plain": "a picture"}, {})
            saved.started(place, outputs)
            saved.finished(place, 0.1, "succeeded")
    saved.save()
    show_killed(spec(tmp_path, params={"n": 1}), tmp_path, REASON)
    assert [outputs for _, outputs in shown(tmp_path)] == [[], [], ["a picture"], ["two\n", "ProcessDied"], []]


@pytest.mark.parametrize("saved", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}'])
def test_an_old_notebook_that_cannot_be_read_is_replaced(tmp_path: Path, saved: str) -> None:
    (tmp_path / "executed.ipynb").write_text(saved)
    begun(tmp_path, (0, ""), (3, "one\n"))
    show_killed(spec(tmp_path), tmp_path, REASON)
    assert shown(tmp_path)[1] == ("print(1)", ["one\n", "ProcessDied"])


def test_cells_of_an_included_notebook_may_have_equal_indices(tmp_path: Path) -> None:
    cells = (CellSource(3, "inner", "inner", 1, notebook="b.ipynb"), CellSource(3, "outer", "outer", 2))
    begun(tmp_path, (3, "in\n"), (3, "out\n"))
    show_killed(spec(tmp_path, setup=(), cells=cells), tmp_path, REASON)
    assert shown(tmp_path) == [("inner", ["in\n"]), ("outer", ["out\n", "ProcessDied"])]


def test_of_a_long_log_both_ends_are_kept(tmp_path: Path) -> None:
    begun(tmp_path, (3, "begin\n" + ("x" * 99_999 + "\n") * 40 + "the end"))
    show_killed(spec(tmp_path), tmp_path, REASON)
    (text, _) = shown(tmp_path)[1][1]
    assert text.startswith("begin")
    assert text.endswith("the end")
    assert "cut: the log has all of it" in text


@pytest.mark.parametrize(
    "lines", ["", "{\n", '{"type": "cell.started", "cell": 99}\n', '{"type": "metric"}\nnonsense\n', "[]\n"]
)
def test_nothing_is_written_where_no_cell_is_known_to_have_begun(tmp_path: Path, lines: str) -> None:
    (tmp_path / "events.jsonl").write_text(lines)
    show_killed(spec(tmp_path), tmp_path, REASON)
    assert not (tmp_path / "executed.ipynb").exists()


@pytest.mark.parametrize("log", [None, -5, "x", 10_000])
def test_places_in_the_log_that_make_no_sense_do_no_harm(tmp_path: Path, log: Any) -> None:
    (tmp_path / "events.jsonl").write_text(json.dumps({"type": "cell.started", "cell": 3, "log": log}) + "\n")
    (tmp_path / "log").write_text("text")
    show_killed(spec(tmp_path), tmp_path, REASON)
    assert shown(tmp_path)[1][1][-1] == "ProcessDied"


def test_a_folder_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    show_killed(spec(tmp_path / "gone"), tmp_path / "gone", REASON)


def papermill(*statuses: str) -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {"papermill": {"status": status}},
            "source": "x",
            "outputs": [],
        }
        for n, status in enumerate(statuses)
    ]
    return {
        "cells": [{**cell, "execution_count": None} for cell in cells],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_the_cell_that_papermill_was_running_shows_how_it_died(tmp_path: Path) -> None:
    whole = spec(tmp_path, setup=(), cells=(), notebook="nb.ipynb")
    show_killed(whole, tmp_path, REASON)
    assert not (tmp_path / "executed.ipynb").exists()
    (tmp_path / "executed.ipynb").write_text(json.dumps(papermill("completed", "running", "pending")))
    show_killed(whole, tmp_path, REASON)
    assert [outputs for _, outputs in shown(tmp_path)] == [[], ["ProcessDied"], []]
    (tmp_path / "executed.ipynb").write_text(json.dumps(papermill("completed", "completed")))
    show_killed(whole, tmp_path, REASON)
    assert [outputs for _, outputs in shown(tmp_path)] == [[], []]
