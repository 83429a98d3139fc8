"""What a task uses while it runs: processor time and memory, as lines of `use.jsonl` in the attempt's folder.

The first line is what it may use, `{"kind": "limits", "cpu", "memory"}`, where its container has limits; then come
`{"at", "kind": "use", "cpu", "memory"}`: seconds of processor time since the task began, and bytes now. A task that is
process 1 of a container, or was begun by that, tells what the container uses (its control group: the page cache that
can be dropped is left out); any other task what its process and those below it use (memory that belongs to no file).
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from typing import Any, Callable, NamedTuple, Optional

from jupyter_mlops.runtime.tracking import append_event

USE = "use.jsonl"
FIRST_S, LATER_S, LATER_AFTER_S = 2.0, 5.0, 300.0
GROUPS, PROC = "/sys/fs/cgroup", "/proc"
_ANONYMOUS = re.compile(rb"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_MOST_PROCESSES = 500
# Version 1 says "no limit" with the largest number of pages.
_NO_LIMIT = 1 << 60


class Amount(NamedTuple):
    """Seconds of processor time up to now, and bytes of memory now."""

    cpu: float
    memory: int


class Limits(NamedTuple):
    """Cores and bytes; None where there is no limit."""

    cpu: Optional[float]
    memory: Optional[int]


class Sampler:
    """Writes what this process uses, from a thread of its own, until `stop`. Never raises: work goes before figures."""

    def __init__(self, directory: str, measure: Optional[Callable[[], Amount]] = None) -> None:
        self._path = os.path.join(directory, USE)
        self._over = threading.Event()
        self._guard = threading.Lock()
        self._limits = Limits(None, None)
        self._measure = measure or self._choose()
        self._begun = time.monotonic()
        self._zero = self._peak = self._cpu = 0.0
        with contextlib.suppress(OSError, ValueError):
            self._zero = 0.0 if _is_the_container() else self._measure().cpu
        if self._limits != Limits(None, None):
            self._write({"kind": "limits", **self._limits._asdict()})

    def start(self) -> Sampler:
        """Look every few seconds from now on."""
        threading.Thread(target=self._look_until_over, name="mlops-use", daemon=True).start()
        return self

    def stop(self) -> dict[str, Any]:
        """A last look; the answer is for the task's facts: `cpu_seconds` and `peak_memory` (bytes), and the limits."""
        self._over.set()
        own = _own_peak()
        with self._guard:
            self._sample(own)
            limits = {f"{name}_limit": value for name, value in self._limits._asdict().items() if value}
            return {"cpu_seconds": round(self._cpu, 3), "peak_memory": int(self._peak), **limits}

    def _look_until_over(self) -> None:
        while not self._over.wait(LATER_S if time.monotonic() - self._begun > LATER_AFTER_S else FIRST_S):
            with self._guard:
                if not self._over.is_set():
                    self._sample(0)

    def _sample(self, own_peak: int) -> None:
        try:
            found = self._measure()
        except (OSError, ValueError, IndexError):
            return
        # What an ended process used is sometimes nobody's any more.
        self._cpu = max(self._cpu, found.cpu - self._zero)
        self._peak = max(self._peak, found.memory, own_peak)
        more = {"peak": int(self._peak)} if own_peak else {}
        self._write({"kind": "use", "cpu": round(self._cpu, 3), "memory": found.memory, **more})

    def _write(self, line: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            append_event(self._path, {"at": round(time.time(), 3), **line})

    def _choose(self) -> Callable[[], Amount]:
        group = group_of_container() if _is_the_container() else None
        if group is not None:
            self._limits = group.limits()
            return group.amount
        return of_processes if sys.platform == "linux" else _of_this_process


def _is_the_container() -> bool:
    """Whether this process is what its container is for."""
    return 1 in (os.getpid(), os.getppid())


class Group:
    """A control group, by the files that this version of them has."""

    def __init__(self, root: str, files: dict[str, str]) -> None:
        self._files = {name: os.path.join(root, path) for name, path in files.items()}

    def amount(self) -> Amount:
        """Now."""
        if "cpu_ns" in self._files:
            cpu = int(_text(self._files["cpu_ns"])) / 1e9
        else:
            cpu = int(_value(_text(self._files["cpu_stat"]), "usage_usec")) / 1e6
        used, stat = int(_text(self._files["memory"])), _text(self._files["memory_stat"])
        return Amount(cpu, max(0, used - _droppable(stat)))

    def limits(self) -> Limits:
        """What it may use."""
        return Limits(self._cores(), self._bytes())

    def _cores(self) -> Optional[float]:
        try:
            quota, period = " ".join(
                _text(self._files[name]) for name in ("quota", "period") if name in self._files
            ).split()
            return round(int(quota) / int(period), 3) if int(quota) > 0 else None
        except (OSError, ValueError, ZeroDivisionError):  # "max"
            return None

    def _bytes(self) -> Optional[int]:
        try:
            limit = int(_text(self._files["memory_limit"]))
        except (OSError, ValueError):
            return None
        return limit if 0 < limit < _NO_LIMIT else None


_VERSION_2 = {
    "cpu_stat": "cpu.stat",
    "memory": "memory.current",
    "memory_stat": "memory.stat",
    "quota": "cpu.max",
    "memory_limit": "memory.max",
}
_VERSION_1 = {
    "cpu_ns": "cpuacct/cpuacct.usage",
    "memory": "memory/memory.usage_in_bytes",
    "memory_stat": "memory/memory.stat",
    "quota": "cpu/cpu.cfs_quota_us",
    "period": "cpu/cpu.cfs_period_us",
    "memory_limit": "memory/memory.limit_in_bytes",
}


def group_of_container(root: str = "") -> Optional[Group]:
    """The control group of the container that this process is the first of; None where its files are not there."""
    for files in (_VERSION_2, _VERSION_1):
        group = Group(root or GROUPS, files)
        with contextlib.suppress(OSError, ValueError):
            group.amount()
            return group
    return None


def of_processes(root: int = 0) -> Amount:
    """What a process (this one) and those below it use, by /proc."""
    ahead, cpu, memory, ticks = [root or os.getpid()], 0.0, 0, os.sysconf("SC_CLK_TCK")
    for _ in range(_MOST_PROCESSES):
        if not ahead:
            break
        pid = ahead.pop()
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = _bytes_of(f"{PROC}/{pid}/stat").rpartition(b")")[2].split()
            cpu += sum(int(number) for number in fields[11:15]) / ticks
            memory += sum(int(kib) for kib in _ANONYMOUS.findall(_bytes_of(f"{PROC}/{pid}/status"))) * 1024
            for thread in os.listdir(f"{PROC}/{pid}/task"):
                ahead += map(int, _bytes_of(f"{PROC}/{pid}/task/{thread}/children").split())
    return Amount(cpu, memory)


def _of_this_process() -> Amount:
    """Where there is no /proc: the process and its ended children; of memory only the most that it had is known."""
    import resource

    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    return Amount(cpu, own.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def _own_peak() -> int:
    """The most memory that this process itself had, less what belongs to files; 0 where it is not known."""
    try:
        status = _text(f"{PROC}/self/status")
        return max(0, int(_value(status, "VmHWM:")) - int(_value(status, "RssFile:"))) * 1024
    except (OSError, ValueError, IndexError):
        return 0


def _droppable(stat: str) -> int:
    for name in ("total_inactive_file", "inactive_file"):
        with contextlib.suppress(ValueError):
            return int(_value(stat, name))
    return 0


def _value(text: str, name: str) -> str:
    """The first word behind a name at the beginning of a line."""
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == name:
            return words[1]
    raise ValueError(name)


def _text(path: str) -> str:
    return _bytes_of(path).decode("ascii", "replace").strip()


def _bytes_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
