"""A run that another process asked for: the engine in a process of its own, which tells how it began in one line.

`python -m jupyter_mlops.verbs.request` reads `{"verb": "run" | "retry", "arguments": {...}}` from standard input. Its
first and only line on standard output is `{"run": ID}` once the run has begun, or `{"error": {"code", "message",
"hint", "status"}}` if it does not; then it drives the run to its end, whatever becomes of who asked.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.events import Event, RunCreated


def main() -> int:
    """Do what standard input asks for."""
    asked = json.loads(sys.stdin.buffer.read())
    verbs: Mapping[str, Callable[..., str]] = {"run": _run, "retry": _retry}
    answer = _Answer()
    try:
        state = verbs[asked["verb"]](answer, **asked["arguments"])
    except MlopsError as error:
        answer.give(
            error={"code": error.code, "message": error.message, "hint": error.hint, "status": error.http_status}
        )
        return error.exit_code
    return int(state != "succeeded")


class _Answer:
    """The one line for who asked; after it nothing more is written there, so that they may be gone."""

    def __init__(self) -> None:
        self._given = False

    def give(self, **answer: Any) -> None:
        if self._given:
            return
        self._given = True
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)


def _run(answer: _Answer, *, path: str, **options: Any) -> str:
    from jupyter_mlops.verbs.run import run

    def begun(event: Event) -> None:
        if isinstance(event, RunCreated):
            answer.give(run=event.run)

    return str(run(path, on_event=begun, **options)["state"])


def _retry(answer: _Answer, *, run: str, folder: str) -> str:
    from jupyter_mlops.verbs.runs import retry

    state = str(retry(run, folder=folder, on_event=lambda _: answer.give(run=run))["state"])
    answer.give(run=run)  # it had succeeded: nothing was to do
    return state


if __name__ == "__main__":
    raise SystemExit(main())
