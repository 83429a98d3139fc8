"""A target without processes: `Instant` ends attempts at once or when told, as a script says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.spec import BundleRef, ErrorInfo, TaskResult, ValueInfo


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Instant:
    """Succeeds unless `fates` says otherwise: "fail", "wait" (until stopped or `finish`), "die", an error to raise.

    A task's value of a name is its task and the digests of what it takes, so that digests change as in real work.
    """

    name = "instant"
    slots = 2

    def __init__(self, fates: Mapping[str, Any] | None = None, *, exports: Mapping[str, Any] | None = None) -> None:
        self.fates = dict(fates or {})
        self.exports = dict(exports or {})
        self.files: dict[str, Mapping[str, str]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.attempts: list[Attempt] = []
        self.stopped: list[tuple[str, StopReason]] = []
        self.waiting: dict[str, Callable[[Report], None]] = {}
        self.on_start: Callable[[Attempt], None] = lambda attempt: None

    @property
    def ran(self) -> list[str]:
        return [attempt.spec.task for attempt in self.attempts]

    def refusal(self, options: Options) -> str:
        return "it has no GPU" if options.gpu else ""

    def start(self, attempt: Attempt, report: Callable[[Report], None]) -> None:
        self.attempts.append(attempt)
        self.on_start(attempt)
        fate = self.fates.get(attempt.spec.task, "succeed")
        if isinstance(fate, list):
            fate = fate.pop(0) if fate else "succeed"
        if isinstance(fate, MlopsError):
            raise fate
        lines = self.lines.get(attempt.spec.task, [])
        if lines:
            report(Report(attempt.id, tuple(lines)))
        if fate == "wait":
            self.waiting[attempt.id] = report
        else:
            report(Report(attempt.id, outcome=self.outcome(attempt, fate)))

    def outcome(self, attempt: Attempt, fate: str) -> Outcome:
        if fate == "die":
            return Outcome("failed", reason="killed by signal 9 (SIGKILL)")
        result = self.result(attempt, fate)
        (attempt.directory / "result.json").write_text(result.to_json())
        return Outcome("succeeded" if fate == "succeed" else "failed", result)

    def result(self, attempt: Attempt, fate: str = "succeed") -> TaskResult:
        spec = attempt.spec
        self.write_notebook(attempt)
        if fate != "succeed":
            return TaskResult("failed", 0.1, error=ErrorInfo("ValueError", "bad", cell=0, line=1))
        for name, text in self.files.get(spec.task, {}).items():
            path = Path(spec.cwd) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        files = {name: digest_of(text) for name, text in self.files.get(spec.task, {}).items()}
        content = f"{spec.task} {spec.cells[0].source if spec.cells else ''} {dict(spec.params)} {dict(spec.bind)}"
        bundle = Path(spec.directory) / "outputs.bundle"
        bundle.write_text(content)
        outputs = {name: ValueInfo("int", digest_of(content + name), bytes=8) for name in spec.outputs}
        exports = {name: self.exports.get(name, 1) for name in spec.exports}
        return TaskResult("succeeded", 0.1, BundleRef(str(bundle), digest_of(content)), outputs, exports, files)

    def write_notebook(self, attempt: Attempt) -> None:
        cells = [
            {
                "cell_type": "code",
                "id": cell.id,
                "source": cell.source,
                "execution_count": cell.count,
                "metadata": {"jupyter_mlops": {"role": role, "index": cell.index}},
                "outputs": [{"output_type": "stream", "name": "stdout", "text": [f"{attempt.spec.task} {cell.id}\n"]}],
            }
            for role, cells in (("setup", attempt.spec.setup), ("step", attempt.spec.cells))
            for cell in cells
        ]
        notebook = {
            "cells": cells,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "P"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (attempt.directory / "executed.ipynb").write_text(json.dumps(notebook))

    def finish(self, attempt_id: str, fate: str = "succeed") -> None:
        attempt = next(item for item in self.attempts if item.id == attempt_id)
        self.waiting.pop(attempt_id)(Report(attempt_id, outcome=self.outcome(attempt, fate)))

    def stop(self, attempt: str, reason: StopReason) -> None:
        self.stopped.append((attempt, reason))
        report = self.waiting.pop(attempt, None)
        if report is not None:
            report(Report(attempt, outcome=Outcome("canceled", reason="stopped", stopped=reason)))

    def close(self) -> None:
        for attempt in list(self.waiting):
            self.stop(attempt, "shutdown")
