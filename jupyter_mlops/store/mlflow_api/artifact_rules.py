"""Artifacts: a path within a run on MLflow's side, content by digest on ours. No path of a request names a file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.events import ArtifactLogged
from jupyter_mlops.store.mlflow_api.request import Caller, Fields, Problem
from jupyter_mlops.store.mlflow_api.task_file import ARTIFACTS, staged
from jupyter_mlops.store.mlflow_api.tracker import Tracker
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.store.run_record import ArtifactRecord

MAX_PATH = 1000  # characters
_BLOCK = 1 << 20
_TYPES = {".png": "figure", ".jpg": "figure", ".jpeg": "figure", ".svg": "figure", ".json": "json"}


def list_of_run(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Files and folders directly below a path of a run; their paths begin at the run."""
    run, below = asked.run(), _safe(asked.text("path", "", limit=MAX_PATH))
    files = [{**entry, "path": posixpath.join(below, entry["path"])} for entry in _entries(tracker, caller, run, below)]
    return {"root_uri": f"mlflow-artifacts:/{run}/artifacts", "files": files}


def list_of_path(tracker: Tracker, caller: Caller, asked: Fields) -> dict[str, Any]:
    """Files and folders directly below a path of the artifact service, by their own names."""
    run, below = _place(asked.text("path", limit=MAX_PATH))
    return {"files": _entries(tracker, caller, run, below)}


def upload(tracker: Tracker, caller: Caller, place: str, body: BinaryIO) -> dict[str, Any]:
    """Keep a file under a path of a run."""
    run, path = _place(place)
    if not path:
        raise Problem("INVALID_PARAMETER_VALUE", "A file needs a name.")
    waits = caller.directory if run == caller.run else None
    folder = waits / ARTIFACTS if waits is not None else tracker.directory(run)
    with _received(folder, body) as (new, digest, size):
        if waits is not None:
            os.replace(new, staged(waits, digest))
        else:
            tracker.project.artifacts.take_over(new, digest)
    name = posixpath.basename(path)
    kind = _TYPES.get(posixpath.splitext(name)[1].lower(), "file")
    logged = ArtifactLogged(
        tracker.now(), path, digest, kind, size, caller.task if waits else "", metadata={"file": name}
    )
    tracker.log(caller, run, logged)
    return {}


def download(tracker: Tracker, caller: Caller, place: str) -> BinaryIO:
    """The content of a path. The caller closes it."""
    run, path = _place(place)
    found = _files(tracker, caller, run).get(path)
    if found is None:
        raise Problem("RESOURCE_DOES_NOT_EXIST", f"The run {run} has no artifact {path!r}.")
    if caller.directory is not None:
        with contextlib.suppress(FileNotFoundError):  # the engine may take it over at any time
            return staged(caller.directory, found.digest).open("rb")
    return tracker.project.artifacts.open(found.digest)


def _entries(tracker: Tracker, caller: Caller, run: str, below: str) -> list[dict[str, Any]]:
    """What is directly below a path: files with their sizes in bytes, and folders. Of a file, the file itself."""
    prefix = f"{below}/" if below else ""
    found: dict[str, dict[str, Any]] = {}
    for path, artifact in _files(tracker, caller, run).items():
        if path == below:
            name, inner = posixpath.basename(path), ""
        elif path.startswith(prefix):
            name, _, inner = path.removeprefix(prefix).partition("/")
        else:
            continue
        if inner:
            found[name] = {"path": name, "is_dir": True}
        else:
            found[name] = {"path": name, "is_dir": False, "file_size": artifact.bytes}
    return [found[name] for name in sorted(found)]


def _files(tracker: Tracker, caller: Caller, run: str) -> dict[str, ArtifactRecord]:
    """The files that a run made, by path; of one path, the last. Values in bundles are no files."""
    artifacts = tracker.record(caller, run).artifacts
    made = (item for item in artifacts if item.role == "output" and _is_file(tracker, caller, item))
    return {_path_of(item): item for item in made}


def _path_of(artifact: ArtifactRecord) -> str:
    """Its name, with the suffix that its content has: `log_artifact(frame, "data")` is `data.parquet`."""
    return posixpath.join(posixpath.dirname(artifact.name), str(artifact.metadata.get("file") or "")) or artifact.name


def _is_file(tracker: Tracker, caller: Caller, artifact: ArtifactRecord) -> bool:
    """Whether its content is in the store, or still in the attempt of the task that asks."""
    if caller.directory is not None and staged(caller.directory, artifact.digest).is_file():
        return True
    return tracker.project.artifacts.exists(artifact.digest)


@contextlib.contextmanager
def _received(folder: Path, body: BinaryIO) -> Iterator[tuple[Path, str, int]]:
    """The body as a file, with its sha256 and its bytes; nothing is left behind."""
    new = folder / f".{secrets.token_hex(16)}"
    digest, size = hashlib.sha256(), 0
    with unwritable_explained(folder):
        folder.mkdir(exist_ok=True)
        try:
            with new.open("wb") as file:
                while block := body.read(_BLOCK):
                    digest.update(block)
                    size += file.write(block)
            yield new, digest.hexdigest(), size
        finally:
            new.unlink(missing_ok=True)


def _place(text: str) -> tuple[str, str]:
    """(run, path) of `RUN/artifacts/PATH`."""
    run, _, rest = text.strip("/").partition("/")
    root, _, path = rest.partition("/")
    if not is_run_id(run) or root != "artifacts":
        raise Problem("RESOURCE_DOES_NOT_EXIST", f"{text[:200]!r} is no place of an artifact: RUN/artifacts/PATH.")
    return run, _safe(path)


def _safe(path: str) -> str:
    """A relative path that stays below its run wherever a client writes it to."""
    parts = path.split("/") if path else []
    wrong = len(path) > MAX_PATH or not path.isprintable() or "\\" in path or ":" in path
    if wrong or any(part.strip() in ("", ".", "..") for part in parts):
        raise Problem("INVALID_PARAMETER_VALUE", f"{path[:200]!r} is not a path of an artifact.")
    return path
