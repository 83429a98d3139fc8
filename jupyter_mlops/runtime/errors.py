"""The root of the error tree; it travels with the runtime, the branches are in `jupyter_mlops.errors`."""

from __future__ import annotations

import errno


class MlopsError(Exception):
    """Something a person can act on: one sentence, and the way out.

    Each edge translates it once: the command line to `exit_code`, the server to
    `http_status`, a screen to the sentence. Never shown as a traceback.
    """

    exit_code = 1
    http_status = 500
    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


def sentence(kind: str, message: str) -> str:
    """An error in one line, from the name of its class and its message: those of this tree speak for themselves."""
    return message if not kind or kind in _OWN else f"{kind}: {message}"


def cannot_write(path: str, error: OSError) -> MlopsError:
    """The sentence for a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MlopsError(f"{path} cannot be written: the disk is full.", hint="Free some space, then retry.")
    return MlopsError(f"{path} cannot be written: {error.strerror or error}.", hint="Check the folder's permissions.")


class BundleRefused(MlopsError):
    """A bundle of values that this process must not, or cannot, load."""

    code = "bundle_refused"


class CannotHandOver(MlopsError):
    """A value that a later step needs cannot leave the process."""

    code = "cannot_hand_over"


_OWN = frozenset(kind.__name__ for kind in (MlopsError, BundleRefused, CannotHandOver))
