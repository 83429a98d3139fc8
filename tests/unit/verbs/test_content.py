"""Notebooks that are being written: what they are, from their text alone."""

import json

import pytest

from jupyter_mlops.errors import NotANotebook
from jupyter_mlops.verbs.check import check
from jupyter_mlops.verbs.content import analyse, converted
from jupyter_mlops.verbs.graph import graph

CELLS = (
    ("parameters", "n: int = 2"),
    ("setup", "import math"),
    ("one", "x = math.sqrt(n)"),
    ("two", "print(x, y)"),
)


def test_it_is_what_graph_and_check_say_of_the_file(write_notebook):
    path = write_notebook(*CELLS)
    told = analyse(path.read_text(), path)
    drawn = graph(path)
    assert {key: told[key] for key in drawn} == drawn
    assert [item["code"] for item in told["diagnostics"]] == [item.code for item in check(path)]
    assert told["origin"] == "metadata"
    assert [(cell["cell"], cell["id"], cell["role"], cell["step"]) for cell in told["cells"]] == [
        (0, "cell-0", "parameters", None),
        (1, "cell-1", "setup", None),
        (2, "cell-2", "step", "one"),
        (3, "cell-3", "step", "two"),
    ]
    assert [(item["name"], item["type"], item["default"]) for item in told["parameters"]] == [("n", "int", 2)]


def test_the_file_itself_is_not_read(write_notebook):
    path = write_notebook(*CELLS)
    text = path.read_text()
    path.write_text("something else")
    assert [step["name"] for step in analyse(text, path)["steps"]] == ["one", "two"]
    path.unlink()
    assert [step["name"] for step in analyse(text, path)["steps"]] == ["one", "two"]
    assert not path.exists()


def test_a_notebook_without_code_has_no_steps(write_notebook):
    path = write_notebook()
    assert analyse(path.read_text(), path)["steps"] == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 1}', '{"nbformat": 3, "worksheets": []}'])
def test_a_text_that_is_no_notebook_is_told(text, tmp_path):
    for verb in (analyse, converted):
        with pytest.raises(NotANotebook):
            verb(text, tmp_path / "a.ipynb")


@pytest.mark.parametrize("here", [True, False])
def test_libraries_that_are_missing_are_told_only_where_it_will_run(write_notebook, here):
    path = write_notebook(("one", "import surely_not_installed_here"))
    told = analyse(path.read_text(), path, here=here)
    assert [item["code"] for item in told["diagnostics"]] == (["MLO902"] if here else [])


def test_a_conversion_gives_the_metadata_of_the_cells_that_change(write_notebook):
    path = write_notebook("import math", "x = math.pi", ("two", "print(x)"))
    before = path.read_text()
    told = converted(before, path, by="cells")
    notebook = json.loads(before)
    for cell in told["cells"]:
        notebook["cells"][cell["cell"]]["metadata"]["jupyter_mlops"] = cell["metadata"]
    assert converted(json.dumps(notebook), path)["cells"] == []
    assert [step["kind"] for step in analyse(json.dumps(notebook), path)["steps"]] == ["cells"] * 2
    assert path.read_text() == before
