"""Every diagnostic: a notebook, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.notebook.annotations import annotate
from jupyter_mlops.notebook.dataflow import Dataflow, FlowInput, StepFlow
from jupyter_mlops.notebook.diagnostics import Diagnostic, check, registry
from jupyter_mlops.notebook.diagnostics.documentation import markdown
from jupyter_mlops.notebook.document import Document, expand, read, read_text
from jupyter_mlops.notebook.facts import CellFacts, Store
from jupyter_mlops.notebook.problems import Problem


def flow_of(
    document: Document | str,
    *,
    outputs: Mapping[str, Iterable[str]] | None = None,
    inputs: Mapping[str, Iterable[FlowInput]] | None = None,
    **more: Any,
) -> Dataflow:
    """A dataflow whose steps hand over what the test says."""
    document = read_text(document, "n.py") if isinstance(document, str) else document
    annotations = annotate(document)
    steps = tuple(
        StepFlow(
            step, inputs=tuple((inputs or {}).get(step.name, ())), outputs=tuple((outputs or {}).get(step.name, ()))
        )
        for step in annotations.steps
    )
    return Dataflow(document, annotations, steps, **more)


def said(flow: Dataflow, code: str) -> list[Diagnostic]:
    return [item for item in check(flow) if item.code == code]


def cells(*sources: str) -> str:
    return "".join(f"# %%\n{source}\n" for source in sources)


def step(name: str, source: str = "x = 1", **ours: object) -> str:
    return f"# %% jupyter_mlops={json.dumps({'step': name, **ours})}\n{source}\n"


# Notebook -> (code, severity, cell, line, part of the message). Nothing else may be said of it beyond info.
SNIPPETS: dict[str, tuple[str, str, int | None, int | None, str]] = {
    cells("x = 1", "y = 2\nz = ("): ("MLO001", "error", 1, 2, "Syntax error: '(' was never closed."),
    cells("x = 1", "y = 2\nreturn y"): ("MLO001", "error", 1, 2, "'return' outside function"),
    cells("x = 1") + '# %% tags=["raises-exception"]\n1 = x\n': ("MLO001", "warning", 1, 1, "cannot assign"),
    step("Train Model"): ("MLO201", "error", 0, None, "'Train Model' cannot be a step's name"),
    step("a") + step("b") + step("a"): ("MLO202", "warning", 2, None, "'a' goes on here"),
    step("a", after=["load"]): ("MLO203", "error", 0, None, "comes after 'load', which is not there"),
    step("a", after=["a"]): ("MLO204", "error", 0, None, "after itself"),
    step("a", after=["c"]) + step("b", after=["a"]) + step("c", after=["b"]): (
        "MLO204",
        "error",
        1,
        None,
        "in a circle: b -> c -> a -> b",
    ),
    step("a", "%%step b\nx = 1"): ("MLO205", "warning", 0, 1, "name the step 'a', its magic 'b'"),
    cells("x = 1") + step("a"): ("MLO206", "info", 0, None, "became the step 'start'"),
    step("a", "# only words") + step("b"): ("MLO207", "warning", 0, None, "'a' has no code"),
    cells("%%step a\n\n# words", "%%step b\nx = 1"): ("MLO207", "warning", 0, None, "'a' has no code"),
    step("a", when="1 > 2"): ("MLO208", "warning", 0, None, "never runs: `1 > 2` is always false"),
    step("a", for_each="i in []"): ("MLO208", "warning", 0, None, "no items in `[]`"),
    cells("import os"): ("MLO209", "warning", None, None, "no step to run"),
    '# %% tags=["parameters"]\nn: int = "a"\n' + step("a"): ("MLO401", "error", 0, 1, "declared as int"),
    '# %% tags=["parameters"]\nn = f()\n' + step("a"): ("MLO402", "warning", 0, 1, "'n' is no parameter"),
    step("a", memory="lots"): ("MLO501", "error", 0, None, "'memory': 'lots' is no amount of memory"),
    step("a", when="x >"): ("MLO501", "error", 0, None, "'when': the expression 'x >' cannot be read"),
    step("a", for_each="x"): ("MLO501", "error", 0, None, "is not a loop"),
    cells("%%step a --cpu\nx = 1"): ("MLO502", "error", 0, 1, "--cpu needs a value"),
    step("a", memroy="1Gi"): ("MLO503", "warning", 0, None, "There is no key 'memroy'"),
    step("a", cache="no"): ("MLO504", "error", 0, None, "'cache' must be boolean"),
    step("a", cpu=1) + step("a", cpu=2): ("MLO505", "warning", 1, None, "two values for 'cpu'"),
    cells("x = 1\n%debug"): ("MLO601", "warning", 0, 2, "%debug works on the interactive session"),
    cells("%%R -i x\nplot(x)", "x = 1"): ("MLO603", "warning", 0, 1, "the %%R cell"),
    cells("!pip install x\n!pip install y"): ("MLO604", "info", 0, 1, "Packages that a cell installs"),
    cells("x = 1\nkey = 'AKIAIOSFODNN7EXAMPLE'"): ("MLO801", "warning", 0, 2, "an AWS access key"),
}


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_notebook_is_told_what_is_wrong_and_nothing_else(text: str) -> None:
    code, severity, cell, line, message = SNIPPETS[text]
    found = check(flow_of(text))
    assert [(item.code, item.severity, item.cell, item.line) for item in found] == [(code, severity, cell, line)]
    assert message in found[0].message
    assert found[0].hint
    assert found[0].message.endswith(".")
    assert found[0].hint.endswith((".", "?", "]"))


@pytest.mark.parametrize(
    "source",
    ["await f()", "async with a as b: pass", "x = " + "+".join("1" * 1500), "from __future__ import annotations"],
)
def test_what_a_notebook_can_run_is_no_syntax_error(source: str) -> None:
    assert said(flow_of(cells(source)), "MLO001") == []


# Facts of the dataflow, and the code that they get.
KINDS = {
    "undefined": ("MLO101", "error"),
    "undefined_in_function": ("MLO102", "warning"),
    "undefined_maybe": ("MLO103", "warning"),
    "set_later": ("MLO105", "error"),
    "star_import": ("MLO107", "warning"),
    "dynamic": ("MLO108", "warning"),
    "interleaved": ("MLO210", "error"),
    "setup_reads_step": ("MLO211", "error"),
    "relative_control": ("MLO506", "error"),
    "magic_defines_names": ("MLO605", "warning"),
    "magic_unsupported": ("MLO606", "warning"),
    "hidden_configuration": ("MLO702", "warning"),
    "patched_module": ("MLO703", "warning"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_problems_of_the_dataflow_get_their_code(kind: str) -> None:
    problem = Problem(kind, "What.", "Way out.", name="lod", cell=1, line=2)
    found = check(flow_of(cells("load = f()", "x = 1"), problems=(problem,)))
    assert [(item.code, item.severity, item.cell, item.line, item.hint) for item in found] == [
        (*KINDS[kind], 1, 2, "Way out.")
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lod", "Did you mean 'load'?"),
        ("prnt", "Did you mean 'print'?"),
        ("n_epoch", "Did you mean 'n_epochs'?"),
        ("q", "Set it in a cell above."),
    ],
)
def test_an_undefined_name_is_told_what_was_perhaps_meant(name: str, hint: str) -> None:
    text = '# %% tags=["parameters"]\nn_epochs = 1\n' + cells("load = f()", "x = 1")
    facts = {1: CellFacts(stores={"load": Store("load", 1)})}
    flow = flow_of(text, problems=(Problem("undefined", "What.", name=name, cell=2),), facts=facts)
    assert said(flow, "MLO101")[0].hint == hint


def test_two_producers_are_named_nearest_first() -> None:
    given = {"c": [FlowInput("m", ("b", "a")), FlowInput("n", ("a",)), FlowInput("o", ("b", "a"), required=False)]}
    found = check(flow_of(step("a") + step("b") + step("c"), inputs=given))
    assert [(item.code, item.step, item.message) for item in found] == [
        ("MLO104", "c", "'m' in 'c' comes from 'b', or if that is skipped from 'a'.")
    ]


def test_a_hidden_builtin_is_told_once() -> None:
    facts = {
        0: CellFacts(stores={"list": Store("list", 3), "id": Store("id", 1), "max": Store("max", 1, kind="function")}),
        1: CellFacts(stores={"list": Store("list", 1)}),
    }
    found = check(flow_of(cells("x = 1", "y = 1"), facts=facts))
    assert [(item.code, item.severity, item.name, item.cell, item.line) for item in found] == [
        ("MLO106", "info", "list", 0, 3)
    ]


STAYS = {
    "import threading\nv = threading.Lock()": "a lock",
    "from threading import Lock as L\nv = L()": "a lock",
    "v = (x for x in y)": "a generator",
    "def g():\n    yield 1\nv = g()": "a generator",
    "v = open('f')": "an open file",
    "v: object = open('f')": "an open file",
    "import sqlite3\nv = sqlite3.connect('db')": "a connection",
    "import socket\nv = socket.socket()": "a socket",
    "import threading as t\nv = w = t.Thread()": "a thread",
}
LEAVES = [
    "v = open('f').read()",
    "v = [x for x in y]",
    "def g():\n    def h(): yield\nv = g()",
    "@decorated\ndef g(): yield\nv = g()",
    "from sys import open\nv = open('f')",
    "v = open('f')\nv = 1",
    "v = open('f')\nfor v in y: pass",
    "v, w = open('f')",
    "v = unknown()",
    "v = f()()",
    "v: int",
]


@pytest.mark.parametrize("source", STAYS)
def test_a_value_that_stays_in_its_process_is_told_where_it_is_handed_on(source: str) -> None:
    text = step("a", source) + step("b", "v")
    found = check(flow_of(text, outputs={"a": ["v", "other"]}))
    line = source.count("\n") + 1
    assert [(item.code, item.severity, item.name, item.step, item.cell, item.line) for item in found] == [
        ("MLO301", "warning", "v", "a", 0, line)
    ]
    assert STAYS[source] in found[0].message
    assert found[0].hint
    assert check(flow_of(text)) == [], "what is not handed on may stay"


@pytest.mark.parametrize("source", LEAVES)
def test_a_value_that_may_leave_is_not_told(source: str) -> None:
    assert check(flow_of(step("a", source), outputs={"a": ["v"]})) == []


def test_steps_that_share_a_generator_are_named() -> None:
    state = "numpy.random.state"
    flow = flow_of(step("a") + step("b") + step("c"), outputs={"a": [state], "b": [state]})
    assert [(item.code, item.message) for item in check(flow)] == [
        ("MLO701", "The steps a, b draw from the generator of numpy.random in turn.")
    ]
    assert check(flow_of(step("a") + step("b"), outputs={"a": [state]})) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%run missing.py", True),
        ("%run -i 'missing.py'", True),
        ("%run there", False),
        ("%run there.py", False),
        ("%run made.py", False),
        ("%run $name", False),
        ("%run {name}", False),
        ("x = 1", False),
    ],
)
def test_run_of_a_file_that_is_not_there(tmp_path: Path, line: str, told: bool) -> None:
    (tmp_path / "there.py").touch()
    (tmp_path / "n.py").write_text(cells("%%writefile made.py\nx = 1", line))
    assert bool(said(flow_of(read(tmp_path / "n.py")), "MLO602")) is told


def test_without_a_path_no_file_is_looked_for() -> None:
    assert not said(flow_of(read_text(cells("%run missing.py"))), "MLO602")


SECRETS = {
    "k = 'ghp_" + "a1B2" * 9 + "'": "a GitHub token",
    "k = 'glpat-" + "a1B2" * 6 + "'": "a GitLab token",
    "# xoxb-1234567890-abc": "a Slack token",
    "f('AIza" + "a1B2c3D" * 5 + "')": "a Google API key",
    "k = 'sk-proj-" + "a1B2" * 8 + "'": "an API key",
    "k = 'hf_" + "a1B2" * 9 + "'": "a Hugging Face token",
    "k = '''-----BEGIN RSA PRIVATE KEY-----'''": "a private key",
    "k = 'eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4'": "a web token",
    "u = 'postgresql://bob:h4rdT0Gu3ss@db.host/x'": "a password in a URL",
    "password = 'h4rdT0Gu3ss'": "a secret in 'password'",
    "db_password: str = 'h4rdT0Gu3ss'": "a secret in 'db_password'",
    "c.api_key = 'h4rdT0Gu3ss'": "a secret in 'api_key'",
    "os.environ['API_KEY'] = 'h4rdT0Gu3ss'": "a secret in 'API_KEY'",
    "connect(password='h4rdT0Gu3ss')": "a secret in 'password'",
    "c = {'secret': 'h4rdT0Gu3ss', **d}": "a secret in 'secret'",
}
NO_SECRETS = [
    "password = 'your-password-1'",
    "password = '<password1>'",
    "password = getpass()",
    "password = ''",
    "password = 'short'",
    "token = 'the first token 1'",
    "token = 'Tokenized9'",
    "secret = 'aaaaaaa1'",
    "password = 'letters'",
    "tokens = 'h4rdT0Gu3ss'",
    "u = 'postgresql://user:password@host/x'",
    "u = f'postgresql://{user}:{pw}@host/x'",
    "u = 'https://example.com/a:b@c'",
    "x, y = 'h4rdT0Gu3ss', 2",
    "next_token = {1: 2}",
]


@pytest.mark.parametrize("source", SECRETS)
def test_a_secret_in_the_source_is_told_and_never_shown(source: str) -> None:
    found = said(flow_of(cells(source)), "MLO801")
    assert len(found) == 1
    assert SECRETS[source] in found[0].message
    assert "h4rd" not in str(found)
    assert "a1B2" not in str(found)


@pytest.mark.parametrize("source", NO_SECRETS)
def test_what_is_no_secret_is_not_told(source: str) -> None:
    assert said(flow_of(cells(source)), "MLO801") == []


def test_prose_is_looked_through_too() -> None:
    assert said(flow_of("# %% [markdown]\n# AKIAIOSFODNN7EXAMPLE\n# %%\nx = 1\n"), "MLO801")[0].cell == 0


KEY = "AKIAIOSFODNN7EXAMPLE"
OUTPUTS: list[tuple[Any, bool]] = [
    ([{"output_type": "stream", "text": ["a\n", KEY]}], True),
    ([{"output_type": "execute_result", "data": {"text/plain": KEY}}], True),
    ([{"output_type": "error", "evalue": KEY}], True),
    ([{"output_type": "display_data", "data": {"image/png": KEY, "text/plain": 3}}], False),
    ([{"output_type": "stream", "text": [1]}, "odd", {"data": []}], False),
    (None, False),
]


@pytest.mark.parametrize(("outputs", "told"), OUTPUTS)
def test_a_secret_in_a_saved_output_is_told(outputs: Any, told: bool) -> None:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "x", "outputs": outputs}
    document = read_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    found = said(flow_of(document), "MLO802")
    assert bool(found) is told
    assert KEY not in str(found)


def test_outputs_of_cells_that_the_file_does_not_have_are_not_looked_for() -> None:
    document = read_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    grown = replace(document, cells=read_text(cells("x = 1")).cells)
    assert said(flow_of(grown), "MLO802") == []


def test_skipped_cells_are_not_looked_into() -> None:
    skipped = '# %% jupyter_mlops={"role": "skip"}\n'
    text = f"{skipped}(\n{skipped}%debug\n{skipped}%%R\nx\n{skipped}!pip install x\n" + step("a")
    assert check(flow_of(text)) == []


def test_findings_come_by_place_and_once() -> None:
    text = step("b", "x = (", cpu="x") + step("a b", "y = (")
    problem = Problem("undefined", "Same.", "Way.", cell=1)
    found = check(flow_of(text, problems=(problem, problem, Problem("dynamic", "Nowhere.", "Way."))))
    assert [(item.code, item.cell) for item in found] == [
        ("MLO108", None),
        ("MLO501", 0),
        ("MLO001", 0),
        ("MLO101", 1),
        ("MLO201", 1),
        ("MLO001", 1),
    ]
    assert found[-1].step == "a b", "the step of a cell is filled in"


def test_a_cell_of_an_included_notebook_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "sub.py").write_text(cells("x = 1", "y = ("))
    (tmp_path / "n.py").write_text(cells("z = 1") + '# %% jupyter_mlops={"notebook": "sub.py"}\n')
    found = said(flow_of(expand(read(tmp_path / "n.py"))), "MLO001")
    assert [(item.cell, item.message) for item in found] == [(1, "sub.py: Syntax error: '(' was never closed.")]


def test_a_code_is_given_once() -> None:
    registry.load_families()
    with pytest.raises(ValueError, match="MLO001"):
        registry.rule("MLO001", severity="info")(lambda flow: iter(()))


def test_every_code_is_tested_and_documented() -> None:
    registry.load_families()
    tested = {code for code, *_ in (*SNIPPETS.values(), *KINDS.values())}
    tested |= {"MLO104", "MLO106", "MLO301", "MLO602", "MLO701", "MLO802", "MLO901", "MLO902"}
    assert set(registry.RULES) == tested
    page = (Path(__file__).parents[3] / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: python -m jupyter_mlops.notebook.diagnostics.documentation > docs/diagnostics.md"
    assert all(rule.summary.endswith(".") for rule in registry.RULES.values())


EXAMPLES = [
    *(Path(__file__).parents[3] / "examples" / "notebooks").glob("*.ipynb"),
    *(Path(__file__).parents[3] / "tests" / "public_notebooks").glob("*.ipynb"),
]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_ordinary_notebooks_have_no_errors(path: Path) -> None:
    assert [item for item in check(flow_of(read(path))) if item.severity == "error"] == []


@pytest.mark.parametrize("code", ["MLO602", "MLO604"])
def test_a_text_that_looks_like_a_magic_is_none(code, tmp_path):
    source = "s = '''\n%run missing.py\n!pip install x\n'''"
    assert not said(flow_of(read_text(cells(source), tmp_path / "n.py")), code)
