"""What depends on a cell's source alone, kept by source: of an edited notebook only changed cells are read again.

Answers are shared between all who ask: nobody may change one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar

T = TypeVar("T")

# Room for a few notebooks of thousands of cells; trees take some fifty bytes a character.
MOST_CHARACTERS = 4_000_000
# What an answer takes besides, in characters, so that short sources cannot be without number.
_OVERHEAD = 100
_UNKNOWN = object()


class PerSource(Generic[T]):
    """A function of a source, with its latest answers: those used longest ago are forgotten first (as long as there is
    much room it is not noted what is used: a notebook asks twenty times a cell).

    What they are kept by is the source itself, so an answer is never that of another source. One of which `stays` is
    not true is not kept: it depends on more than the source.
    """

    def __init__(
        self, function: Callable[[str], T], most: int = MOST_CHARACTERS, *, stays: Callable[[T], bool] = lambda _: True
    ) -> None:
        update_wrapper(self, function)
        self._function = function
        self._stays = stays
        self._most = most
        self._roomy = most // 2
        self._size = 0
        self._known: dict[str, T] = {}
        self._lock = threading.Lock()

    def __call__(self, source: str) -> T:
        """The answer for this source, made now if it is not known."""
        known = self._known.get(source, _UNKNOWN)
        if known is not _UNKNOWN:
            if self._size > self._roomy:
                self._use(source)
            return known  # type: ignore[return-value]
        answer = self._function(source)
        size = len(source) + _OVERHEAD
        if size <= self._most and self._stays(answer):
            self._keep(source, answer, size)
        return answer

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
            self._size = 0

    @property
    def size(self) -> int:
        """Characters that the kept sources have, with what each takes besides."""
        return self._size

    def _use(self, source: str) -> None:
        with self._lock:
            if source in self._known:
                self._known[source] = self._known.pop(source)

    def _keep(self, source: str, answer: T, size: int) -> None:
        with self._lock:
            if source not in self._known:
                self._size += size
            self._known[source] = answer
            while self._size > self._most:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._size -= len(oldest) + _OVERHEAD


def per_source(function: Callable[[str], T]) -> PerSource[T]:
    """Keep the answers of a function that depends on nothing but a cell's source."""
    return PerSource(function)


def per_source_if(stays: Callable[[T], bool]) -> Callable[[Callable[[str], T]], PerSource[T]]:
    """Keep those answers of a function that depend on nothing but a cell's source."""
    return lambda function: PerSource(function, stays=stays)
