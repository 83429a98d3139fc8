"""What targets have in common: the files of an attempt (events as they come, the result at the end), its threads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.target import StopReason
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.errors import sentence
from jupyter_mlops.runtime.plain_files import open_plain, read_plain
from jupyter_mlops.runtime.spec import TaskResult

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# Bytes of a result, of a line of events, and of all lines of an attempt: a process that never stops does not fill ours.
RESULT_MOST, LINE_MOST, EVENTS_MOST = 64 << 20, 16 << 20, 1 << 30
STOPPED: Mapping[StopReason, str] = {
    "user": "stopped on request",
    "timeout": "stopped: it took longer than its timeout",
    "sibling_failed": "stopped because another task failed",
    "shutdown": "stopped because the run's engine shut down",
}


def read_result(directory: Path) -> TaskResult | None:
    """What the process answered; None if it died without a word, or in the middle of one."""
    try:
        return TaskResult.from_json(read_plain(directory / "result.json", RESULT_MOST).decode())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def why_failed(result: TaskResult) -> str:
    """The reason of a task that says itself that it failed."""
    if result.error is None:
        return "the task failed"
    return sentence(result.error.kind, result.error.message)


def thread_variables(options: Options, environ: Mapping[str, str], threads: int = 0) -> dict[str, str]:
    """How many threads numerical libraries may start: as many as the step asks for cores, else `threads` (0: their own
    choice). What the user has set stays.
    """
    wanted = max(1, int(options.cpu)) if options.cpu else threads
    if not wanted or "OMP_NUM_THREADS" in environ:
        return {}
    return {name: str(wanted) for name in THREAD_VARIABLES if name not in environ}


class EventTail:
    """Gives each complete line once. A line still being written waits; one that is no JSON object is skipped.

    What is no plain file has no lines. No line is longer than `LINE_MOST` bytes, and what comes after `EVENTS_MOST` of
    the file is not read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._rest = b""

    def read(self) -> tuple[Mapping[str, Any], ...]:
        """What was appended since the last call."""
        data = self._appended()
        if not data:
            return ()
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: LINE_MOST + 1]  # of one that is too long enough to know that
        found = (_parse(line) for line in lines)
        return tuple(event for event in found if event is not None)

    def _appended(self) -> bytes:
        try:
            if self._path.lstat().st_size <= self._position:
                return b""
            with open_plain(self._path) as file:
                file.seek(self._position)
                data = file.read(EVENTS_MOST - self._position)
        except OSError:
            return b""
        self._position += len(data)
        return data


def _parse(line: bytes) -> Mapping[str, Any] | None:
    if len(line) > LINE_MOST:
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
