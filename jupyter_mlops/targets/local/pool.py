"""Pre-warmed workers, each used for one launch: for systems and libraries with which a fork is unsafe."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from jupyter_mlops.targets.local import process_tree
from jupyter_mlops.targets.local.launch import Exited, Launch, Message, Ready, Started, encode
from jupyter_mlops.targets.local.zygote import ProcessKey, start_process, tail_of

WORKER = "jupyter_mlops.targets.local.worker_main"


@dataclass(frozen=True)
class _Worker:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]


class Pool:
    """A `Launcher` that spawns. `spares` workers are kept warm beside those in use."""

    def __init__(self, key: ProcessKey, tell: Callable[[Pool, Message], None], *, spares: int = 1) -> None:
        self.key = key
        self._tell = tell
        self._modules: list[str] = []
        self._spares = spares
        self._idle: list[_Worker] = []
        self._busy: dict[str, _Worker] = {}
        self._tell(self, Ready(os.getpid()))

    def preload(self, modules: Sequence[str]) -> None:
        """Import installed modules in workers that start from now on."""
        self._modules += [module for module in modules if module not in self._modules]
        self._discard_idle()
        self._fill()
        self._tell(self, Ready(os.getpid(), tuple(modules)))

    def launch(self, launch: Launch) -> None:
        """Give the work to a warm worker, and warm another."""
        worker = self._idle.pop(0) if self._idle else self._start()
        self._busy[launch.id] = worker
        self._tell(self, Started(launch.id, worker.process.pid))
        threading.Thread(target=self._wait, args=(launch.id, worker), name="mlops-worker", daemon=True).start()
        _write(worker, encode(launch.to_data()))
        self._fill()

    def signal(self, id: str, number: int, *, everything: bool = False) -> None:
        """Send a signal to a launch's group, or kill its whole tree."""
        worker = self._busy.get(id)
        if worker is None or worker.process.returncode is not None:
            return
        if everything or sys.platform == "win32":
            process_tree.kill_tree(worker.process.pid)
        else:
            process_tree.send_to_group(worker.process.pid, number)

    def close(self) -> None:
        """End all workers."""
        self._discard_idle()
        for name in list(self._busy):
            self.signal(name, signal.SIGTERM, everything=True)

    def _fill(self) -> None:
        while len(self._idle) < self._spares:
            self._idle.append(self._start())

    def _start(self) -> _Worker:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        worker = _Worker(start_process(self.key, WORKER, subprocess.PIPE, errors), errors)
        _write(worker, encode_modules(self._modules))
        return worker

    def _discard_idle(self) -> None:
        for worker in self._idle:
            with contextlib.suppress(OSError):
                worker.process.kill()
            worker.process.wait()
            _free(worker)
        self._idle.clear()

    def _wait(self, id: str, worker: _Worker) -> None:
        status, peak, cpu = _wait_for(worker.process)
        process_tree.kill_session(worker.process.pid)
        reason = ""
        if status not in (0, 1) and (last := tail_of(worker.errors)):
            reason = f"the process for the task ended with exit code {status}: {last}"
        _free(worker)
        self._busy.pop(id, None)
        self._tell(self, Exited(id, status, peak, cpu, reason if status > 0 else ""))


def encode_modules(modules: Sequence[str]) -> bytes:
    """The first line a worker reads."""
    import json

    return json.dumps(list(modules)).encode() + b"\n"


def _write(worker: _Worker, line: bytes) -> None:
    assert worker.process.stdin is not None
    with contextlib.suppress(OSError):  # a dead worker is told of by its exit
        worker.process.stdin.write(line)
        worker.process.stdin.flush()


def _free(worker: _Worker) -> None:
    assert worker.process.stdin is not None
    with contextlib.suppress(OSError):
        worker.process.stdin.close()
    worker.errors.close()


def _wait_for(process: subprocess.Popen[bytes]) -> tuple[int, int, float]:
    """Exit code, largest resident size in bytes and seconds of processor time, the last two where the system tells."""
    if not hasattr(os, "wait4"):
        return process.wait(), 0, 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return process.returncode, usage.ru_maxrss * unit, usage.ru_utime + usage.ru_stime
