"""Room for code that is nested deeper than is usual: a sum of a thousand terms, a thousand functions in a row."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
# More than any tree needs that Python's parser gives under its own limit, a few calls a level.
_DEEP = 30_000


def with_room(work: Callable[[], Result]) -> Result:
    """What `work` gives; begun anew with a higher recursion limit if the usual one is not enough.

    Raises:
        RecursionError: not even that is enough.
    """
    try:
        return work()
    except RecursionError:
        pass
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + _DEEP)
    try:
        return work()
    finally:
        sys.setrecursionlimit(limit)
