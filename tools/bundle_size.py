"""Print what a browser downloads of the front end, and fail over the limit: `python tools/bundle_size.py`.

Sizes are gzipped, as a server sends them. What JupyterLab has already (React, Lumino, its own packages) is shared with
it and not among the files. The limit is `bundle_kb` in `[tool.budget]` of pyproject.toml.
"""

from __future__ import annotations

import gzip
import sys
import tomllib
from pathlib import Path

import front_end

KINDS = {".js", ".css"}


def main() -> int:
    """Print the table; 1 when the limit is passed, 2 when nothing is built."""
    limit: int = tomllib.loads((front_end.ROOT / "pyproject.toml").read_text())["tool"]["budget"]["bundle_kb"]
    sizes = {path: gzipped(path) for path in downloaded()}
    if not (front_end.EXTENSION / "package.json").is_file():
        print("The front end is not built: `python tools/front_end.py build`.", file=sys.stderr)
        return 2
    total = sum(sizes.values())
    for path, size in sizes.items():
        print(f"      {path.relative_to(front_end.ROOT).as_posix():<66} {size:>6.1f} KB")
    print(f"{'OVER' if total > limit else 'ok':<5} {'front end, gzipped':<66} {total:>6.1f} KB  <= {limit} KB")
    return int(total > limit)


def downloaded() -> list[Path]:
    """The files that a browser loads: of the extension and of the widget."""
    folders = (front_end.EXTENSION / "static", front_end.WIDGET)
    return sorted(path for folder in folders for path in folder.glob("*") if path.suffix in KINDS)


def gzipped(path: Path) -> float:
    """Kilobytes after gzip."""
    return len(gzip.compress(path.read_bytes(), mtime=0)) / 1000


if __name__ == "__main__":
    sys.exit(main())
