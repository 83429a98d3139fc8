"""Why a pod waits, and how one died, in plain words with the way out: from the pod, its Job and its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from jupyter_mlops.kube.reason import Reason, part, when
from jupyter_mlops.kube.why_died import why_died
from jupyter_mlops.kube.why_no_pod import why_no_pod
from jupyter_mlops.kube.why_waiting import why_waiting

__all__ = ["Reason", "why_died", "why_pending"]


def why_pending(
    pod: Mapping[str, Any] | None,
    job: Mapping[str, Any] | None = None,
    events: Iterable[Mapping[str, Any]] = (),
    now: datetime | None = None,
) -> Reason | None:
    """Why it has not begun; None when it has, or when nothing is wrong so far.

    `events` are those of the pod and of its Job. Without `now` (a time with its zone) nothing is said of waits that
    are only too long.
    """
    happened = sorted((event for event in events if isinstance(event, Mapping)), key=_last)
    if not pod:
        return why_no_pod(job, happened)
    return why_waiting(pod, happened, now)


def _last(event: Mapping[str, Any]) -> float:
    """When it happened last, in seconds; 0 where it does not say. New events have `eventTime`, old ones the other."""
    known = (when(event, "lastTimestamp"), when(part(event, "series"), "lastObservedTime"), when(event, "eventTime"))
    return max((time.timestamp() for time in known if time), default=0.0)
