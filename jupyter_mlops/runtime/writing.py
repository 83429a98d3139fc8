"""Writing many buffers to a file and hashing them, on all cores.

Each chunk is hashed by the thread that has just written it, while it is in the cache: for 500 MB on two cores that
is 0.2 s, where writing and hashing beside each other took 0.33.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

from jupyter_mlops.runtime.digests import CHUNK, combine, tree_sha256

_SMALL = 64 << 10
_IN_THREADS_FROM = 8 << 20

Job = Callable[[], None]


def write_buffers(
    descriptor: int, start: int, pieces: Sequence[tuple[int, memoryview]], buffers: Sequence[memoryview]
) -> list[bytes]:
    """Write `pieces` (offset from `start`, bytes; ascending, no overlaps); answers the digest of each of `buffers`.

    The file reads as zeros between pieces.
    """
    whole = {id(view): index for index, view in enumerate(buffers) if len(view) > CHUNK}
    chunks: dict[int, list[Optional[bytes]]] = {
        index: [None] * -(-len(buffers[index]) // CHUNK) for index in whole.values()
    }
    written = {id(view) for _, view in pieces}
    jobs = list(_jobs(descriptor, start, pieces, whole, chunks))
    for key, index in whole.items():  # a view into another buffer is not written, but has its own digest
        if key not in written:
            jobs.extend(_hash_job(buffers[index], position, chunks[index]) for position in range(len(chunks[index])))
    _run(jobs, sum(map(len, buffers)))
    return [
        combine(part for part in chunks[index] if part is not None) if index in chunks else tree_sha256(view)
        for index, view in enumerate(buffers)
    ]


def write_all(descriptor: int, data: Any, offset: int) -> None:
    """Write all of `data` at `offset`, however little the system takes at a time."""
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, offset)
        view, offset = view[count:], offset + count


def _jobs(
    descriptor: int,
    start: int,
    pieces: Sequence[tuple[int, memoryview]],
    whole: dict[int, int],
    chunks: dict[int, list[Optional[bytes]]],
) -> Iterator[Job]:
    gathered, at = bytearray(), start
    for offset, view in pieces:
        if len(view) < _SMALL and len(gathered) < CHUNK:  # many small ones become one write
            at = at if gathered else start + offset
            gathered.extend(b"\0" * (start + offset - at - len(gathered)))
            gathered.extend(view)
            continue
        if gathered:
            yield _write_job(descriptor, gathered, at)
            gathered = bytearray()
        digests = chunks.get(whole.get(id(view), -1))
        for position, low in enumerate(range(0, len(view), CHUNK)):
            yield _write_job(descriptor, view[low : low + CHUNK], start + offset + low, digests, position)
    if gathered:
        yield _write_job(descriptor, gathered, at)


def _write_job(
    descriptor: int, data: Any, offset: int, digests: Optional[list[Optional[bytes]]] = None, position: int = 0
) -> Job:
    def job() -> None:
        write_all(descriptor, data, offset)
        if digests is not None:
            digests[position] = hashlib.sha256(data).digest()

    return job


def _hash_job(view: memoryview, position: int, digests: list[Optional[bytes]]) -> Job:
    def job() -> None:
        digests[position] = hashlib.sha256(view[position * CHUNK : (position + 1) * CHUNK]).digest()

    return job


def _run(jobs: Sequence[Job], size: int) -> None:
    """Do all jobs, in threads where there is much to do; the first error ends all."""
    queue = iter(jobs)
    lock = threading.Lock()
    errors: list[BaseException] = []

    def work() -> None:
        while not errors:
            with lock:
                job = next(queue, None)
            if job is None:
                return
            try:
                job()
            except OSError as error:
                errors.append(error)

    count = min(8, os.cpu_count() or 1, len(jobs)) if size >= _IN_THREADS_FROM else 1
    others = [threading.Thread(target=work, daemon=True) for _ in range(count - 1)]
    for thread in others:
        thread.start()
    work()
    for thread in others:
        thread.join()
    if errors:
        raise errors[0]
