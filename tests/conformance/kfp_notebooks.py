"""Notebooks compiled for Kubeflow Pipelines, and what their executed copies printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_mlops.pipeline.kfp import Compiled, compile_pipeline, read_files
from jupyter_mlops.pipeline.model import Pipeline, validate


def compiled_cells(folder: Path, *cells: tuple[Any, ...], parameters: str = "", setup: str = "") -> Compiled:
    """A notebook in `folder`, compiled. Cells are (step, source) or (step, source, options)."""
    written = [({"tags": ["parameters"]}, parameters)] if parameters else []
    written += [({"jupyter_mlops": {"role": "setup"}}, setup)] if setup else []
    for step, source, *options in cells:
        own = {"role": "step", "step": step, **(options[0] if options else {})}
        written.append(({"jupyter_mlops": own}, source))
    document = {
        "cells": [
            {"cell_type": "code", "id": f"c{index}", "metadata": metadata, "source": source, "outputs": []}
            for index, (metadata, source) in enumerate(written)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "notebook.ipynb"
    path.write_text(json.dumps(document))
    pipeline = Pipeline.from_notebook(path)
    assert validate(pipeline) == []
    return compile_pipeline(pipeline, image="img", files=read_files(pipeline))


def printed(path: Path) -> str:
    """What the cells of an executed notebook printed."""
    cells = json.loads(path.read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs if output["output_type"] == "stream")
