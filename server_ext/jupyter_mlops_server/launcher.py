"""Starts runs: each in a process of its own, in the environment of its kernel, that outlives this server."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from jupyter_mlops.errors import MlopsError, Unavailable

# A run in a cluster begins when the project's files have been sent there.
_BEGUN_WITHIN_S = 900.0
_TAIL_BYTES = 4096


class Told(MlopsError):
    """What the other process said went wrong."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(str(said.get("message", "")), hint=str(said.get("hint", "")))
        self.code = str(said.get("code", "error"))
        self.http_status = int(said.get("status", 500))


class Launcher:
    """`kernels` is the server's kernel spec manager, or None to use this server's Python for everything."""

    def __init__(self, kernels: Any = None) -> None:
        self._kernels = kernels

    def run(self, file: Path, kernel: str, options: Mapping[str, Any]) -> str:
        """Start a run of a file; its id once it has begun. `options` are those of `verbs.run`.

        Raises:
            MlopsError: it did not begin: what the library says.
        """
        return self._start(kernel, "run", {"path": str(file), **options}, file.parent)

    def retry(self, run: str, folder: Path, kernel: str) -> str:
        """Go on with a run."""
        return self._start(kernel, "retry", {"run": run, "folder": str(folder)}, folder)

    def is_here(self, kernel: str) -> bool:
        """Whether what runs in a kernel runs in this server's environment."""
        return self._python(kernel) == sys.executable

    def _start(self, kernel: str, verb: str, arguments: Mapping[str, Any], folder: Path) -> str:
        python = self._python(kernel)
        asked = json.dumps({"verb": verb, "arguments": arguments}).encode()
        with tempfile.TemporaryFile() as said:  # no pipe: nobody would read it, and one that is full stops who writes
            try:
                engine = subprocess.Popen(
                    [python, "-m", "jupyter_mlops.verbs.request"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    start_new_session=True,
                    cwd=folder,
                )
            except OSError as error:
                raise Unavailable("The run did not begin.", hint=f"{python}: {error.strerror}.") from error
            answer = _answer(_line(engine, asked))
            # Its end must be waited for by somebody, or it stays a zombie for as long as this server lives.
            threading.Thread(target=engine.wait, name="mlops-run", daemon=True).start()
            if answer is None:
                engine.kill()
                engine.wait()
                raise Unavailable("The run did not begin.", hint=_why(_tail(said), python))
        if "error" in answer:
            raise Told(answer["error"])
        return str(answer["run"])

    def _python(self, kernel: str) -> str:
        """The Python of a kernel, if it is one of Python."""
        if self._kernels is None or not kernel:
            return sys.executable
        try:
            spec = self._kernels.get_kernel_spec(kernel)
        except Exception:  # noqa: BLE001 - whatever the manager raises, there is no such kernel: the library says so
            return sys.executable
        first = spec.argv[0] if spec.argv else ""
        is_python = spec.language.lower() == "python" and os.path.basename(first).startswith("python")
        return first if is_python and os.path.isabs(first) and os.access(first, os.X_OK) else sys.executable


def _line(engine: subprocess.Popen[bytes], asked: bytes) -> bytes:
    """The first line that the process answers; an empty one if it ends, or takes too long."""
    assert engine.stdin
    assert engine.stdout
    timer = threading.Timer(_BEGUN_WITHIN_S, engine.kill)
    timer.start()
    try:
        with engine.stdout as answers:
            with contextlib.suppress(BrokenPipeError), engine.stdin as pipe:
                pipe.write(asked)
            return answers.readline()
    finally:
        timer.cancel()


def _tail(file: IO[bytes]) -> bytes:
    """The end of what was written."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
    return file.read()


def _answer(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _why(said: bytes, python: str) -> str:
    """What the process said last before it ended."""
    lines = said.decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else ""
    if "No module named" in last and "jupyter_mlops" in last:
        return f"The kernel's environment has no jupyter-mlops: {python} -m pip install jupyter-mlops"
    return last[:500] or "Its process ended without a word."
