"""`store`: keeping the store small and its index right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_mlops.store import garbage
from jupyter_mlops.store.project import Project


def gc(
    *,
    keep: int | None = None,
    older_than: float | None = None,
    dry_run: bool = False,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """Remove what no run refers to; with `keep` (a count) or `older_than` (seconds), old runs first.

    Returns how many runs, artifacts and cache records went (or would go), and their bytes.
    """
    done = garbage.gc(Project.find(folder), keep=keep, older_than=older_than, dry_run=dry_run)
    return {
        "runs": len(done.runs),
        "artifacts": len(done.artifacts),
        "cache": done.cache,
        "bytes": done.bytes,
        "dry_run": done.dry_run,
    }


def rebuild(*, folder: str | Path = ".") -> dict[str, Any]:
    """Make the index anew from the events; returns how many runs it has."""
    return {"runs": garbage.rebuild(Project.find(folder))}
