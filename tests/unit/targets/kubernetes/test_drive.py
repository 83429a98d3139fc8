"""The engine in a pod, where it cannot begin."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes import drive
from jupyter_mlops.targets.kubernetes.places import RunPlace
from tests.small_cluster import SmallCluster


def test_a_volume_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    volume, order = tmp_path / "volume", tmp_path / "order.json"
    volume.write_text("no folder")
    order.write_text(json.dumps({"place": RunPlace("run", "image", "claim", ("code",), "", {}).to_data()}))
    monkeypatch.setattr(drive, "STORE", str(volume))
    assert drive.drive(str(order)) == StoreUnwritable.exit_code
    assert capsys.readouterr().err.startswith("The store ")


def test_a_run_whose_driver_died_before_its_first_event_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, kube = Project(tmp_path).ensure(), Kube(SmallCluster(tmp_path / "code.py"), "here")
    place = RunPlace("run", "image", "claim", ("code",), "", {})
    project.run_directory(place.run).mkdir()
    finished = SimpleNamespace(state=SimpleNamespace(outcome="succeeded"))
    for name, stand_in in {
        "KubernetesTarget": lambda *_, **__: SimpleNamespace(close=lambda: None),
        "unpack": lambda *_: "the plan",
        "start_run": lambda plan, *_: finished if plan == "the plan" else None,
        "close": lambda *_: None,
    }.items():
        monkeypatch.setattr(drive, name, stand_in)
    order = {"parallel": None, "experiment": "", "folder": "work/run"}
    assert drive._drive(order, place, project, kube, Stop()) is finished
