"""What a step in a pod of Kubeflow Pipelines prints for who has submitted it: small files of its attempt, at its end.

Each is lines of JSON as `store.mirror` reads them, between two marks. Only where the variable `VARIABLE` asks for it:
for people who look at the log they are noise.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterator

VARIABLE = "JUPYTER_MLOPS_FRAMES"
BEGIN, END = b'{"mlops": "begin"}\n', b'{"mlops": "end"}\n'
NAMES = ("spec.json", "events.jsonl", "result.json", "executed.ipynb")
MOST = 4 << 20
"""Bytes of a file that is printed: nodes keep a few MB of a pod's log."""
_PART = 48 << 10


def begin() -> None:
    """Say that what comes now is the task's own."""
    if _asked():
        _write(BEGIN)


def tell(folder: str) -> None:
    """Print the files of an attempt, and that there is no more."""
    if not _asked():
        return
    _write(b"\n")  # the log's last line may have no end
    for name in NAMES:
        try:
            path = os.path.join(folder, name) if name != "spec.json" else os.path.join(os.path.dirname(folder), name)
            if os.path.getsize(path) > MOST:
                continue
            with open(path, "rb") as file:
                data = file.read(MOST)
        except OSError:
            continue
        for line in frames(name, data):
            _write(line)
    _write(END)


def frames(name: str, data: bytes) -> Iterator[bytes]:
    """A file as lines."""
    for at in range(0, max(len(data), 1), _PART):
        part = zlib.compress(data[at : at + _PART], 6)
        said = {"mlops": "file", "name": name, "at": at, "zip": True, "data": base64.b64encode(part).decode("ascii")}
        flags = {"whole": at == 0, "more": at + _PART < len(data)}
        yield json.dumps({**said, **{key: True for key, value in flags.items() if value}}).encode() + b"\n"


def _asked() -> bool:
    return os.environ.get(VARIABLE) == "1"


def _write(data: bytes) -> None:
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError:  # nobody reads
        return
