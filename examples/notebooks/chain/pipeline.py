"""Two whole notebooks, one after the other, and a function: `jupyter mlops run pipeline.py -p alpha=10`.

Each notebook is executed by papermill in a kernel of its own, with the parameters given here. What they hand over is a
file, as between any two notebooks; `files` says that the second one depends on its content.
"""

import json

import jupyter_mlops as mlops

TABLE = "patients.csv"
SCORES = "score.json"


@mlops.step(files=(SCORES,), cache=False)
def report(path: str) -> dict[str, float]:
    """Read what the second notebook found."""
    with open(path) as file:
        found = json.load(file)
    print(f"alpha {found['alpha']}: r2 {found['r2']} on {found['patients']} patients")
    return found


@mlops.pipeline(name="patients", experiment="diabetes")
def patients(rows: int = 300, alpha: float = 1.0) -> None:
    """Prepare a table, train on it, say how it went."""
    prepared = mlops.notebook("prepare.ipynb", rows=rows, output=TABLE)
    trained = mlops.notebook(
        "train.ipynb", table=TABLE, alpha=alpha, scores=SCORES, after=prepared, options={"files": [TABLE]}
    )
    report(SCORES, after=trained)
