"""Writing events, and finding runs among 10 000."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Figure, Report

RUNS = 10_000


def main() -> Report:
    """Measure and report."""
    from jupyter_mlops.store.events import CellFinished, MetricLogged, RunCreated, RunFinished, RunStarted
    from jupyter_mlops.store.events_file import EventWriter
    from jupyter_mlops.store.index import Index
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.store.run_ids import new_run_id
    from jupyter_mlops.store.search import search_index

    report = Report("store")
    draw = random.Random(0)
    with TemporaryDirectory() as name:
        project = Project(Path(name)).ensure()
        started = time.perf_counter()
        for number in range(RUNS):
            run = new_run_id()
            at = 1_700_000_000.0 + number
            params = {"model": draw.choice(["rf", "svm", "knn"]), "depth": draw.randint(1, 9)}
            with EventWriter(project.run_directory(run)) as writer:
                writer.append(
                    RunCreated(at, run, "bench", "default", params, "local", "bench.ipynb", {"steps": []}, {}),
                    RunStarted(at, {}),
                    MetricLogged(at + 1, "acc", draw.random()),
                    RunFinished(at + 2, "succeeded"),
                )
        report.add(
            Figure("record a finished run", (time.perf_counter() - started) / RUNS * 1000, "ms", note="4 events")
        )

        with EventWriter(project.run_directory(new_run_id())) as writer:
            started = time.perf_counter()
            for number in range(2000):
                writer.append(CellFinished(1_700_000_000.0, "step", number, 0.1, "succeeded"))
            report.add(Figure("append one event", (time.perf_counter() - started) / 2000 * 1e6, "us"))

        with Index(project) as index:
            started = time.perf_counter()
            index.rebuild()
            report.add(Figure("rebuild the index of 10 000 runs", time.perf_counter() - started, "s"))
            for query, order in (
                ("metrics.acc > 0.9 and params.model = 'rf'", "metrics.acc desc"),
                ("metrics.acc > 0.5", "metrics.acc desc"),
            ):
                taken = []
                for _ in range(15):
                    started = time.perf_counter()
                    found = search_index(index, query, order_by=order, limit=50)
                    taken.append((time.perf_counter() - started) * 1000)
                assert len(found) == 50
                note = "the reference's figure for MLflow on SQLite: 6.5 s"
                report.add(Figure(f"{query}, sorted", statistics.median(taken), "ms", promise=10, note=note))
    return report


if __name__ == "__main__":
    main().save()
