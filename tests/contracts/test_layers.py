"""A package imports only what is to its left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_import_layers_hold(root: Path) -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
