"""A person at the command line: notebooks to write, commands to type, and what a good refusal looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.cli import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "jupyter_mlops.cli"]
NOT_FOR_PEOPLE = ("Traceback", "fault in jupyter-mlops", "object has no attribute")


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str = ""

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    def refuses(self, code: int, *words: str) -> None:
        """One sentence on stderr that names the culprit, and a way out below it."""
        assert self.code == code, self
        lines = self.err.splitlines()
        assert lines[0].startswith("error: "), self
        assert len(lines) >= 2, f"no way out: {self}"
        assert all(line.startswith("  ") for line in lines[1:]), self
        assert max(map(len, lines)) < 500, "nobody reads that much"
        assert [word for word in words if word not in self.err] == [], self
        self.is_for_people()

    def is_for_people(self) -> None:
        for text in NOT_FOR_PEOPLE:
            assert text not in self.out + self.err, self

    def fails(self, *words: str) -> None:
        """The run failed, and what is printed about it says these words and how to go on."""
        assert self.code == 1, self
        assert [word for word in (*words, "jupyter mlops retry") if word not in self.out] == [], self
        self.is_for_people()


class Desk:
    """A folder with a store of its own, and the commands that are typed there, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *words: str | Path) -> Answer:
        self._capsys.readouterr()
        code = main([str(word) for word in words])
        said = self._capsys.readouterr()
        return Answer(code, said.out, said.err)

    def json(self, *words: str | Path) -> Any:
        return self(*words, "--json").data

    def notebook(self, name: str, *cells: dict[str, Any], **metadata: Any) -> Path:
        return write_notebook(self.folder / name, *cells, **metadata)

    @property
    def store(self) -> Path:
        return self.folder / ".jupyter_mlops"

    def runs(self) -> list[str]:
        """The states of all runs, newest first: the store is readable."""
        return [run["state"] for run in self.json("runs")["runs"]]

    def logs(self, run: Any) -> dict[str, str]:
        """What each task printed."""
        return {
            task["task"]: Path(task["log"]).read_text(encoding="utf-8", errors="replace")
            for task in run["tasks"]
            if task["log"]
        }


def code(source: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    shape = {"cell_type": "code", "outputs": [], "execution_count": None}
    return {**shape, "metadata": metadata or {}, "source": source}


def step(name: str, source: str, **options: Any) -> dict[str, Any]:
    return code(source, {"jupyter_mlops": {"role": "step", "step": name, **options}})


def parameters(source: str) -> dict[str, Any]:
    return code(source, {"tags": ["parameters"]})


def write_notebook(path: Path, *cells: dict[str, Any], **metadata: Any) -> Path:
    made = [{"id": f"c{index}", **cell} for index, cell in enumerate(cells)]
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def in_shell(script: str, folder: Path, **env: str | None) -> Answer:
    """Run a line of shell in which `$MLOPS` is the command; a variable that is None is not set."""
    merged = {**os.environ, "MLOPS": " ".join(COMMAND), "PYTHONPATH": str(ROOT), **env}
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
        env={name: value for name, value in merged.items() if value is not None},
    )
    return Answer(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
