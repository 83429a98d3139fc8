"""In whose Python a run's engine is started, and what is told when it cannot be."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_mlops.errors import MlopsError, Unavailable
from jupyter_mlops_server.launcher import Launcher


class Kernels:
    """A manager of kernel specs that knows one."""

    def __init__(self, language: str, *argv: str) -> None:
        self._spec = SimpleNamespace(language=language, argv=list(argv))

    def get_kernel_spec(self, name: str) -> Any:
        if name != "known":
            raise LookupError(name)
        return self._spec


def program(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


@pytest.fixture
def python(tmp_path: Path) -> str:
    """A Python of another environment, in which nothing is installed."""
    return program(tmp_path, "python3", f'#!/bin/sh\nexec {sys._base_executable} -S -E "$@"\n')  # type: ignore[attr-defined]


def test_a_kernel_of_another_environment_runs_in_it(tmp_path: Path, python: str) -> None:
    launcher = Launcher(Kernels("python", python, "-m", "ipykernel_launcher"))
    assert not launcher.is_here("known")
    with pytest.raises(Unavailable) as caught:
        launcher.run(tmp_path / "a.ipynb", "known", {})
    assert f"{python} -m pip install jupyter-mlops" in caught.value.hint


@pytest.mark.parametrize(
    ("kernels", "kernel"),
    [
        (None, "known"),
        (Kernels("python", "python"), "known"),
        (Kernels("python", sys.executable), "unknown"),
        (Kernels("python", sys.executable), ""),
        (Kernels("R", "/usr/bin/R"), "known"),
        (Kernels("python", "/usr/bin/env", "python3"), "known"),
        (Kernels("python", "/nowhere/python3"), "known"),
        (Kernels("python"), "known"),
    ],
)
def test_all_others_run_in_the_servers(kernels: Kernels | None, kernel: str) -> None:
    assert Launcher(kernels).is_here(kernel)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exit 3", "ended without a word"),
        ("echo 'out of order' >&2; exit 1", "out of order"),
        ("head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'out of order' >&2; exit 1", "out of order"),
        ("echo no json; exec sleep 600", "ended without a word"),
        ("echo '[1]'; exec sleep 600", "ended without a word"),
    ],
)
def test_a_process_that_does_not_begin_is_told_and_ended(tmp_path: Path, text: str, says: str) -> None:
    broken = program(tmp_path, "python3", f"#!/bin/sh\ncat > /dev/null\n{text}\n")
    with pytest.raises(Unavailable) as caught:
        Launcher(Kernels("python", broken)).run(tmp_path / "a.ipynb", "known", {})
    assert says in caught.value.hint


def test_a_process_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("jupyter_mlops_server.launcher._BEGUN_WITHIN_S", 0.5)
    silent = program(tmp_path, "python3", "#!/bin/sh\nexec sleep 600\n")
    with pytest.raises(Unavailable):
        Launcher(Kernels("python", silent)).run(tmp_path / "a.ipynb", "known", {})


def test_what_the_library_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(MlopsError) as caught:
        Launcher().run(tmp_path / "none.ipynb", "", {})
    assert (caught.value.code, caught.value.http_status) == ("not_found", 404)
    assert "none.ipynb" in caught.value.message


def test_a_run_begins_however_much_is_warned_of(tmp_path: Path) -> None:
    text = 'cat > /dev/null\nhead -c 300000 /dev/zero >&2\necho \'{"run": "r1"}\''
    loud = program(tmp_path, "python3", f"#!/bin/sh\n{text}\n")
    assert Launcher(Kernels("python", loud)).run(tmp_path / "a.ipynb", "known", {}) == "r1"


@pytest.mark.parametrize("text", ["#!/nowhere/python", "\0"])
def test_a_python_that_does_not_start_is_named(tmp_path: Path, text: str) -> None:
    broken = program(tmp_path, "python3", text)
    with pytest.raises(Unavailable) as caught:
        Launcher(Kernels("python", broken)).run(tmp_path / "a.ipynb", "known", {})
    assert broken in caught.value.hint
