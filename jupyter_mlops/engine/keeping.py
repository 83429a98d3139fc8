"""What an attempt made, taken over into the store; and a cached result, put back in its place."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_mlops.engine.run_journal import CachedResult, RunJournal
from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime.digests import path_sha256
from jupyter_mlops.runtime.plain_files import is_plain
from jupyter_mlops.runtime.spec import BundleRef, TaskResult
from jupyter_mlops.store.artifacts import is_digest
from jupyter_mlops.store.following import PLACE_FACT

EXECUTED = "executed.ipynb"
LOGGED = "artifacts"
# In `TaskResult.facts`: the digest of the executed notebook, and of each file of each folder in `files_out`; those of
# `files_gone` that were not there any more; the folder of the attempt, relative to that of its run.
EXECUTED_FACT = "executed"
FILES_FACT = "kept_files"
GONE_FACT = "gone_files"


def keep(
    journal: RunJournal, directory: Path, result: TaskResult, cwd: Path, files_gone: Sequence[str] = ()
) -> TaskResult:
    """Take an attempt's bundle, files and executed notebook into the store; note which of `files_gone` are gone.

    In the result that comes back the bundle's `path` is its digest in the store.
    """
    facts = dict(result.facts)
    if directory.is_relative_to(journal.directory):
        facts[PLACE_FACT] = directory.relative_to(journal.directory).as_posix()
    executed = directory / EXECUTED
    if is_plain(executed):  # a task can put a link there to what only this process may read
        facts[EXECUTED_FACT] = journal.keep(executed)
    if result.files and journal.keeps_files:
        facts[FILES_FACT] = {name: journal.keep(cwd / name) for name in _all_files(cwd, result.files)}
    if gone := [name for name in files_gone if not os.path.lexists(cwd / name)]:
        facts[GONE_FACT] = gone
    bundle = result.bundle
    if bundle is not None:
        digest = bundle_digest(result)
        journal.keep_value(Path(bundle.path), digest)
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


def is_undone(result: TaskResult, cwd: Path, files_gone: Sequence[str]) -> bool:
    """Whether a file is there again that a cached result had taken away: the step has to do that itself."""
    gone = result.facts.get(GONE_FACT)
    return isinstance(gone, Sequence) and any(name in gone and os.path.lexists(cwd / name) for name in files_gone)


def restore(journal: RunJournal, result: TaskResult, cwd: Path, files_out: Sequence[str] = ()) -> bool:
    """Put the files of a cached result where the step would have written them: below `files_out`, and nowhere else.

    False if something is gone, damaged or cannot be written: the result is no hit then.
    """
    if result.bundle is not None and not (is_digest(result.bundle.path) and journal.value(result.bundle.path)):
        return False
    kept = result.facts.get(FILES_FACT, {})
    if not isinstance(kept, Mapping) or not all(_is_below(str(name), files_out, cwd) for name in kept):
        return False
    sources = {str(name): _artifact(journal, digest) for name, digest in kept.items()}
    try:
        return all(
            source is not None and (_is_there(cwd / name, kept[name]) or _copy(source, cwd / name, kept[name]))
            for name, source in sources.items()
        )
    except OSError:  # the step itself will say what is wrong with the place
        return False


def show_executed(journal: RunJournal, result: TaskResult, directory: Path) -> None:
    """Give a cached task its executed notebook beside those of the others, as a link where that is possible."""
    source = _artifact(journal, result.facts.get(EXECUTED_FACT))
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


def _artifact(journal: RunJournal, digest: object) -> Path | None:
    """The file of an artifact; None if it is gone, or if what a record names is no artifact at all."""
    return journal.artifact(str(digest)) if is_digest(digest) else None


def _is_below(name: str, files_out: Sequence[str], cwd: Path) -> bool:
    """Whether the step says that it writes this file, or the folder that it is in: the record of a cached result is
    only data. Links below that folder that lead out of it do not count as in it.
    """
    for declared in files_out:
        if os.path.normpath(name) == os.path.normpath(declared):
            return True
        inside = os.path.realpath(cwd / name).startswith(os.path.realpath(cwd / declared) + os.sep)
        if inside and ".." not in Path(os.path.relpath(name, declared)).parts:
            return True
    return False


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


def _copy(source: Path, target: Path, digest: str) -> bool:
    """Copy an artifact; False if it is not what its digest says, and then it is removed from the store."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.restored")
    try:
        shutil.copyfile(source, beside)
        intact = path_sha256(os.fspath(beside)) == digest
        if intact:
            os.replace(beside, target)
        else:
            source.unlink(missing_ok=True)
        return intact
    finally:
        beside.unlink(missing_ok=True)
