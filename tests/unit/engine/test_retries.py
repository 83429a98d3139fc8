from __future__ import annotations

import pytest

from jupyter_mlops.engine.retries import next_delay
from jupyter_mlops.engine.target import Outcome
from jupyter_mlops.pipeline.model import Retries

POLICY = Retries(limit=3, delay=2.0, backoff=3.0, max_delay=10.0)


@pytest.mark.parametrize(("tries", "delay"), [(1, 2.0), (2, 6.0), (3, 10.0), (4, None)])
def test_waits_grow_up_to_a_limit(tries: int, delay: float | None) -> None:
    assert next_delay(Outcome("failed"), tries, POLICY) == delay


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (Outcome("failed", reason="killed"), True),
        (Outcome("failed", stopped="timeout"), True),
        (Outcome("canceled", stopped="user"), False),
        (Outcome("failed", stopped="shutdown"), False),
        (Outcome("succeeded"), False),
    ],
)
def test_only_failures_and_timeouts_are_tried_again(outcome: Outcome, again: bool) -> None:
    assert (next_delay(outcome, 1, POLICY) is not None) == again
    assert next_delay(outcome, 1, Retries()) is None
