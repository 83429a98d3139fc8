"""From how a process ended to what the engine is told, in plain words."""

from __future__ import annotations

import contextlib
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlops.engine.target import Outcome, StopReason
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.atomic_write import FULL
from jupyter_mlops.targets.attempt_files import STOPPED, why_failed
from jupyter_mlops.targets.local.launch import Exited
from jupyter_mlops.targets.local.limits import show_bytes

# Bytes: what a result of a task that failed may need.
ROOM = 16 << 10
_FATAL = {
    signal.SIGSEGV: "a library crashed in its own code; where, is at the end of the log",
    signal.SIGABRT: "a library aborted; why, is at the end of the log",
    signal.SIGILL: "a library uses instructions that this processor does not have",
    signal.SIGFPE: "a library crashed in its own code; where, is at the end of the log",
}


@dataclass(frozen=True)
class Circumstances:
    """What is known about an attempt besides its exit: why it was stopped, and what the memory looked like.

    `over_limit` is what it used when it was killed for it, `limit` the limit (both in bytes); `oom_kills` how often the
    kernel ran out of memory meanwhile, `memory` what the machine has. `full` is the folder on a disk without space.
    """

    stopped: StopReason | None = None
    over_limit: int = 0
    limit: int = 0
    oom_kills: int = 0
    memory: int = 0
    full: Path | None = None


def outcome(exited: Exited, result: TaskResult | None, around: Circumstances) -> Outcome:
    """What to report about an attempt that is over."""
    if around.over_limit:
        used, limit = show_bytes(around.over_limit), show_bytes(around.limit)
        reason = f"out of memory: it used {used}, more than its limit of {limit}"
        return Outcome("failed", result, reason)
    if around.stopped is not None:
        return Outcome(
            "failed" if around.stopped == "timeout" else "canceled", result, STOPPED[around.stopped], around.stopped
        )
    if result is not None and result.fate == "succeeded":
        return Outcome("succeeded", result)
    if result is not None:
        return Outcome("failed", result, why_failed(result))
    return Outcome("failed", None, exited.reason or _why_it_died(exited, around))


def full_reason(place: Path) -> str:
    """Why an attempt failed whose files cannot be written."""
    return f"the disk is full: nothing more can be written to {place}"


def full_disk(directory: Path) -> Path | None:
    """The folder itself if not even a small file can be written there for lack of space."""
    probe = directory / ".room"
    try:
        probe.write_bytes(bytes(ROOM))
    except OSError as error:
        return directory if error.errno in FULL else None
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def oom_kills() -> int:
    """How many processes the kernel has killed for memory since it started; 0 where it does not say."""
    try:
        match = re.search(r"^oom_kill (\d+)", Path("/proc/vmstat").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(match.group(1)) if match else 0


def _why_it_died(exited: Exited, around: Circumstances) -> str:
    if exited.status < 0:
        return f"killed by signal {-exited.status} ({_name(-exited.status)}){_explanation(exited, around)}"
    if around.full is not None:
        return full_reason(around.full)
    if exited.status == 0:
        return "the process ended without a result: something in it called os._exit(0)"
    return f"the process ended with exit code {exited.status} and without a result; its log may say why"


def _explanation(exited: Exited, around: Circumstances) -> str:
    number = -exited.status
    if number in _FATAL:
        return f": {_FATAL[signal.Signals(number)]}"
    if number != signal.SIGKILL:
        return ""
    if around.oom_kills:
        return f": this machine ran out of memory (the task used up to {show_bytes(exited.peak)})"
    if around.memory and exited.peak > around.memory // 2:
        return f": out of memory? It used up to {show_bytes(exited.peak)} of {show_bytes(around.memory)}"
    return f": somebody ended it (the task used up to {show_bytes(exited.peak)})"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
