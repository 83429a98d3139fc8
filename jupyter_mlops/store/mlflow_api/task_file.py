"""The event file and the waiting artifacts of a running attempt: what its task writes and its engine takes over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from jupyter_mlops.store.atomic_write import unwritable_explained
from jupyter_mlops.store.events import ArtifactLogged, Event, MetricLogged, ParamsLogged, TagsLogged
from jupyter_mlops.store.events_file import read_file, to_data

EVENTS, ARTIFACTS = "events.jsonl", "artifacts"
_LOGGED = (ArtifactLogged, MetricLogged, ParamsLogged, TagsLogged)


def append(directory: Path, task: str, events: Iterable[Event]) -> None:
    """Write events as the task itself would, with one `write()`: other processes append to the file, too."""
    lines = [json.dumps({**to_data(event), "task": task}, separators=(",", ":")) + "\n" for event in events]
    if not lines:
        return
    with unwritable_explained(directory):
        descriptor = os.open(directory / EVENTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, "".join(lines).encode())
        finally:
            os.close(descriptor)


def waiting(directory: Path) -> list[Event]:
    """All that the attempt logged so far."""
    return [event for event in read_file(directory / EVENTS).events if isinstance(event, _LOGGED)]


def staged(directory: Path, digest: str) -> Path:
    """Where content waits until the engine takes it over."""
    return directory / ARTIFACTS / digest
