"""What the API server can refuse, and that it does not answer; each with a sentence and the way out.

`failure_of` makes the error of an answer, from the server's `Status` object. What the server says is text of others: it
is shortened and freed of control characters before it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops import errors
from jupyter_mlops.kube.request import Response, as_object

__all__ = [
    "Absent",
    "AlreadyThere",
    "BadKubeconfig",
    "Broken",
    "Conflict",
    "Forbidden",
    "Gone",
    "Invalid",
    "QuotaExceeded",
    "Status",
    "TooMany",
    "Unauthorized",
    "Unreachable",
    "clean",
    "failure_of",
    "status_of",
]

LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Status:
    """What the server said: HTTP `code`, one word `reason`, `message`; `retry_after` in seconds, 0: it did not say."""

    code: int = 0
    reason: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    retry_after: float = 0.0


class Unreachable(errors.Unavailable):
    """No answer came. `sent` is False when the request has surely not reached the server."""

    code = "cluster_unreachable"

    def __init__(self, message: str, *, hint: str = "", sent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class BadKubeconfig(errors.Usage):
    """The kubeconfig, or what it names, cannot be used."""

    code = "bad_kubeconfig"


class _Answered:
    """The server's own words beside the sentence."""

    status: Status = Status()


class Unauthorized(_Answered, errors.Refused):
    """The server does not know who we are: no credentials, or they ended."""

    code = "cluster_unauthorized"


class Forbidden(_Answered, errors.Refused):
    """We may not do this there."""

    code = "cluster_forbidden"


class QuotaExceeded(Forbidden):
    """The namespace's quota does not allow more."""

    code = "quota_exceeded"


class Absent(_Answered, errors.NotFound):
    """The object, its namespace or its whole kind is not there."""

    code = "cluster_absent"


class AlreadyThere(_Answered, errors.Conflict):
    """An object of that name exists."""

    code = "cluster_already_there"


class Conflict(_Answered, errors.Conflict):
    """Somebody else changed the object, or owns the field."""

    code = "cluster_conflict"


class Invalid(_Answered, errors.Refused):
    """The server does not take the object as it is."""

    code = "cluster_invalid"


class Gone(_Answered, errors.Unavailable):
    """The version or page that was asked for is too old: list again."""

    code = "cluster_gone"


class TooMany(_Answered, errors.Unavailable):
    """The server has too much to do; `status.retry_after` says when to come again."""

    code = "cluster_too_many"


class Broken(_Answered, errors.Unavailable):
    """The server answered that it cannot answer now."""

    code = "cluster_broken"


def failure_of(answer: Response, doing: str) -> errors.MlopsError:
    """The error of an answer whose status is not 2xx; `doing` completes "The cluster refused to ..."."""
    return failure_of_status(status_of(answer), doing)


def failure_of_status(status: Status, doing: str) -> errors.MlopsError:
    """The error of what the server said."""
    kind = _kind(status)
    said = status.message.rstrip(".") or f"it answered {status.code}"
    if status.code == 404 and not status.reason:
        said = "it does not know that kind of object"
    failure = kind(f"The cluster refused to {doing}: {said}.", hint=_hint(kind, status))
    failure.status = status  # type: ignore[attr-defined]  # every kind is _Answered
    return failure


def status_of(answer: Response) -> Status:
    """The `Status` of an answer; without one, what the HTTP status and the text say."""
    said = as_object(answer.body) or {}
    if said.get("kind") != "Status":
        said = {"message": answer.body[:LONGEST_TEXT].decode(errors="replace")}
    return status_from(said, answer.status, answer.headers)


def status_from(said: Mapping[str, Any], code: int, headers: Mapping[str, str] | None = None) -> Status:
    """A `Status` object that came from a server, read with care; `code` is used when it has none."""
    own, details = said.get("code"), said.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("causes")
    fields = [item.get("field") for item in causes if isinstance(item, dict)] if isinstance(causes, list) else []
    waits = ((headers or {}).get("retry-after"), details.get("retryAfterSeconds"))
    return Status(
        code=code or (own if isinstance(own, int) else 0),
        reason=clean(said.get("reason")),
        message=clean(said.get("message")),
        fields=tuple(clean(item) for item in fields if isinstance(item, str)),
        retry_after=max(_seconds(item) for item in waits),
    )


def clean(text: object) -> str:
    """Text of others for a screen: one line, no control characters, not endless; what is no text is empty."""
    if not isinstance(text, str):
        return ""
    text = "".join(char if char.isprintable() else " " for char in text[: LONGEST_TEXT + 1])
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


_BY_REASON: Mapping[str, type[errors.MlopsError]] = {
    "AlreadyExists": AlreadyThere,
    "Conflict": Conflict,
    "Expired": Gone,
    "Gone": Gone,
    "Invalid": Invalid,
    "BadRequest": Invalid,
    "TooManyRequests": TooMany,
    "Unauthorized": Unauthorized,
}
_BY_CODE: Mapping[int, type[errors.MlopsError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: Absent,
    405: Absent,
    409: Conflict,
    410: Gone,
    415: Invalid,
    422: Invalid,
    429: TooMany,
}
_HINTS: Mapping[type[errors.MlopsError], str] = {
    Unauthorized: "Log in to the cluster again, or choose another context.",
    Forbidden: "`jupyter mlops target rbac` prints the rights that are needed, for the cluster's administrator; "
    "a run with --attached needs the fewest.",
    AlreadyThere: "See whose it is with `kubectl describe`, and remove it if nobody needs it; or start again.",
    QuotaExceeded: "Ask for less, or wait until other work in the namespace has ended.",
    TooMany: "Try again in a moment.",
    Broken: "Try again in a moment.",
    Gone: "List again.",
}


def _kind(status: Status) -> type[errors.MlopsError]:
    if status.code == 403:
        return QuotaExceeded if "exceeded quota" in status.message else Forbidden
    return _BY_REASON.get(status.reason) or _BY_CODE.get(status.code) or (Invalid if status.code < 500 else Broken)


def _hint(kind: type[errors.MlopsError], status: Status) -> str:
    if "violates PodSecurity" in status.message:
        return "The namespace enforces Pod Security; the settings it names must change."
    if kind is Forbidden and "admission webhook" in status.message:
        return "A policy of the cluster says so; its administrator can tell more."
    return _HINTS.get(kind, "")


def _seconds(value: object) -> float:
    """Seconds to wait, at most 5 minutes; a date or nonsense is 0."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        return 0.0
    return float(min(value, 300))
