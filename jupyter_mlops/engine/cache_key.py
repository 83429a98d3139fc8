"""The key of a result: named parts, so that `show` can say which of them changed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.environment import environment_digest, runtime_digest
from jupyter_mlops.engine.normalised_source import normalised, reachable_setup
from jupyter_mlops.pipeline.model import Component, Step
from jupyter_mlops.runtime.digests import path_sha256
from jupyter_mlops.runtime.spec import SPEC_VERSION

SETTLED_S = 3.0


@dataclass(frozen=True)
class Taken:
    """What a task takes from its run. `inputs` are content digests by local name (a list for a loop's values),
    `params` and `arguments` plain values by local name, `bind` the loop's variable with its item, `repeat` counts
    the equal items before it. `kernel` is one whose libraries may be others than those of this environment.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    bind: Mapping[str, Any] = field(default_factory=dict)
    repeat: int = 0
    kernel: str = ""


def key_parts(step: Step, taken: Taken, cwd: Path) -> dict[str, str]:
    """The parts of the step's cache key, each a digest.

    Files are read where they are now: those that the step reads, declares or imports, as far as they exist.
    """
    options, kernel = step.options, [taken.kernel] if taken.kernel else []
    # Others may write into a folder meanwhile: only one that is declared counts.
    files_in = (path for path in step.files_in if os.path.isfile(cwd / path))
    return {
        # Two steps with the same source are two pieces of work: they may draw random numbers or append to a file.
        "step": _digest([step.name, taken.repeat]),
        "source": _source_digest(step.component, cwd),
        "definitions": _definitions_digest(step.component),
        "params": _digest([taken.params, step.arguments, *([step.paths] if step.paths else [])]),
        "inputs": _digest(taken.inputs),
        "files": _digest(_files((*files_in, *options.files), cwd)),
        "modules": _digest(_files(step.modules, cwd)),
        **surroundings(),
        "options": _digest([options.image, options.env, step.component.kernel, taken.bind, *kernel]),
    }


def surroundings() -> dict[str, str]:
    """The parts of every key that this process makes: with others no result of another place can be used here."""
    return {"environment": environment_digest(), "runtime": _digest([runtime_digest(), SPEC_VERSION])}


def key_of(parts: Mapping[str, str]) -> str:
    """The key that the parts make together."""
    return _digest(sorted(parts.items()))


def changed(parts: Mapping[str, str], previous: Mapping[str, str] | None) -> tuple[str, ...]:
    """Names of the parts that are not what they were; empty when there is nothing to compare with."""
    if not previous:
        return ()
    names = [*parts, *(name for name in previous if name not in parts)]
    return tuple(name for name in names if parts.get(name) != previous.get(name))


def _source_digest(component: Component, cwd: Path) -> str:
    if component.kind == "container":
        return _digest(["container", component.container, [cell.source for cell in component.cells]])
    if component.kind == "notebook":
        return _digest(["notebook", _notebook_source(cwd / component.notebook)])
    return _cells_digest(component)


@lru_cache(maxsize=64)  # the items of a loop have the same one
def _cells_digest(component: Component) -> str:
    cells = [cell.source for cell in component.cells]
    setup = reachable_setup(
        [(f"{cell.notebook}:{cell.id or cell.index}", cell.source) for cell in component.setup],
        [*cells, *(item.source for item in component.definitions if item.wanted)],
    )
    return _digest([[normalised(source) for source in cells], setup])


def _notebook_source(path: Path) -> Any:
    """The sources of a notebook's cells: its outputs and metadata do not count."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [normalised("".join(cell["source"])) for cell in cells if cell.get("cell_type") == "code"]
    except (OSError, ValueError, LookupError, TypeError):
        return _file_digest(path)


@lru_cache(maxsize=64)
def _definitions_digest(component: Component) -> str:
    return _digest(sorted(item.id for item in component.definitions if item.wanted))


def _files(paths: Iterable[str], cwd: Path) -> dict[str, str]:
    found = {path: _file_digest(cwd / path) for path in paths}
    return {path: digest for path, digest in sorted(found.items()) if digest}


def _file_digest(path: Path) -> str:
    """Content of a file or of everything below a folder; empty if it is not there."""
    try:
        found = path.stat()
        # A file that was changed just now may be changed again within the tick of its clock.
        if stat.S_ISREG(found.st_mode) and time.time() - max(found.st_mtime, found.st_ctime) > SETTLED_S:
            seen = (found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            return _digest_of_unchanged(os.fspath(path), seen)
        return path_sha256(os.fspath(path))
    except OSError:
        return ""


@lru_cache(maxsize=1024)
def _digest_of_unchanged(path: str, _seen: tuple[int, ...]) -> str:
    """A file is read once, and not for each of a thousand items, while the system says that it is the same."""
    return path_sha256(path)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
