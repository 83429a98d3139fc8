"""Files between steps: who writes what another mentions, and local modules that steps import."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path

from jupyter_mlops.notebook.definitions import candidates
from jupyter_mlops.notebook.files import FileMode
from jupyter_mlops.notebook.step_effects import StepEffects


@dataclass
class StepFiles:
    """Paths relative to the notebook's folder (or absolute) that a step writes, mentions and takes away; and those of
    the written ones that it changes, as it reads them first.
    """

    written: set[str] = field(default_factory=set)
    mentioned: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)

    @property
    def needed(self) -> set[str]:
        """What may have to be there before the step begins."""
        return self.mentioned - (self.written - self.changed)


def files_of(step: StepEffects) -> StepFiles:
    """The files of a step, from its calls, magics and shell lines, and from every string that could be a path."""
    found = StepFiles()
    read_first: set[str] = set()
    written_first: set[str] = set()
    for run in step.cells:
        texts: dict[FileMode, list[str]] = {
            "in": list(run.facts.files_in),
            "read": [],
            "out": list(run.facts.files_out),
            "gone": list(run.facts.files_gone),
        }
        for use in run.effects.files:
            pieces = [piece for piece in use.text if isinstance(piece, str)]
            texts[use.mode] += pieces
            if use.mode == "read":
                read_first.update(path for path in _paths(pieces) if path not in written_first)
            elif use.mode == "out":
                written_first.update(path for path in _paths(pieces) if path not in read_first)
        found.written.update(_paths(texts["out"]))
        found.removed.update(_paths(texts["gone"]))
        found.mentioned.update(_paths((*chain.from_iterable(texts.values()), *run.facts.strings)))
        found.mentioned.update(_modules(run.cell.source))
    for known in step.needed:
        found.mentioned.update(_source_files(known.modules))
    found.changed = found.written & read_first
    return found


def order_by_files(names: Sequence[str], files: Sequence[StepFiles]) -> dict[str, tuple[str, ...]]:
    """For each step, earlier ones that change what it mentions, or mention what it changes."""
    writers: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    after: dict[str, tuple[str, ...]] = {}
    for name, step in zip(names, files, strict=True):
        changed = step.written | step.removed
        before = [
            other for path in sorted(step.mentioned) for part in _with_parents(path) for other in writers.get(part, ())
        ]
        before += [other for path in sorted(changed) for other in readers.get(path, ())]
        after[name] = tuple(dict.fromkeys(other for other in before if other != name))
        for path in changed:
            writers.setdefault(path, []).append(name)
        for path in step.mentioned:
            for part in _with_parents(path):
                readers.setdefault(part, []).append(name)
    return after


def files_handed_on(files: Sequence[StepFiles]) -> list[frozenset[str]]:
    """For each step, what it mentions of what earlier ones write: there when it runs, if not when it is analysed."""
    written: set[str] = set()
    found: list[frozenset[str]] = []
    for step in files:
        taken = (path for path in step.needed if not written.isdisjoint(_with_parents(path)))
        found.append(frozenset(taken) if written else frozenset())
        written |= step.written
    return found


class Folder:
    """The notebook's folder (None: it has none) during one analysis, in which each path is looked at once."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._base = str(path or Path())
        self._files: dict[str, bool] = {}
        self._modules: dict[str, tuple[str, ...]] = {}

    def has(self, path: str) -> bool:
        """Whether this path, relative to the folder or absolute, is a file now."""
        found = self._files.get(path)
        if found is None:
            found = self._files[path] = _is_file(posixpath.join(self._base, path))
        return found

    def module_files(self, name: str) -> tuple[str, ...]:
        """The files in it that an import of this module, or `%run` of this file, loads first."""
        found = self._modules.get(name)
        if found is None:
            found = self._modules[name] = tuple(_module_files(name, self))
        return found


def existing(paths: Iterable[str], folder: Folder) -> tuple[str, ...]:
    """Those paths that are files now."""
    return tuple(sorted(path for path in paths if _looks_like_file(path) and folder.has(path)))


def local_modules(names: Iterable[str], folder: Folder) -> tuple[str, ...]:
    """Files beside the notebook that these imports load, and those that they load in turn."""
    if folder.path is None:
        return ()
    found: dict[str, None] = {}
    seen: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in folder.module_files(name):
            if path not in found:
                found[path] = None
                pending += _imports(folder.path / path, path)
    return tuple(sorted(found))


def _modules(source: str) -> Iterator[str]:
    """The files that a cell's imports would load if they were beside the notebook."""
    return _source_files(module for one in candidates(source) for module in one.modules)


def _source_files(modules: Iterable[str]) -> Iterator[str]:
    for module in modules:
        path = module.strip(".").replace(".", "/")
        yield from (f"{path}.py", f"{path}/__init__.py")


def _paths(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if text and "\n" not in text and "\0" not in text and "://" not in text and len(text) < 300:
            yield posixpath.normpath(text)


def _with_parents(path: str) -> Iterator[str]:
    yield path
    parent = posixpath.dirname(path)
    while parent not in {"", "/", path}:
        yield parent
        path, parent = parent, posixpath.dirname(parent)


def _looks_like_file(path: str) -> bool:
    return ("." in path or "/" in path) and path not in {".", ".."} and "*" not in path


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except (OSError, ValueError):
        return False


def _module_files(name: str, folder: Folder) -> Iterator[str]:
    """`a.b` -> a/__init__.py and a/b.py, those that exist; a name ending in `.py` is a file itself."""
    if name.endswith(".py"):
        base = folder.path or Path()
        file = base / name
        if file.is_relative_to(base) and folder.has(name):
            yield file.relative_to(base).as_posix()
        return
    parts = [part for part in name.split(".") if part]
    for length in range(1, len(parts) + 1):
        path = "/".join(parts[:length])
        yield from (item for item in (f"{path}.py", f"{path}/__init__.py") if folder.has(item))


def _imports(path: Path, relative: str) -> list[str]:
    package = posixpath.dirname(relative).replace("/", ".")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return []
    return [f"{package}.{module.lstrip('.')}" if module.startswith(".") else module for module in _imported(text)]


@lru_cache(maxsize=256)
def _imported(source: str) -> tuple[str, ...]:
    return tuple(module for item in candidates(source) for module in item.modules)
