"""What counts as the same value, and where two values differ."""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

from jupyter_mlops.runtime.compare import MOST, differences, without_addresses
from jupyter_mlops.runtime.compare_outputs import OutputDifference, normalised, output_differences

NAN = math.nan


class Point(NamedTuple):
    x: Any
    y: Any


class Plain:
    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


@dataclass
class Data:
    x: Any


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Broken:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


def _cycle(end: Any) -> list[Any]:
    made: list[Any] = [end]
    made.append(made)
    return made


def _fit(depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit([[0], [1], [2], [3]], [0, 1, 0, 1])


SAME: list[tuple[Any, Any]] = [
    (1, 1),
    ("a", "a"),
    (NAN, float("nan")),
    ([NAN, {"x": NAN}], [NAN, {"x": float("nan")}]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1, 2}, {2, 1}),
    (_cycle(1), _cycle(1)),
    (np.array([1, NAN]), np.array([1, NAN])),
    (np.array(["2020", "NaT"], "M8[D]"), np.array(["2020", "NaT"], "M8[D]")),
    (np.array([1, "a", None], dtype=object), np.array([1, "a", None], dtype=object)),
    (np.array([(1, NAN)], dtype="i4,f8"), np.array([(1, NAN)], dtype="i4,f8")),
    (np.float64(NAN), np.float64(NAN)),
    (np.array(3), np.array(3)),
    (pd.DataFrame({"x": [1, NAN], "y": ["a", None]}), pd.DataFrame({"x": [1, NAN], "y": ["a", None]})),
    (pd.Series([1, NAN], name="s"), pd.Series([1, NAN], name="s")),
    (pd.Series([[1], {}], dtype=object), pd.Series([[1], {}], dtype=object)),
    (pd.Categorical(["a"]), pd.Categorical(["a"])),
    (pd.Timestamp(0), pd.Timestamp(0)),
    (pd.NaT, pd.NaT),
    (Plain(a=1, b=[Plain(c=NAN)]), Plain(a=1, b=[Plain(c=NAN)])),
    (Slotted(1), Slotted(1)),
    (Data(NAN), Data(NAN)),
    (Data(np.array([1, 2])), Data(np.array([1, 2]))),
    (Point(1, NAN), Point(1, NAN)),
    (Color.RED, Color.RED),
    (object(), object()),
    (Broken(), Broken()),
    (functools.partial(int, base=2), functools.partial(int, base=2)),
    (lambda: 1, lambda: 1),
    (date(2020, 1, 1), date(2020, 1, 1)),
    (_fit(2), _fit(2)),
    (LinearRegression().fit([[1], [2]], [1, 2]), LinearRegression().fit([[1], [2]], [1, 2])),
    (np.random.default_rng(0), np.random.default_rng(0)),
    ("<A at 0x7f0011223344>", "<A at 0x7f0099887766>"),
    (range(3), range(3)),
    (Path("a"), Path("a")),
]


@pytest.mark.parametrize("number", range(len(SAME)))
def test_equal_values_do_not_differ(number: int) -> None:
    assert differences(*SAME[number]) == []


DIFFERENT: list[tuple[Any, Any, str]] = [
    (1, 2, "value: 1 / 2"),
    (1, 1.0, "value: int / float"),
    (True, 1, "value: bool / int"),
    (NAN, 1.0, "value: nan / 1.0"),
    ([1, [2, 3]], [1, [2, 4]], "value[1][1]: 3 / 4"),
    ([1], [1, 2], "value: 1 items / 2 items"),
    ({"a": {"b": 1}}, {"a": {"b": 2}}, "value['a']['b']: 1 / 2"),
    ({"a": 1}, {"b": 1}, "value: keys"),
    ({1}, {2}, "value: ['int 1'] / ['int 2']"),
    (_cycle(1), _cycle(2), "value[0]: 1 / 2"),
    (np.zeros((2, 2)), np.zeros((2, 3)), "value: float64[2, 2] / float64[2, 3]"),
    (np.zeros(2), np.zeros(2, "f4"), "float64[2] / float32[2]"),
    (np.array([[0, 1]]), np.array([[0, 2]]), "value: 1 of 2 elements differ at [0, 1]"),
    (np.array(["a", None], object), np.array(["b", None], object), "value[0]: 'a' / 'b'"),
    (pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [2]}), "value['x']: [1] / [2]"),
    (pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [1]}), "value.columns[0]: 'x' / 'y'"),
    (pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [1.0]}), "int64"),
    (pd.Series([1, 2]), pd.Series([1, 2], index=[1, 2]), "value.index"),
    (pd.Series([1], name="a"), pd.Series([1], name="b"), "'a' / "),
    (pd.Timestamp(0), pd.Timestamp(1), "value"),
    (Plain(a=1), Plain(a=2), "value['a']: 1 / 2"),
    (Slotted(1), Slotted(2), "value['x']: 1 / 2"),
    (Data([1]), Data([2]), "value['x'][0]: 1 / 2"),
    (Color.RED, Color.BLUE, "value"),
    (lambda: 1, lambda: 2 + len(""), "the code of"),
    (int, str, "value: int / str"),
    (_fit(1), _fit(2), "value['max_depth']: 1 / 2"),
    (np.random.default_rng(0), np.random.default_rng(1), "value"),
    (Decimal(1), Decimal(2), "value: Decimal('1') / Decimal('2')"),
    (functools.partial(int, 1), functools.partial(int, 2), "value"),
]


@pytest.mark.parametrize("number", range(len(DIFFERENT)))
def test_differences_are_told_with_their_place(number: int) -> None:
    left, right, says = DIFFERENT[number]
    (first, *_) = differences(left, right)
    assert says in first


