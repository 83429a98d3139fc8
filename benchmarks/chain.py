"""A chain of 20 isolated steps, beside papermill (a notebook a step) and kfp.local (a process a step)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import MLOPS, Figure, Peer, Report, alternate, notebook, peer_python, timed

STEPS = 20
PEER_STEPS = 5
IMPORTS = "import numpy as np\nimport pandas as pd"
FIRST = "df = pd.DataFrame({'a': np.arange(1000.0)})"
WORK = ["df = df.assign(a=df['a'] + 1)", "total = float(df['a'].sum())", "print(total)"]

PAPERMILL = """
import sys, time, papermill
source, steps = sys.argv[1], int(sys.argv[2])
papermill.execute_notebook(source, "out.ipynb", progress_bar=False)
started = time.perf_counter()
for index in range(steps):
    papermill.execute_notebook(source, "out.ipynb", parameters={"start": index}, progress_bar=False)
print((time.perf_counter() - started) / steps)
"""

KFP = """
import sys, time
from kfp import dsl, local
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="kfp-root")

@dsl.component(install_kfp_package=False)
def step(start: float) -> float:
    import numpy as np
    import pandas as pd
    df = pd.DataFrame({"a": np.arange(1000.0)}).assign(a=start)
    return float(df["a"].sum()) / 1000 + 1

@dsl.pipeline(name="chain")
def chain(start: float = 0.0) -> float:
    value = step(start=start)
    for _ in range(int(sys.argv[1]) - 1):
        value = step(start=value.output)
    return value.output

started = time.perf_counter()
task = chain(start=0.0)
print("\\nSECONDS", (time.perf_counter() - started) / int(sys.argv[1]))
"""


def main() -> Report:
    """Measure and report."""
    report = Report("chain")
    with TemporaryDirectory() as name:
        folder = Path(name)
        chain = notebook(cells(STEPS), folder / "ours" / "chain.ipynb")
        single = notebook(cells(1), folder / "single" / "single.ipynb")
        one = notebook(
            [("", IMPORTS), ("", "start = 0"), ("", FIRST), *(("", line) for line in WORK)], folder / "one.ipynb"
        )
        (folder / "papermill_chain.py").write_text(PAPERMILL)
        (folder / "kfp_chain.py").write_text(KFP)
        ours(chain), ours(single)
        whole, alone, papermill, kfp = alternate(
            lambda: ours(chain),
            lambda: ours(single),
            lambda: last(
                timed([peer_python("papermill"), "papermill_chain.py", str(one), str(PEER_STEPS)], folder).output
            ),
            lambda: last(timed([peer_python("kfp"), "kfp_chain.py", str(PEER_STEPS)], folder).output),
            rounds=3,
        )
    peers = (Peer("papermill", papermill * 1000), Peer("kfp.local", kfp * 1000))
    step = (whole - alone) / (STEPS - 1) * 1000
    note = f"({STEPS} steps - 1 step) / {STEPS - 1}; papermill and kfp.local without their start"
    report.add(Figure("a step of a 20-step chain", step, "ms", peers, promise=30, times=30, note=note))
    note = "`jupyter mlops run` with the start of everything, divided by 20"
    report.add(Figure("the same, whole command", whole * 1000 / STEPS, "ms", peers, note=note))
    return report


def cells(steps: int) -> list[tuple[str, str]]:
    """The chain as (step, source): each step has three cells and takes the frame from the one before."""
    made = [("", IMPORTS), ("step-0", FIRST)]
    for index in range(steps):
        made += [(f"step-{index}", line) for line in WORK]
    return made


def ours(path: Path) -> float:
    """Seconds of a whole run that reuses nothing."""
    timing = timed([MLOPS, "run", path.name, "--no-cache", "--json"], path.parent)
    assert json.loads(timing.output)["state"] == "succeeded"
    return timing.wall


def last(output: str) -> float:
    """The number at the end of what a peer printed."""
    return float(output.rsplit(maxsplit=1)[-1])


if __name__ == "__main__":
    main().save()
    sys.exit(0)
