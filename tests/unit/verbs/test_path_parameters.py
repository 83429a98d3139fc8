"""Parameters that are paths: a `Path` wherever the notebook has one, text in the store and on the command line."""

import json
from pathlib import Path

from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.runs import logs
from jupyter_mlops.verbs.verify import verify

PARAMETERS = (
    "from pathlib import Path\n"
    "data = Path('in')\nmany = [Path('a.x'), Path('b.y')]\nnone: Path | None = None\ntext: Path = 't'"
)
CELLS = (
    ("parameters", PARAMETERS),
    ("one", "print([data / 'f', many, none, text])"),
    ("each", "print(item.stem)", {"for_each": "item in many"}),
)


def printed(summary):
    return [part["text"] for part in logs(summary["run"])["logs"]]


def test_a_step_has_a_path_where_the_notebook_has_one(write_notebook):
    ran = run(write_notebook(*CELLS), params={"data": "other", "none": Path("n")})
    assert ran["params"] == {"data": "other", "many": ["a.x", "b.y"], "none": "n", "text": "t"}
    expected = [Path("other/f"), [Path("a.x"), Path("b.y")], Path("n"), "t"]
    assert printed(ran) == [f"{expected}\n", "a\n", "b\n"]
    injected = json.loads(Path(ran["notebook"]).read_text())["cells"][1]
    assert "".join(injected["source"]) == "from pathlib import Path\ndata = Path('other')\nnone = Path('n')"


def test_it_means_what_the_notebook_means(write_notebook):
    assert verify(write_notebook(*CELLS), params={"none": "n"})["same"]


FUNCTIONS = """
from pathlib import Path
import jupyter_mlops as mlops

@mlops.step
def show(file, *, fixed):
    print([file, fixed])

@mlops.pipeline
def whole(data: Path = Path("d"), files: list[Path] = ["a", "b"], given: Path | None = None):
    show(data, fixed=Path("f"))
    with mlops.for_each(files) as file:
        show(file, fixed=given)
"""


def test_functions_get_paths_too(write_notebook, tmp_path):
    write_notebook()
    (tmp_path / "p.py").write_text(FUNCTIONS)
    ran = run(tmp_path / "p.py", params={"given": "g"})
    pairs = [(Path("d"), Path("f")), (Path("a"), Path("g")), (Path("b"), Path("g"))]
    assert printed(ran) == [f"{list(pair)}\n" for pair in pairs]


def test_a_group_gets_a_path_from_the_pipeline_around_it(write_notebook, tmp_path):
    write_notebook(*CELLS[:2])
    (tmp_path / "p.py").write_text(
        "import jupyter_mlops as mlops\n"
        "@mlops.pipeline\ndef around(where: str = 'w'):\n    mlops.subpipeline('work.ipynb', data=where)"
    )
    assert printed(run(tmp_path / "p.py")) == [f"{[Path('w/f'), [Path('a.x'), Path('b.y')], None, 't']}\n"]
