"""A notebook analysed again after an edit gives what a fresh process gives: nothing known of old cells shows."""

import ast
import importlib
import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlops.notebook import annotations, convert, dataflow, diagnostics, document
from jupyter_mlops.notebook.heap import Object
from jupyter_mlops.notebook.ipython_source import read_source
from jupyter_mlops.notebook.per_source import PerSource
from jupyter_mlops.pipeline.from_notebook import from_dataflow

CODE = [
    "import numpy as np\nimport pandas as pd",
    "import math as m",
    "def scaled(frame):\n    return frame / LIMIT",
    "def scaled(frame, by=2):\n    return frame * by",
    "class Model:\n    def fit(self, data):\n        self.data = data\n        return self",
    "LIMIT = 10",
    "LIMIT = 20\nRATE = 0.5",
    "data = pd.DataFrame({'a': np.arange(10.0)})",
    "data['b'] = scaled(data['a'])",
    "other = data",
    "data = data.copy()",
    "model = Model().fit(data)",
    "model.rate = RATE",
    "print(data.shape, LIMIT)",
    "total = m.fsum(x for x in range(LIMIT))",
    "if total > 3:\n    late = total",
    "print(late)",
    "del data",
    "for name in ['x', 'y']:\n    globals()[name] = 1",
    "np.random.seed(0)",
    "noise = np.random.rand(3)",
    "data.to_csv('out.csv')",
    "again = pd.read_csv('out.csv')",
    "pd.set_option('display.width', 80)",
    "token = 'ab12cd34ef56gh78'",
    "handle = open('out.csv')",
    "print(handle.read())",
    "rows = (row for row in data)",
    "print(list(rows))",
    "%%step train --retries 2\nmodel.fit(other)",
    "%matplotlib inline",
    "!ls $LIMIT > listing.txt",
    "%%bash\necho hi",
    "x = (",
    "return 1",
    "",
    "# only a comment",
    "max = 3",
    "_",
]
TEXT = ["# Title", "## Load", "## Train\nwords", "no heading"]
cells = st.one_of(
    st.sampled_from([("code", source) for source in CODE]), st.sampled_from([("markdown", text) for text in TEXT])
)
edits = st.lists(
    st.tuples(st.sampled_from(["edit", "insert", "delete", "move", "append"]), st.integers(0, 99), cells), max_size=6
)


def edited(notebook, edit):
    """The cells after one change, as an editor makes it."""
    kind, place, cell = edit
    found = list(notebook)
    at = place % (len(found) + 1)
    if kind == "insert" or at == len(found):
        found.insert(at, cell)
    elif kind == "edit":
        found[at] = cell
    elif kind == "append":
        found[at] = (found[at][0], f"{found[at][1]}\n{cell[1]}")
    elif kind == "delete":
        del found[at]
    else:
        found.insert((at * 7) % len(found), found.pop(at))
    return found


