"""What an attempt made, taken over into the store; and a cached result, put back in its place."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from jupyter_mlops.engine.run_journal import CachedResult, RunJournal
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.digests import path_sha256
from jupyter_mlops.runtime.spec import BundleRef, TaskResult

EXECUTED = "executed.ipynb"
LOGGED = "artifacts"
# In `TaskResult.facts`: the digest of the executed notebook, and of each file of each folder in `files_out`.
EXECUTED_FACT = "executed"
FILES_FACT = "kept_files"


def keep(journal: RunJournal, directory: Path, result: TaskResult, cwd: Path) -> TaskResult:
    """Take an attempt's bundle, files and executed notebook into the store.

    In the result that comes back the bundle's `path` is its digest in the store.
    """
    facts = dict(result.facts)
    executed = directory / EXECUTED
    if executed.exists():
        facts[EXECUTED_FACT] = journal.keep(executed)
    if result.files:
        facts[FILES_FACT] = {name: journal.keep(cwd / name) for name in _all_files(cwd, result.files)}
    bundle = result.bundle
    if bundle is not None:
        digest = bundle_digest(result)
        # An engine that was killed may have taken it before it could write that down.
        if Path(bundle.path).exists() or journal.artifact(digest) is None:
            journal.take_over(Path(bundle.path), digest)
        bundle = BundleRef(digest, bundle.seal)
    return replace(result, bundle=bundle, facts=facts)


def bundle_digest(result: TaskResult) -> str:
    """The name of a bundle in the store. The seal covers the part that is code, the values' digests all the rest."""
    assert result.bundle is not None
    digests = {name: info.digest for name, info in result.outputs.items()}
    text = json.dumps([result.bundle.seal, digests], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def covers(found: CachedResult, step: Step) -> bool:
    """Whether a cached result has all that the step is asked for now."""
    return {*step.outputs, *step.exports} <= set(found.names)


def restore(journal: RunJournal, result: TaskResult, cwd: Path) -> bool:
    """Put the files of a cached result where the step would have written them; False if something is gone."""
    if result.bundle is not None and journal.artifact(result.bundle.path) is None:
        return False
    kept: Mapping[str, str] = result.facts.get(FILES_FACT, {})
    sources = {name: journal.artifact(digest) for name, digest in kept.items()}
    if any(source is None for source in sources.values()):
        return False
    for name, source in sources.items():
        assert source is not None
        if not _is_there(cwd / name, kept[name]):
            _copy(source, cwd / name)
    return True


def show_executed(journal: RunJournal, result: TaskResult, directory: Path) -> None:
    """Give a cached task its executed notebook beside those of the others, as a link where that is possible."""
    digest = result.facts.get(EXECUTED_FACT)
    source = journal.artifact(digest) if digest else None
    if source is None:
        return
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / EXECUTED
    with contextlib.suppress(FileExistsError):
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            shutil.copyfile(source, target)


def _all_files(cwd: Path, names: Iterable[str]) -> Iterator[str]:
    """Files, and the files below folders, as far as they exist."""
    for name in names:
        path = cwd / name
        if path.is_dir():
            yield from (os.path.relpath(found, cwd) for found in sorted(path.rglob("*")) if found.is_file())
        elif path.is_file():
            yield name


def _is_there(path: Path, digest: str) -> bool:
    try:
        return path_sha256(os.fspath(path)) == digest
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.restored")
    shutil.copyfile(source, beside)
    os.replace(beside, target)
