"""Room kept back on the disk, so that a run whose steps fill it can still write down how it ended."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

# Bytes. Chance, not zeros: a file system that compresses or leaves holes would keep nothing back.
RESERVE = 128 << 10


class Reserve:
    """A file in a run's folder that is removed when the disk is full. Its absence stops nothing."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / ".reserve"

    def keep(self) -> None:
        """Take the room, or what there is of it."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(os.urandom(RESERVE))

    def release(self) -> bool:
        """Give the room back; whether there was any."""
        with contextlib.suppress(OSError):
            self.path.unlink()
            return True
        return False
