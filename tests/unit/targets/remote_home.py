"""What tests of runs share that are driven elsewhere and come home: a home, the way there, and a laptop that dies."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.kube.access import Connection
from jupyter_mlops.kube.request import Transport
from jupyter_mlops.store.events import RunCreated
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import bringing_home
from jupyter_mlops.store.run_ids import run_ids
from jupyter_mlops.targets.base import RemoteTarget

WITHIN_S = 60.0


def lead_there(monkeypatch: pytest.MonkeyPatch, cluster_module: ModuleType, there: Transport) -> None:
    """Have targets that the module opens reach `there`, as the user ada."""
    monkeypatch.setattr(os, "environ", {**os.environ, "LOGNAME": "ada"})
    found = Connection(there, "here", "laptop", "https://there", "ada")
    monkeypatch.setattr(cluster_module, "connect", lambda *_: found)


def new_home(tmp_path: Path, settings: str = "") -> Project:
    """A project with these settings."""
    home = tmp_path / "home"
    (home / ".jupyter_mlops").mkdir(parents=True)
    if settings:
        (home / "jupyter_mlops.toml").write_text(settings)
    return Project(home, home).ensure()


def abandoned(target: RemoteTarget, project: Project, drawn: Plan) -> str:
    """A run whose laptop died as soon as it was there."""

    def die(event: object) -> None:
        if isinstance(event, RunCreated):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="jupyter mlops attach"):
        target.drive(drawn, project, RunOptions(listeners=(die,)))
    [run] = run_ids(project)
    wait_until(lambda: free(project.run_directory(run)))
    return run


def free(folder: Path) -> bool:
    """Whether nobody brings the run home."""
    with bringing_home(folder) as mine:
        return mine


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def in_background(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
