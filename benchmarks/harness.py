"""What every benchmark uses: environments of the peers, timing of whole commands, a table and a JSON file.

A figure is the median of several rounds; ours and the peer's are measured in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
MLOPS = str(Path(sys.executable).with_name("jupyter-mlops"))

# Compiled modules are kept, as they are unless somebody forbids it; else every start would compile all of them.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

# Name of an environment -> what is installed in it. They are beside the project's own, never in it.
PEERS = {
    "papermill": ["papermill", "ipykernel", "numpy", "pandas"],
    "joblib": ["joblib", "numpy", "pandas"],
    "kfp": ["kfp", "numpy", "pandas"],
}


@dataclass(frozen=True)
class Peer:
    """What somebody else's software takes for the same work."""

    name: str
    value: float


@dataclass(frozen=True)
class Figure:
    """One measured figure. `promise` is the most `value` may be; `times` how many times better than each peer."""

    what: str
    value: float
    unit: str
    peers: tuple[Peer, ...] = ()
    promise: float | None = None
    times: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        most = self.promise is None or self.value <= self.promise
        return most and (self.times is None or all(peer.value >= self.times * self.value for peer in self.peers[:1]))


@dataclass(frozen=True)
class Timing:
    """Wall and CPU seconds of a whole process with its children, and what it printed."""

    wall: float
    cpu: float
    output: str = ""


@dataclass
class Report:
    """The figures of one benchmark."""

    name: str
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        """Keep a figure and print it at once."""
        self.figures.append(figure)
        print("  " + " | ".join(row(figure)), flush=True)

    def save(self) -> None:
        """Write the figures as JSON beside the other results."""
        RESULTS.mkdir(exist_ok=True)
        data = {"name": self.name, "machine": machine(), "figures": [asdict(item) for item in self.figures]}
        (RESULTS / f"{self.name}.json").write_text(json.dumps(data, indent=1) + "\n")


def row(figure: Figure) -> list[str]:
    """A figure as cells of a table: what, ours, peers, promise, kept."""
    peers = ", ".join(
        f"{peer.name} {show(peer.value, figure.unit)} ({peer.value / figure.value:.1f}x)" for peer in figure.peers
    )
    limits = [f"<= {show(figure.promise, figure.unit)}"] if figure.promise is not None else []
    limits += [f">= {figure.times:g}x"] if figure.times is not None else []
    verdict = ("yes" if figure.kept else "NO") if limits else ""
    return [figure.what, show(figure.value, figure.unit), peers, " and ".join(limits), verdict, figure.note]


def show(value: float, unit: str) -> str:
    """A value with three figures and its unit."""
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def peer_python(name: str) -> str:
    """The interpreter of a peer's environment, made when it is missing."""
    folder = ROOT / f".venv-bench-{name}"
    python = folder / "bin" / "python"
    stamp = folder / ".made"
    if not stamp.exists():
        print(f"making {folder.name}: {' '.join(PEERS[name])}", flush=True)
        uv = os.environ.get("UV") or shutil.which("uv")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", *PEERS[name]], check=True)
        stamp.touch()
    return str(python)


def timed(command: Sequence[str], cwd: Path, **environment: str) -> Timing:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False, timeout=900
    )
    wall, after = time.perf_counter() - started, os.times()
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Timing(wall, cpu, done.stdout)


def median(measure: Callable[[], float], rounds: int) -> float:
    """The median of `rounds` measurements."""
    return statistics.median(measure() for _ in range(rounds))


def alternate(*measures: Callable[[], float], rounds: int) -> list[float]:
    """The median of each, measured in turn."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def notebook(cells: Sequence[tuple[str, str]], path: Path) -> Path:
    """Write a notebook of (step, source) cells; the step "" is a setup cell."""
    written = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "metadata": {"jupyter_mlops": {"role": "step", "step": step} if step else {"role": "setup"}},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for index, (step, source) in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    data = {"cells": written, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    (path.parent / ".jupyter_mlops").mkdir(exist_ok=True)
    return path


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "system": platform.system(),
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
