"""Processes and their descendants: who belongs to whom, and how to end them all.

Runs in task processes too: Python >= 3.9, standard library; psutil helps where there is no /proc.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from typing import NamedTuple

PROC = "/proc"
_ROUNDS = 50


class Process(NamedTuple):
    """One line of the process table."""

    pid: int
    parent: int
    session: int
    state: str


def table() -> list[Process]:
    """All processes that can be seen now; empty where there is neither /proc nor psutil."""
    try:
        names = os.listdir(PROC)
    except OSError:
        return _table_of_psutil()
    found = (_read_stat(name) for name in names if name.isdigit())
    return [process for process in found if process is not None]


def descendants(roots: Iterable[int], processes: list[Process] | None = None) -> list[int]:
    """Process ids of children, grandchildren, ... of `roots` (themselves left out), dead ones included."""
    children: dict[int, list[int]] = {}
    for process in table() if processes is None else processes:
        children.setdefault(process.parent, []).append(process.pid)
    found: list[int] = []
    ahead = list(roots)
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet waited for (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    process = _read_stat(str(pid))
    return process is None or process.state not in "ZX"


def send(pid: int, number: int) -> bool:
    """Send a signal to one process; False if it is not there any more."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def send_to_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False if nobody is in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill_tree(root: int) -> None:
    """End a process, its group and its descendants at once, also those that started their own group or session."""
    # Stopped first, it starts nothing more, and as a subreaper it stays the parent of those whose parent dies.
    send(root, signal.SIGSTOP)
    kill_descendants(root)
    send_to_group(root, signal.SIGKILL)
    send(root, signal.SIGKILL)


def kill_descendants(root: int) -> None:
    """End the descendants of a process, itself left out; what they start meanwhile, too."""
    for _ in range(_ROUNDS):
        running = [process for process in table() if process.state not in "ZX"]
        victims = descendants([root], running)
        if not victims:
            return
        for pid in victims:
            send(pid, signal.SIGKILL)


def kill_session(session: int) -> None:
    """End all processes of a session and their descendants: for when the leader is already gone."""
    if session <= 1:
        return
    for _ in range(_ROUNDS):
        running = [process for process in table() if process.state not in "ZX"]
        members = {process.pid for process in running if process.session == session}
        victims = members.union(descendants(members, running)) - {os.getpid()}
        if not victims:
            break
        for pid in victims:
            send(pid, signal.SIGKILL)
    send_to_group(session, signal.SIGKILL)


def _read_stat(pid: str) -> Process | None:
    try:
        with open(f"{PROC}/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name, in parentheses, may hold spaces and parentheses itself: fields are counted from the last one.
    fields = text[text.rfind(b")") + 2 :].split()
    return Process(int(pid), parent=int(fields[1]), session=int(fields[3]), state=fields[0].decode())


def _table_of_psutil() -> list[Process]:
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError:
        return []
    found = []
    for process in psutil.process_iter(["pid", "ppid", "status"]):
        pid = process.info["pid"]
        state = "Z" if process.info["status"] == psutil.STATUS_ZOMBIE else "R"
        found.append(Process(pid, process.info["ppid"] or 0, _session_of(pid), state))
    return found


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (OSError, AttributeError):
        return 0
