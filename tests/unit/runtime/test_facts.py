"""What a task says about the process that it ran in."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from jupyter_mlops.runtime.facts import facts, libraries


def module(name: str, version: object) -> ModuleType:
    made = ModuleType(name)
    made.__version__ = version  # type: ignore[attr-defined]
    return made


def test_libraries_are_those_that_state_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in {"lib_a": "1.2", "lib_b": 3, "lib_a.inner": "9", "_lib": "1"}.items():
        monkeypatch.setitem(sys.modules, name, module(name, version))
    found = libraries()
    assert found["lib_a"] == "1.2"
    assert not found.keys() & {"lib_b", "lib_a.inner", "_lib", "json", "jupyter_mlops"}


def test_a_library_that_is_imported_later_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lib_late" not in libraries()
    monkeypatch.setitem(sys.modules, "lib_late", module("lib_late", "2.0"))
    assert libraries()["lib_late"] == "2.0"
    libraries().clear()
    assert libraries()["lib_late"] == "2.0"


def test_facts_are_plain_data() -> None:
    found = facts()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["pid"] > 0
    assert found["cpu_seconds"] >= 0
    assert found.get("peak_rss", 1) > 0
