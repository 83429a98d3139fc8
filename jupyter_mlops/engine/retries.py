"""Whether a failed attempt is tried again, and when."""

from __future__ import annotations

from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.pipeline.model import Retries

# A step that is taken away again and again is itself the reason: it fills its node, say.
MOST_MOVES = 20
_LONGEST_MOVE_S = 60.0


def next_move(outcome: Outcome, moves: int) -> float | None:
    """Seconds to wait before an attempt that was taken away begins again, after `moves` times; None if it does not."""
    if outcome.state != "failed" or not outcome.taken_away or outcome.stopped or moves >= MOST_MOVES:
        return None
    return float(min(_LONGEST_MOVE_S, 2.0**moves))


def next_delay(outcome: Outcome, tries: int, policy: Retries) -> float | None:
    """Seconds to wait before the next attempt after `tries` of them; None when there is none.

    An attempt that somebody stopped is not tried again; one that took too long is.
    """
    if outcome.state != "failed" or outcome.stopped not in (None, "timeout") or tries > policy.limit:
        return None
    return min(policy.max_delay, policy.delay * policy.backoff ** max(0, tries - 1))
