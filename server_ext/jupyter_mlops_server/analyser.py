"""Analysis of notebooks while they are written: one at a time, as it is work for the processor, and cached."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

_KEPT = 16


class Analyser:
    """Answers what a notebook is as a pipeline. The library remembers each cell that it has seen; this, whole answers.

    May be called from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def analyse(self, content: Mapping[str, Any], path: Path, by: str, *, here: bool = True) -> dict[str, Any]:
        """What `verbs.content.analyse` says of a notebook's content (without its outputs, which say nothing)."""
        from jupyter_mlops.verbs.content import analyse

        text = _text(content)
        key = sha256(f"{path}\0{by}\0{here}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            answer = analyse(text, path, by=by, here=here)  # type: ignore[arg-type]
            self._answers[key] = answer
            if len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
            return answer

    def convert(self, content: Mapping[str, Any], path: Path, by: str) -> dict[str, Any]:
        """What `verbs.content.converted` says."""
        from jupyter_mlops.verbs.content import converted

        with self._lock:
            return converted(_text(content), path, by=by)  # type: ignore[arg-type]


def _text(content: Mapping[str, Any]) -> str:
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell.get("cell_type") == "code" else cell
        for cell in content.get("cells", ())
    ]
    return json.dumps({**content, "cells": cells})
