from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from jupyter_mlops.cli import main
from jupyter_mlops.errors import Unavailable
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.runs import Runs
from jupyter_mlops.verbs import store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_MLOPS_CACHE", str(tmp_path / "index"))
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)
    root = tmp_path / "project"
    (root / ".jupyter_mlops").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def test_a_client_logs_as_long_as_the_store_is_served(folder: Path) -> None:
    stop, seen = threading.Event(), []

    def began(environment: Mapping[str, str]) -> None:
        seen.append(environment["MLFLOW_TRACKING_URI"])
        assert "MLFLOW_RUN_ID" not in environment
        headers = {"Authorization": f"Bearer {environment['MLFLOW_TRACKING_TOKEN']}"}
        request = urllib.request.Request(f"{seen[0]}/api/2.0/mlflow/runs/create", b'{"run_name": "mine"}', headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            assert json.loads(answer.read())["run"]["info"]["status"] == "RUNNING"
        stop.set()

    before = threading.active_count()

    assert store.serve(stop=stop, began=began, folder=folder) == {"url": seen[0]}

    assert threading.active_count() <= before  # those of other tests may end meanwhile
    with Runs(Project(folder)) as runs:
        (run,) = runs.list()
    assert (run.pipeline, run.state) == ("mine", "failed")  # nobody ended it


def test_a_port_that_is_taken_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Unavailable, match=f"The port {port} cannot be had"):
            store.serve(stop=threading.Event(), began=lambda _: None, port=port, folder=folder)
        assert main(["store", "serve", "--port", str(port)]) == 1
    assert "Take another --port" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_what_is_no_port_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert main(["store", "serve", f"--port={port}"]) == 2
    assert f"{port} is not a port" in capsys.readouterr().err
