"""Put a bundle of code together in a pod and run it: `python3 -c THIS DIGEST FOLDER [ARGUMENT ...]`.

This text travels in the pod's own command, so that nothing of what it reads is trusted before its digest is right.
It needs the standard library only, and says so in a sentence where Python is too old; so it is written for Python 3.6.
What it imports costs every step of a run its time: a second Python for the bundle, or `tempfile`, would double that.
"""

import os
import sys

REFUSED = 78
"""The exit code of a pod whose code is not what was sent, or whose Python is too old."""


def read(digest: str, folder: str) -> bytes:
    """The bytes that the pieces in `folder` (files 000, 001, ...) make together.

    Raises SystemExit with a sentence if they are not those of the SHA-256 `digest`.
    """
    import hashlib

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
    """Go on as `python CODE.zip ARGUMENTS` would, in this process. Only what was checked is run."""
    if sys.version_info < (3, 9):  # noqa: UP036 - an image may have any
        version = ".".join(str(number) for number in sys.version_info[:3])
        raise refusal(f"The image has Python {version}, and a step needs Python 3.9 or newer.")
    import zipimport

    own = sys.path[1:] if sys.path[:1] == [""] else sys.path[:]
    asked = {os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    # What lies where the image's PYTHONPATH leads is not what reads, though it comes first for what runs.
    sys.path[:] = sorted(own, key=lambda path: os.path.abspath(path) in asked)
    path = os.path.join(_new_folder(), "code.zip")
    with open(path, "wb") as file:
        file.write(read(digest, folder))
    sys.argv, sys.path[:] = [path, *arguments], [path, *own]
    exec(zipimport.zipimporter(path).get_code("__main__"), vars(sys.modules["__main__"]))  # noqa: S102 - it was checked


def _new_folder() -> str:
    """A folder that nobody else can write to."""
    for place in filter(None, (os.environ.get("TMPDIR"), "/tmp", "/var/tmp")):  # noqa: S108 - nobody guesses its name
        path = os.path.join(place, "mlops-" + os.urandom(8).hex())
        try:
            os.mkdir(path, 0o700)
        except OSError:
            continue
        return path
    raise refusal("The code of this step needs a folder for temporary files, and there is none that can be written to.")


def refusal(said: str) -> SystemExit:
    """The sentence on standard error, and the end."""
    sys.stderr.write(said + "\n")
    return SystemExit(REFUSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
