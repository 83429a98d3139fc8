"""A step in a Kubeflow pod: what it makes of the executor input, and what it says when that cannot be used."""

import json
import zipfile

import pytest

from jupyter_mlops.runtime import kfp_step
from jupyter_mlops.runtime.errors import MlopsError

TASK = {
    "step": "load",
    "cells": [],
    "arguments": {},
    "paths": [],
    "outputs": [],
    "by_value": [],
    "kernel": "",
    "folder": "",
    "inputs": [],
    "params": {},
    "exports": {},
    "setup": [],
    "definitions": [],
}


@pytest.fixture
def steps(tmp_path):
    def write(format=1, **changes):
        path = tmp_path / "steps.zip"
        with zipfile.ZipFile(path, "w") as archive:
            tasks = {"load": {**TASK, **changes}}
            archive.writestr(
                "tasks.json", json.dumps({"format": format, "setup": [], "definitions": [], "tasks": tasks})
            )
        return str(path)

    return write


@pytest.mark.parametrize("arguments", [[], ["a"], ["a", "b", "c"], ["a", "b", "c", "{}", "e"]])
def test_wrong_usage_is_told(arguments, capsys):
    assert kfp_step.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_what_cannot_be_read_is_one_sentence(steps, tmp_path, capsys):
    for arguments in (
        [str(tmp_path / "none.zip"), "load", "d", "{}"],
        [steps(), "no", "d", "{}"],
        [steps(), "load", "d", "not JSON"],
        [steps(), "load", "d", "[]"],
        [steps(format=2), "load", "d", "{}"],
    ):
        assert kfp_step.main(arguments) == 1
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_parameter_without_a_value_is_told(steps, capsys):
    assert kfp_step.main([steps(params={"n": {"made": "int"}}), "load", "d", "{}"]) == 1
    assert "'n' has no value" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("gs://bucket/a", "/gcs/bucket/a"),
        ("s3://bucket/a", "/s3/bucket/a"),
        ("minio://bucket/a", "/minio/bucket/a"),
        ("oci://host/a", "/oci/host/a"),
        ("file:///tmp/a", "/tmp/a"),
        ("/tmp/a", "/tmp/a"),
    ],
)
def test_files_are_where_the_launcher_puts_them(uri, path):
    assert kfp_step.local_path(uri) == path


@pytest.mark.parametrize(
    ("value", "made", "expected"),
    [
        (3.0, "int", 3),
        (3, "float", 3.0),
        ("3", "json", 3),
        ("abc", "json", "abc"),
        ('"abc"', "json", "abc"),
        ([1], "plain", [1]),
    ],
)
def test_parameters_get_their_types_back(value, made, expected):
    found = kfp_step.decoded(value, made)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "made", "expected"),
    [
        (1, "float", 1),
        ("a", "text", "a"),
        ([0], "flag", True),
        ({}, "flag", False),
        ([1, None], "items", ["1", "null"]),
    ],
)
def test_exports_are_as_the_ir_wants_them(value, made, expected):
    assert kfp_step.encoded(value, made, "x") == expected


@pytest.mark.parametrize(
    ("value", "made"), [("1", "float"), (True, "float"), (1, "text"), ("ab", "list"), ({}, "items")]
)
def test_an_export_of_another_type_is_an_error_that_names_it(value, made):
    with pytest.raises(MlopsError, match="'x' is"):
        kfp_step.encoded(value, made, "x")


def test_the_log_is_shown_while_it_grows_and_to_its_end(tmp_path, capfd):
    path = tmp_path / "log"
    with kfp_step._Echo(str(path)), open(path, "wb", buffering=0) as file:
        file.write(b"first\n")
        seen = ""
        for _ in range(200):
            seen += capfd.readouterr().out
            if seen:
                break
            kfp_step.threading.Event().wait(0.05)
        file.write(b"last")
    assert seen == "first\n"
    assert capfd.readouterr().out == "last"
