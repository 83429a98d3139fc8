"""The runtime as one zip: `python runtime.zip SPEC` runs a task in any image that has Python >= 3.9.

It holds this package and cloudpickle as installed here. The same files give the same bytes, so the zip is named by
its digest.
"""

from __future__ import annotations

import importlib.util
import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAIN = """\
import sys

from jupyter_mlops.runtime.__main__ import main

sys.exit(main(sys.argv[1:]))
"""


def runtime_zip() -> bytes:
    """The bytes of the zip. Without cloudpickle here, values that need it cannot be handed over there."""
    return archive({**dict(runtime_files()), "__main__.py": _MAIN.encode()})


def runtime_files() -> Iterator[tuple[str, bytes]]:
    """Name and content of each file of this package, and of cloudpickle's where it is installed."""
    here = Path(__file__).parent
    yield "jupyter_mlops/__init__.py", (here.parent / "__init__.py").read_bytes()
    for file in here.rglob("*.py"):
        yield f"jupyter_mlops/runtime/{file.relative_to(here).as_posix()}", file.read_bytes()
    found = importlib.util.find_spec("cloudpickle")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for file in Path(folder).rglob("*.py"):
            yield f"cloudpickle/{file.relative_to(folder).as_posix()}", file.read_bytes()


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, data)
    return target.getvalue()


def write_runtime_zip(path: str) -> None:
    """Write the zip to `path`, by rename."""
    partial = f"{path}.part"
    Path(partial).write_bytes(runtime_zip())
    os.replace(partial, path)
