"""A notebook's namespace in this process, and tasks in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.runtime.bundle import read_bundle, write_bundle
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.namespace import fresh_main
from jupyter_mlops.runtime.spec import CellSource, Definition, TaskResult, TaskSpec

# Forks a task for every path it reads, as the zygote does: a task changes its whole process.
_SERVER = """
import os, sys
from jupyter_mlops.runtime import shell
shell.prepare()
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        from jupyter_mlops.runtime.task import run_task
        os._exit(run_task(line.strip()))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


class Step:
    """A namespace with definitions, as one step of a notebook has it."""

    def __init__(self, source: str = "", definitions: tuple[Definition, ...] = (), **options: Any) -> None:
        self.namespace = fresh_main().__dict__
        self.definitions = Definitions(self.namespace, definitions, **options)
        self.definitions.make_wanted()
        self.do(source)

    def __getitem__(self, name: str) -> Any:
        return self.namespace[name]

    def do(self, source: str) -> None:
        """Run source as a cell would."""
        exec(compile(source, "<cell>", "exec", dont_inherit=True), self.namespace)


@pytest.fixture
def hand_over(tmp_path: Path) -> Callable[..., Step]:
    """Hand names from a step to a fresh one, which then has them bound."""

    def hand(step: Step, *names: str, definitions: tuple[Definition, ...] = (), **options: Any) -> Step:
        values = {name: step[name] for name in names}
        ref, _ = write_bundle(
            str(tmp_path / "b.bundle"), values, namespace=step.namespace, definitions=step.definitions, **options
        )
        reader = Step(definitions=definitions)
        reader.namespace.update(read_bundle(ref, namespace=reader.namespace, definitions=reader.definitions))
        return reader

    return hand


@dataclass(frozen=True)
class Ran:
    """What a task left behind."""

    code: int
    result: TaskResult
    log: str
    notebook: dict[str, Any]
    events: list[dict[str, Any]]
    directory: Path

    def outputs(self, cell: int = -1) -> list[dict[str, Any]]:
        """Outputs of a cell of the executed notebook."""
        found: list[dict[str, Any]] = self.notebook["cells"][cell]["outputs"]
        return found

    def text(self, cell: int = -1) -> str:
        """All that a cell printed or showed as plain text."""
        parts = [output.get("text") or output.get("data", {}).get("text/plain") or () for output in self.outputs(cell)]
        return "".join("".join(part) for part in parts)


@dataclass
class Tasks:
    """Runs tasks: `tasks("x = 1", "x + 1", outputs=("x",))`."""

    root: Path
    server: subprocess.Popen[str]
    count: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def spec(self, *cells: str, **options: Any) -> TaskSpec:
        """A spec for cells that stand at the beginning of a notebook."""
        self.count += 1
        directory = self.root / f"task{self.count}"
        directory.mkdir()
        first = options.pop("first", 0)
        sources = tuple(CellSource(first + i, f"cell-{i}", cell, first + i + 1) for i, cell in enumerate(cells))
        given = {"run": "run-1", "step": "step", "task": "step", "attempt": 1, "cwd": str(self.root), **options}
        return TaskSpec(directory=str(directory), cells=sources, **given)

    def __call__(self, *cells: str, **options: Any) -> Ran:
        spec = self.spec(*cells, **options)
        path = Path(spec.directory) / "spec.json"
        path.write_text(spec.to_json())
        assert self.server.stdin
        assert self.server.stdout
        self.server.stdin.write(f"{path}\n")
        self.server.stdin.flush()
        return read_ran(int(self.server.stdout.readline()), Path(spec.directory))


def read_ran(code: int, directory: Path) -> Ran:
    """Read what a task left in its folder."""
    events = directory / "events.jsonl"
    return Ran(
        code=code,
        result=TaskResult.from_json((directory / "result.json").read_text()),
        log=(directory / "log").read_text(),
        notebook=json.loads((directory / "executed.ipynb").read_text()),
        events=[json.loads(line) for line in events.read_text().splitlines()] if events.exists() else [],
        directory=directory,
    )


@pytest.fixture(scope="session")
def task_server() -> Iterator[subprocess.Popen[str]]:
    """A process that is ready to fork tasks."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield server
        assert server.stdin
        server.stdin.close()
        server.wait()


@pytest.fixture
def tasks(tmp_path: Path, task_server: subprocess.Popen[str]) -> Tasks:
    """Run tasks in processes of their own."""
    return Tasks(tmp_path, task_server)
