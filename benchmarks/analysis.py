"""Check, graph and compile a notebook of 50 steps, in one process."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Figure, Report, notebook

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


def main() -> Report:
    """Measure and report."""
    from jupyter_mlops.verbs import check, convert, graph
    from jupyter_mlops.verbs import compile as plan

    report = Report("analysis")
    with TemporaryDirectory() as name:
        made = [("", SETUP), ("step-0", "data_0 = pd.DataFrame({'a': np.arange(100.0)})")]
        made += [(f"step-{n}", cell.format(n=n, p=n - 1)) for n in range(1, STEPS) for cell in CELLS]
        path = notebook(made, Path(name) / "fifty.ipynb")

        def whole() -> float:
            started = time.perf_counter()
            check.check(path)
            convert.convert(path, output=path.with_name("converted.ipynb"))
            plan.compile(path, output=path.with_name("plan.json"))
            return (time.perf_counter() - started) * 1000

        first = whole()
        again = statistics.median(whole() for _ in range(7))
        assert len(graph.graph(path)["steps"]) == STEPS
    note = f"{len(made)} cells; the reference's figure for Kale: 4.7 CPU-s"
    report.add(Figure("check + convert + compile of 50 steps", again, "ms", promise=150, note=note))
    report.add(Figure("the same, first time in a process", first, "ms"))
    return report


if __name__ == "__main__":
    main().save()
    sys.exit(0)
