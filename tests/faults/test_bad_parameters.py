"""Parameters that are not there, have the wrong type, are enormous, or would be code if anybody spliced them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.faults.command_line import Desk, parameters, step

CELL = """n = 3
name = 'x'
lr: float = 0.1
flag = False
sizes = [1, 2]
extra = {'a': 1}
"""
SHOW = "print(repr(n), repr(name), repr(lr), flag, sizes, extra)"
HOSTILE = [
    "'; import os; os.system('touch pwned') #",
    '"""',
    "__import__('os').system('touch pwned')",
    "line\nbreak",
    "\\n",
    "{n}",
    "$(touch pwned)",
    "été 😀",
    "a=b",
    "",
]
WRONG = [
    ("nn=3", ["'nn'", "Did you mean 'n'?"]),
    ("zebra=3", ["'zebra'"]),
    ("n=abc", ["'n'", "int", "'abc'"]),
    ("n=3.5", ["'n'", "int", "'3.5'"]),
    ("n=", ["'n'", "int"]),
    ("lr=fast", ["'lr'", "float", "'fast'"]),
    ("flag=perhaps", ["'flag'", "bool", "'perhaps'"]),
    ("sizes=[1", ["'sizes'", "list"]),
    ("sizes=[1, __import__('os')]", ["'sizes'", "list"]),
    ("extra=[1]", ["'extra'", "dict"]),
    ("n", ["NAME=VALUE", "-p depth=4"]),
    ("=3", ["NAME=VALUE"]),
    ("n=" + "9" * 5000, ["'n'", "int"]),
    ("n=" + "x" * 100_000, ["'n'", "int"]),
]


@pytest.fixture
def nb(desk: Desk) -> str:
    return desk.notebook("nb.ipynb", parameters(CELL), step("show", SHOW)).name


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[given[:20] for given, _ in WRONG])
def test_a_parameter_that_cannot_be_is_refused_before_anything_runs(
    desk: Desk, nb: str, given: str, words: list[str]
) -> None:
    desk("run", nb, "-p", given).refuses(2, *words)
    assert desk.runs() == []


@pytest.mark.parametrize(
    ("cell", "given"),
    [
        ("n = 3", "n=x"),
        ("cols: list[str] = ['a b', \"it's\"]", "cols=a"),
        ("grid: dict[str, int] = {'depth': 2}", "grid=[]"),
        ("sizes: list[int] = []", "sizes=a"),
        ("lr: float | None = None", "lr=fast"),
        ("flag = True", "flag=perhaps"),
    ],
)
def test_the_example_in_a_refusal_works_when_it_is_typed(desk: Desk, cell: str, given: str) -> None:
    name = given.partition("=")[0]
    desk.notebook("nb.ipynb", parameters(cell), step("show", f"print({name})"))
    refused = desk("run", "nb.ipynb", "-p", given)
    refused.refuses(2, f"'{name}'", "Write for example")
    typed = shlex.split(refused.err.split("`")[1])
    assert desk("run", "nb.ipynb", *typed).code == 0


def test_a_parameter_without_a_default_must_be_given(desk: Desk) -> None:
    desk.notebook("nb.ipynb", parameters("n: int"), step("show", "print(n)"))
    desk("run", "nb.ipynb").refuses(2, "'n'", "-p n=")
    assert desk.logs(desk.json("run", "nb.ipynb", "-p", "n=7")) == {"show": "7\n"}


def test_text_stays_text_whatever_it_looks_like(desk: Desk) -> None:
    names = [f"t{number}" for number in range(len(HOSTILE))]
    cell = "\n".join(f"{name} = 'default'" for name in names)
    desk.notebook("nb.ipynb", parameters(cell), step("show", f"import json\nprint(json.dumps([{', '.join(names)}]))"))
    given = [word for name, text in zip(names, HOSTILE, strict=True) for word in ("-p", f"{name}={text}")]
    run = desk.json("run", "nb.ipynb", *given)
    assert json.loads(desk.logs(run)["show"]) == HOSTILE
    assert not (desk.folder / "pwned").exists()
    assert run["params"] == dict(zip(names, HOSTILE, strict=True))


def test_the_executed_notebook_shows_parameters_as_literals(desk: Desk, nb: str) -> None:
    run = desk.json("run", nb, "-p", f"name={HOSTILE[0]}", "-p", "lr=nan")
    cells = json.loads(Path(run["tasks"][0]["notebook"]).read_text(encoding="utf-8"))["cells"]
    injected = next("".join(cell["source"]) for cell in cells if "name = " in "".join(cell["source"]))
    values: dict[str, object] = {}
    exec(compile(injected, "injected", "exec"), values)
    assert values["name"] == HOSTILE[0]
    assert not (desk.folder / "pwned").exists()


@pytest.mark.parametrize(("given", "shown"), [("nan", "nan"), ("inf", "inf"), ("-inf", "-inf"), ("1e400", "inf")])
def test_numbers_that_json_does_not_have_arrive_and_can_be_listed(desk: Desk, nb: str, given: str, shown: str) -> None:
    run = desk.json("run", nb, "-p", f"lr={given}")
    assert desk.logs(run)["show"].split()[2] == shown
    assert [row["state"] for row in desk.json("runs")["runs"]] == ["succeeded"]
    assert desk("show").code == 0


def test_a_cached_run_with_a_parameter_that_is_no_number_is_still_cached(desk: Desk, nb: str) -> None:
    desk.json("run", nb, "-p", "lr=nan")
    again = desk.json("run", nb, "-p", "lr=nan")
    assert [task["state"] for task in again["tasks"]] == ["cached"]


def test_a_large_value_is_handed_over_whole(desk: Desk, nb: str) -> None:
    text = "x" * 100_000
    run = desk.json("run", nb, "-p", f"name={text}", "-p", "n=-123456789012345678901234567890")
    assert desk.logs(run)["show"].startswith(f"-123456789012345678901234567890 '{text}'")
    shown = desk("show")
    assert max(map(len, shown.out.splitlines())) < 500
    listed = desk("runs")
    assert max(map(len, listed.out.splitlines())) < 500


def test_a_query_that_makes_no_sense_is_refused(desk: Desk, nb: str) -> None:
    desk("run", nb)
    for query in ("metrics.acc >", "lr ~ 3", "metrics.acc > 0.9; drop table runs", "params.name = 'x", "(" * 2000):
        desk("runs", query).refuses(2)
    assert desk.runs() == ["succeeded"]
