"""Processes for notebook sessions: from zygotes that this process keeps, or forked from this very process."""

from __future__ import annotations

import atexit
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Protocol

from jupyter_mlops.targets.local import process_tree, task_process
from jupyter_mlops.targets.local.launch import Exited, Launch, Message, Started
from jupyter_mlops.targets.local.launchers import Launchers
from jupyter_mlops.targets.local.pool import Pool
from jupyter_mlops.targets.local.zygote import Launcher, ProcessKey, Zygote

Mailbox = queue.SimpleQueue[Started | Exited]


class Processes(Protocol):
    """Starts processes for sessions; what becomes of each is put into its mailbox."""

    def launch(self, launch: Launch, modules: Sequence[str], mailbox: Mailbox) -> None:
        """Start one; it is followed by `Exited`, whatever happens."""
        ...

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        """Send a signal to its group, or kill its whole tree."""
        ...


class KeptProcesses:
    """From warm processes of this interpreter, kept for the next notebook. May be used from several threads."""

    def __init__(self) -> None:
        make = Zygote if sys.platform == "linux" else Pool
        self._launchers = Launchers(lambda key: make(key, self._hear))
        self._mailboxes: dict[str, Mailbox] = {}
        self._lock = threading.RLock()
        self._owner = os.getpid()
        atexit.register(self.close)

    @property
    def usable(self) -> bool:
        """Whether these are this process's own: a forked child has but a copy."""
        return self._owner == os.getpid()

    def launch(self, launch: Launch, modules: Sequence[str], mailbox: Mailbox) -> None:
        """Start a process."""
        env = {**launch.env, "PYTHONHASHSEED": launch.env.get("PYTHONHASHSEED", "0")}
        with self._lock:
            self._mailboxes[launch.id] = mailbox
            self._launchers.launch(ProcessKey.of(sys.executable, env), launch, modules)

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        """Send a signal."""
        with self._lock:
            self._launchers.signal(id, number, everything=everything)

    def close(self) -> None:
        """End all of them."""
        if self.usable:
            with self._lock:
                self._launchers.close()

    def _hear(self, launcher: Launcher, message: Message) -> None:
        with self._lock:
            for known in self._launchers.hear(launcher, message):
                mailbox = self._mailboxes.get(known.id)
                if isinstance(known, Exited):
                    self._mailboxes.pop(known.id, None)
                if mailbox is not None:
                    mailbox.put(known)


class ForkedProcess:
    """A copy of this process, which came from a zygote: prepared already, and single-threaded until now."""

    def __init__(self) -> None:
        self._pid = 0

    def launch(self, launch: Launch, modules: Sequence[str], mailbox: Mailbox) -> None:  # noqa: ARG002
        """Fork; `modules` are imported already."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setpgid(0, 0)
                task_process.reset_signals()
                if task_process.die_with_parent(signal.SIGKILL, parent):
                    task_process.prepare()
                    code = task_process.work(launch)
            finally:
                task_process.leave(code)
        self._pid = pid
        mailbox.put(Started(launch.id, pid))
        threading.Thread(target=self._wait, args=(launch.id, mailbox), name="mlops-session", daemon=True).start()

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:  # noqa: ARG002 - there is but one
        """Send a signal."""
        if self._pid and everything:
            process_tree.kill_tree(self._pid)
        elif self._pid:
            process_tree.send_to_group(self._pid, number)

    def _wait(self, id: str, mailbox: Mailbox) -> None:
        _, status, usage = os.wait4(self._pid, 0)
        self._pid = 0
        mailbox.put(Exited(id, os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024))
