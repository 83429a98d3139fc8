"""The executed notebook is whole and valid at every moment."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.executed import ExecutedNotebook
from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.spec import CellSource


def _read(path: Path) -> dict[str, object]:
    data: dict[str, object] = json.loads(path.read_text())
    nbformat.validate(nbformat.from_dict(data))
    return data


def test_cells_have_their_outputs_counts_and_times(tmp_path: Path) -> None:
    executed = ExecutedNotebook(str(tmp_path / "e.ipynb"), {"kernelspec": {"name": "mine", "display_name": "M"}})
    executed.add_parameters({"x": 1})
    position = executed.add(CellSource(4, "abc", "print(1)\n2", 3, notebook="other.ipynb"))
    executed.add(CellSource(5, "abc", "never", 4), "setup")
    outputs = CellOutputs()
    executed.started(position, outputs)
    outputs.stream("stdout", "1\n")
    outputs.result({"text/plain": "2", "image/png": "AA=="}, {}, 3)
    executed.finished(position, 0.5, "succeeded")
    executed.save()
    notebook = _read(tmp_path / "e.ipynb")
    parameters, cell, never = notebook["cells"]  # type: ignore[misc]
    assert parameters["source"] == ["x = 1"]
    assert cell["execution_count"] == 3
    assert cell["outputs"][0]["text"] == ["1\n"]
    assert cell["metadata"]["jupyter_mlops"] == {
        "role": "step",
        "index": 4,
        "notebook": "other.ipynb",
        "seconds": 0.5,
        "fate": "succeeded",
    }
    assert set(cell["metadata"]["execution"]) == {"iopub.execute_input", "shell.execute_reply"}
    assert (never["execution_count"], never["outputs"], never["id"]) == (None, [], "abc-2")
    assert notebook["metadata"]["kernelspec"]["name"] == "mine"  # type: ignore[index]


def test_a_cell_that_runs_again_shows_all_its_outputs(tmp_path: Path) -> None:
    executed = ExecutedNotebook(str(tmp_path / "e.ipynb"), {})
    position = executed.add(CellSource(0, "é/?", "x", 1))
    for number in range(2):
        outputs = CellOutputs()
        executed.started(position, outputs)
        outputs.display({"text/plain": str(number)}, {})
        executed.finished(position, 1.0, "succeeded")
    executed.save()
    (cell,) = _read(tmp_path / "e.ipynb")["cells"]  # type: ignore[misc]
    assert [output["data"]["text/plain"] for output in cell["outputs"]] == [["0"], ["1"]]
    assert cell["metadata"]["jupyter_mlops"]["seconds"] == 2.0


def test_a_file_that_cannot_be_written_is_a_sentence() -> None:
    with pytest.raises(MlopsError, match="cannot be written"):
        ExecutedNotebook("/nowhere/e.ipynb", {}).save()
