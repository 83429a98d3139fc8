"""A desk for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.command_line import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A folder of one's own to work in; its store is empty."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".jupyter_mlops").mkdir()
    return Desk(tmp_path, capsys)
