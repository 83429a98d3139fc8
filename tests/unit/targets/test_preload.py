"""Each case runs in a process of its own: an import cannot be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TRY = """
import sys
from jupyter_mlops.targets.local.preload import UnfitToFork, import_installed
try:
    print("said:", import_installed(sys.argv[1]))
except UnfitToFork as error:
    print("unfit:", error)
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return folder


def attempt(module: str, *folders: Path) -> str:
    path = ":".join(str(folder) for folder in (*folders, Path.cwd()))
    command = [sys.executable, "-c", TRY, module]
    run = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize("module", ["json", "zlib", "sys", "concurrent.futures.thread", "numpy"])
def test_what_is_installed_is_imported(module: str) -> None:
    assert attempt(module) == "said:"


def test_what_is_not_there_is_refused() -> None:
    assert attempt("no_such_module") == "said: it is not installed"


def test_the_users_own_modules_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('imported')")

    assert attempt("mine", tmp_path) == "said: it is not in site-packages"


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("x = 1", "said:"),
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
            "starts threads",
        ),
        ("print('hello from a library')", "unfit: it prints when it is imported"),
        ("raise RuntimeError('no GPU')", "said: its import fails: RuntimeError: no GPU"),
        ("raise SystemExit(3)", "said: its import fails: SystemExit: 3"),
        ("import sys\nsys.stderr.write('a warning')", "said:"),
    ],
    ids=["plain", "threads", "prints", "fails", "exits", "warns"],
)
def test_what_an_import_does_decides(site: Path, source: str, answer: str) -> None:
    (site / "library.py").write_text(source)

    assert answer in attempt("library", site)


def test_threads_of_openblas_are_no_hindrance() -> None:
    """They end before a fork; with more than one core they start at the import."""
    assert attempt("numpy.linalg") == "said:"


def test_the_first_table_is_made_before_the_tasks_make_theirs() -> None:
    program = (
        "import sys\nfrom jupyter_mlops.targets.local.preload import import_installed\nimport_installed('pandas')\n"
        "before = set(sys.modules)\nimport pandas\n"
        "frame = pandas.DataFrame({'a': [1], 'b': ['x']})\nframe.memory_usage()\nrepr(frame)\n"
        "print(sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"
