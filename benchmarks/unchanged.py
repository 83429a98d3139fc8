"""A run of 20 steps in which nothing has changed, in a fresh process, beside joblib.Memory and kfp.local's cache."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from chain import STEPS, cells
from harness import MLOPS, Figure, Peer, Report, alternate, notebook, peer_python, timed

JOBLIB = """
import numpy as np, pandas as pd
from joblib import Memory
memory = Memory("joblib-cache", verbose=0)

@memory.cache
def first():
    return pd.DataFrame({"a": np.arange(1000.0)})

@memory.cache
def step(df, index):
    df = df.assign(a=df["a"] + 1)
    return df

df = first()
for index in range(20):
    df = step(df, index)
print(float(df["a"].sum()))
"""
KFP = """
import inspect
from kfp import dsl, local
options = inspect.signature(local.init).parameters
caching = {"enable_caching": True} if "enable_caching" in options else {}
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="kfp-root", **caching)

@dsl.component(install_kfp_package=False)
def step(start: float) -> float:
    return start + 1

@dsl.pipeline(name="chain")
def chain(start: float = 0.0):
    value = step(start=start)
    for _ in range(19):
        value = step(start=value.output)

chain()
print("CACHING", bool(caching))
"""


def main() -> Report:
    """Measure and report."""
    report = Report("unchanged")
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = notebook(cells(STEPS), folder / "ours" / "chain.ipynb")
        (folder / "joblib_chain.py").write_text(JOBLIB)
        (folder / "kfp_chain.py").write_text(KFP)
        run = [MLOPS, "run", path.name, "--json"]
        joblib = [peer_python("joblib"), "joblib_chain.py"]
        kfp = [peer_python("kfp"), "kfp_chain.py"]
        timed(run, path.parent), timed(joblib, folder)
        caches = timed(kfp, folder).output.rsplit(maxsplit=1)[-1] == "True"
        states = {task["state"] for task in json.loads(timed(run, path.parent).output)["tasks"]}
        assert states == {"cached"}, states
        ours, memory, pipelines = alternate(
            lambda: timed(run, path.parent).wall,
            lambda: timed(joblib, folder).wall,
            lambda: timed(kfp, folder).wall,
            rounds=7,
        )
    peers = (Peer("joblib.Memory", memory), Peer(f"kfp.local{' cached' if caches else ' (has no cache)'}", pipelines))
    report.add(Figure("unchanged run of 20 steps, fresh process", ours, "s", peers, promise=0.35))
    return report


if __name__ == "__main__":
    main().save()
