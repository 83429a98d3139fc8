"""Every quick fix is true: once it is made the diagnostic is gone, and no error is new."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.notebook.diagnostics import registry as rules
from jupyter_mlops.notebook.fixes import registry
from jupyter_mlops.verbs.content import analyse

# Cells as (step, source, more metadata); some names are roles, the empty one is none.
Cells = list[tuple[Any, ...]]
ROLES = ("setup", "parameters", "skip")

# What is tried: code, the titles that are offered, and the cells.
CASES: list[tuple[str, list[str], Cells]] = [
    ("MLO101", ["Read 'load' instead"], [("a", "load = 1"), ("b", "print(lod)\nx = (lod, 'lod', a.lod)")]),
    (
        "MLO101",
        ["Read 'values' instead"],
        [("a", "values = 1"), ("b", "def f(x):\n    return valeus + x\nprint(valeus)")],
    ),
    ("MLO101", ["Add `import numpy as np`"], [("a", "x = np.ones(3)")]),
    ("MLO101", ["Add `import math`"], [("", "%%step a\nx = math.pi")]),
    ("MLO105", ["Add `from os import path as where`"], [("a", "x = where.sep"), ("b", "from os import path as where")]),
    ("MLO101", ["Run cell 0 too, which sets it"], [("skip", "x = 1"), ("a", "print(x)")]),
    ("MLO101", ["Make it a parameter"], [("parameters", "n = 1"), ("a", "print(n + size)")]),
    ("MLO103", ["Read 'mode' instead"], [("a", "mode = 1"), ("b", "if input():\n    print(mod)")]),
    ("MLO102", ["Add `import math`"], [("setup", "def f():\n    return math.pi"), ("a", "f()")]),
    ("MLO102", ["Read 'scale' instead"], [("a", "scale = 1\ndef f():\n    return scael"), ("b", "f()")]),
    ("MLO105", ["Add `import json`"], [("a", "json.dumps(1)"), ("b", "import json\nx = 1")]),
    ("MLO106", ["Call it 'list_'"], [("a", "list = [1]"), ("b", "print(list[0], 'list')")]),
    ("MLO107", ["Import by name: sin_of"], [("setup", "from nowhere_at_all import *"), ("a", "print(sin_of(1))")]),
    (
        "MLO201",
        ["Call the step 'train_model'"],
        [("Train Model", "x = 1"), ("Train Model", "y = 2"), ("b", "z = 3", {"after": ["Train Model"]})],
    ),
    ("MLO201", ["Call the step 'step_1st'"], [("", "%%step 1st --cpu 1\nx = 1"), ("", "%%step b --after 1st\nz = 3")]),
    (
        "MLO201",
        ["Call the step 'step_1st'"],
        [("", "%%step 1st\nx = 1"), ("", "%%step c\nq = 1"), ("", "%%step b --after c --after=1st --cpu 1\nz = 3")],
    ),
    (
        "MLO201",
        ["Call the step 'step_1st'"],
        [("", "%%step 1st\nx = 1"), ("", "%%step c\nq = 1"), ("", "%%step b --after 'c, 1st'\nz = 3")],
    ),
    ("MLO201", ["Call the step 'step_1st'"], [("", "%%step a\nx = 1"), ("", "%%step 1st --after 'a,1st'\nx = 1")]),
    ("MLO201", ["Call the step 'train_it'"], [("Train it", "x = 1"), ("", "%%step b --after 'Train it'\nz = 3")]),
    ("MLO202", ["Make it a step of its own: 'a_2'"], [("a", "x = 1"), ("b", "y = 2"), ("a", "z = 3"), ("a", "w = 3")]),
    (
        "MLO202",
        ["Make it a step of its own: 'a_2'"],
        [("", "%%step a\nx = 1"), ("", "%%step b\ny = 2"), ("", "%%step a --cpu 1\nz = 3")],
    ),
    (
        "MLO203",
        ["Run it after 'load'", "Take 'laod' out of `after`"],
        [("load", "x = 1"), ("a", "y = 1", {"after": ["laod"]})],
    ),
    ("MLO203", ["Take 'load' out of `after`"], [("", "%%step a --cpu 1 --after load\nx = 1")]),
    ("MLO204", ["Take 'a' out of its own `after`"], [("a", "x = 1", {"after": ["a"]})]),
    ("MLO204", ["Take 'b' out of `after` of 'a'"], [("a", "x = 1", {"after": ["b"]}), ("b", "print(x)")]),
    (
        "MLO204",
        ["Take 'c' out of `after` of 'a'"],
        [("a", "x = 1", {"after": ["c"]}), ("b", "y = 1", {"after": ["a"]}), ("c", "y = 1", {"after": "b"})],
    ),
    ("MLO205", ["Call it 'a' in both"], [("a", "%%step b --cpu 1\nx = 1")]),
    ("MLO206", ["Mark as setup", "Make it the step 'start'"], [("", "x = input()"), ("a", "y = x")]),
    ("MLO207", ["Skip it"], [("a", "# only words"), ("b", "x = 1")]),
    ("MLO207", ["Skip it"], [("", "%%step a\n# words"), ("", "%%step b\nx = 1")]),
    ("MLO208", ["Take the condition out"], [("a", "x = 1", {"when": "1 > 2"}), ("b", "print(x)")]),
    ("MLO208", ["Skip it"], [("a", "x = i", {"for_each": "i in []"})]),
    ("MLO209", ["Make cell 1 the step 'f'"], [("", "import os"), ("", "def f():\n    pass")]),
    ("MLO210", ["Make it a step of its own: 'a_2'"], [("a", "x = 1"), ("b", "x += 1\ny = x"), ("a", "x += y")]),
    ("MLO211", ["Make it part of the step above"], [("a", "x = 1"), ("setup", "y = x"), ("b", "print(y)")]),
    ("MLO301", ["Make it a list"], [("a", "x = max(1, 2); g = (i for i in range(x))"), ("b", "print(x, list(g))")]),
    ("MLO301", ["Make it a list"], [("a", "g = (i for i in range(3))"), ("b", "print(list(g))")]),
    ("MLO301", ["Make it a list"], [("setup", "def gen():\n    yield 1"), ("a", "g = gen()"), ("b", "print(list(g))")]),
    (
        "MLO301",
        ["Mark as setup: it runs in every step"],
        [("setup", "import threading"), ("a", "lock = threading.Lock()"), ("b", "with lock:\n    x = 1")],
    ),
    ("MLO401", ["Declare it as str"], [("parameters", "n: int = 'a'"), ("a", "x = n")]),
    ("MLO402", ["Move it to the next cell"], [("parameters", "m = 1\nn = max(\n    m, 2)"), ("a", "x = n")]),
    (
        "MLO402",
        ["Move it to the next cell"],
        [("parameters", "n = 1\n@staticmethod\n@str\ndef f(): pass"), ("a", "print(n, f)")],
    ),
    ("MLO402", ["Move it to the next cell"], [("parameters", "n = 1\nprint(n)"), ("a", "x = n", {"when": "1 < 2"})]),
    ("MLO501", ["Take 'memory' out"], [("a", "x = 1", {"memory": "lots"})]),
    ("MLO503", ["Call it 'memory'", "Take 'memroy' out"], [("a", "x = 1", {"memroy": "1Gi"})]),
    ("MLO504", ["Set 'cache' to False", "Take 'cache' out"], [("a", "x = 1", {"cache": "no"})]),
    ("MLO504", ["Set 'role' to 'setup'", "Take 'role' out"], [("", "import os", {"role": "setpu"}), ("a", "x = 1")]),
    ("MLO504", ["Take 'env' out"], [("a", "x = 1", {"env": {"A": []}})]),
    ("MLO505", ["Keep 2 only"], [("a", "x = 1", {"cpu": 1}), ("a", "y = 1", {"cpu": 2})]),
    ("MLO601", ["Comment it out"], [("a", "x = 1\n%debug")]),
    ("MLO604", ["Skip the cell"], [("a", "# packages\n!pip install x\n%pip install y"), ("b", "x = 1")]),
    ("MLO604", ["Comment it out"], [("a", "!pip install x\nx = 1")]),
    ("MLO604", ["Comment it out"], [("a", "s = '''\n!pip install y\n'''\n!pip install x\nprint(s)")]),
    ("MLO604", ["Comment it out"], [("a", "!pip install x"), ("b", "x = 1", {"after": ["a"]})]),
    ("MLO604", ["Skip the cell"], [("a", "!pip install x"), ("a", "x = 1"), ("b", "x = 1", {"after": ["a"]})]),
    ("MLO606", ["Comment it out"], [("a", "x = 1\n%who")]),
    (
        "MLO701",
        ["Seed it anew in each step (this changes the numbers)"],
        [
            ("a", "import random\nrandom.seed(1)\nx = random.random()"),
            ("b", "y = random.random()"),
            ("c", "z = random.random()"),
        ],
    ),
    (
        "MLO701",
        ["Seed it anew in each step (this changes the numbers)"],
        [
            ("setup", "import numpy as n"),
            ("a", "n.random.seed(1)\nx = n.random.rand()"),
            ("b", "y = n.random.rand()"),
            ("c", "z = n.random.rand()"),
        ],
    ),
    (
        "MLO702",
        ["Mark as setup: it runs in every step"],
        [
            ("a", "import pandas as pd\ndef prepare():\n    pd.set_option('display.width', 3)\nprepare()"),
            ("b", "x = 1"),
        ],
    ),
]

# Codes without a fix: what is right only the author knows, or the change is not one of this notebook.
NONE = {
    "MLO001": "a cell that is no Python",
    "MLO104": "both producers may be meant",
    "MLO108": "the names are in a text",
    "MLO502": "what the line should say is not known",
    "MLO506": "the condition is written wrong",
    "MLO602": "the file is not there",
    "MLO603": "another language",
    "MLO605": "what the magic sets is not seen",
    "MLO703": "no rule of the dataflow finds it yet",
    "MLO801": "the secret has to be taken out by hand, and replaced",
    "MLO802": "the same",
    "MLO901": "the kernel is no part of the notebook",
    "MLO902": "what to install only the author knows",
}


def notebook(cells: Cells) -> dict[str, Any]:
    made = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"jupyter_mlops": ours} if ours else {}, "source": source}
        for number, (step, source, *more) in enumerate(cells)
        for ours in [{**({"role": step} if step in ROLES else {"step": step} if step else {}), **(more or [{}])[0]}]
    ]
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def told(content: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    return analyse(json.dumps(content), folder / "n.ipynb")["diagnostics"]


def mended(content: dict[str, Any], fix: dict[str, Any]) -> dict[str, Any]:
    """The notebook with a fix made, as a front end makes it."""
    content = copy.deepcopy(content)
    cells = {cell["id"]: cell for cell in content["cells"]}
    for edit in sorted(fix["edits"], key=lambda edit: -edit.get("line", 0)):
        cell = cells[edit["cell"]]
        if "metadata" in edit:
            ours = {**cell["metadata"].get("jupyter_mlops", {}), **edit["metadata"]}
            cell["metadata"]["jupyter_mlops"] = {key: value for key, value in ours.items() if value is not None}
            continue
        lines = cell["source"].split("\n")
        place = edit["line"] - 1
        assert 0 <= place <= len(lines)
        lines[place : place + ("replace" in edit)] = [edit.get("replace", edit.get("insert"))]
        cell["source"] = "\n".join(lines)
    return content


@pytest.mark.parametrize(("code", "titles", "cells"), CASES)
def test_a_fix_is_true(code: str, titles: list[str], cells: Cells, tmp_path: Path) -> None:
    content = notebook(cells)
    before = told(content, tmp_path)
    found = [item for item in before if item["code"] == code]
    assert [fix["title"] for fix in found[0]["fixes"]] == titles
    for fix in found[0]["fixes"]:
        after = told(mended(content, fix), tmp_path)
        gone = [(item["code"], item["name"], item["step"]) for item in after]
        assert gone.count((code, found[0]["name"], found[0]["step"])) < len(found), fix
        assert len([item for item in after if item["code"] == code]) < len(found), (fix, after)
        errors = Counter(item["code"] for item in after if item["severity"] == "error")
        assert not errors - Counter(item["code"] for item in before if item["severity"] == "error"), (fix, after)


def test_every_code_has_a_fix_or_a_reason_why_it_has_none() -> None:
    rules.load_families()
    assert {code for code, _, _ in CASES} | set(NONE) == set(rules.RULES)
    assert not {code for code, _, _ in CASES} & set(NONE)


# Where what helps is not sure, nothing is offered.
@pytest.mark.parametrize(
    "cells",
    [
        [("a", "load = 1"), ("b", "print(lod)\ndef f(lod): return lod")],
        [("a", "load = 1"), ("b", "!echo\nprint(lod)")],
        [("a", "print(site)")],
        [("a", "print(nothing_like_it())")],
        [("a", "list = list((1, 2))")],
        [("a", "list = [1]"), ("b", "!ls\nprint(list)")],
        [("a", "list = [1]"), ("b", "f = lambda list: list")],
        [("a", "# words"), ("b", "x = 1", {"after": ["a"]})],
        [("a", "x = i", {"for_each": "i in []"}), ("b", "print(x)")],
        [("z", "x = input()"), ("a", "import os\nos.environ['WIDE'] = str(x)"), ("b", "y = 1")],
        [("a", "f = open('a.txt')"), ("b", "print(f.read())")],
        [("parameters", "n = 1\nm = max(n, 2); k = 3"), ("a", "x = n")],
        [("parameters", "n = 1\nm = max(n, 2)"), ("a", "x = m"), ("setup", "y = m")],
        [("parameters", "n = 1\nm = max(n, 2)"), ("a", "x = m", {"when": "n > 1"}), ("b", "y = m")],
    ],
)
def test_nothing_is_offered_that_may_be_wrong(cells: Cells, tmp_path: Path) -> None:
    found = told(notebook(cells), tmp_path)
    assert found
    assert [fix for item in found for fix in item["fixes"]] == []


def test_what_others_in_the_parameters_cell_need_is_not_moved_away(tmp_path: Path) -> None:
    cells: Cells = [("parameters", "n = 1\nb = max(n, 2)\nc = b + 1"), ("a", "print(c)")]
    found = [item for item in told(notebook(cells), tmp_path) if item["code"] == "MLO402"]
    assert [(item["name"], len(item["fixes"])) for item in found] == [("b", 0), ("c", 1)]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = np.ones(1)", 1),
        ("\n\nx = np.ones(1)", 3),
        ("%%time\nx = np.ones(1)", 2),
        ("%%capture\n%%time\n\nx = np.ones(1)", 3),
        ("%%capture\n\n%%time\n\nx = np.ones(1)", 4),
        ("'words'\nfrom __future__ import annotations\nx = np.ones(1)", 3),
    ],
)
def test_an_import_stands_behind_what_has_to_be_first(source: str, line: int, tmp_path: Path) -> None:
    found = [item for item in told(notebook([("a", source)]), tmp_path) if item["code"] == "MLO101"]
    assert [edit["line"] for edit in found[0]["fixes"][0]["edits"]] == [line]


def test_a_source_that_python_warns_of_is_read_in_silence(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    found = told(notebook([("a", "total = 1"), ("b", "print(totl, '\\d', 1 is 1)")]), tmp_path)
    assert [fix["title"] for fix in found[0]["fixes"]] == ["Read 'total' instead"]
    assert not recwarn.list


def test_a_cell_of_an_included_notebook_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "inner.ipynb").write_text(json.dumps(notebook([("", "print(x_y)\nnp.ones(1)")])))
    found = told(notebook([("a", "x_yz = 1"), ("", "", {"notebook": "inner.ipynb"})]), tmp_path)
    assert [(item["notebook"], item["fixes"]) for item in found if item["code"] == "MLO101"] == [
        ("inner.ipynb", [])
    ] * 2


def test_edits_are_of_cells_that_were_posted(tmp_path: Path) -> None:
    assert registry.FAMILIES
    for _, _, cells in CASES:
        ids = {f"c{number}" for number in range(len(cells))}
        for item in told(notebook(cells), tmp_path):
            assert item["cell_id"] in {*ids, None}
            assert {edit["cell"] for fix in item["fixes"] for edit in fix["edits"]} <= ids
