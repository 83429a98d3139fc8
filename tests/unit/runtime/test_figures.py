"""Cells without IPython show figures, and what `display` is given, as those with it do."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.runtime.package import runtime_zip

pytest.importorskip("matplotlib")

_RUN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "plain":
    os.environ["MPLBACKEND"] = "module://jupyter_mlops.runtime.figure_backend"
    from jupyter_mlops.runtime.plain_shell import PlainCells as Cells
else:
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    from jupyter_mlops.runtime.ipython_shell import IPythonCells as Cells
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.spec import CellSource
cells, shown = Cells(lambda *_: None), []
for count, source in enumerate(json.loads(sys.argv[3])):
    outputs = CellOutputs()
    error = cells.run(CellSource(count, "c", source, count + 1), outputs)
    assert error is None, error
    shown.append(outputs.as_list())
sys.__stdout__.write("\\n" + json.dumps(shown))
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(runtime_zip())
    return path


def shown(code: Path, way: str, *cells: str) -> list[list[dict[str, Any]]]:
    command = [sys.executable, "-c", _RUN, str(code), way, json.dumps(cells)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[dict[str, Any]]] = json.loads(done.stdout.rpartition("\n")[2])
    return found


def pictures(outputs: list[dict[str, Any]]) -> list[Any]:
    return [output["data"].get("image/png") for output in outputs if "data" in output]


CELLS = (
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "fig, ax = plt.subplots(figsize=(2, 2))\nax.set_title('a')\nplt.show()\nplt.plot([2, 1])\nplt.show()",
    "plt.get_fignums()",
    "fig",
    "plt.figure();",
)


def test_pictures_are_those_that_ipython_shows(code: Path) -> None:
    if importlib.util.find_spec("matplotlib_inline") is None:
        pytest.skip("needs IPython to compare with")
    plain, ours = shown(code, "plain", *CELLS), shown(code, "ipython", *CELLS)
    assert [len(pictures(outputs)) for outputs in plain] == [1, 2, 1, 1, 1]
    assert [pictures(outputs) for outputs in plain] == [pictures(outputs) for outputs in ours]


def test_a_figure_from_elsewhere_is_shown_only_where_somebody_draws(code: Path) -> None:
    cells = (
        "import pickle, matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nheld = pickle.dumps(fig)\nplt.close('all')",
        "other = pickle.loads(held)\nplt.close('all')",
        "x = 1",
    )
    assert [pictures(outputs) for outputs in shown(code, "plain", *cells)] == [[], [], []]


def test_display_shows_what_it_is_given(code: Path) -> None:
    [outputs] = shown(code, "plain", "class A:\n def _repr_html_(self): return '<b>'\ndisplay(A(), 3)")
    assert [output["output_type"] for output in outputs] == ["display_data", "display_data"]
    assert outputs[0]["data"]["text/html"] == "<b>"
    assert outputs[1]["data"] == {"text/plain": "3"}


def test_objects_without_a_text_are_called_as_ipython_calls_them(code: Path) -> None:
    cells = ("class A: pass\na = A()\na", "f'<__main__.A at {id(a):#x}>'")
    named, wanted = (outputs[0]["data"]["text/plain"] for outputs in shown(code, "plain", *cells))
    assert repr(named) == wanted


def test_a_process_that_a_cell_starts_can_use_the_backend(code: Path, tmp_path: Path) -> None:
    script = tmp_path / "plot.py"
    script.write_text("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint(plt.get_fignums())")
    env = {
        "PYTHONPATH": str(code),
        "MPLBACKEND": "module://jupyter_mlops.runtime.figure_backend",
        "HOME": str(tmp_path),
    }
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
