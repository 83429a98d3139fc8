"""Analysis of notebooks while they are written: one at a time, as it is work for the processor."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Analyser:
    """Answers what a notebook is as a pipeline. The library remembers each cell that it has seen. Whole answers are not
    kept: they depend on files beside the notebook and on what is installed.

    May be called from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def analyse(self, content: Mapping[str, Any], path: Path, by: str, *, here: bool = True) -> dict[str, Any]:
        """What `verbs.content.analyse` says of a notebook's content (without its outputs, which say nothing)."""
        from jupyter_mlops.verbs.content import analyse

        with self._lock:
            return analyse(_without_outputs(content), path, by=by, here=here)  # type: ignore[arg-type]

    def convert(self, content: Mapping[str, Any], path: Path, by: str) -> dict[str, Any]:
        """What `verbs.content.converted` says."""
        from jupyter_mlops.verbs.content import converted

        with self._lock:
            return converted(_without_outputs(content), path, by=by)  # type: ignore[arg-type]


def _without_outputs(content: Mapping[str, Any]) -> dict[str, Any]:
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell.get("cell_type") == "code" else cell
        for cell in content.get("cells", ())
    ]
    return {**content, "cells": cells}
