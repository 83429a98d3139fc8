"""Names of steps."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from jupyter_mlops.notebook import step_names

HEADINGS = {
    "Train Model": "train_model",
    "été": "été",
    "Über-Modell": "über_modell",
    "数据 清洗": "数据_清洗",
    "1. Load": "load",
    "1.2) Load data": "load_data",
    "2 Load": "load",
    "3 - Fit": "fit",
    "3.1 Fit": "fit",
    "(4) Fit": "fit",
    "Step 3: Train": "train",
    "Step 3 - Train": "train",
    "Part II. Models": "models",
    "IV. Results": "results",
    "a) Load": "load",
    "A. Load": "load",
    "I think": "i_think",
    "Section": "section",
    "Step 3": "step_3",
    "2019 data": "2019",
    "3D plots": "step_3d_plots",
    "1️⃣ Load": "load",
    "🚀 Load the data 🚀": "load_the_data",
    "🚀": "",
    "": "",
    "---": "",
    "`pd.read_csv` it": "pd_read_csv_it",
    "[Load](#load) the [data][1]": "load_the_data",
    "![logo](x.png) Load": "load",
    '<a id="x"></a>Load <b>it</b>': "load_it",
    "Load {#anchor}": "load",
    "**Bold** and _emphasised_ snake_case": "bold_and_emphasised_snake_case",
    "R&amp;D": "r_d",
    "Let's go": "lets_go",
    "Loss $x^2$": "loss_x_2",
    "ﬁt": "fit",
    "a" * 200: "a" * step_names.MAX_LENGTH,
    "long words " * 20: "long_words_long_words_long_words_long_words_long",
}


@pytest.mark.parametrize("text", HEADINGS)
def test_a_heading_gives_a_good_name(text: str) -> None:
    name = step_names.from_heading(text)
    expected = HEADINGS[text] if HEADINGS[text] != "2019" else "step_2019_data"
    assert name == expected
    assert not name or step_names.is_good(name)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("train", True),
        ("train-model", True),
        ("été", True),
        ("x" * 100, True),
        ("x" * 101, False),
        ("Train Model", False),
        ("", False),
        ("2d", False),
        ("a.b", False),
        ("a--b", False),
        ("-a", False),
        ("../x", False),
        ("a/b", False),
        ("a\n", False),
    ],
)
def test_a_name_is_good_or_not(name: str, good: bool) -> None:
    assert step_names.is_good(name) is good
    assert good or not step_names.suggestion(name) or step_names.is_good(step_names.suggestion(name))


CODE = {
    "X, y = load_iris(return_X_y=True)": "load_iris",
    "df = pd.read_csv('a')": "read_csv",
    "model.fit(X, y)": "fit",
    "await fetch()": "fetch",
    "def clean(x): pass": "clean",
    "class Net: pass": "net",
    "x = 3": "x",
    "(a, b), c = 1": "fallback",
    "a, b = 1, 2": "a",
    "df['x'] = 1": "df",
    "model.depth = 3": "model",
    "total += 1": "total",
    "x: int": "x",
    "print(1)\nmodel.fit()": "fit",
    "print(1)": "print",
    "for i in y:\n    plot(i)": "plot",
    "if x:\n    pass": "fallback",
    "with open('x') as f:\n    text = f.read()": "read",
    "import os": "fallback",
    "x": "fallback",
    "f()()": "fallback",
    "_ = 3": "fallback",
}


@pytest.mark.parametrize("source", CODE)
def test_code_gives_a_name_by_what_it_does_first(source: str) -> None:
    assert step_names.from_code(ast.parse(source), "fallback") == CODE[source]


def test_broken_code_gets_the_name_of_its_cell() -> None:
    assert step_names.from_code(None, "cell_3") == "cell_3"


_BOTH = json.loads((Path(__file__).parents[3] / "labextension/test/notebook/names.json").read_text("utf-8"))


@pytest.mark.parametrize("name", _BOTH["good"])
def test_jupyterlab_and_the_library_take_the_same_names(name: str) -> None:
    assert step_names.is_good(name)


@pytest.mark.parametrize("name", _BOTH["bad"])
def test_jupyterlab_and_the_library_refuse_the_same_names(name: str) -> None:
    assert not step_names.is_good(name)
