"""Parameters: read from a cell, read from text, checked, and written as literals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.document import read_text
from jupyter_mlops.notebook.parameters import Parameter, bind, check_default, parse_value, read_parameters


def read(source: str) -> tuple[list[Parameter], list[tuple[str, str, int | None]]]:
    parameters, problems = read_parameters(read_text(f"# %%\n{source}\n", "n.py").code_cells)
    return parameters, [(item.kind, item.name, item.line) for item in problems]


def parameter(kind: str, *, required: bool = False, default: Any = None) -> Parameter:
    return Parameter("p", default, kind, 0, 1, required=required)


LITERALS: dict[str, tuple[str, Any]] = {
    "p = 1": ("int", 1),
    "p = -1": ("int", -1),
    "p = 1e-3": ("float", 1e-3),
    "p = 'a'": ("str", "a"),
    "p = True": ("bool", True),
    "p = None": ("Any", None),
    "p = [1, 'a', None]": ("list", [1, "a", None]),
    "p = {'a': [1]}": ("dict", {"a": [1]}),
    "p: int = 1": ("int", 1),
    "p: float = 1": ("float", 1),
    "p: 'int' = 1": ("int", 1),
    "p: int | None = None": ("int | None", None),
    "p: Optional[int] = 3": ("int | None", 3),
    "p: typing.Optional[typing.List[int]] = None": ("list[int] | None", None),
    "p: Union[int, str, None] = 'x'": ("int | str | None", "x"),
    "p: Union[int] = 1": ("int", 1),
    "p: list[float] = [1, 2.5]": ("list[float]", [1, 2.5]),
    "p: Dict[str, int] = {'a': 1}": ("dict[str, int]", {"a": 1}),
    "p: Literal['a', 2, None] = 'a'": ("Literal['a', 2, None]", "a"),
    "p: Annotated[int, 'doc'] = 1": ("int", 1),
    "p = Path('data')": ("Path", "data"),
    "p: Path = pathlib.Path('./data')": ("Path", "./data"),
    "p = [Path('a'), Path('b')]": ("list[Path]", ["a", "b"]),
    "p = {'a': Path('b')}": ("dict[str, Path]", {"a": "b"}),
    "p: list[Path] = []": ("list[Path]", []),
    "p: Path | None = None": ("Path | None", None),
    "p: Any = Path('a')": ("Path", "a"),
    "p: str | Path = Path('a')": ("Path", "a"),
    "p: str | Path = 'a'": ("str | Path", "a"),
    # Text in the notebook stays text.
    "p: Path = 'data'": ("Path | str", "data"),
    "p: pathlib.Path = 'data'": ("Path | str", "data"),
    "p: dict[str, list[Path]] = {'a': ['b']}": ("dict[str, list[Path]] | dict[str, list[str]]", {"a": ["b"]}),
    "p: Path | Literal['-'] = '-'": ("Path | Literal['-']", "-"),
    "p: Any = 1": ("Any", 1),
}


@pytest.mark.parametrize("source", LITERALS)
def test_a_literal_is_a_parameter_with_its_type(source: str) -> None:
    parameters, problems = read(source)
    assert [(item.name, item.type, item.default, item.required) for item in parameters] == [
        ("p", *LITERALS[source], False)
    ]
    assert not problems


def test_without_a_value_a_parameter_is_required() -> None:
    assert read("p: int")[0] == [Parameter("p", None, "int", 0, 1, required=True)]


@pytest.mark.parametrize(
    "source",
    [
        "p = 2 * 3",
        "p = f()",
        "p = (1, 2)",
        "p = {1, 2}",
        "p = {1: 2}",
        "p = b'x'",
        "p = 1j",
        "p = f'{x}'",
        "p = Path()",
        "p = Path('a', 'b')",
        "p = Path(x)",
        "p = Path('a') / 'b'",
        "p = my.Path('a')",
        "p = [Path('a'), 'b']",
        "p = {'a': {'b': Path('c')}}",
        "p = {1: Path('c')}",
        "p = {**q, 'a': Path('c')}",
        "p: np.ndarray = 1",
        "p: tuple[int] = 1",
        "p: Literal[1.5] = 1",
        "p: list[int, str] = 1",
        "p: 'not a type(' = 1",
    ],
)
def test_what_is_no_plain_literal_is_no_parameter_and_told(source: str) -> None:
    assert read(source) == ([], [("not_a_parameter", "p", 1)])


@pytest.mark.parametrize("source", ["a, b = 1, 2", "p[0] = 1", "print(1)", "p += 1", "def f(): pass", "p = q = 1"])
def test_other_statements_are_told(source: str) -> None:
    assert read(source)[0] == []
    assert read(source)[1] == [("not_a_parameter", "", 1)]


@pytest.mark.parametrize("source", ["", "pass", "'''docs'''", "# only words", "from typing import Literal", "("])
def test_what_is_no_matter_is_not(source: str) -> None:
    assert read(source) == ([], [])


@pytest.mark.parametrize(
    "source",
    [
        "p: int = 'a'",
        "p: str = Path('a')",
        "p: list[str] = [Path('a')]",
        "p: Literal['a'] = 'b'",
        "p: list[int] = ['a']",
        "p: bool = 1",
    ],
)
def test_a_default_must_be_of_its_type(source: str) -> None:
    assert read(source) == ([], [("wrong_default", "p", 1)])


def test_comments_are_help() -> None:
    source = "# About a\n# and more\na = 1\n\n# About nothing\n\nb = 2  # About b\nc = '#'  # About c\n%time\n"
    assert [item.help for item in read(source)[0]] == ["About a and more", "About b", "About c"]


def test_a_magic_ends_the_comments_but_not_the_parameters() -> None:
    assert [(item.name, item.help) for item in read("a = 1 # x\n!echo (\nb = 2")[0]] == [("a", "x"), ("b", "")]


def test_assigned_twice_the_last_counts() -> None:
    document = read_text("# %%\na = 1\nb = 1\n# %%\na = 2\n", "n.py")
    assert [(item.name, item.default, item.cell) for item in read_parameters(document.code_cells)[0]] == [
        ("a", 2, 1),
        ("b", 1, 0),
    ]


TEXTS: list[tuple[str, str, Any]] = [
    ("int", "3", 3),
    ("int", " -1_000 ", -1000),
    ("float", "3", 3.0),
    ("float", "1e-3", 1e-3),
    ("float", "inf", math.inf),
    ("str", "3", "3"),
    ("str", 'it\'s "x"\n', 'it\'s "x"\n'),
    ("bool", "true", True),
    ("bool", "No", False),
    ("bool", "0", False),
    ("None", "null", None),
    ("list", "[1, 2]", [1, 2]),
    ("list", "['a', None]", ["a", None]),
    ("list", "(1, 2)", [1, 2]),
    ("list[float]", "[1]", [1.0]),
    ("dict", '{"a": 1}', {"a": 1}),
    ("dict[str, float]", "{'a': 1}", {"a": 1.0}),
    ("Literal['a', 2]", "a", "a"),
    ("Literal['a', 2]", "2", 2),
    ("Literal['a', 2]", "'a'", "a"),
    ("Path", "a/b", "a/b"),
    ("int | None", "none", None),
    ("int | None", "3", 3),
    ("str | int", "3", 3),
    ("str | int", "x", "x"),
    ("Literal['auto'] | float", "auto", "auto"),
    ("Literal['auto'] | float", "0.5", 0.5),
    ("Any", "3", 3),
    ("Any", "three", "three"),
    ("Any", "[1]", [1]),
    ("Any", "None", None),
    ("np.ndarray", "[1]", [1]),
]


@pytest.mark.parametrize(("kind", "text", "value"), TEXTS)
def test_text_is_read_by_the_type(kind: str, text: str, value: Any) -> None:
    found = parse_value(parameter(kind), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "3.5"),
        ("int", "x"),
        ("float", "x"),
        ("bool", "maybe"),
        ("None", "0"),
        ("list", "1"),
        ("list", "{}"),
        ("list", "__import__('os')"),
        ("list", "[1"),
        ("list[int]", "['a']"),
        ("dict", "[1]"),
        ("dict", "{1: 2}"),
        ("dict", "{[]: 2}"),
        ("Literal['a']", "b"),
        ("int | None", "x"),
        ("Literal['a'] | None", "x"),
    ],
)
def test_text_of_another_type_is_a_clear_error(kind: str, text: str) -> None:
    with pytest.raises(Usage) as caught:
        parse_value(parameter(kind), text)
    assert caught.value.message.startswith(f"The parameter 'p' takes {kind}, not ")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("int", [1, -3], [1.5, True, None]),
        ("float", [1.5], [True, None]),
        ("list", [[], [1, "a"]], [{}, "ab"]),
        ("list[int]", [[], [1, 2]], [[1, "a"], 3]),
        ("dict[str, float]", [{"a": 1.5}], [{"a": "b"}]),
        ("typing.Optional[typing.List[int]]", [[1], None], [["a"]]),
        ("Union[int, str]", [1, "a"], [1.5]),
        ("Literal['a', 'b', 3]", ["a", 3], ["c", True, 3.0]),
        ("pathlib.Path", ["a"], [3]),
        ("Any", [None, [1]], []),
        ("np.ndarray", [1, [2]], []),
        ("tuple[int, str]", [[1, "a"]], []),
        ("'int'", [1], [1.5]),
        ("not a type", [1], []),
        ("", [1], []),
        ("Annotated[int, 'how many']", [1], [1.5]),
    ],
)
def test_values_fit_the_types_that_people_write(kind: str, good: list[object], bad: list[object]) -> None:
    for value in good:
        assert bind([parameter(kind)], {"p": value}) == {"p": value}
    for value in bad:
        with pytest.raises(Usage, match="The parameter 'p' takes"):
            bind([parameter(kind)], {"p": value})


def test_values_that_come_later_are_left_out_and_may_be_required() -> None:
    parameters = [Parameter("a", 1, "int", 0, 1), Parameter("b", None, "int", 0, 2, required=True)]
    assert bind(parameters, {"a": 2}, later=("b",)) == {"a": 2}
    with pytest.raises(Usage, match="no parameter 'c'"):
        bind(parameters, {}, later=("c",))


def test_a_default_is_checked_as_it_is() -> None:
    check_default(Parameter("a", "3", "str", 0, 1))
    check_default(Parameter("a", 3, "float", 0, 1))
    with pytest.raises(Usage, match="'a' takes int, not '3'"):
        check_default(Parameter("a", "3", "int", 0, 1))


def test_values_are_bound_with_defaults() -> None:
    parameters = [Parameter("a", 1, "int", 0, 1), Parameter("b", [1], "list", 0, 2)]
    assert bind(parameters, {}) == {"a": 1, "b": [1]}
    assert bind(parameters, {"a": "5"}) == {"a": 5, "b": [1]}
    assert bind(parameters, {"a": 5, "b": (1, 2)}) == {"a": 5, "b": [1, 2]}


class Scalar:
    """What numpy's scalars are like."""

    ndim = 0

    def item(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("int", Scalar(), 7),
        ("float", 3, 3.0),
        ("Path", Path("a/b"), "a/b"),
        ("dict", {"a": (1,)}, {"a": [1]}),
        ("int | float", 2, 2),
        ("float | int", 2, 2),
        ("int | None", None, None),
        ("Literal[1, 2]", 2, 2),
    ],
)
def test_objects_are_taken_as_plain_data(kind: str, given: object, value: object) -> None:
    found = bind([parameter(kind)], {"p": given})["p"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [("int", 1.5), ("int", True), ("str", 3), ("bool", 1), ("Any", object()), ("Literal[1]", True), ("int | str", [])],
)
def test_objects_of_another_type_are_a_clear_error(kind: str, given: object) -> None:
    with pytest.raises(Usage, match="The parameter 'p' takes"):
        bind([parameter(kind)], {"p": given})


@pytest.mark.parametrize(
    ("given", "says", "hint"),
    [
        ({"aplha": 1}, "no parameter 'aplha'", "Did you mean 'alpha'?"),
        ({"zzz": 1}, "no parameter 'zzz'", "There are: alpha, needed."),
        ({}, "'needed' has no default", "-p needed=VALUE"),
    ],
)
def test_wrong_and_missing_names_are_clear_errors(given: dict[str, object], says: str, hint: str) -> None:
    parameters = [Parameter("alpha", 1, "int", 0, 1), Parameter("needed", None, "int", 0, 2, required=True)]
    with pytest.raises(Usage, match=says) as caught:
        bind(parameters, given)
    assert hint in caught.value.hint


def test_without_parameters_the_error_says_how_to_make_some() -> None:
    with pytest.raises(Usage, match="Tag a cell"):
        bind([], {"x": 1})
