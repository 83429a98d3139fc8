"""Pack a Python that can be moved (one of pyenv) into a wheel, so that pip puts it into an image beside its own.

python_wheel.py PYTHON FOLDER    writes the wheel into FOLDER and prints its path; `pip install` of it makes
                                 PREFIX/pythonXY/bin/pythonX.Y, which needs LD_LIBRARY_PATH=PREFIX/pythonXY/lib
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

# What no step needs, and much of the size.
LEFT_OUT = {"test", "tests", "__pycache__", "site-packages", "idlelib", "tkinter", "lib2to3", "ensurepip"}
ASKED = "import sys; print(sys.base_prefix, '%d.%d' % sys.version_info[:2], '%d.%d.%d' % sys.version_info[:3])"


def wheel(python: str, folder: Path) -> Path:
    """Write the wheel; two of the same Python are the same file, with the same time."""
    asked = subprocess.run([python, "-c", ASKED], capture_output=True, text=True, check=True).stdout.split()
    prefix, short, full = Path(asked[0]), asked[1], asked[2]
    if prefix in (Path("/usr"), Path("/usr/local")):
        raise SystemExit(f"{python} belongs to the system and cannot be moved.")
    name = f"python{short.replace('.', '')}"
    data, info = f"{name}-{full}.data/data/{name}", f"{name}-{full}.dist-info"
    made = folder / f"{name}-{full}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    record = []
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:

        def put(place: str, content: bytes, *, executable: bool = False) -> None:
            entry = zipfile.ZipInfo(place)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{place},sha256={digest},{len(content)}\n")

        for path in _files(prefix, short):
            put(f"{data}/{path.relative_to(prefix).as_posix()}", path.read_bytes(), executable=os.access(path, os.X_OK))
        put(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {full}\n".encode())
        put(f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: python_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "".join([*record, f"{info}/RECORD,,\n"]))
    when = (prefix / "bin" / f"python{short}").stat().st_mtime
    os.utime(made, (when, when))
    return made


def _files(prefix: Path, short: str) -> Iterator[Path]:
    """The interpreter, its library where it is shared, and the standard library."""
    yield prefix / "bin" / f"python{short}"
    yield from sorted(prefix.glob(f"lib/libpython{short}*.so.*"))
    for place, folders, names in os.walk(prefix / "lib" / f"python{short}"):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT and not name.startswith("config-"))
        for name in sorted(names):
            yield Path(place, name)


if __name__ == "__main__":
    print(wheel(sys.argv[1], Path(sys.argv[2])))
