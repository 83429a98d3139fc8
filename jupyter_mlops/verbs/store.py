"""`store`: keeping the store small and its index right, and lending it to MLflow's client."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Unavailable, Usage
from jupyter_mlops.store import garbage
from jupyter_mlops.store.project import Project


def gc(
    *,
    keep: int | None = None,
    older_than: float | None = None,
    dry_run: bool = False,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """Remove what no run refers to; with `keep` (a count) or `older_than` (seconds), old runs first.

    Returns how many runs, artifacts and cache records went (or would go), and their bytes.
    """
    done = garbage.gc(Project.find(folder), keep=keep, older_than=older_than, dry_run=dry_run)
    return {
        "runs": len(done.runs),
        "artifacts": len(done.artifacts),
        "cache": done.cache,
        "bytes": done.bytes,
        "dry_run": done.dry_run,
    }


def sweep(
    target: str,
    *,
    older_than: float | None = None,
    everyone: bool = False,
    dry_run: bool = False,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """Remove what runs that are not here any more have left at a target.

    Of this project's runs those that are over go, and those that began more than `older_than` seconds ago. `everyone`:
    also runs of others that are over and older than that. Returns `{"runs", "objects", "folders", "bytes", "dry_run"}`.

    Raises:
        Usage: the target keeps nothing; or `everyone` without an age.
    """
    from jupyter_mlops.targets.base import RemoteTarget, Sweep, open_target

    if everyone and older_than is None:
        raise Usage("Say how old runs of others must be.", hint="For example: --older-than 30d")
    project = Project.find(folder)
    place = open_target(target, project)
    try:
        if not isinstance(place, RemoteTarget):
            raise Usage(f"The target {target!r} keeps nothing of runs.", hint="For example: --target kubernetes")
        return place.sweep(project, Sweep(older_than, everyone, dry_run))
    finally:
        getattr(place, "close", lambda: None)()


def rebuild(*, folder: str | Path = ".") -> dict[str, Any]:
    """Make the index anew from the events; returns how many runs it has."""
    return {"runs": garbage.rebuild(Project.find(folder))}


def serve(
    *,
    stop: threading.Event,
    began: Callable[[Mapping[str, str]], None],
    port: int = 0,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """Answer MLflow's client until `stop` is set: what scripts log becomes runs of the project.

    `began` gets the environment that a client needs. Port 0 takes a free one. Returns the URL that was served.

    Raises:
        Unavailable: the port cannot be had.
        StoreUnwritable: the store cannot be written.
    """
    from jupyter_mlops.store.mlflow_api import Caller, Tracker
    from jupyter_mlops.store.mlflow_api.server import MlflowServer
    from jupyter_mlops.store.mlflow_api.variables import variables

    tracker = Tracker(Project.find(folder).ensure())
    try:
        server = MlflowServer(port)
    except OSError as error:
        tracker.close()
        raise Unavailable(f"The port {port} cannot be had: {error.strerror}.", hint="Take another --port.") from error
    try:
        began(variables(server.url, server.admit(tracker, Caller()), os.environ))
        stop.wait()
    finally:
        server.close()
        tracker.close()
    return {"url": server.url}
