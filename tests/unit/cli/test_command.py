"""The command as a process: exit codes, one JSON object, errors in a sentence, pipes that close."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlops.cli import main
from jupyter_mlops.cli.command import run_command

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("JUPYTER_MLOPS_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


def command(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_mlops.cli", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_is_printed_and_is_no_error(words, capsys) -> None:
    assert main(words) == 0
    assert "usage: jupyter mlops VERB" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["run", "--help"], ["help", "run"]])
def test_help_of_a_verb(words, capsys) -> None:
    assert main(words) == 0
    assert "usage: jupyter mlops run" in capsys.readouterr().out


def test_wrong_usage_is_two_lines_on_stderr(capsys) -> None:
    assert main(["rnu"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: There is no verb 'rnu'.\n  Did you mean 'run'?\n"


def test_targets_are_listed_by_a_process_that_has_loaded_none_of_them() -> None:
    """They are asked in threads, and modules that threads import at once must not see each other's halves."""
    done = command("target", cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    names = [line.split()[1] for line in done.stdout.splitlines() if line[:1] in "✓✗"]
    assert names == ["local", "argo", "kfp", "kubernetes"]


def test_help_of_a_verb_that_is_not_there_is_wrong_usage(capsys) -> None:
    assert main(["help", "rnu"]) == 2
    assert "Did you mean 'run'?" in capsys.readouterr().err


def test_a_missing_notebook_is_a_sentence_and_with_json_an_object_too(capsys) -> None:
    assert main(["check", "not_there.ipynb", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == "not_found"
    assert "not_there.ipynb" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(capsys) -> None:
    assert main(["check", "not_there.ipynb", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_json_is_one_object_on_one_line(capsys) -> None:
    main(["doctor", "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert {"check", "ok", "message", "hint"} <= set(json.loads(out)["checks"][0])


def test_numbers_that_json_has_no_word_for_become_null(capsys) -> None:
    from jupyter_mlops.cli.command import _print_json

    _print_json({"metrics": [float("nan"), float("inf"), 1.5], "path": Path("a")})
    assert json.loads(capsys.readouterr().out) == {"metrics": [None, None, 1.5], "path": "a"}


@pytest.mark.parametrize("place", ["folder.svg", "none/g.svg"])
def test_a_picture_that_cannot_be_written_is_wrong_usage(place, capsys, tmp_path) -> None:
    (tmp_path / "folder.svg").mkdir()
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    assert main(["graph", "a.ipynb", "--svg", place]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert place.split("/")[0] in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "says", "way"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The output cannot be", "store gc"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), "'/x/y' cannot be", "Choose a place"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "'/x' cannot be", "Choose a place"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a/b"), "'a/b' cannot be", "folder"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files", "ulimit"),
        (OSError(errno.EIO, "Input/output error", "/x"), "Input/output error", "--debug"),
        (OSError("no number"), "no number", "--debug"),
        (MemoryError(), "not enough memory", "Close other programs"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero", "fault in jupyter-mlops"),
    ],
)
def test_a_fault_of_the_machine_or_of_ours_is_a_sentence_and_a_way_out(error, says, way, capsys) -> None:
    from jupyter_mlops.cli.command import _fail_inside

    assert _fail_inside(["run"], error) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ")
    assert says in first
    assert way in second


def test_the_traceback_of_a_fault_inside_is_shown_on_request(capsys) -> None:
    from jupyter_mlops.cli.command import _fail_inside

    try:
        raise KeyError("lost")
    except KeyError as error:
        _fail_inside(["run", "--debug"], error)
    assert "KeyError: 'lost'" in capsys.readouterr().err


def test_the_version_is_printed(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("jupyter-mlops ")


def test_a_reader_that_stops_reading_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlops.cli", "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_has_the_same_exit_codes() -> None:
    assert command("nope").returncode == 2
    assert command("--help").returncode == 0


def test_characters_that_the_terminal_lacks_do_not_break_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlops.cli", "check", "été-訓練.ipynb"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_asking_for_help_imports_little() -> None:
    code = (
        "import sys; from jupyter_mlops.cli import main; main(['run', '--help']);"
        "heavy = {'rich', 'IPython', 'nbformat', 'papermill', 'numpy', 'pandas', 'sqlite3', 'anywidget', 'traitlets'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_entry_takes_the_words_of_the_process_by_default(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["jupyter-mlops", "--help"])
    assert run_command() == 0
    assert "usage" in capsys.readouterr().out
