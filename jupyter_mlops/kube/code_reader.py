"""Put a bundle of code together in a pod and run it: `python3 -I -c THIS DIGEST FOLDER [ARGUMENT ...]`.

This text travels in the pod's own command, so that nothing of what it reads is trusted before its digest is right.
It needs the standard library only, and says so in a sentence where Python is too old; so it is written for Python 3.6.
"""

import hashlib
import os
import sys
import tempfile

REFUSED = 78
"""The exit code of a pod whose code is not what was sent, or whose Python is too old."""


def read(digest: str, folder: str) -> bytes:
    """The bytes that the pieces in `folder` (files 000, 001, ...) make together.

    Raises SystemExit with a sentence if they are not those of the SHA-256 `digest`.
    """
    found = hashlib.sha256()
    pieces = []
    try:
        for name in sorted(name for name in os.listdir(folder) if name.isdigit()):
            with open(os.path.join(folder, name), "rb") as piece:
                pieces.append(piece.read())
            found.update(pieces[-1])
    except OSError as error:
        raise refusal(f"The code of this step cannot be read: {error}.") from None
    if found.hexdigest() != digest:
        said = "The code of this step is not what was sent (SHA-256 {} instead of {}), so it is not run."
        raise refusal(said.format(found.hexdigest()[:12], digest[:12]))
    return b"".join(pieces)


def main(digest: str, folder: str, *arguments: str) -> None:
    """Take the place of this process: Python, with the bundle as its program. Only what was checked is run."""
    if sys.version_info < (3, 9):  # noqa: UP036 - an image may have any
        version = ".".join(str(number) for number in sys.version_info[:3])
        raise refusal(f"The image has Python {version}, and a step needs Python 3.9 or newer.")
    data = read(digest, folder)
    path = os.path.join(tempfile.mkdtemp(prefix="mlops-"), "code.zip")
    with open(path, "wb") as file:
        file.write(data)
    os.execv(sys.executable, [sys.executable, path, *arguments])  # noqa: S606 - it takes the place of this process


def refusal(said: str) -> SystemExit:
    """The sentence on standard error, and the end."""
    sys.stderr.write(said + "\n")
    return SystemExit(REFUSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
