"""One step of a Kubeflow pipeline, in its pod: `python runtime.zip kfp STEPS.zip TASK DIGEST EXECUTOR_INPUT`.

What is known before a run is in the zip, under the task's name. What a run decides comes as KFP's executor input, JSON:
parameters as values, bundles of other steps as files that KFP has put where their URI says. The answer goes the same
way: files where KFP takes them from, and `executor_output.json` with plain values and the seals of bundles.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from jupyter_mlops.runtime import kfp_frames
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.spec import BundleRef, CellSource, Definition, InputValues, TaskResult, TaskSpec
from jupyter_mlops.runtime.task import EXECUTED, LOG, RESULT, run_task

FORMAT = 1
_ECHO_S = 0.2  # between two looks at the log
BUNDLE, NOTEBOOK = "bundle", "notebook"
# Where KFP's launcher puts what has such a URI.
_MOUNTED = {"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/", "oci://": "/oci/", "file://": ""}


def main(arguments: Sequence[str]) -> int:
    """Run the task. 0: succeeded, 1: failed, 2: wrong usage; a sentence about our own errors goes to stderr."""
    if len(arguments) != 4:
        sys.stderr.write("usage: python runtime.zip kfp STEPS.zip TASK DIGEST EXECUTOR_INPUT\n")
        return 2
    steps, task, _digest, given = arguments  # the digest is there for KFP's cache, which compares arguments
    try:
        return _Step(steps, task, json.loads(given)).run()
    except MlopsError as error:
        sys.stderr.write(f"{error.message} {error.hint}".rstrip() + "\n")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        sys.stderr.write(f"The task {task!r} cannot be read: {type(error).__name__}: {error}\n")
    return 1


class _Step:
    def __init__(self, steps: str, task: str, given: Mapping[str, Any]) -> None:
        self.folder = tempfile.mkdtemp(prefix="jupyter-mlops-")
        self.inputs: Mapping[str, Any] = given.get("inputs", {})
        self.outputs: Mapping[str, Any] = given.get("outputs", {})
        self.task = task
        with zipfile.ZipFile(steps) as archive:
            document = json.loads(archive.read("tasks.json"))
            if document.get("format") != FORMAT:
                raise MlopsError(f"tasks of format {document.get('format')}, this runtime reads {FORMAT}.")
            self.work = os.path.join(self.folder, "work")
            files = [name for name in archive.namelist() if name.startswith("files/")]
            archive.extractall(self.folder, files)  # `extractall` keeps names inside the folder
        os.rename(os.path.join(self.folder, "files"), self.work) if files else os.mkdir(self.work)
        self.static = document["tasks"][task]
        self.setup = [document["setup"][index] for index in self.static["setup"]]
        self.definitions = [
            {**document["definitions"][index], "wanted": wanted} for index, wanted in self.static["definitions"]
        ]

    def run(self) -> int:
        path = os.path.join(self.folder, "spec.json")
        spec = self._spec()
        os.makedirs(spec.cwd, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(spec.to_json())
        kfp_frames.begin()
        with _Echo(os.path.join(spec.directory, LOG)):
            code = run_task(path)
        kfp_frames.tell(spec.directory)
        self._leave_file(NOTEBOOK, os.path.join(spec.directory, EXECUTED))
        with open(os.path.join(spec.directory, RESULT), encoding="utf-8") as file:
            result = TaskResult.from_json(file.read())
        if code == 0:
            self._answer(result)
        return code

    def _spec(self) -> TaskSpec:
        static = self.static
        params, bind = self._params()
        return TaskSpec(
            run="kfp",
            step=static["step"],
            task=self.task,
            attempt=1,
            directory=os.path.join(self.folder, "attempt"),
            cwd=os.path.normpath(os.path.join(self.work, static["folder"])),
            cells=tuple(CellSource(**cell) for cell in static["cells"]),
            setup=tuple(CellSource(**cell) for cell in self.setup),
            definitions=tuple(
                Definition(**{**item, "names": tuple(item["names"]), "needs": tuple(item["needs"])})
                for item in self.definitions
            ),
            params={**static["arguments"], **params},
            paths=tuple(static["paths"]),
            bind=bind,
            inputs=tuple(self._values(port) for port in static["inputs"]),
            outputs=tuple(static["outputs"]),
            by_value=tuple(static["by_value"]),
            exports=tuple(static["exports"]),
            kernel=static["kernel"],
        )

    def _params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        given = self.inputs.get("parameterValues") or {}
        params: dict[str, Any] = {}
        bind: dict[str, Any] = {}
        for name, port in self.static["params"].items():
            target = bind if port.get("item") else params
            if given.get(name) is not None:
                target[name] = decoded(given[name], port["made"])
            elif "default" in port:
                target[name] = port["default"]
            else:
                raise MlopsError(f"the parameter {name!r} has no value.")
        return params, bind

    def _values(self, port: Mapping[str, Any]) -> InputValues:
        found = ((self.inputs.get("artifacts") or {}).get(port["artifact"]) or {}).get("artifacts") or []
        bundles = tuple(_bundle(item) for item in found)
        if not port["collect"]:
            self._need(port, found)
        return InputValues(port["names"], bundles, collect=port["collect"])

    def _need(self, port: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> None:
        """Values that no step made, as all that could were under conditions that did not hold."""
        there = (found[0].get("metadata") or {}).get("names") if found else ""
        for name in port.get("required", ()):
            if port["names"][name] not in json.loads(there or "[]"):
                raise MlopsError(f"{self.static['step']!r} needs {name!r}, and no step that ran has set it.")

    def _answer(self, result: TaskResult) -> None:
        answer: dict[str, Any] = {"parameterValues": {}, "artifacts": {}}
        for name, made in self.static["exports"].items():
            if name not in result.exports:
                raise MlopsError(f"{self.static['step']!r} did not set {name!r}, which a condition or loop reads.")
            answer["parameterValues"][name] = encoded(result.exports[name], made, name)
        if result.bundle is not None:
            self._leave_file(BUNDLE, result.bundle.path)
            item = self._output(BUNDLE)
            if item:
                metadata = {"seal": result.bundle.seal, "names": json.dumps(sorted(result.outputs))}
                answer["artifacts"][BUNDLE] = {"artifacts": [{**item, "metadata": metadata}]}
        path = self.outputs.get("outputFile")
        if path:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(answer, file)

    def _leave_file(self, key: str, path: str) -> None:
        item = self._output(key)
        if item and os.path.exists(path):
            target = local_path(item["uri"])
            os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
            shutil.copyfile(path, target)

    def _output(self, key: str) -> Optional[dict[str, Any]]:
        found = ((self.outputs.get("artifacts") or {}).get(key) or {}).get("artifacts") or []
        return dict(found[0]) if found else None


class _Echo:
    """Shows the task's log on this process's own output while it grows: that is what KFP keeps of a pod."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._over = threading.Event()
        self._output = os.dup(1)  # the task redirects the descriptor itself
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._output)

    def _copy(self) -> None:
        position, last = 0, False
        while not last:
            last = self._over.wait(_ECHO_S)
            try:
                with open(self._path, "rb") as file:
                    file.seek(position)
                    while chunk := file.read(1 << 20):
                        position += len(chunk)
                        while chunk:
                            chunk = chunk[os.write(self._output, chunk) :]
            except OSError:  # not there yet, or nobody reads
                continue


