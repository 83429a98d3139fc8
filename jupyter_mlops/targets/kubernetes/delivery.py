"""What a courier does in its pod: it prints what is missing at home, and removes from the volume what is not needed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from jupyter_mlops.errors import MlopsError, NotFound
from jupyter_mlops.store.garbage import delete_run, gc
from jupyter_mlops.store.mirror import Frame, Held, Sender, missing
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import is_run_id, run_ids
from jupyter_mlops.targets.kubernetes.arriving_values import value_frames
from jupyter_mlops.targets.kubernetes.places import STORE
from jupyter_mlops.targets.kubernetes.storage import Storage
from jupyter_mlops.targets.kubernetes.url_store import UrlStore

UNANCHORED = "unanchored"
"""The file in a run's folder that says: nothing in the namespace stands for this run, and it is wanted all the same."""
# Characters that one courier prints: nodes keep about 50 MB of a container's output.
MOST = 24 << 20
# What is of no use at home, or written there; and of the values those that `verify` compares.
COMES = "/final.bundle"
STAYS = (".bundle", ".part", ".lock", ".arriving", ".reserve", "remote.json")


def travels(name: str) -> bool:
    """Whether a file of a run's folder on the volume is mirrored at home. Values are fetched when they are wanted."""
    return name.endswith(COMES) or not (name.endswith(STAYS) or "/artifacts/" in name)


def deliver(order_path: str, out: TextIO = sys.stdout) -> int:
    """Do what the order says; 0 if it could be done."""
    order = json.loads(Path(order_path).read_text(encoding="utf-8"))
    try:
        answer = _deliver(order, Project(Path(STORE)), out)
    except (MlopsError, OSError) as error:
        answer = {"error": str(error)}
    out.write(json.dumps({"mlops": "answer", **answer}) + "\n")
    out.flush()
    return int("error" in answer)


def _deliver(order: Mapping[str, Any], project: Project, out: TextIO) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    absent = []
    where = Storage.from_data(order.get("storage"))
    remote = UrlStore(where, project.artifacts) if where else None
    artifacts = remote.artifacts if remote else project.artifacts
    for digest, held in order["values"].items():
        if not artifacts.exists(digest):
            absent.append(digest)
        elif _print(value_frames(artifacts, digest, Held.from_data(held) if held else None), out):
            answer["more"] = True
    if order["run"] and not (order["values"] or order["remove"] or order["sweep"]):
        folder = project.run_directory(order["run"])
        held = {name: Held.from_data(data) for name, data in order["held"].items()}
        if _print(missing(folder, held, travels), out):
            answer["more"] = True
        _print(Sender(folder, travels).manifest(), out)
    if order["remove"]:
        answer["removed"] = _remove(project, order["remove"], remote)
    if order["sweep"]:
        answer["sweep"] = _sweep(project, order["sweep"], remote)
    return {**answer, "absent": absent}


def _print(frames: Iterable[Frame], out: TextIO) -> bool:
    """Print them; whether there are more than one courier prints."""
    printed = 0
    for frame in frames:
        if printed > MOST:
            return True
        line = frame.to_line() + "\n"
        out.write(line)
        printed += len(line)
    out.flush()
    return False


def _remove(project: Project, runs: Collection[str], remote: UrlStore | None) -> list[str]:
    """Remove runs that no engine drives, with their working folders, then what only they needed."""
    gone = []
    if remote is not None:
        remote.remove(set(runs))
    for run in filter(is_run_id, runs):
        try:
            delete_run(project, run, dead=True)
            gone.append(run)
        except (NotFound, FileNotFoundError):  # it never began, or was removed before
            shutil.rmtree(project.run_directory(run), ignore_errors=True)
        for folder in (project.root / "work").glob(f"*/{run}"):
            shutil.rmtree(folder, ignore_errors=True)
    gc(project)
    return gone


def _sweep(project: Project, asked: Mapping[str, Any], remote: UrlStore | None) -> dict[str, Any]:
    """Remove, or list, runs that nobody keeps and that nothing was written to for a while.

    Of a run that is gone its working folder may be left. Runs that never had an anchor are kept by none: they go only
    where those of everyone may.
    """
    keep, before = set(asked["keep"]), time.time() - float(asked["age"])
    written = remote.runs() if remote and asked.get("everyone") else {}  # other namespaces may keep theirs there
    changed = {run: max(_last_change(project, run), written.get(run, 0.0)) for run in {*_all_runs(project), *written}}
    old = sorted(run for run, last in changed.items() if run not in keep and last < before)
    if not asked.get("everyone"):
        old = [run for run in old if not (project.run_directory(run) / UNANCHORED).exists()]
    size = sum(path.lstat().st_size for run in old for path in _files(project, run))
    size += remote.bytes_of(old) if remote else 0
    if not asked["dry_run"]:
        _remove(project, old, remote)
    return {"runs": old, "bytes": size}


def _all_runs(project: Project) -> list[str]:
    """Those that have a folder of any kind."""
    places = (project.root / "work").glob("*/*")
    working = {place.name for place in places if is_run_id(place.name) and place.is_dir() and not place.is_symlink()}
    return sorted({*run_ids(project), *working})


def _files(project: Project, run: str) -> Iterator[Path]:
    for folder in (project.run_directory(run), *(project.root / "work").glob(f"*/{run}")):
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _last_change(project: Project, run: str) -> float:
    """When anything of a run was last written, however deep; also in its working folder."""
    last = 0.0
    for folder in (project.run_directory(run), *(project.root / "work").glob(f"*/{run}")):
        for place, _, names in os.walk(folder):
            for path in (place, *(os.path.join(place, name) for name in names)):
                with contextlib.suppress(OSError):  # it is gone, or goes now
                    last = max(last, os.lstat(path).st_mtime)
    return last
