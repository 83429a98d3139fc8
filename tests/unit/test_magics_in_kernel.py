"""`%mlops run` in a real kernel: live while it runs, a picture and text in the saved notebook afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """A notebook with two steps that runs itself as a pipeline, after one pass in a kernel."""
    path = tmp_path / "analysis.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)
    book = new_notebook(
        cells=[
            new_code_cell("%load_ext jupyter_mlops"),
            new_markdown_cell("# Load"),
            new_code_cell("%%step load\nx = [1, 2, 3]\nsum(x)"),
            new_markdown_cell("# Train"),
            new_code_cell("%%step train\ny = sum(x)\nprint('trained', y)"),
            new_markdown_cell("# Run"),
            new_code_cell("%%step watch\n%mlops run"),
        ]
    )
    nbformat.write(book, path)
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    return book


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs_itself_and_keeps_the_picture(executed) -> None:
    load, train, watch = (executed.cells[index].outputs for index in (2, 4, 6))
    assert load[0]["data"]["text/plain"] == "6"
    assert train[0]["text"] == "trained 6\n"
    picture = next(output for output in watch if output["output_type"] == "display_data")
    assert set(picture["data"]) == {"image/svg+xml", "text/plain"}
    assert picture["data"]["image/svg+xml"].count('data-state="succeeded"') == 3
    assert "[succeeded] train" in picture["data"]["text/plain"]
    shown = next(output for output in watch if output["output_type"] == "execute_result")
    assert "succeeded" in shown["data"]["text/plain"]
    assert shown["data"]["text/html"].startswith("<pre>")
