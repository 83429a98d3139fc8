"""What is installed counts, wherever this Python finds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jupyter_mlops

SAID = """
import site, sys
from jupyter_mlops.engine import environment
site.ENABLE_USER_SITE = sys.argv[1] == "on"  # off in an environment of its own
print(environment.environment_digest(), "shadow" in environment.environment()["packages"])
"""


def seen(base: Path, enabled: str) -> list[str]:
    env = {**os.environ, "PYTHONUSERBASE": str(base), "PYTHONPATH": str(Path(jupyter_mlops.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", SAID, enabled], env=env, capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_what_a_user_has_installed_counts_where_it_is_looked_for(tmp_path: Path) -> None:
    said = "import site; print(site.getusersitepackages())"
    env = {**os.environ, "PYTHONUSERBASE": str(tmp_path)}
    place = subprocess.run([sys.executable, "-c", said], env=env, capture_output=True, text=True, check=True).stdout
    before = seen(tmp_path, "on")
    Path(place.strip(), "shadow-1.0.dist-info").mkdir(parents=True)
    with_it, without = seen(tmp_path, "on"), seen(tmp_path, "off")
    assert (with_it[1], without[1]) == ("True", "False")
    assert with_it[0] != before[0] == without[0]
