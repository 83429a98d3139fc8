"""MLflow for steps: where a step's code mentions it, its client logs into this run."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_mlops.engine.target import Attempt, Report
from jupyter_mlops.store.project import HOME_NAME, Project
from jupyter_mlops.targets.local.imports import sources_of

if TYPE_CHECKING:
    from jupyter_mlops.store.mlflow_api import Caller, Tracker
    from jupyter_mlops.store.mlflow_api.server import MlflowServer

URI = "MLFLOW_TRACKING_URI"
# Code that brings its own server: in a call, in an assignment, in a magic.
_OWN_SERVER = re.compile(
    rf"set_tracking_uri|{URI}['\"]?\]?\s*=(?!=)|(?:setdefault|putenv|setenv)\(\s*['\"]{URI}|%(?:set_)?env\s+{URI}"
)
_SCRIPT = re.compile(r"[\w./-]+\.py\b")
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)", re.MULTILINE)
MAX_FILES = 200

Tell = Callable[[Report], None]


class StepTracking:
    """One server for all attempts of a target, started by the first that needs it; each attempt has its own token.

    `admit` is called from the engine's thread, the end of an attempt is told from any.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: MlflowServer | None = None
        self._trackers: dict[Path, Tracker] = {}

    def admit(self, attempt: Attempt, environ: Mapping[str, str], report: Tell) -> tuple[dict[str, str], Tell]:
        """Variables for the attempt, none where MLflow is no matter; and the report that ends its admission.

        Who has set MLFLOW_TRACKING_URI, in the environment or in code, logs there and not here.
        Raises OSError if no port can be had.
        """
        if environ.get(URI) or not wants_tracking(attempt):
            return {}, report
        from jupyter_mlops.store.mlflow_api.variables import task_variables, variables

        with self._lock:
            server = self._serving()
            tracker, caller = self._place(attempt)
        experiment = tracker.experiments.id_of(tracker.record(caller, caller.run).experiment)
        token = server.admit(tracker, caller)
        found = variables(server.url, token, environ) | task_variables(caller, experiment, environ)
        return found, self._until_over(tracker, caller, token, report)

    def close(self) -> None:
        """Answer no more, and end what is still open."""
        with self._lock:
            if self._server is not None:
                self._server.close()
            for tracker in self._trackers.values():
                tracker.close()
            self._trackers.clear()
            self._server = None

    def _until_over(self, tracker: Tracker, caller: Caller, token: str, report: Tell) -> Tell:
        def tell(told: Report) -> None:
            if told.outcome is not None:
                with self._lock:
                    if self._server is not None:
                        self._server.dismiss(token)
                tracker.release(caller, told.outcome.state)
            report(told)

        return tell

    def _serving(self) -> MlflowServer:
        if self._server is None:
            from jupyter_mlops.store.mlflow_api.server import MlflowServer

            self._server = MlflowServer()
        return self._server

    def _place(self, attempt: Attempt) -> tuple[Tracker, Caller]:
        """Where the attempt logs: into its run; one that belongs to none (`verify`) into one that goes with it."""
        from jupyter_mlops.store.mlflow_api import Caller, Tracker

        directory, spec = attempt.directory.absolute(), attempt.spec
        project = project_of(attempt)
        if project is None:
            alone = Project(directory / "mlflow")
            tracker = self._trackers[alone.home] = Tracker(alone, index_file=alone.root / "index.sqlite")
            run = tracker.create(Caller(), tracker.experiments.default, {}).run
            return tracker, Caller(run, spec.task)
        if project.home not in self._trackers:
            self._trackers[project.home] = Tracker(project)
        return self._trackers[project.home], Caller(spec.run, spec.task, directory)


def project_of(attempt: Attempt) -> Project | None:
    """The project whose store the attempt's folder is in: `.jupyter_mlops/runs/<run>/...`."""
    for folder in attempt.directory.absolute().parents:
        if folder.name == attempt.spec.run and folder.parent.name == "runs" and folder.parents[1].name == HOME_NAME:
            root, start = folder.parents[2], Path(attempt.spec.cwd)
            return Project(root, start if start.is_relative_to(root) else None)
    return None


def wants_tracking(attempt: Attempt) -> bool:
    """Whether the attempt's code, or a file beside it that it uses, speaks of MLflow and not of a server of its own."""
    sources = sources_of(attempt.spec)
    folder = Path(attempt.spec.cwd)
    texts = [*sources, *_files_beside(sources, folder)]
    if any("dotenv" in text for text in texts) and (folder / ".env").is_file():
        texts.append((folder / ".env").read_text(encoding="utf-8", errors="replace"))
    return any("mlflow" in text for text in texts) and not any(map(_OWN_SERVER.search, texts))


def _files_beside(sources: Iterable[str], folder: Path) -> Iterator[str]:
    """The sources of modules and scripts in the folder that are imported or named, directly or by one another."""
    seen: set[Path] = set()
    waiting = list(sources)
    while waiting:
        for path in _named(waiting.pop(), folder):
            if path not in seen and len(seen) < MAX_FILES and path.is_file():
                seen.add(path)
                text = path.read_text(encoding="utf-8", errors="replace")
                waiting.append(text)
                yield text


def _named(source: str, folder: Path) -> Iterator[Path]:
    for name in _IMPORT.findall(source):
        place = folder.joinpath(*name.split("."))
        yield from (place.with_suffix(".py"), place / "__init__.py", place.parent.with_suffix(".py"))
    yield from (folder / name for name in _SCRIPT.findall(source))
