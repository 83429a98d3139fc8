"""Reading a file of JSON lines while another process appends to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class EventTail:
    """Gives each complete line once. A line still being written waits; one that is no JSON object is skipped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._rest = b""

    def read(self) -> tuple[Mapping[str, Any], ...]:
        """What was appended since the last call."""
        data = self._appended()
        if not data:
            return ()
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = (_parse(line) for line in lines)
        return tuple(event for event in found if event is not None)

    def _appended(self) -> bytes:
        try:
            if self._path.stat().st_size <= self._position:
                return b""
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except OSError:
            return b""
        self._position += len(data)
        return data


def _parse(line: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
