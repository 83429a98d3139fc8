"""The zygote: a single-threaded process that has imported what tasks need and forks one process a task.

Requests come as JSON lines on the socket that it finds as standard input, messages (`launch.Message`) go back on it.
It waits for two things only, the socket and dead children; it ends, with all it started, when the socket closes.
Python >= 3.9, standard library; IPython is imported by the runtime where it is installed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

from jupyter_mlops.runtime import facts
from jupyter_mlops.targets.local import process_tree, task_process
from jupyter_mlops.targets.local.launch import Exited, Launch, Message, Ready, Spoiled, Started, encode_message
from jupyter_mlops.targets.local.preload import UnfitToFork, import_installed

STRAY_GRACE_S = 1.0
_RECEIVE = 1 << 16
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Serve until the socket closes."""
    parent = os.getppid()
    channel = _take_channel()
    wake = _wake_on_signals()
    # A process that was forked beside our parent may hold the other end open: then its death is told by this.
    if not task_process.die_with_parent(signal.SIGTERM, parent):
        return 1
    task_process.adopt_orphans()
    gc.disable()
    prepare_runtime()
    zygote = _Zygote(channel, wake)
    zygote.tell(Ready(os.getpid()))
    zygote.serve(parent)
    return 0


def prepare_runtime() -> None:
    """Import and make what every task uses."""
    from jupyter_mlops.runtime import shell

    shell.prepare()


