"""A session: the run that takes what a plain cell or a script logs outside of any task. The first log begins it."""

from __future__ import annotations

import atexit
import contextlib
import os
import platform
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.store.events import (
    ArtifactLogged,
    RunCreated,
    RunFinished,
    RunStarted,
    RunState,
)
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.liveness import driving, engine_identity
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id

PIPELINE = "interactive"


class SessionTracker:
    """Logs into a run of its own, made when something is logged first. May be used by several threads."""

    def __init__(self, project: Project, *, notebook: str = "") -> None:
        self.project = project
        self._notebook = notebook
        self._lock = threading.RLock()
        self._open: contextlib.ExitStack | None = None
        self._writer: EventWriter | None = None
        self._run = ""

    @property
    def run(self) -> str:
        """The run's id; empty before the first log."""
        return self._run

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Record a number."""
        self({"type": "metric", "at": time.time(), "name": name, "value": value, "step": step})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters."""
        self({"type": "params", "at": time.time(), "params": dict(params)})

    def log_artifact(
        self, path: str | Path, name: str = "", type: str = "file", metadata: Mapping[str, Any] | None = None
    ) -> str:
        """Keep a copy of a file; returns its digest."""
        source = Path(path)
        with self._lock:
            writer = self._begun()
            digest = self.project.artifacts.put_file(source)
            size = self.project.artifacts.size(digest) or 0
            writer.append(
                ArtifactLogged(time.time(), name or source.name, digest, type, size, metadata=dict(metadata or {}))
            )
        return digest

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event as a task would write it. An artifact's file (`path`) moves into the store."""
        with self._lock:
            writer = self._begun()
            data = dict(event)
            staged = data.pop("path", None)
            if data.get("type") == "artifact" and staged and data.get("digest"):
                self.project.artifacts.take_over(Path(staged), str(data["digest"]))
                with contextlib.suppress(OSError):
                    Path(staged).parent.rmdir()  # it was made for this file
            writer.append(data)

    def finish(self, state: RunState = "succeeded", reason: str = "") -> None:
        """End the run; the next log begins another one. Nothing happens if nothing was logged."""
        with self._lock:
            if self._open is None or self._writer is None:
                return
            with self._open:
                self._writer.append(RunFinished(time.time(), state, reason))
            self._open = self._writer = None

    def _begun(self) -> EventWriter:
        if self._writer is not None:
            return self._writer
        self.project.ensure()
        run = new_run_id()
        with contextlib.ExitStack() as stack:
            directory = self.project.run_directory(run)
            stack.enter_context(driving(directory))
            writer = stack.enter_context(EventWriter(directory))
            now = time.time()
            writer.append(self._created(now, run), RunStarted(now, engine_identity()))
            self._open = stack.pop_all()
        self._run, self._writer = run, writer
        return writer

    def _created(self, at: float, run: str) -> RunCreated:
        return RunCreated(
            at,
            run,
            PIPELINE,
            str(self.project.config.get("experiment", "default")),
            params={},
            target="local",
            notebook=self._notebook,
            plan={},
            environment={"python": platform.python_version()},
        )


class _Sessions:
    """The tracker of this process; a child that was forked gets its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tracker: SessionTracker | None = None
        self._process = 0

    def current(self) -> SessionTracker:
        with self._lock:
            if self._tracker is None or self._process != os.getpid():
                notebook = _notebook()
                self._tracker = SessionTracker(
                    Project.find(Path(notebook).parent if notebook else "."), notebook=notebook
                )
                self._process = os.getpid()
                atexit.register(self._at_exit, self._tracker, self._process)
            return self._tracker

    @staticmethod
    def _at_exit(tracker: SessionTracker, process: int) -> None:
        if os.getpid() != process:
            return
        # A script that an exception ended has left it there; in a kernel a cell that failed is no failed session.
        error = None if "IPython" in sys.modules else getattr(sys, "last_value", None)
        reason = f"{type(error).__name__}: {error}" if error is not None else ""
        with contextlib.suppress(Exception):
            tracker.finish("failed" if error is not None else "succeeded", reason)


_sessions = _Sessions()


def session_tracker() -> SessionTracker:
    """The tracker of this process, in the project of its notebook or script, else of the current folder."""
    return _sessions.current()


def _notebook() -> str:
    """What is running: Jupyter tells a kernel the path of its notebook; a script is the first argument."""
    named = os.environ.get("JPY_SESSION_NAME") or getattr(sys.modules.get("__main__"), "__file__", "") or ""
    return str(Path(named).absolute()) if named and Path(named).exists() else ""
