from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlops.runtime.spec import CellSource, Definition, TaskSpec
from jupyter_mlops.targets.local.imports import imported, modules_of


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import numpy as np", ("numpy",)),
        ("import os, sklearn.svm", ("os", "sklearn.svm")),
        ("from pandas import DataFrame as D", ("pandas",)),
        ("from sklearn.svm import SVC", ("sklearn.svm",)),
        ("from . import mine\nfrom .mine import x", ()),
        ("if big:\n    import torch", ()),
        ("def f():\n    import torch", ()),
        ("%matplotlib inline\n!pip install x\nimport numpy", ("numpy",)),
        ("?import\nx = 1", ()),
        ("import (", ()),
        ("important = 1", ()),
        ("", ()),
    ],
)
def test_unconditional_imports_of_a_cell(source: str, modules: tuple[str, ...]) -> None:
    assert imported(source) == modules


def test_an_attempt_imports_what_it_wants_in_order_and_once() -> None:
    spec = TaskSpec(
        *("r", "s", "t", 1, "/d", "/c"),
        cells=(CellSource(2, "c", "import seaborn\nimport numpy", 2),),
        setup=(CellSource(1, "b", "import json", 1),),
        definitions=(
            Definition("1", ("np",), "import numpy as np", wanted=True),
            Definition("2", ("torch",), "import torch"),
        ),
    )

    assert modules_of(spec) == ("numpy", "json", "seaborn")


def test_a_whole_notebook_imports_what_its_code_cells_do(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cells = [
        {"cell_type": "markdown", "source": "import words"},
        {"cell_type": "code", "source": ["import numpy\n", "import json"]},
    ]
    path.write_text(json.dumps({"cells": cells}))

    assert modules_of(TaskSpec("r", "s", "t", 1, "/d", "/c", notebook=str(path))) == ("numpy", "json")


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 1}', '{"cells": [{"cell_type": "code"}]}'])
def test_a_notebook_that_cannot_be_read_imports_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)

    assert modules_of(TaskSpec("r", "s", "t", 1, "/d", "/c", notebook=str(path))) == ()
