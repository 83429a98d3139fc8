"""The local target, both ways: forked from a warm process, and spawned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_mlops.engine.target import Target
from jupyter_mlops.targets.local.target import LocalTarget
from tests.conformance.target_suite import TargetSuite, bench, closing

__all__ = ["bench"]


class TestForking(TargetSuite):
    @pytest.fixture
    def target(self) -> Iterator[Target]:
        yield from closing(LocalTarget(slots=2, method="fork", grace=0.5))


class TestSpawning(TargetSuite):
    @pytest.fixture
    def target(self) -> Iterator[Target]:
        yield from closing(LocalTarget(slots=2, method="spawn", grace=0.5))
