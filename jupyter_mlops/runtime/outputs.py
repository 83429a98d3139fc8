"""The outputs of one cell as a notebook has them: streams joined, results, images, errors, updates in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.runtime.rich_output import CELL_CAP, COUNT_CAP, fit, fit_metadata

DEFAULT_CAP = 2 << 20
_ERROR_CAP = 64 << 10
# Keys of an output that are for us, not for the notebook.
_DISPLAY_ID, _SIZE = "display_id", "size"


class CellOutputs:
    """Collects outputs while a cell runs.

    Text beyond `cap` characters is left out with a note (the log has all of it), and so are rich outputs beyond what an
    editor can open (`rich_output`), so that memory and the notebook stay bounded.
    """

    def __init__(self, cap: int = DEFAULT_CAP) -> None:
        self._cap = cap
        self._room = cap
        self._rich_room = CELL_CAP
        self._full = False
        self._items: list[dict[str, Any]] = []
        self._clear_before_next = False

    def stream(self, name: str, text: str) -> None:
        """Text on stdout or stderr; progress bars overwrite themselves as on a screen."""
        if not text:
            return
        self._maybe_clear()
        if self._room <= 0:
            return
        last = self._items[-1] if self._items else {}
        if last.get("output_type") != "stream" or last.get("name") != name:
            if not self._has_place():
                return
            last = self._new_stream(name)
        self._room -= len(text)
        last["text"].write(text if self._room >= 0 else text[: self._room])
        if self._room < 0:
            last["text"].write(f"\n... cut after {self._cap} characters: the log has all of it.\n")
        else:
            self._room += last["text"].reclaimed()

    def display(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str = "") -> None:
        """Something shown with `display()`."""
        self._add({"output_type": "display_data"}, data, metadata, display_id)

    def result(self, data: Mapping[str, Any], metadata: Mapping[str, Any], count: int) -> None:
        """The value of a cell's last expression."""
        self._add({"output_type": "execute_result", "execution_count": count}, data, metadata)

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """An exception that ended the cell; one whose message has no end is cut."""
        self._maybe_clear()
        lines = [shortened(line, _ERROR_CAP) for line in traceback]
        error = {"output_type": "error", "ename": name, "evalue": shortened(value, _ERROR_CAP), "traceback": lines}
        self._items.append(error)

    def update(self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str) -> bool:
        """Replace what was shown under `display_id`; False if this cell has shown nothing under it."""
        found = [item for item in self._items if item.get(_DISPLAY_ID) == display_id]
        if found:
            shown, size = fit(data)
            about = fit_metadata(metadata)
        for item in found:
            self._rich_room += item[_SIZE] - size
            item.update({"data": shown, "metadata": about, _SIZE: size})
        return bool(found)

    def clear(self, wait: bool = False) -> None:
        """Forget all outputs; with `wait` only when the next one comes."""
        self._clear_before_next = wait
        if not wait:
            self._items, self._room = [], self._cap
            self._rich_room, self._full = CELL_CAP, False

    def as_list(self) -> list[dict[str, Any]]:
        """The outputs in the notebook format."""
        plain = []
        for item in list(self._items):
            output = {key: value for key, value in item.items() if key not in (_DISPLAY_ID, _SIZE)}
            if output["output_type"] == "stream":
                output["text"] = output["text"].text()
            plain.append(output)
        return plain

    def _add(
        self, item: dict[str, Any], data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str = ""
    ) -> None:
        self._maybe_clear()
        if not self._has_place():
            return
        shown, size = fit(data)
        if size > self._rich_room:
            self._say_full()
            return
        self._rich_room -= size
        item = {**item, "data": shown, "metadata": fit_metadata(metadata), _SIZE: size}
        self._items.append({**item, _DISPLAY_ID: display_id} if display_id else item)

    def _has_place(self) -> bool:
        """Whether one more output may be shown; that it may not is said once."""
        if not self._full and len(self._items) >= COUNT_CAP:
            self._say_full()
        return not self._full

    def _say_full(self) -> None:
        self._full = True
        self._new_stream("stderr")["text"].write(
            f"... what this cell showed after this is left out: {COUNT_CAP} outputs and {CELL_CAP >> 20} MiB are kept. "
            "The log has all that was printed.\n"
        )

    def _new_stream(self, name: str) -> dict[str, Any]:
        self._items.append({"output_type": "stream", "name": name, "text": _Screen()})
        return self._items[-1]

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
        line = _erased(line)
    if "\r" not in line:
        return line
    shown: list[str] = []
    for part in line.split("\r"):
        shown[: len(part)] = part
    return "".join(shown)


def _erased(line: str) -> str:
    """Each backspace takes the character before it away, if there is one."""
    first, *parts = line.split("\b")
    shown = list(first)
    for part in parts:
        del shown[-1:]
        shown += part
    return "".join(shown)
