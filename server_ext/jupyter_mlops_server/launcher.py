"""Starts runs: each in a process of its own, in the environment of its kernel, that outlives this server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError, Unavailable

_BEGUN_WITHIN_S = 120.0


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
        engine = subprocess.Popen(
            [python, "-m", "jupyter_mlops.verbs.request"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=folder,
        )
        timer = threading.Timer(_BEGUN_WITHIN_S, engine.kill)
        timer.start()
        try:
            assert engine.stdin
            assert engine.stdout
            with engine.stdin as pipe:
                pipe.write(json.dumps({"verb": verb, "arguments": arguments}).encode())
            line = engine.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
            engine.stdin = None
        answer = _answer(line)
        if answer is None:
            raise Unavailable("The run did not begin.", hint=_why(engine, python))
        # Its end must be waited for by somebody, or it stays a zombie for as long as this server lives.
        threading.Thread(target=_reap, args=(engine,), name="mlops-run", daemon=True).start()
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


def _answer(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _why(engine: subprocess.Popen[bytes], python: str) -> str:
    """What the process said last before it ended."""
    engine.kill()
    said = (engine.communicate()[1] or b"").decode(errors="replace").strip().splitlines()
    last = said[-1] if said else ""
    if "No module named" in last and "jupyter_mlops" in last:
        return f"The kernel's environment has no jupyter-mlops: {python} -m pip install jupyter-mlops"
    return last[:500] or "Its process ended without a word."


def _reap(engine: subprocess.Popen[bytes]) -> None:
    for stream in (engine.stdout, engine.stderr):
        if stream:
            stream.close()
    engine.wait()