def test_only_some_of_many_differences_are_told() -> None:
    assert len(differences([0] * 1000, [1] * 1000)) == MOST


def test_a_deep_value_does_not_exhaust_the_stack() -> None:
    left: Any = 1
    right: Any = 2
    for _ in range(5000):
        left, right = [left], [right]
    assert differences(left, right) == []


def test_addresses_are_blanked() -> None:
    assert without_addresses("<C object at 0x7fa1b2c3d4e5> 0xff") == "<C object 0x...> 0xff"


def _notebook(*cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cells": [
            {"cell_type": "code", "metadata": {"jupyter_mlops": {"index": number}}, "outputs": outputs}
            for number, outputs in enumerate(cells)
        ]
    }


def _stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": [text]}


def _data(**data: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {kind.replace("_", "/"): v for kind, v in data.items()},
    }


def test_cells_that_show_the_same_do_not_differ() -> None:
    left = _notebook([_stream("a\n"), _stream("e", "stderr"), _data(text_plain="<A at 0x7f0011223344>")], [])
    right = _notebook(
        [_stream("a"), _stream("\n"), _stream("e", "stderr"), _data(text_plain=["<A at 0x7f00aabbccdd>"])], []
    )
    assert output_differences(left, right) == []


def test_a_cell_that_shows_something_else_is_told() -> None:
    left = _notebook([_stream("a")], [_data(image_png="AAAA\n")], [_stream("x")])
    right = _notebook([_stream("b")], [_data(image_png="AAAB")], [])
    assert output_differences(left, right) == [
        OutputDifference(0, "stdout", "a", "b"),
        OutputDifference(1, "image/png", "AAAA", "AAAB"),
        OutputDifference(2, "stdout", "x", ""),
    ]


def test_setup_and_parameter_cells_do_not_count() -> None:
    left = _notebook([_stream("a")])
    left["cells"][0]["metadata"]["jupyter_mlops"]["role"] = "setup"
    assert output_differences(left, _notebook([])) == []


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("stdout", "\x1b[31mred\x1b[0m", "red"),
        (
            "stdout",
            "CPU times: user 3 ms, sys: 1.5 ms\nWall time: 12.3 s",
            "CPU times: user <time>, sys: <time>\nWall time: <time>",
        ),
        ("stdout", "took 3 ms", "took 3 ms"),
        ("text/html", '<div id="sk-container-id-7">', '<div id="<id 0>">'),
        ("text/html", "#sk-3 a {}<i id='sk-3'>f('sk-3')</i>", "#<id 0> a {}<i id='<id 0>'>f('<id 0>')</i>"),
        ("text/html", '<i id="a1"><i id="a2"><i for="a1">', '<i id="<id 0>"><i id="<id 1>"><i for="<id 0>">'),
        ("text/html", '<table id="T_1a2b3">', '<table id="<id 0>">'),
        ("text/html", "#T_1a2b3_row0 th {}", "#<table>_row0 th {}"),
        ("text/html", '<i id="main">1 main</i>', '<i id="main">1 main</i>'),
        ("text/html", '<i id="v1">10 v10</i>', '<i id="<id 0>">10 v10</i>'),
        ("image/svg+xml", '<g id="p7f"/><use href="#p7f"/>', '<g id="<id 0>"/><use href="#<id 0>"/>'),
        ("text/plain", 'id="x1"', 'id="x1"'),
        ("text/html", "&lt;sklearn.tree...x7fbb1d5e7520&gt;", "&lt;sklearn.tree...&gt;"),
        ("text/plain", "<Tree ...7fbb1d5e7520>", "<Tree ...>"),
        ("text/plain", "1...12345678", "1...12345678"),
        ("stdout", "/tmp/tmp0fhuacyv/joblib", "/tmp/<temporary>/joblib"),
        ("stdout", "/tmp/tmpfile /tmpdirectories", "/tmp/tmpfile /tmpdirectories"),
        ("image/png", "AAAA\n", "AAAA"),
    ],
)
def test_what_differs_from_process_to_process_is_blanked(kind: str, text: str, shown: str) -> None:
    assert normalised(kind, text) == shown


def test_displays_of_estimators_do_not_differ_by_how_many_were_shown_before():
    linear_model = pytest.importorskip("sklearn.linear_model")
    first, again = (linear_model.LinearRegression()._repr_html_() for _ in range(2))
    other = linear_model.LinearRegression(positive=True)._repr_html_()
    assert first != again
    assert normalised("text/html", first) == normalised("text/html", again)
    assert normalised("text/html", first) != normalised("text/html", other)


def test_a_search_tree_that_was_asked_is_the_same_tree():
    neighbors, np = pytest.importorskip("sklearn.neighbors"), pytest.importorskip("numpy")
    points = np.arange(20.0).reshape(10, 2)
    asked, other = neighbors.KDTree(points), neighbors.KDTree(points + 1)
    asked.query(points)
    assert differences(neighbors.KDTree(points), asked) == []
    assert differences(neighbors.KDTree(points), other) != []


def test_keys_that_are_addresses_do_not_count():
    first, second = object(), object()
    assert differences({id(first): 1, id(second): 2}, {id(second): 1, id(first): 2}) == []
    assert differences({id(first): 1}, {id(second): 2}) != []


def test_figures_are_compared_by_what_they_show():
    from matplotlib.figure import Figure

    def drawn(points):
        figure = Figure()
        axes = figure.subplots()
        axes.plot(points)
        return figure, axes

    assert differences(drawn([1, 2]), drawn([1, 2])) == []
    assert "look different" in differences(drawn([1, 2]), drawn([1, 3]))[0]
