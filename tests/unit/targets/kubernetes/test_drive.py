"""The engine in a pod, where it cannot begin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.targets.kubernetes import drive
from jupyter_mlops.targets.kubernetes.places import RunPlace


def test_a_volume_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    volume, order = tmp_path / "volume", tmp_path / "order.json"
    volume.write_text("no folder")
    order.write_text(json.dumps({"place": RunPlace("run", "image", "claim", ("code",), "", {}).to_data()}))
    monkeypatch.setattr(drive, "STORE", str(volume))
    assert drive.drive(str(order)) == StoreUnwritable.exit_code
    assert capsys.readouterr().err.startswith("The store ")
