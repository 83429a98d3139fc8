"""Eight independent pieces of work of 0.5 CPU seconds each, and a join, on two cores."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import MLOPS, Figure, Peer, Report, alternate, peer_python, timed

WIDTH = 8
WORK = """
import time
start = time.process_time()
while time.process_time() - start < 0.5:
    pass
part = item * 10
"""
JOBLIB = """
import time, joblib
def work(item):
    start = time.process_time()
    while time.process_time() - start < 0.5:
        pass
    return item * 10
print(sum(joblib.Parallel(n_jobs=2)(joblib.delayed(work)(item) for item in range(8))))
"""
KFP = """
from kfp import dsl, local
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="kfp-root")

@dsl.component(install_kfp_package=False)
def work(item: int) -> int:
    import time
    start = time.process_time()
    while time.process_time() - start < 0.5:
        pass
    return item * 10

@dsl.pipeline(name="fan-out")
def fan_out():
    for item in range(8):
        work(item=item)

fan_out()
"""


def main() -> Report:
    """Measure and report."""
    report = Report("fan_out")
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "fan.ipynb")
        (folder / "joblib_fan.py").write_text(JOBLIB)
        (folder / "kfp_fan.py").write_text(KFP)
        ours(folder)
        mlops, joblib, kfp = alternate(
            lambda: ours(folder),
            lambda: timed([peer_python("joblib"), "joblib_fan.py"], folder).wall,
            lambda: timed([peer_python("kfp"), "kfp_fan.py"], folder).wall,
            rounds=3,
        )
    peers = (Peer("kfp.local", kfp), Peer("joblib.Parallel", joblib))
    report.add(Figure("8 items of 0.5 CPU-s on 2 cores", mlops, "s", peers, note="ideal: 2 s; whole commands"))
    return report


def write(path: Path) -> None:
    """A loop over eight items and a step that takes the list."""
    steps = [
        ({"step": "items"}, f"items = list(range({WIDTH}))"),
        ({"step": "work", "for_each": "item in items"}, WORK),
        ({"step": "join"}, "print(sum(part))"),
    ]
    made = [
        {
            "cell_type": "code",
            "id": meta["step"],
            "metadata": {"jupyter_mlops": {"role": "step", **meta}},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for meta, source in steps
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    (path.parent / ".jupyter_mlops").mkdir()


def ours(folder: Path) -> float:
    """Seconds of a whole run that reuses nothing."""
    timing = timed([MLOPS, "run", "fan.ipynb", "--no-cache", "--parallel", "2", "--json"], folder)
    data = json.loads(timing.output)
    log = next(task["log"] for task in data["tasks"] if task["step"] == "join")
    assert Path(log).read_text().strip() == "280"
    return timing.wall


if __name__ == "__main__":
    main().save()
