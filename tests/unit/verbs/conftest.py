"""Small notebooks in a project of their own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a notebook of code cells: a source, or (step, source, options); the folder is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)
    (tmp_path / ".jupyter_mlops").mkdir()

    def write(*cells: str | tuple, name: str = "work.ipynb", metadata: dict | None = None) -> Path:
        path = tmp_path / name
        notebook = {
            "cells": [_cell(number, cell) for number, cell in enumerate(cells)],
            "metadata": metadata or {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path.write_text(json.dumps(notebook))
        return path

    return write


def _cell(number: int, cell: str | tuple) -> dict:
    source, metadata = cell, {}
    if isinstance(cell, tuple):
        role, source, *options = cell
        kind = {"role": role} if role in ("setup", "parameters", "skip") else {"role": "step", "step": role}
        metadata = {"jupyter_mlops": {**kind, **(options[0] if options else {})}}
    return {
        "cell_type": "code",
        "id": f"cell-{number}",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
