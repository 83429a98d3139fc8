"""The line of `%%step`, and the values of options."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.annotations import parse_step_line
from jupyter_mlops.notebook.step_line import FLAGS
from jupyter_mlops.notebook.step_options import clean_options, constant_value, loop_parts, names_read, seconds

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "train": ("train", {}),
    "%%step train": ("train", {}),
    "été": ("été", {}),
    "'Train Model'": ("Train Model", {}),
    "train --after load,split --after clean": ("train", {"after": ["load", "split", "clean"]}),
    "--cpu 2 train --memory 4Gi --gpu=1": ("train", {"cpu": 2.0, "memory": "4Gi", "gpu": 1}),
    "a --cpu 500m --retries 2 --timeout 10m": ("a", {"cpu": 0.5, "retries": 2, "timeout": 600.0}),
    "a --no-cache --exit --image x/y:1": ("a", {"cache": False, "exit": True, "image": "x/y:1"}),
    "a --when 'acc > 0.9'": ("a", {"when": "acc > 0.9"}),
    "a --for-each 'depth in [2, 4]'": ("a", {"for_each": "depth in [2, 4]"}),
    "a --env K=V --env L=a=b --env E=": ("a", {"env": {"K": "V", "L": "a=b", "E": ""}}),
    "a --label k=v --annotation x/y=z": ("a", {"labels": {"k": "v"}, "annotations": {"x/y": "z"}}),
    "a --secret n:k:E --secret m:l:F": ("a", {"secrets": ["n:k:E", "m:l:F"]}),
    "a --volume data:/mnt/x": ("a", {"volumes": ["data:/mnt/x"]}),
    "a --files 'a.csv, b.csv' --title 'The A'": ("a", {"files": ["a.csv", "b.csv"], "title": "The A"}),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_gives_name_and_options(line: str) -> None:
    assert parse_step_line(line) == LINES[line]


BAD_LINES = {
    "": "needs the name",
    "a b": "takes one name, not 2: a b",
    "a --when 'x": "no closing quotation",
    "a --aftr b": "no option --aftr",
    "a --cpu": "--cpu needs a value",
    "a --cpu --gpu 1": "--cpu needs a value",
    "a --exit=1": "--exit takes no value",
    "a --env K": "--env needs NAME=VALUE",
    "a --env =V": "--env needs NAME=VALUE",
    "a --cpu two": "cpu: 'two' is no number of cores",
    "a --memory lots": "'lots' is no amount of memory",
    "a --timeout soon": "'soon' is no duration",
    "a --when 'acc >'": "cannot be read",
    "a --for-each depth": "is not a loop",
    "a --secret x": "is not NAME:KEY:ENV",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_says_what_is_wrong(line: str) -> None:
    with pytest.raises(Usage) as caught:
        parse_step_line(line)
    assert BAD_LINES[line] in caught.value.message
    assert caught.value.hint.endswith((".", "?"))
    if "has no option" not in caught.value.message:  # then the hint names those that there are
        assert len(caught.value.hint) < 60


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("", "For example: %%step train."),
        ("train --cpu", "For example: --cpu 2."),
        ("train --memory lots", "For example: --memory 4Gi."),
        ("train --env DEBUG", "For example: --env LEVEL=debug."),
        ("train --exit=yes", "Write --exit alone."),
        ("train --when acc > 0.9", "Quote values that have spaces: --when 'acc > 0.9'."),
    ],
)
def test_the_way_out_of_a_bad_line_is_one_sentence(line: str, hint: str) -> None:
    with pytest.raises(Usage) as caught:
        parse_step_line(f"%%step {line}")
    assert caught.value.hint == hint


@pytest.mark.parametrize("flag", FLAGS)
def test_the_example_of_each_flag_can_be_read(flag: str) -> None:
    assert parse_step_line(f"%%step train --{flag} {FLAGS[flag][2]}")[0] == "train"


def test_a_flag_that_is_nearly_right_is_named() -> None:
    with pytest.raises(Usage, match="Did you mean '--after'"):
        parse_step_line("a --aftr b")


GOOD = [
    ("cpu", 2, 2.0),
    ("cpu", "0.5", 0.5),
    ("memory", "512Mi", "512Mi"),
    ("memory", 1024, "1024"),
    ("gpu", "2", 2),
    ("gpu", 0, 0),
    ("retries", {"limit": 2, "delay": 0.5}, {"limit": 2, "delay": 0.5}),
    ("timeout", 90, 90.0),
    ("timeout", "1h30m", 5400.0),
    ("timeout", "500ms", 0.5),
    ("timeout", "2 d", 172800.0),
    ("when", "metrics.acc > 0.9", "metrics.acc > 0.9"),
    ("for_each", {"variable": "x", "items": "[1]"}, {"variable": "x", "items": "[1]"}),
    ("env", {"A": 1}, {"A": "1"}),
    ("secrets", [{"name": "n", "key": "k", "env": "E"}], [{"name": "n", "key": "k", "env": "E"}]),
    ("volumes", [{"claim": "c", "path": "/p"}], [{"claim": "c", "path": "/p"}]),
    ("files", "a, b,", ["a", "b"]),
    ("files", ["a"], ["a"]),
    ("labels", {"a": "b"}, {"a": "b"}),
]


@pytest.mark.parametrize(("name", "value", "clean"), GOOD)
def test_sound_options_come_in_their_units(name: str, value: object, clean: object) -> None:
    assert clean_options({name: value}) == ({name: clean}, {})


BAD = [
    ("cpu", 0),
    ("cpu", float("nan")),
    ("cpu", []),
    ("memory", "0Gi"),
    ("memory", True),
    ("memory", "4 GB"),
    ("gpu", -1),
    ("gpu", 1.5),
    ("gpu", True),
    ("retries", "many"),
    ("retries", {"limits": 2}),
    ("retries", {"limit": -2}),
    ("retries", {"limit": True}),
    ("timeout", ""),
    ("timeout", "0s"),
    ("timeout", "10 minutes"),
    ("when", "__import__('os')"),
    ("for_each", {"variable": "x"}),
    ("for_each", {"variable": "x", "items": "["}),
    ("env", {"1A": "x"}),
    ("secrets", ["a:b"]),
    ("secrets", ["a::c"]),
    ("secrets", [{"name": "n", "key": "k"}]),
    ("secrets", [{"name": "n", "key": "k", "env": "E", "more": "x"}]),
    ("volumes", ["claim"]),
    ("volumes", ["claim:relative"]),
    ("volumes", [{"claim": "c", "path": "p"}]),
    ("env", 3),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_options_without_sense_are_left_out_and_told(name: str, value: object) -> None:
    options, problems = clean_options({name: value, "image": "kept", "other": 1, "cache": None})
    assert options == {"image": "kept"}
    assert list(problems) == [name]
    assert problems[name]
    assert not problems[name].endswith(".")


def test_a_duration_may_be_a_number_in_text() -> None:
    assert seconds("90") == 90.0


def test_expressions_are_looked_into() -> None:
    assert names_read("a > metrics.b and params.c") == {"a"}
    assert names_read("a >") == set()
    assert constant_value("1 > 2") is False
    assert constant_value("x > 2") is ...
    assert constant_value("1 / 0") is ...
    assert loop_parts("a in [1]") == ("a", "[1]") == loop_parts({"variable": "a", "items": "[1]"})
