"""Check, graph and compile a notebook of 50 steps, check it again after edits, compile 200 steps, check many cells."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import ROOT, Figure, Report, notebook

STEPS = 50
SETUP = """
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

def scaled(frame, column):
    return (frame[column] - frame[column].mean()) / frame[column].std()
"""
CELLS = [
    "data_{n} = data_{p}.copy()\ndata_{n}['c{n}'] = scaled(data_{n}, 'a') * {n}",
    "for name in data_{n}:\n    if data_{n}[name].isna().any():\n        data_{n}.fillna({{name: 0}}, inplace=True)",
    "model_{n} = LinearRegression().fit(data_{n}[['a']], data_{n}['c{n}'])\nprint(model_{n}.coef_.round(3))",
    "scores_{n} = [float(np.sqrt(x)) for x in range(5) if x % 2]\ndata_{n}.head()",
]


KUBEFLOW = 200
BIG = 5000
BIG_CELL = (
    "frame_{n} = pd.DataFrame({{'a': np.arange(100.0)}})\nframe_{n}['b'] = frame_{n}['a'] * {n}\nframe_{n}.head()"
)


def main() -> Report:
    """Measure and report."""
    report = Report("analysis")
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = [("", SETUP), ("step-0", "data_0 = pd.DataFrame({'a': np.arange(100.0)})")]
        made += [(f"step-{n}", cell.format(n=n, p=n - 1)) for n in range(1, STEPS) for cell in CELLS]
        path = notebook(made, folder / "fifty.ipynb")
        _whole(report, path, len(made))
        _after_edits(report, path)
        _requests(report, path)
        _kubeflow(report, folder)
        _big(report, folder)
    return report


def _whole(report: Report, path: Path, cells: int) -> None:
    from jupyter_mlops.verbs import check, convert, graph
    from jupyter_mlops.verbs import compile as plan

    def whole() -> float:
        started = time.perf_counter()
        check.check(path)
        convert.convert(path, output=path.with_name("converted.ipynb"))
        plan.compile(path, output=path.with_name("plan.json"))
        return (time.perf_counter() - started) * 1000

    first = whole()
    again = statistics.median(whole() for _ in range(7))
    assert len(graph.graph(path)["steps"]) == STEPS
    note = f"{cells} cells; the reference's figure for Kale: 4.7 CPU-s"
    report.add(Figure("check + convert + compile of 50 steps", again, "ms", promise=150, note=note))
    report.add(Figure("the same, first time in a process", first, "ms"))


def _after_edits(report: Report, path: Path) -> None:
    """What an editor does on each change: check the notebook again, with one cell that is new."""
    from jupyter_mlops.verbs import check

    data = json.loads(path.read_text())
    cells = data["cells"]
    taken = []
    for number in range(15):
        cell = cells[(number * 67 + 5) % len(cells)]
        cell["source"] = f"{''.join(cell['source'])}\nedited_{number} = {number}"
        path.write_text(json.dumps(data))
        started = time.process_time()
        check.check(path)
        taken.append((time.process_time() - started) * 1000)
    note = f"{len(cells)} cells, CPU time"
    report.add(Figure("check again after an edit of one cell", statistics.median(taken), "ms", note=note))


def _requests(report: Report, path: Path) -> None:
    """What the server does on each change: read and check the request, analyse the notebook, write the answer."""
    sys.path.insert(0, str(ROOT / "server_ext"))
    from jupyter_mlops_server.analyser import Analyser
    from jupyter_mlops_server.contract import Contract
    from jupyter_mlops_server.handlers.base import as_json

    contract, analyser = Contract.load(), Analyser()
    content = json.loads(path.read_text())

    def answered(body: str) -> float:
        started = time.process_time()
        asked = contract.body("/analysis", "post", json.loads(body))
        as_json(analyser.analyse(asked["content"], path, asked["by"], here=True))
        return (time.process_time() - started) * 1000

    taken = []
    for number in range(40):
        cell = content["cells"][(number * 67 + 5) % len(content["cells"])]
        cell["source"] = f"{''.join(cell['source'])}\nanswered_{number} = {number}"
        taken.append(answered(json.dumps({"path": path.name, "content": content})))
    note = f"{len(content['cells'])} cells, CPU time of the server, anywhere in the notebook"
    report.add(Figure("POST analysis after an edit of one cell", statistics.median(taken), "ms", promise=30, note=note))


def _kubeflow(report: Report, folder: Path) -> None:
    from jupyter_mlops.verbs import compile as plan

    made = [("", SETUP), ("step-0", "data_0 = pd.DataFrame({'a': np.arange(100.0)})")]
    made += [(f"step-{n}", cell.format(n=n, p=n - 1)) for n in range(1, KUBEFLOW) for cell in CELLS]
    path, output = notebook(made, folder / "kubeflow.ipynb"), folder / "kubeflow.yaml"

    def compiled() -> float:
        started = time.perf_counter()
        plan.compile(path, output=output, target="kfp", image="python:3.12")
        return time.perf_counter() - started

    first = compiled()
    again = statistics.median(compiled() for _ in range(5))
    note = f"{len(made)} cells; the reference's figures for kfp: 0.6-0.8 CPU-s, and 10.5 with the notebooks in the IR"
    report.add(Figure(f"compile {KUBEFLOW} steps for Kubeflow Pipelines", again, "s", promise=0.4, note=note))
    report.add(Figure("the same, first time for this notebook", first, "s"))
    size = output.stat().st_size / 1024
    report.add(Figure(f"IR of {KUBEFLOW} steps", size, "KiB", promise=400, note="kfp: 172-247, 7 853 with notebooks"))


def _big(report: Report, folder: Path) -> None:
    from jupyter_mlops.verbs import check

    cells = [(f"step-{n}", BIG_CELL.format(n=n)) for n in range(1, BIG)]
    path = notebook([("", SETUP), *cells], folder / "big.ipynb")
    started = time.process_time()
    check.check(path)
    report.add(Figure(f"check of {BIG} cells", time.process_time() - started, "s", note="CPU time, nothing known"))


if __name__ == "__main__":
    main().save()
    sys.exit(0)
