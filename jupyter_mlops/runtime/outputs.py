"""The outputs of one cell as a notebook has them: streams joined, results, images, errors, updates in place."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Optional

DEFAULT_CAP = 2 << 20
_ERROR_CAP = 64 << 10
_WIDGET = "application/vnd.jupyter.widget-view+json"
_DISPLAY_ID = "display_id"


class CellOutputs:
    """Collects outputs while a cell runs.

    Text beyond `cap` characters is left out with a note (the log has all of it), so that memory stays bounded.
    """

    def __init__(self, cap: int = DEFAULT_CAP) -> None:
        self._cap = cap
        self._room = cap
        self._items: list[dict[str, Any]] = []
        self._clear_before_next = False

    def stream(self, name: str, text: str) -> None:
        """Text on stdout or stderr; progress bars overwrite themselves as on a screen."""
        if not text:
            return
        self._maybe_clear()
        if self._room <= 0:
            return
        self._room -= len(text)
        last = self._items[-1] if self._items else {}
        if last.get("output_type") != "stream" or last.get("name") != name:
            last = {"output_type": "stream", "name": name, "text": _Screen()}
            self._items.append(last)
        last["text"].write(text if self._room >= 0 else text[: self._room])
        if self._room < 0:
            last["text"].write(f"\n... cut after {self._cap} characters: the log has all of it.\n")
        else:
            self._room += last["text"].reclaimed()

    def display(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str = "") -> None:
        """Something shown with `display()`."""
        self._add({"output_type": "display_data", "data": _degrade(data), "metadata": dict(metadata)}, display_id)

    def result(self, data: Mapping[str, Any], metadata: Mapping[str, Any], count: int) -> None:
        """The value of a cell's last expression."""
        self._add(
            {
                "output_type": "execute_result",
                "data": _degrade(data),
                "metadata": dict(metadata),
                "execution_count": count,
            }
        )

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """An exception that ended the cell; one whose message has no end is cut."""
        lines = [shortened(line, _ERROR_CAP) for line in traceback]
        self._add({"output_type": "error", "ename": name, "evalue": shortened(value, _ERROR_CAP), "traceback": lines})

    def update(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str) -> bool:
        """Replace what was shown under `display_id`; False if this cell has shown nothing under it."""
        found = [item for item in self._items if item.get(_DISPLAY_ID) == display_id]
        for item in found:
            item.update(data=_degrade(data), metadata=dict(metadata))
        return bool(found)

    def clear(self, wait: bool = False) -> None:
        """Forget all outputs; with `wait` only when the next one comes."""
        self._clear_before_next = wait
        if not wait:
            self._items, self._room = [], self._cap

    def as_list(self) -> list[dict[str, Any]]:
        """The outputs in the notebook format."""
        plain = []
        for item in list(self._items):
            output = {key: value for key, value in item.items() if key != _DISPLAY_ID}
            if output["output_type"] == "stream":
                output["text"] = output["text"].text()
            plain.append(output)
        return plain

    def _add(self, item: dict[str, Any], display_id: str = "") -> None:
        self._maybe_clear()
        self._items.append({**item, _DISPLAY_ID: display_id} if display_id else item)

    def _maybe_clear(self) -> None:
        if self._clear_before_next:
            self._clear_before_next = False
            self.clear()


class _Screen:
    """Text with carriage returns and backspaces applied line by line, as JupyterLab shows (and saves) it."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._line = ""
        self._written = 0
        self._kept = 0

    def write(self, text: str) -> None:
        self._written += len(text)
        *lines, last = (self._line + text).split("\n")
        self._done.extend(overwrite(line) for line in lines)
        self._kept += sum(len(line) + 1 for line in self._done[len(self._done) - len(lines) :])
        # A return at the very end must wait for what follows it.
        self._line = overwrite(last.rstrip("\r")) + ("\r" if last.endswith("\r") else "") if "\r" in last else last
        if len(self._done) > 1000:
            self._done = ["\n".join(self._done)]

    def reclaimed(self) -> int:
        """Characters that were overwritten since the last call: they no longer count."""
        gone = self._written - self._kept - len(self._line)
        self._written -= gone
        return gone

    def text(self) -> str:
        return "\n".join([*self._done, overwrite(self._line)])


def shortened(text: str, cap: int) -> str:
    """Text of at most about `cap` characters: both ends, and how much is missing between them."""
    if len(text) <= cap:
        return text
    end = cap // 4
    return f"{text[: cap - end]}\n... {len(text) - cap} characters left out ...\n{text[-end:]}"


def overwrite(line: str) -> str:
    """One line after its carriage returns and backspaces."""
    if "\b" in line:
        while re.search(r"[^\n\b]\x08", line):
            line = re.sub(r"[^\n\b]\x08", "", line, count=1)
        line = line.replace("\b", "")
    if "\r" not in line:
        return line
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown


def _degrade(data: Mapping[str, Any]) -> dict[str, Any]:
    """A widget needs a live kernel: its text stays, its view would only say that the model is missing."""
    return {kind: value for kind, value in data.items() if kind != _WIDGET} if _WIDGET in data else dict(data)


def as_json_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """A MIME bundle (or its metadata) as a notebook can hold it: bytes in base64, what JSON does not know as text."""
    return {str(kind): _as_json(value) for kind, value in data.items()}


def _as_json(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return as_json_data(value)
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    return str(value)


def text_of(data: Mapping[str, Any]) -> Optional[str]:
    """The plain text of a MIME bundle."""
    text = data.get("text/plain")
    return "".join(text) if isinstance(text, list) else text
