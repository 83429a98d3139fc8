"""A real JupyterLab below a base address and behind a token, as a JupyterHub would start it; in folders of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

START_S = 90
_PAUSE_S = 0.05


@dataclass
class Lab:
    """A server; `root` is where its notebooks are.

    `with_server_part` says whether ours is enabled, `together` whether people share notebooks live.
    """

    home: Path
    source: Path
    with_server_part: bool = True
    together: bool = False
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    port: int = field(default_factory=lambda: _free_port())
    _process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return self.home / "root"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/user/alice"

    def start(self) -> None:
        """Start it, and return when it answers. It has the same port and token each time."""
        self._prepare()
        with (self.home / "lab.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), env=self._environment(), cwd=self.root, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"JupyterLab did not start:\n{self.log()[-3000:]}")
            time.sleep(_PAUSE_S)

    def stop(self) -> None:
        """End it with its kernels; runs go on."""
        if self._process is None:
            return
        for end, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self._process = None

    def restart(self) -> None:
        """As somebody would who changed its settings."""
        self.stop()
        self.start()

    def log(self) -> str:
        """All that it said."""
        return (self.home / "lab.log").read_text(errors="replace")

    def _prepare(self) -> None:
        extensions = self.home / "share" / "labextensions"
        for folder in (extensions, self.root, self._settings()):
            folder.mkdir(parents=True, exist_ok=True)
        ours = extensions / "jupyter-mlops"
        if not ours.exists():
            ours.symlink_to(self.source / "jupyter_mlops" / "labextension")
        enabled = {"ServerApp": {"jpserver_extensions": {"jupyter_mlops_server": self.with_server_part}}}
        (self.home / "config" / "jupyter_server_config.json").write_text(json.dumps(enabled))
        # A note about news would lie over what is tested.
        no_news = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
        (self._settings() / "default_setting_overrides.json").write_text(json.dumps(no_news))

    def _settings(self) -> Path:
        return self.home / "config" / "labconfig"

    def _command(self) -> list[str]:
        settings = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.base_url": "/user/alice/",
            "ServerApp.root_dir": self.root,
            "ServerApp.terminals_enabled": False,
            "ServerApp.allow_root": True,
            "ServerApp.open_browser": False,
            "IdentityProvider.token": self.token,
            "LabServerApp.extra_labextensions_path": self.home / "share" / "labextensions",
            "JupyterNotebookApp.extra_labextensions_path": self.home / "share" / "labextensions",
            "YDocExtension.disable_rtc": not self.together,
            "MLOpsApp.poll_seconds": 0.1,
        }
        return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in settings.items())]

    def _environment(self) -> dict[str, str]:
        own = {f"JUPYTER_{name.upper()}_DIR": str(self.home / name) for name in ("config", "data", "runtime")}
        path = os.pathsep.join([str(self.source), str(self.source / "server_ext")])
        return {**os.environ, **own, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError):
            request = urllib.request.Request(
                f"{self.address}/api/status", headers={"Authorization": f"token {self.token}"}
            )
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
