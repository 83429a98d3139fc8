"""What passes between a target and the processes that run attempts: plain data, one JSON object a line.

Used on both sides, so Python >= 3.9 and the standard library only.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

RUN_TASK = "jupyter_mlops.runtime.task:run_task"


@dataclass(frozen=True)
class Launch:
    """One process to start: `call` ("module:function") gets `argument` and returns the exit code.

    `env` is the whole environment. Standard output and error go to the end of `log`, standard input is empty.
    """

    id: str
    argument: str
    log: str
    cwd: str
    env: Mapping[str, str] = field(default_factory=dict)
    call: str = RUN_TASK

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Ready:
    """The process has started, or has imported what it was asked to. `refused` names modules and why not."""

    pid: int
    modules: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Spoiled:
    """An import left the process unfit to fork: it starts nothing more; a new one must leave `module` out."""

    module: str
    reason: str


@dataclass(frozen=True)
class Started:
    """A launch became a process."""

    id: str
    pid: int


@dataclass(frozen=True)
class Exited:
    """A launch is over. `status` is the exit code, negative for a signal; `peak` the largest resident size in bytes.

    `cpu` is in seconds; `reason` says why it never began.
    """

    id: str
    status: int
    peak: int = 0
    cpu: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Lost:
    """The process that starts launches is gone, and with it all it had started."""

    reason: str


Message = Union[Ready, Spoiled, Started, Exited, Lost]  # noqa: UP007 - made when Python 3.9 imports it
_MESSAGES = {kind.__name__: kind for kind in (Ready, Spoiled, Started, Exited, Lost)}


def encode(data: Mapping[str, Any]) -> bytes:
    """One line of the channel."""
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def encode_message(message: Message) -> bytes:
    """A message as one line."""
    return encode({"message": type(message).__name__, **dataclasses.asdict(message)})


def decode_message(line: bytes) -> Message:
    """Read what `encode_message` wrote."""
    data = json.loads(line)
    kind = _MESSAGES[data.pop("message")]
    if kind is Ready:
        data["modules"] = tuple(data["modules"])
    message: Message = kind(**data)
    return message