class _Zygote:
    """The state of the serving process. `children` maps the process ids of running launches to their names.

    `spare` is a process that was forked ahead, with the pipe on which it waits for its launch: to copy the tables of a
    process with pandas in it takes longer than to start a cell, and so is done while another task runs. Giving the
    memory back takes as long, so a task tells of its end by `farewells`, a pipe, before; those are in `leaving`.
    """

    def __init__(self, channel: socket.socket, wake: int) -> None:
        self.channel = channel
        self.wake = wake
        self.children: dict[int, str] = {}
        self.spare: tuple[int, int] | None = None
        self.leaving: set[int] = set()
        self.farewells = os.pipe()
        self.spoiled = False
        self.strays_end: float | None = None
        self.received = b""

    def serve(self, parent: int) -> None:
        """Until end of file, or the death of the parent."""
        self._settle()
        while os.getppid() == parent:
            sources = [self.channel.fileno(), self.wake, self.farewells[0]]
            readable, _, _ = select.select(sources, [], [], self._patience())
            if self.wake in readable:
                os.read(self.wake, _RECEIVE)
            if self.farewells[0] in readable:
                self._hear_farewells()
            self._bury()
            if self.channel.fileno() in readable and not self._receive():
                break
        self._end_all()

    def tell(self, message: Message) -> None:
        """Send to the parent; if it is gone, `serve` will see it."""
        try:
            self.channel.sendall(encode_message(message))
        except OSError:
            return

    def _settle(self) -> None:
        # Nothing unwritten may be in a buffer that children inherit; what is frozen stays shared with them.
        sys.stdout.flush()
        sys.stderr.flush()
        facts.libraries()  # remembered: to look at all modules makes a task copy their memory
        gc.collect()
        gc.freeze()

    def _patience(self) -> float | None:
        return None if self.strays_end is None else max(0.0, self.strays_end - time.monotonic())

    def _receive(self) -> bool:
        try:
            data = self.channel.recv(_RECEIVE)
        except ConnectionError:
            return False
        *lines, self.received = (self.received + data).split(b"\n")
        for line in lines:
            self._do(json.loads(line))
        return bool(data)

    def _do(self, request: dict[str, Any]) -> None:
        operation = request.pop("do")
        if operation == "launch":
            self._launch(Launch(**request))
        elif operation == "preload":
            self._preload(request["modules"])
        elif operation == "signal":
            self._signal(**request)

    def _preload(self, modules: list[str]) -> None:
        self._dismiss_spare()
        refused = {}
        for module in modules:
            try:
                reason = import_installed(module)
            except UnfitToFork as error:
                self.spoiled = True
                self.tell(Spoiled(module, str(error)))
                return
            if reason:
                refused[module] = reason
        self._settle()
        self.tell(Ready(os.getpid(), tuple(modules), refused))
        self._fork_ahead()

    def _launch(self, launch: Launch) -> None:
        if self.spoiled:
            return  # the parent has been told, and gives it to the next zygote
        try:
            pid = self._give(launch)
        except OSError as error:
            self.tell(Exited(launch.id, 1, reason=f"no process could be started: {error.strerror}"))
            return
        self.children[pid] = launch.id
        self.tell(Started(launch.id, pid))
        self._fork_ahead()

    def _give(self, launch: Launch) -> int:
        """Hand the launch to the spare process, or to a new one if there is none or it has died."""
        work = json.dumps(dataclasses.asdict(launch)).encode()
        if self.spare is None:
            self.spare = self._fork()
        try:
            _write(self.spare[1], work)
        except BrokenPipeError:
            os.close(self.spare[1])
            self.spare = self._fork()
            _write(self.spare[1], work)
        (pid, pipe), self.spare = self.spare, None
        os.close(pipe)
        return pid

    def _fork_ahead(self) -> None:
        with contextlib.suppress(OSError):
            self.spare = self._fork()

    def _dismiss_spare(self) -> None:
        if self.spare is not None:
            os.close(self.spare[1])
            self.spare = None

    def _fork(self) -> tuple[int, int]:
        """A new process that waits for a launch: its id, and the pipe."""
        reading, writing = os.pipe()
        zygote = os.getpid()
        # Held back until the child has its own handlers: one that is stopped at once must not miss it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                os.close(writing)
                self._become(reading, zygote)
        except OSError:
            os.close(writing)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
            os.close(reading)
        return pid, writing

    def _become(self, pipe: int, zygote: int) -> None:
        code = 1
        try:
            task_process.reset_signals()
            os.setsid()
            os.close(self.wake)
            self.channel.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
            if not task_process.die_with_parent(signal.SIGKILL, zygote):
                os._exit(1)
            task_process.prepare()
            with open(pipe, "rb") as file:
                work = file.read()
            if not work:
                os._exit(0)  # dismissed
            code = task_process.work(Launch(**json.loads(work)))
        finally:
            task_process.leave(code, self._say_farewell)

    def _say_farewell(self, code: int) -> None:
        own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
        words = [os.getpid(), code, _bytes(max(own.ru_maxrss, others.ru_maxrss)), cpu]
        os.write(self.farewells[1], json.dumps(words).encode() + b"\n")  # so short that it stays in one piece

    def _hear_farewells(self) -> None:
        for line in os.read(self.farewells[0], _RECEIVE).splitlines():
            try:
                pid, code, peak, cpu = json.loads(line)
            except (ValueError, TypeError):
                continue  # code of the user's wrote there
            name = self.children.pop(pid, None)
            if name is not None:
                self.leaving.add(pid)
                process_tree.send_to_group(pid, signal.SIGTERM)
                self.tell(Exited(name, code, peak, cpu))

    def _signal(self, id: str, number: int, everything: bool) -> None:
        for pid in [pid for pid, name in self.children.items() if name == id]:
            if everything:
                process_tree.kill_tree(pid)
            elif not process_tree.send_to_group(pid, number):
                process_tree.send(pid, number)  # too young to have its own group

    def _bury(self) -> None:
        """Tell of launches that ended, and end what they left behind."""
        died = False
        try:
            while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self._bury_one(dead.si_pid)
                died = True
        except ChildProcessError:
            self.strays_end = None  # nobody is left, hence no strays
            return
        if (died or self.strays_end is not None) and not self._knows_all_children():
            self._end_strays()

    def _known(self) -> set[int]:
        return {*self.children, *self.leaving, *([self.spare[0]] if self.spare else ())}

    def _knows_all_children(self) -> bool:
        """Whether there are surely no strays: a cheap look before that at every process of the machine."""
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                alone = self._known().issuperset(map(int, file.read().split()))
        except OSError:
            return False
        if alone:
            self.strays_end = None
        return alone

    def _bury_one(self, pid: int) -> None:
        if self.spare is not None and self.spare[0] == pid:
            self._dismiss_spare()
        name = self.children.pop(pid, None)
        self.leaving.discard(pid)
        if name is not None:
            # Before it is waited for, its number cannot be another group's.
            process_tree.send_to_group(pid, signal.SIGTERM)
        _, status, usage = os.wait4(pid, 0)
        if name is not None:
            self.tell(Exited(name, _exit_code(status), _bytes(usage.ru_maxrss), usage.ru_utime + usage.ru_stime))

    def _end_strays(self) -> None:
        """Orphans of ended launches are our children now: they get time to clean up behind them, not more."""
        processes = [process for process in process_tree.table() if process.state not in "ZX"]
        known = self._known()
        strays = [item.pid for item in processes if item.parent == os.getpid() and item.pid not in known]
        if not strays:
            self.strays_end = None
            return
        now = time.monotonic()
        if self.strays_end is None:
            self.strays_end = now + STRAY_GRACE_S
            for pid in strays:
                process_tree.send(pid, signal.SIGTERM)
        elif now >= self.strays_end:
            for pid in strays:
                process_tree.kill_tree(pid)
            self.strays_end = now + STRAY_GRACE_S

    def _end_all(self) -> None:
        for pid in self.children:
            process_tree.kill_tree(pid)
        for pid in process_tree.descendants([os.getpid()]):
            process_tree.send(pid, signal.SIGKILL)


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


def _take_channel() -> socket.socket:
    descriptor = os.dup(0)
    os.set_inheritable(descriptor, False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return socket.socket(fileno=descriptor)


def _wake_on_signals() -> int:
    reading, writing = os.pipe()
    os.set_blocking(reading, True)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return reading


def _exit_code(status: int) -> int:
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _bytes(maxrss: int) -> int:
    return maxrss if sys.platform == "darwin" else maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
