from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.engine.run import start_run
from jupyter_mlops.pipeline.model import Component, Loop, Options, Parameter, Pipeline, Step
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.project import Project
from tests.unit.engine.fake_target import Instant

SOURCES = [
    ("markdown", "# Title", {}),
    ("code", "n = 3", {"tags": ["parameters"]}),
    ("code", "import math", {}),
    ("code", "x = n", {}),
    ("code", "y = x", {}),
    ("raw", "raw text", {}),
    ("code", "z = y", {}),
]


def write(folder: Path, sources: list[Any] = SOURCES) -> Path:
    cells = []
    for index, (kind, source, metadata) in enumerate(sources):
        cell = {"cell_type": kind, "id": f"c{index}", "metadata": metadata, "source": source}
        cells.append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    path = folder / "nb.ipynb"
    metadata = {"kernelspec": {"name": "python3", "display_name": "P"}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def source(index: int) -> CellSource:
    return CellSource(index, f"c{index}", SOURCES[index][1], index)


def pipeline(path: Path, second: Options | None = None) -> Pipeline:
    first = Component("cells", (source(3), source(4)), (source(2),))
    last = Component("cells", (source(6),), (source(2),))
    steps = (Step("one", first, outputs=("y",)), Step("two", last, options=second or Options()))
    return Pipeline("nb", steps, (Parameter("n", "int", 3),), notebook=str(path), cwd=str(path.parent))


def merged(project: Project, drawn: Pipeline, target: Instant | None = None, **params: Any) -> list[dict[str, Any]]:
    finished = start_run(make_plan(drawn, params), project, target or Instant())
    assert finished.notebook is not None
    notebook = json.loads(finished.notebook.read_text())
    import nbformat

    nbformat.validate(nbformat.from_dict(notebook))
    return notebook["cells"]


def texts(cell: dict[str, Any]) -> str:
    return "".join("".join(output["text"]) for output in cell["outputs"])


def test_cells_are_in_their_order_with_what_each_showed(project: Project) -> None:
    cells = merged(project, pipeline(write(project.root)))
    assert ["".join(cell["source"]) for cell in cells] == [text for _, text, _ in SOURCES]
    assert [texts(cell) for cell in cells if cell["cell_type"] == "code"] == [
        "",
        "one c2\n",
        "one c3\n",
        "one c4\n",
        "two c6\n",
    ]


def test_other_parameters_come_in_a_cell_of_their_own(project: Project) -> None:
    cells = merged(project, pipeline(write(project.root)), n=5)
    assert "".join(cells[2]["source"]) == "n = 5"
    assert cells[2]["metadata"]["tags"] == ["injected-parameters"]


def test_a_loop_shows_every_item_under_its_cell(project: Project) -> None:
    looped = Options(for_each=Loop("k", "[4, 5]"))
    cells = merged(project, pipeline(write(project.root), looped))
    assert texts(cells[6]) == "[k = 4]\ntwo[0] c6\n[k = 5]\ntwo[1] c6\n"


def test_a_skipped_step_shows_nothing_and_a_failed_one_what_it_did(project: Project) -> None:
    cells = merged(project, pipeline(write(project.root), Options(when="n > 100")))
    assert texts(cells[6]) == ""
    cells = merged(project, pipeline(write(project.root)), Instant({"two": "fail"}))
    assert texts(cells[6]) == "two c6\n"


def test_a_reused_result_shows_in_the_right_cell_after_cells_were_added_above(project: Project) -> None:
    merged(project, pipeline(write(project.root)))
    moved = [("markdown", "new", {}), *SOURCES]
    path = write(project.root, moved)

    def shifted(component: Component) -> Component:
        return replace(
            component,
            cells=tuple(replace(cell, index=cell.index + 1) for cell in component.cells),
            setup=tuple(replace(cell, index=cell.index + 1) for cell in component.setup),
        )

    drawn = pipeline(path)
    drawn = replace(drawn, steps=tuple(replace(step, component=shifted(step.component)) for step in drawn.steps))
    target = Instant()
    cells = merged(project, drawn, target)
    assert target.ran == []
    assert [texts(cell) for cell in cells if cell["cell_type"] == "code"][1:] == [
        "one c2\n",
        "one c3\n",
        "one c4\n",
        "two c6\n",
    ]


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: write(path.parent, SOURCES[:2])])
def test_a_notebook_that_is_gone_or_changed_leaves_the_cells_step_by_step(project: Project, spoil: Any) -> None:
    path = write(project.root)
    drawn = pipeline(path)
    spoil(path)
    cells = merged(project, drawn)
    assert ["".join(cell["source"]) for cell in cells] == ["## one", "x = n", "y = x", "## two", "z = y"]


def test_attachments_of_text_stay(project: Project) -> None:
    path = write(project.root)
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["attachments"] = {"a.png": {"image/png": "AAAA"}}
    path.write_text(json.dumps(notebook))
    assert merged(project, pipeline(path))[0]["attachments"] == {"a.png": {"image/png": "AAAA"}}