def local_path(uri: str) -> str:
    """Where KFP's launcher puts what has this URI."""
    for scheme, folder in _MOUNTED.items():
        if uri.startswith(scheme):
            return folder + uri[len(scheme) :]
    return uri


def decoded(value: Any, made: str) -> Any:
    """A parameter's value from what the IR's type made of it. Text that should be JSON and is not stays text."""
    if made == "int":
        return int(value)
    if made == "float":
        return float(value)
    if made == "json" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def encoded(value: Any, made: str, name: str) -> Any:
    """An exported value as the IR's type wants it. Raises `MlopsError` if it is of another type."""
    if made == "flag":
        return bool(value)
    kinds: dict[str, Any] = {"float": (int, float), "text": str, "list": list, "items": list}
    if not isinstance(value, kinds[made]) or (made == "float" and isinstance(value, bool)):
        wanted = {"float": "a number", "text": "text"}.get(made, "a list")
        raise MlopsError(f"{name!r} is {type(value).__name__}, and a condition or loop takes it for {wanted}.")
    return [json.dumps(item) for item in value] if made == "items" else value


def _bundle(item: Mapping[str, Any]) -> Optional[BundleRef]:
    metadata = item.get("metadata") or {}
    return BundleRef(local_path(item["uri"]), metadata["seal"]) if "seal" in metadata else None
