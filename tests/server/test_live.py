"""A server in a process of its own, under a base URL, as behind a hub: drawn requests, restarts, speed of its start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops_server.contract import Contract
from tests.server.conftest import notebook

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "server_ext" / "jupyter_mlops_server" / "openapi.json"
TOKEN = "secret"
# Jupyter answers 403 where the check wants 401; a filter is a language, which no schema says; a WebSocket is no answer.
LEFT_OUT = ["missing_required_header", "positive_data_acceptance"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "server_ext")])}


class Server:
    """`folder` is its root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/user/alice/jupyter-mlops/api"

    def start(self) -> None:
        options = {
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.base_url": "/user/alice/",
            "ServerApp.root_dir": self.folder,
            "ServerApp.jpserver_extensions": "{'jupyter_mlops_server': True}",
            "ServerApp.open_browser": False,
            "IdentityProvider.token": TOKEN,
        }
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", "--allow-root", *(f"--{k}={v}" for k, v in options.items())],
                env=environment(),
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 60
        while True:
            try:
                self.ask("GET", "/health")
                return
            except urllib.error.URLError:
                assert self._process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=verb,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / ".jupyter_mlops").mkdir()
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


def test_a_run_outlives_the_server_and_a_new_one_follows_it(server: Server) -> None:
    cells = (
        ("one", "x = 1"),
        ("two", "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.02)\nprint(x)"),
    )
    (server.folder / "work.ipynb").write_text(json.dumps(notebook(*cells)))
    run = server.ask("POST", "/runs", {"path": "work.ipynb"})["run"]
    until = time.monotonic() + 60
    while [task["state"] for task in server.ask("GET", f"/runs/{run}")["tasks"]] != ["succeeded", "running"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    server.kill()
    server.start()
    assert [item["state"] for item in server.ask("GET", "/runs")["runs"]] == ["running"]
    (server.folder / "go").touch()
    while server.ask("GET", f"/runs/{run}")["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert server.ask("GET", f"/runs/{run}/tasks/two/log")["text"] == "1\n"


@pytest.mark.slow
def test_drawn_requests_are_answered_as_the_contract_says(server: Server) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(CONTRACT), "--url", server.url),
        *("-H", f"Authorization: token {TOKEN}", "--exclude-path", "/stream"),
        *("--exclude-checks", ",".join(LEFT_OUT), "--phases", "coverage,fuzzing"),
        *("--max-examples", "10", "--generation-deterministic", "--no-color"),
    ]
    done = subprocess.run(command, cwd=server.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert len(Contract.load().document["paths"]) > 10
    assert "Traceback" not in (server.folder / "server.log").read_text()


def test_its_start_loads_nothing_of_what_it_will_do() -> None:
    """The start of the extension is to take at most 150 ms; what it loads decides that."""
    code = (
        "import sys, jupyter_server.serverapp, jupyter_server.extension.application\n"
        "before = set(sys.modules)\n"
        "import jupyter_mlops_server.app\n"
        "print(*sorted(name for name in set(sys.modules) - before if '.' in name and 'server' not in name))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    ).stdout
    assert loaded.split() == ["jupyter_mlops.errors", "jupyter_mlops.runtime", "jupyter_mlops.runtime.errors"]
