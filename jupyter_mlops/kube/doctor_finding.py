"""What a check finds, and what it may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

State = Literal["ok", "warning", "failed", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One check. `unknown`: it could not be told; `hint` says what to do."""

    name: str
    state: State
    said: str
    hint: str = ""


class Forbidden(Exception):
    """The API server does not let this user see it."""


class NoAnswer(Exception):
    """The API server answered with an error, or with no object."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(status, message)
        self.status = status
        self.said = f"The API server answered {status}{': ' + message[:300] if message else ''}."


class Answers(Protocol):
    """Objects from the API server, each asked for when needed. Raises `Forbidden`, `NoAnswer` or a `MlopsError`.

    `seen["date"]` is the server's Date header and the time here, in seconds, when it came.
    """

    seen: dict[str, Any]

    def read(self, path: str) -> Mapping[str, Any]:
        """What is at a path."""
        ...

    def review(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a question that is asked by POST, and changes nothing."""
        ...
