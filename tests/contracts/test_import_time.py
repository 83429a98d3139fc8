"""`import jupyter_mlops` is free: standard library only, and fast."""

from __future__ import annotations

import re
import subprocess
import sys

MOST_MS = 60


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=60)


def test_importing_the_library_loads_the_standard_library_only() -> None:
    code = "import sys; before = set(sys.modules); import jupyter_mlops; print(*set(sys.modules) - before)"
    loaded = {name.partition(".")[0] for name in run_python("-c", code).stdout.split()}
    assert loaded - sys.stdlib_module_names == {"jupyter_mlops"}


def test_importing_the_library_shows_no_other_package_in_the_import_time_report() -> None:
    report = run_python(
        "-X", "importtime", "-c", "import sys; sys.stderr.write('START\\n'); import jupyter_mlops"
    ).stderr
    modules = set(re.findall(r"\|\s+([\w.]+)$", report.partition("START")[2], re.MULTILINE))
    assert "jupyter_mlops" in modules
    assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {"jupyter_mlops"}


def test_importing_the_library_takes_at_most_60_ms_of_cpu() -> None:
    code = "import time; t = time.process_time(); import jupyter_mlops; print((time.process_time() - t) * 1000)"
    assert min(float(run_python("-c", code).stdout) for _ in range(5)) <= MOST_MS


def test_the_command_line_answers_help_without_the_heavy_libraries() -> None:
    code = (
        "import contextlib, sys\n"
        "from jupyter_mlops.cli import main\n"
        "with contextlib.suppress(SystemExit):\n    main(['--help'])\n"
        "heavy = 'IPython ipykernel jupyter_client kubernetes nbformat numpy optuna pandas papermill skopt'.split()\n"
        "print('HEAVY', *[name for name in heavy if name in sys.modules])"
    )
    assert run_python("-c", code).stdout.strip().endswith("HEAVY")
