"""What is asked and answered, as data; and fields of a request, none of which can be trusted."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.run_ids import is_run_id

MAX_JSON = 16 << 20  # bytes
MAX_NAME, MAX_PARAM, MAX_TAG = 250, 6000, 8000  # characters, as in MLflow
_STATUS = {
    "INVALID_PARAMETER_VALUE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_CONFLICT": 409,
}


class Problem(MlopsError):
    """What a client did wrong, with MLflow's word for it."""

    def __init__(self, word: str, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.word = word
        self.http_status = status or _STATUS[word]


@dataclass(frozen=True)
class Caller:
    """Who asks: a task of a run and the folder of its attempt, or (all empty) a person's own script."""

    run: str = ""
    task: str = ""
    directory: Path | None = None


@dataclass(frozen=True)
class Request:
    """`path` is decoded and begins with `/api/`; the one who reads `body` stops where the request ends."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: BinaryIO = field(default_factory=io.BytesIO)


@dataclass(frozen=True)
class Answer:
    """JSON data, or an open file to send (and close) instead."""

    status: int
    data: Mapping[str, Any] = field(default_factory=dict)
    file: BinaryIO | None = None


class Fields:
    """The fields of a request by name and type; whatever is not as it should be is `INVALID_PARAMETER_VALUE`."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise _invalid("A JSON object was expected.")
        self._data = data

    @classmethod
    def of_body(cls, body: BinaryIO) -> Fields:
        """From a JSON object of at most `MAX_JSON` bytes; nothing is an empty one."""
        raw = body.read(MAX_JSON + 1)
        if len(raw) > MAX_JSON:
            raise Problem("INVALID_PARAMETER_VALUE", f"More than {MAX_JSON >> 20} MiB of JSON.", status=413)
        try:
            return cls(json.loads(raw or b"{}"))
        except (ValueError, RecursionError):
            raise _invalid("The request is not JSON.") from None

    @classmethod
    def of_query(cls, query: Mapping[str, list[str]]) -> Fields:
        """From the query of a URL: the last value of each name."""
        return cls({name: values[-1] for name, values in query.items() if values})

    def and_also(self, more: Mapping[str, str]) -> Fields:
        """These fields and others, which count in the end."""
        return Fields({**self._data, **more})

    def text(self, name: str, default: str | None = None, *, limit: int = MAX_TAG) -> str:
        """Text of at most `limit` characters; without a default it must be there and not be empty."""
        value = self._data.get(name)
        if value is None or (value == "" and default is not None):
            value = default
        if not isinstance(value, str) or (default is None and not value):
            raise _invalid(f"Text was expected as {name!r}.")
        if len(value) > limit:
            raise _invalid(f"{name!r} has {len(value)} characters; at most {limit} are taken.")
        return value

    def name(self, field: str, default: str | None = None) -> str:
        """A name that people will read: printable, not only blanks."""
        found = self.text(field, default, limit=MAX_NAME)
        if found != default and not (found.isprintable() and found.strip()):
            raise _invalid(f"{found!r} is not a name.")
        return found

    def number(self, name: str) -> float:
        """A number; NaN and infinities come as text, as in protobuf's JSON."""
        value = self._data.get(name)
        if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(f"A number was expected as {name!r}.")
        try:
            return float(value)
        except OverflowError:
            raise _invalid(f"{name!r} is too large.") from None

    def whole(self, name: str, default: int, *, low: int = -(1 << 63), high: int = (1 << 63) - 1) -> int:
        """A whole number in a range; protobuf's JSON may write it as text."""
        value = self._data.get(name, default)
        try:
            found = int(value)
            exact = not isinstance(value, bool) and (not isinstance(value, float) or value == found)
        except (TypeError, ValueError, OverflowError):
            exact, found = False, 0
        if not exact or not low <= found <= high:
            raise _invalid(f"A whole number from {low} to {high} was expected as {name!r}.")
        return found

    def run(self) -> str:
        """The full id of a run, under either of MLflow's names for it."""
        found = self._data.get("run_id") or self._data.get("run_uuid")
        if not isinstance(found, str) or not is_run_id(found):
            raise Problem("RESOURCE_DOES_NOT_EXIST", f"There is no run {str(found)[:80]!r} in this project.")
        return found

    def texts(self, name: str) -> list[str]:
        """A list of texts, empty where there is none."""
        found = self._data.get(name) or []
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise _invalid(f"A list of texts was expected as {name!r}.")
        return found

    def object(self, name: str) -> Fields:
        """An object."""
        return Fields(self._data.get(name))

    def items(self, name: str) -> list[Fields]:
        """A list of objects, empty where there is none."""
        found = self._data.get(name) or []
        if not isinstance(found, list):
            raise _invalid(f"A list was expected as {name!r}.")
        return [Fields(item) for item in found]


def in_json(value: float) -> float | str:
    """A number as protobuf's JSON has it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _invalid(message: str) -> Problem:
    return Problem("INVALID_PARAMETER_VALUE", message)
