"""Conversion: what it writes, what it leaves, and that doing it twice is doing it once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_mlops.notebook.annotations import annotate
from jupyter_mlops.notebook.convert import changes, convert
from jupyter_mlops.notebook.document import Document, read_text, write_text


def notebook(*cells: tuple[str, str, dict[str, Any]], **metadata: Any) -> Document:
    made = [
        {"cell_type": kind, "metadata": data, "source": source, **({"outputs": []} if kind == "code" else {})}
        for kind, source, data in cells
    ]
    return read_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1))


def ours(document: Document) -> list[Any]:
    return [cell.metadata.get("jupyter_mlops") for cell in document.code_cells]


PLAIN = notebook(
    ("markdown", "# Title", {}),
    ("code", "import os", {}),
    ("code", "lr = 0.1", {"tags": ["parameters"]}),
    ("markdown", "## 1. Load the data!", {}),
    ("code", "x = lr", {"collapsed": True}),
    ("code", "# words", {}),
    ("markdown", "## Train", {}),
    ("code", "y = x", {}),
)
KALE = notebook(
    ("code", "import os", {"tags": ["imports"]}),
    ("code", "x = 1", {"tags": ["block:load", "limit:cpu:2"]}),
    ("code", "x += 1", {}),
    ("code", "y = x", {"tags": ["step:train", "prev:load", "report:enabled"]}),
    ("code", "print(y)", {"tags": ["pipeline-metrics"]}),
    ("code", "", {"tags": ["notebook:sub", "prev:train"], "notebook_path": "sub.ipynb"}),
    kubeflow_notebook={"pipeline_name": "p", "docker_image": "i:1", "autosnapshot": True},
)


def test_headings_become_metadata_and_all_else_stays() -> None:
    converted, notes = convert(PLAIN)
    assert ours(converted) == [
        {"role": "setup"},
        None,
        {"role": "step", "step": "load_the_data", "title": "1. Load the data!"},
        {"role": "step", "step": "load_the_data"},
        {"role": "step", "step": "train"},
    ]
    assert converted.cells[4].metadata["collapsed"] is True
    assert [cell.source for cell in converted.cells] == [cell.source for cell in PLAIN.cells]
    assert notes == []
    assert converted.metadata == PLAIN.metadata


def test_kale_becomes_metadata_with_notes_on_the_rest() -> None:
    converted, notes = convert(KALE)
    assert ours(converted) == [
        {"role": "setup"},
        {"role": "step", "step": "load", "cpu": 2.0},
        {"role": "step", "step": "load"},
        {"role": "step", "step": "train", "after": ["load"]},
        {"role": "step", "step": "pipeline_metrics"},
        {"role": "step", "step": "sub", "notebook": "sub.ipynb", "after": ["train"]},
    ]
    assert converted.metadata["jupyter_mlops"] == {"pipeline": {"name": "p", "defaults": {"image": "i:1"}}}
    assert [note.partition(":")[0] for note in notes] == ["notebook", "cell 3", "cell 4"]
    assert converted.cells[1].tags == KALE.cells[1].tags
    assert "kubeflow_notebook" in converted.metadata


@pytest.mark.parametrize("document", [PLAIN, KALE])
@pytest.mark.parametrize("by", ["auto", "headings", "cells", "kale"])
def test_converting_twice_changes_nothing_more(document: Document, by: Any) -> None:
    once, _ = convert(document, by=by)
    twice, _ = convert(once, by=by)
    assert write_text(twice, "n.ipynb") == write_text(once, "n.ipynb")
    assert changes(once, twice) == []


@pytest.mark.parametrize("document", [PLAIN, KALE])
def test_the_converted_notebook_means_the_same(document: Document) -> None:
    before, after = annotate(document), annotate(convert(document)[0])
    assert after.roles == before.roles
    assert after.pipeline == before.pipeline
    for old, new in zip(before.steps, after.steps, strict=True):
        assert (new.name, new.cells, new.after, new.options) == (old.name, old.cells, old.after, old.options)


def test_a_cell_with_a_step_magic_says_it_itself() -> None:
    document = notebook(("code", "%%step a --cpu 2\nx = 1", {}), ("code", "y = x", {}))
    assert ours(convert(document)[0]) == [None, {"role": "step", "step": "a"}]


def test_keys_that_we_do_not_know_stay() -> None:
    document = notebook(("code", "x = 1", {"jupyter_mlops": {"step": "a", "future": 1}}), ("code", "y = x", {}))
    assert ours(convert(document)[0])[0] == {"role": "step", "step": "a", "future": 1}


def test_an_inclusion_of_ours_stays_as_it_is() -> None:
    document = notebook(("code", "", {"jupyter_mlops": {"notebook": "a.ipynb"}}))
    assert convert(document)[0] == document


def test_changes_say_cell_role_and_step() -> None:
    assert changes(PLAIN, convert(PLAIN)[0]) == [
        {"cell": 1, "role": "setup", "step": None},
        {"cell": 4, "role": "step", "step": "load_the_data"},
        {"cell": 5, "role": "step", "step": "load_the_data"},
        {"cell": 7, "role": "step", "step": "train"},
    ]


def test_scripts_are_converted_too() -> None:
    document = read_text("# %%\nimport os\n\n# %%\nx = 1\n", "n.py")
    assert write_text(convert(document)[0], "n.py") == (
        '# %% jupyter_mlops={"role": "setup"}\nimport os\n\n# %% jupyter_mlops={"role": "step", "step": "x"}\nx = 1\n'
    )
