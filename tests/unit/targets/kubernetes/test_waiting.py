"""The namespace's events are heard while attempts wait for long, and not asked for anew for each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.targets.kubernetes.waiting import _Events
from tests.small_cluster import SmallCluster


@pytest.fixture
def cluster() -> Iterator[SmallCluster]:
    made = SmallCluster(Path("no-code"))
    yield made
    made.close()


@dataclass
class _Waits:
    """As much of an attempt as is asked for."""

    name: str
    pod: Any = None


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def watches(cluster: SmallCluster) -> int:
    return sum("watch" in request.query for request in cluster.asked)


def reasons(events: _Events, name: str) -> list[str]:
    return [event["reason"] for event in events.of(_Waits(name))]  # type: ignore[arg-type]


def test_steps_that_wait_one_after_the_other_share_one_watch(cluster: SmallCluster) -> None:
    events, now = _Events(Kube(cluster, "here")), 100.0
    for number in range(5):
        events.listen([f"step-{number}"], now, waits=False)
        assert watches(cluster) == (1 if number else 0)
        events.listen([f"step-{number}"], now + 2.0, waits=True)
        until(lambda: watches(cluster) == 1)
        cluster.happened("Pulling", "an image", f"step-{number}")
        until(lambda number=number: reasons(events, f"step-{number}") == ["Pulling"])
        events.listen([], now + 3.0, waits=False)
        assert reasons(events, f"step-{number}") == []
        now += 4.0
    events.close()


def test_what_is_said_before_somebody_waits_for_long_is_heard_too(cluster: SmallCluster) -> None:
    events = _Events(Kube(cluster, "here"))
    events.listen(["first"], 100.0, waits=True)
    until(lambda: watches(cluster) == 1)
    events.listen(["second"], 101.0, waits=False)
    cluster.happened("FailedScheduling", "no node", "second")
    cluster.happened("Pulling", "an image", "of-others")
    until(lambda: reasons(events, "second") == ["FailedScheduling"])
    assert reasons(events, "of-others") == []
    events.close()


def test_nobody_listens_when_none_has_waited_for_a_while(cluster: SmallCluster) -> None:
    events = _Events(Kube(cluster, "here"))
    events.listen(["first"], 100.0, waits=True)
    until(lambda: watches(cluster) == 1)
    cluster.happened("Pulling", "an image", "first")
    until(lambda: reasons(events, "first"))
    events.listen(["first"], 129.0, waits=False)
    assert reasons(events, "first") == ["Pulling"]
    events.listen(["first"], 131.0, waits=False)
    assert reasons(events, "first") == []
    events.listen(["first"], 132.0, waits=True)
    until(lambda: watches(cluster) == 2)
    events.close()
