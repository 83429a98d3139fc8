"""A whole notebook by `papermill --engine mlops`, beside papermill with its own engine: same notebook, same API."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Figure, Peer, Report, alternate, notebook, timed

CELLS = [
    "import numpy as np\nimport pandas as pd",
    "df = pd.DataFrame({'a': np.arange(1000.0)})",
    "df = df.assign(b=df['a'] ** 2)",
    "df.describe()",
    "print(float(df['b'].sum()))",
]
COUNT = 4
SERIES = """
import sys, time, warnings
warnings.simplefilter("ignore")
import papermill
engine, count = sys.argv[1] or None, int(sys.argv[2])
papermill.execute_notebook("a.ipynb", "out.ipynb", engine_name=engine, progress_bar=False)
started = time.perf_counter()
for index in range(count):
    papermill.execute_notebook("a.ipynb", f"out-{index}.ipynb", engine_name=engine, progress_bar=False)
print((time.perf_counter() - started) / count)
"""


def main() -> Report:
    """Measure and report."""
    report = Report("notebook_step")
    with TemporaryDirectory() as name:
        folder = Path(name)
        notebook([("", source) for source in CELLS], folder / "a.ipynb")
        (folder / "series.py").write_text(SERIES)

        def series(engine: str) -> float:
            return float(timed([sys.executable, "series.py", engine, str(COUNT)], folder).output.rsplit(maxsplit=1)[-1])

        def whole(*words: str) -> float:
            command = [sys.executable, "-W", "ignore", "-m", "papermill", *words, "a.ipynb", "out.ipynb"]
            return timed(command, folder).wall

        mlops, papermill = alternate(lambda: series("mlops"), lambda: series(""), rounds=3)
        mlops_command, papermill_command = alternate(lambda: whole("--engine", "mlops"), whole, rounds=3)
    peer = (Peer("papermill", papermill * 1000),)
    report.add(Figure("a whole notebook, after the first", mlops * 1000, "ms", peer, times=8, note="5 cells, pandas"))
    peer = (Peer("papermill", papermill_command * 1000),)
    note = "`papermill --engine mlops`, start of papermill included"
    report.add(Figure("a whole notebook, whole command", mlops_command * 1000, "ms", peer, note=note))
    return report


if __name__ == "__main__":
    main().save()
