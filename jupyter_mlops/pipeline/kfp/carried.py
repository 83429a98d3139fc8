"""What pods run, outside the IR: the steps' cells in one zip, in a ConfigMap named by its digest.

KFP limits the size of a pipeline and of arguments, and copies both many times, so no source is in the IR.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.model import Pipeline, Step
from jupyter_mlops.runtime.spec import SPEC_VERSION

FORMAT = 1
MAX_BYTES = 900 * 1024  # a ConfigMap holds 1 MiB
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class ConfigMap:
    """An immutable ConfigMap, named by the digest of its files."""

    name: str
    files: Mapping[str, bytes]

    def manifest(self) -> dict[str, Any]:
        """As `kubectl apply` takes it."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "labels": {"app.kubernetes.io/managed-by": "jupyter-mlops", "jupyter-mlops.io/part": "code"},
            },
            "immutable": True,
            "binaryData": {name: base64.b64encode(file).decode() for name, file in self.files.items()},
        }


def config_map(files: Mapping[str, bytes]) -> ConfigMap:
    """The ConfigMap of some files.

    Raises:
        Refused: they are too large for one.
    """
    size = sum(len(content) for content in files.values())
    if size > MAX_BYTES:
        raise Refused(
            f"The cells and files of this pipeline take {size // 1024} KiB, a ConfigMap holds {MAX_BYTES // 1024}.",
            hint="Keep data files on a volume (`--volume CLAIM:/PATH`) rather than beside the notebook.",
        )
    digest = sha256(b"".join(sha256(files[name]).digest() for name in sorted(files))).hexdigest()
    return ConfigMap(f"jupyter-mlops-code-{digest[:20]}", files)


class Tasks:
    """The static half of each task: all that is known before a run. Sources that steps share are there once."""

    def __init__(self, pipeline: Pipeline, files: Mapping[str, bytes]) -> None:
        self._pipeline = pipeline
        self._files = files
        self._tables: dict[str, list[Any]] = {"setup": [], "definitions": []}
        self._known: dict[Any, int] = {}
        self._plain: dict[tuple[str, int], str] = {}
        self._tasks: dict[str, dict[str, Any]] = {}

    def add(self, task: str, step: Step, ports: Mapping[str, Any]) -> str:
        """Keep a task; gives the digest of all that it runs. `ports` says what comes in and goes out."""
        component = step.component
        setup = [self._shared("setup", cell) for cell in component.setup]
        definitions = [
            (self._shared("definitions", replace(one, wanted=False)), one.wanted) for one in component.definitions
        ]
        own = {
            "step": step.name,
            "cells": [asdict(cell) for cell in component.cells],
            "arguments": dict(step.arguments),
            "paths": list(step.paths),
            "outputs": list(step.outputs),
            "by_value": list(step.by_value),
            "kernel": component.kernel or self._pipeline.kernel,
            "folder": component.folder,
            **ports,
        }
        self._tasks[task] = {**own, "setup": setup, "definitions": definitions}
        sources = [self._plain[("setup", index)] for index in setup]
        sources += [f"{self._plain[('definitions', index)]}{wanted}" for index, wanted in definitions]
        files = {path: sha256(self._files[path]).hexdigest() for path in paths_of(step) if path in self._files}
        text = json.dumps([SPEC_VERSION, own, sources, files], sort_keys=True)
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    def archive(self) -> bytes:
        """All tasks and files as one zip."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            document = {"format": FORMAT, **self._tables, "tasks": self._tasks}
            _write(archive, "tasks.json", json.dumps(document).encode())
            for path, content in sorted(self._files.items()):
                _write(archive, f"files/{path}", content)
        return target.getvalue()

    def _shared(self, table: str, value: Any) -> int:
        key = (table, value)
        if key not in self._known:
            index = self._known[key] = len(self._tables[table])
            plain = asdict(value)
            self._tables[table].append(plain)
            self._plain[(table, index)] = json.dumps(plain, sort_keys=True)
        return self._known[key]


def paths_of(step: Step) -> tuple[str, ...]:
    """Files of the project that the step needs beside it, relative to the pipeline's folder."""
    found = (*step.files_in, *step.options.files, *step.modules)
    return tuple(
        os.path.normpath(os.path.join(step.component.folder, path)) for path in found if not os.path.isabs(path)
    )


def read_files(pipeline: Pipeline) -> dict[str, bytes]:
    """The project's files that steps read, as far as they are there: data, modules; a folder with all in it.

    Raises:
        Refused: one lies outside the project's folder, or together they are too large for a ConfigMap.
    """
    found: dict[str, bytes] = {}
    for step in pipeline.steps:
        for path in paths_of(step):
            whole = os.path.join(pipeline.cwd, path)
            if path.startswith("..") and os.path.exists(whole):
                raise Refused(f"{step.name!r} reads {path!r}, outside the notebook's folder.", hint="Move it into it.")
            for file in _files_below(whole):
                _keep(found, os.path.relpath(file, pipeline.cwd or "."), file)
    return found


def _keep(found: dict[str, bytes], name: str, file: str) -> None:
    if name in found:
        return
    size = os.path.getsize(file)
    if size > 16 * MAX_BYTES:  # it may compress well; this will not
        raise Refused(
            f"{name!r} has {size >> 20} MiB; it would have to travel in a ConfigMap.",
            hint="Keep it on a volume (`--volume CLAIM:/PATH`) or in an object store.",
        )
    with open(file, "rb") as opened:
        found[name.replace(os.sep, "/")] = opened.read()


def _files_below(path: str) -> Iterable[str]:
    if os.path.isfile(path):
        return [path]
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
        if "__pycache__" not in folder and "/." not in folder
    )


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