def as_text(notebook):
    return json.dumps(
        {
            "cells": [
                {"cell_type": kind, "id": f"cell-{place}", "metadata": {}, "source": source}
                | ({"outputs": [], "execution_count": None} if kind == "code" else {})
                for place, (kind, source) in enumerate(notebook)
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def answer(text):
    """Everything that is said of a notebook: findings, the plan, and the notebook converted."""
    read = document.expand(document.read_text(text))
    flow = dataflow.link(read, annotations.annotate(read))
    converted, notes = convert.convert(read)
    found = [asdict(item) for item in diagnostics.check(flow)]
    return [found, json.loads(from_dataflow(flow).to_json()), document.write_text(converted, "a.ipynb"), list(notes)]


def caches():
    """Everything in the analysis that remembers answers."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("jupyter_mlops.notebook")]
    every = {id(item): item for module in modules for item in vars(module).values()}
    return [
        item
        for item in every.values()
        if isinstance(item, PerSource) or (hasattr(item, "cache_clear") and not isinstance(item, type))
    ]


def forget_everything():
    for item in caches():
        item.clear() if isinstance(item, PerSource) else item.cache_clear()


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, max_size=8), edits)
def test_after_each_edit_the_answer_is_that_of_a_process_that_knows_nothing(notebook, changes):
    answer(as_text(notebook))
    for change in changes:
        notebook = edited(notebook, change)
        text = as_text(notebook)
        incremental = answer(text)
        forget_everything()
        assert incremental == answer(text)


@settings(max_examples=30, deadline=None)
@given(st.lists(cells, max_size=8))
def test_the_second_answer_is_the_first(notebook):
    text = as_text(notebook)
    assert answer(text) == answer(text)


@settings(max_examples=30, deadline=None)
@given(st.lists(cells, max_size=8), edits)
def test_undoing_edits_gives_the_first_answer_again(notebook, changes):
    first = answer(as_text(notebook))
    now = notebook
    for change in changes:
        now = edited(now, change)
        answer(as_text(now))
    assert answer(as_text(notebook)) == first


@pytest.mark.parametrize("source", CODE)
def test_nobody_changes_the_tree_that_all_share(source):
    before = ast.dump(read_source(source).tree, include_attributes=True)
    answer(as_text([("code", source), ("code", CODE[0]), ("code", source)]))
    assert ast.dump(read_source(source).tree, include_attributes=True) == before
    forget_everything()
    assert ast.dump(read_source(source).tree, include_attributes=True) == before


def test_a_fresh_process_says_the_same(tmp_path):
    notebook = [("code", source) for source in CODE[:24]]
    changes = [("edit", 5, ("code", "LIMIT = 30")), ("move", 9, notebook[0]), ("delete", 2, notebook[0])]
    for change in changes:
        notebook = edited(notebook, change)
        said = answer(as_text(notebook))
    (tmp_path / "notebook.json").write_text(as_text(notebook))
    code = (
        f"import sys, json; sys.path.insert(0, {str(__file__).rpartition('/')[0]!r})\n"
        "import test_analysis_after_edits as test\n"
        "print(json.dumps(test.answer(open('notebook.json').read())))"
    )
    fresh = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(fresh.stdout) == json.loads(json.dumps(said))


def test_all_that_is_kept_is_bounded():
    answer(as_text([("code", source) for source in CODE]))
    kept = [item for item in caches() if isinstance(item, PerSource)]
    assert len(kept) > 5
    assert all(item.size < 4_000_000 for item in kept)
    # A schema is read by its name, of which there are two; a type by its spelling.
    unbounded = [item.__name__ for item in caches() if hasattr(item, "cache_info") and not item.cache_info().maxsize]
    assert sorted(unbounded) == ["load", "read_type"]


def test_a_module_that_is_installed_meanwhile_is_seen(tmp_path, monkeypatch):
    text = as_text([("code", "from installed_meanwhile import *"), ("code", "print(there)")])
    monkeypatch.setattr(
        "sysconfig.get_paths",
        lambda *_: dict.fromkeys(("purelib", "platlib", "stdlib", "platstdlib", "scripts"), str(tmp_path)),
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = answer(text)
    (tmp_path / "installed_meanwhile.py").write_text("__all__ = ['there']\nthere = 1\n")
    importlib.invalidate_caches()
    after = answer(text)
    forget_everything()
    assert after == answer(text)
    assert {item["code"] for item in before[0]} - {item["code"] for item in after[0]} == {
        "MLO107",
        "MLO103",
        "MLO902",
    }


def test_the_answer_does_not_depend_on_where_things_are_in_memory():
    # It has a name that is one of two modules, `cupy` or `numpy`.
    folder = Path(__file__).parents[2] / "public_notebooks"
    text = (folder / "14_decorators_and_state.ipynb").read_text()
    chance = random.Random(0)
    kept, answers = [], []
    for _ in range(40):  # each time objects get other addresses, and sets of them another order
        kept.append([Object() for _ in range(chance.randrange(300))])
        answers.append(answer(text))
    assert all(item == answers[0] for item in answers)
