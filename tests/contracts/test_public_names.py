"""The public surface is complete, importable and documented."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_mlops

MODULES = sorted(
    item.name
    for item in pkgutil.walk_packages(jupyter_mlops.__path__, "jupyter_mlops.")
    if not item.name.endswith("__main__")
)


@pytest.mark.parametrize("name", sorted(jupyter_mlops._PUBLIC))
def test_a_public_name_loads(name: str) -> None:
    assert getattr(jupyter_mlops, name) is not None


def test_dir_lists_every_public_name() -> None:
    assert set(jupyter_mlops._PUBLIC) | {"run_id", "__version__"} == set(dir(jupyter_mlops))


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trainn'"):
        _ = jupyter_mlops.trainn


def test_the_version_is_that_of_the_distribution(root: Path) -> None:
    assert f'version = "{jupyter_mlops.__version__}"' in (root / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", MODULES)
def test_all_names_of_a_module_exist(name: str) -> None:
    module = importlib.import_module(name)
    assert [item for item in getattr(module, "__all__", ()) if not hasattr(module, item)] == []


def test_every_public_name_is_documented(root: Path) -> None:
    text = (root / "docs/python.md").read_text()
    assert [name for name in dir(jupyter_mlops) if f"mlops.{name}" not in text and name != "__version__"] == []


def test_every_verb_is_documented(root: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "jupyter_mlops.cli", "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    verbs = set(re.findall(r"^  (\w+) ", shown, re.MULTILINE))
    text = (root / "docs/cli.md").read_text()
    assert verbs, shown
    assert [verb for verb in sorted(verbs) if f"jupyter mlops {verb}" not in text] == []
