"""Whether a failed attempt is tried again, and when."""

from __future__ import annotations

from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.pipeline.model import Retries


def next_delay(outcome: Outcome, tries: int, policy: Retries) -> float | None:
    """Seconds to wait before the next attempt after `tries` of them; None when there is none.

    An attempt that somebody stopped is not tried again; one that took too long is.
    """
    if outcome.state != "failed" or outcome.stopped not in (None, "timeout") or tries > policy.limit:
        return None
    return min(policy.max_delay, policy.delay * policy.backoff ** max(0, tries - 1))
