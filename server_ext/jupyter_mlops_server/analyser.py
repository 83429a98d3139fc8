"""Analysis of notebooks while they are written: one at a time, as it is work for the processor, and cached."""

from __future__ import annotations

import marshal
import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import Usage

_KEPT = 16


class Analyser:
    """Answers what a notebook is as a pipeline. The library remembers each cell that it has seen; this, whole answers.

    May be called from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, dict[str, Any]] = OrderedDict()

    def analyse(self, content: Mapping[str, Any], path: Path, by: str, *, here: bool = True) -> dict[str, Any]:
        """What `verbs.content.analyse` says of a notebook's content (without its outputs, which say nothing)."""
        from jupyter_mlops.verbs.content import analyse

        said = _without_outputs(content)
        key = _digest([str(path), by, here, said])
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            answer = analyse(said, path, by=by, here=here)  # type: ignore[arg-type]
            self._answers[key] = answer
            if len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
            return answer

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


def _digest(data: Any) -> bytes:
    """Of JSON data. The format is the one without references, in which equal data are equal bytes."""
    try:
        return sha256(marshal.dumps(data, 2)).digest()
    except ValueError as error:
        raise Usage("The notebook is nested too deeply.") from error
