"""A component of Kubeflow Pipelines as a task: inputs resolved, its code or command run, outputs kept.

The plan says what it is (`TaskSpec.container`): `kind` "python" (a function; its source and its call are the task's
cells), "command", "step" (one of our own, compiled for KFP) or "importer"; `inputs` and `outputs` with their types and
sources; `guards`, conditions that an item of a loop has to meet.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional

from jupyter_mlops.runtime import expressions, tracking
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp import dsl, packages
from jupyter_mlops.runtime.kfp.files import INPUTS, OUTPUTS, keep_output, local_path, put_input
from jupyter_mlops.runtime.kfp.function import Call
from jupyter_mlops.runtime.kfp.placeholders import Surroundings
from jupyter_mlops.runtime.kfp.sources import SKIPPED, NotMade, Values, converted, is_artifact
from jupyter_mlops.runtime.plain_files import NotPlain, open_plain
from jupyter_mlops.runtime.spec import TaskSpec

_METRICS = "system.Metrics"
_MOST_TEXT = 16 << 20


class Component:
    """One task of a component. `begin`, then its work, then `exports`.

    `confined`: what it made is looked at by a process that may read more than it: only files in its folder are taken.
    """

    def __init__(self, spec: TaskSpec, *, confined: bool = False) -> None:
        self.spec = spec
        self._confined = confined
        self.program: Mapping[str, Any] = spec.container
        self.folder = os.path.join(spec.directory, OUTPUTS)
        self.work = os.path.join(spec.directory, "work")
        row = spec.bind.get(self.program.get("variable", ""))
        self._values = Values(spec.params, row)
        self._call: Optional[Call] = None
        self.given: dict[str, Any] = {}
        self._result: Optional[dict[str, Any]] = None

    @property
    def kind(self) -> str:
        """What runs it."""
        return str(self.program["kind"])

    def begin(self) -> bool:
        """Put the inputs in their places; False if it does not run, as its condition does not hold for this item."""
        try:
            if not all(self._holds(guard) for guard in self.program.get("guards", ())):
                return False
            self.given = {"inputs": self._inputs(), "outputs": self._outputs()}
        except NotMade:
            return False
        os.makedirs(self.work, exist_ok=True)
        for path in self._paths():
            os.makedirs(os.path.dirname(path), exist_ok=True)
        return True

    def _holds(self, guard: Mapping[str, Any]) -> bool:
        known = {name: self._values.of(source) for name, source in guard["values"].items()}
        return bool(expressions.evaluate(guard["condition"], known))

    def surroundings(self) -> Surroundings:
        """What placeholders stand for here."""
        spec, program = self.spec, self.program
        run = {
            "pipeline_job_name": f"{program.get('pipeline', '')}-{spec.run}",
            "pipeline_job_resource_name": f"{program.get('pipeline', '')}-{spec.run}",
            "pipeline_job_uuid": spec.run,
            "pipeline_task_name": str(program.get("task", spec.step)),
            "pipeline_task_uuid": f"{spec.run}-{spec.task}",
            "pipeline_root": spec.directory,
            "pipeline_job_create_time_utc": spec.run,
            "pipeline_job_schedule_time_utc": spec.run,
        }
        return Surroundings(self.given, run)

    def _inputs(self) -> dict[str, Any]:
        asked = self.program["inputs"]
        parameters: dict[str, Any] = {}
        around = self.surroundings()
        for name, port in asked["parameters"].items():
            if "source" not in port:
                continue
            value = self._values.of(port["source"])
            if value is None:
                continue
            if isinstance(value, str) and "const" in port["source"]:
                value = around.word(value)
            parameters[name] = converted(value, port["type"], name)
        found = {name: self._taken(name, self._values.of(port["source"])) for name, port in asked["artifacts"].items()}
        return {"parameterValues": parameters, "artifacts": found}

    def _taken(self, key: str, value: Any) -> dict[str, Any]:
        items = _flat(value)
        several = len(items) > 1
        places = [
            os.path.join(self.spec.directory, INPUTS, f"{key}-{at}" if several else key) for at in range(len(items))
        ]
        return {"artifacts": [put_input(item, key, place) for item, place in zip(items, places)]}

    def _outputs(self) -> dict[str, Any]:
        made = self.program["outputs"]
        artifacts = {
            name: {"artifacts": [{"name": name, "type": kind, "uri": os.path.join(self.folder, name), "metadata": {}}]}
            for name, kind in made["artifacts"].items()
        }
        parameters = {
            name: {"outputFile": os.path.join(self.folder, "parameters", name)} for name in made["parameters"]
        }
        return {
            "artifacts": artifacts,
            "parameters": parameters,
            "outputFile": os.path.join(self.folder, "executor_output.json"),
        }

    def _paths(self) -> list[str]:
        outputs = self.given["outputs"]
        artifacts = [item["uri"] for one in outputs["artifacts"].values() for item in one["artifacts"]]
        return [*artifacts, *(one["outputFile"] for one in outputs["parameters"].values()), outputs["outputFile"]]

    # A function.

    def enter(self, namespace: dict[str, Any]) -> None:
        """Before the first cell: packages, and `kfp` to import. Raises `MlopsError`."""
        asked = self.program.get("packages", ())
        packages.need(asked, self.program.get("index_urls", ()), os.path.join(self.spec.directory, "packages"))
        dsl.provide()
        os.environ["_KFP_RUNTIME"] = "true"
        os.environ["JUPYTER_MLOPS_KFP_OUTPUTS"] = self.folder
        os.chdir(self.work)
        namespace["__name__"] = "__main__"

    def bind(self, namespace: dict[str, Any]) -> None:
        """Before the call: its arguments."""
        name = self.program["function"]
        function = namespace.get(name)
        if not callable(function):
            raise MlopsError(f"the component's source has no function {name!r}.")
        self._call = Call(function, self.given, self.program["outputs"]["parameters"])
        namespace["inputs"] = self._call.arguments()

    def take(self, namespace: Mapping[str, Any]) -> None:
        """After the call: what it gave."""
        assert self._call is not None
        self._result = self._call.take(namespace.get("outputs"))

    # A command.

    def command(self) -> list[str]:
        """The words of the command, placeholders replaced."""
        around = self.surroundings()
        return around.words([*self.program.get("command", ()), *self.program.get("args", ())])

    def run_command(self) -> None:
        """Run it as a process of its own. Raises `MlopsError` if it cannot be started, or fails."""
        if self.kind == "importer":
            return
        command = self._own_step() if self.kind == "step" else self.command()
        if not self.program.get("command") or shutil.which(command[0]) is None:
            image = self.program.get("image", "")
            what = f"the program {command[0]!r} of its command" if self.program.get("command") else "a command"
            raise MlopsError(
                f"this component runs in the image {image}, and {what} is not on this machine.",
                hint="Run it in a cluster (--target kubernetes), or install the program here.",
            )
        sys.stdout.flush()
        os.chdir(self.work)
        code = subprocess.run(command, check=False).returncode  # no shell of ours
        if code:
            raise MlopsError(f"the command ended with exit code {code}; its log says why.")

    def _own_step(self) -> list[str]:
        """A step that this software compiled for KFP: the runtime here runs it as it would run there."""
        steps = os.path.join(self.work, "steps.zip")
        with open(steps, "wb") as file:
            file.write(base64.b64decode(self.program["steps"]))
        *_, task, digest, _ = self.program["args"]
        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
        given = json.dumps(self.given)
        return [sys.executable, "-m", "jupyter_mlops.runtime", "kfp", steps, task, digest, given]

    # What it made.

    def exports(self) -> dict[str, Any]:
        """The outputs as plain data: values, artifacts described. Raises `MlopsError` if one is missing."""
        if self.kind == "importer":
            return {"artifact": self._imported()}
        found = self._result or self._executor_output()
        return {**self._parameters(found), **self._artifacts(found)}

    def skipped(self) -> dict[str, Any]:
        """What it hands on where it did not run."""
        outputs = self.program["outputs"]
        return {name: dict(SKIPPED) for name in (*outputs["parameters"], *outputs["artifacts"])}

    def _executor_output(self) -> dict[str, Any]:
        try:
            found = json.loads(self._text(self.given["outputs"]["outputFile"]))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise MlopsError(f"what the component wrote as its output is no JSON: {error}.") from None
        return found if isinstance(found, dict) else {}

    def _parameters(self, found: Mapping[str, Any]) -> dict[str, Any]:
        values: Mapping[str, Any] = found.get("parameterValues") or {}
        made = {}
        for name, kind in self.program["outputs"]["parameters"].items():
            if name in values:
                made[name] = converted(values[name], kind, name)
                continue
            path = self.given["outputs"]["parameters"][name]["outputFile"]
            if not os.path.exists(path):
                raise MlopsError(f"the component did not write its output {name!r}.")
            made[name] = converted(_from_text(self._text(path), kind), kind, name)
        return made

    def _text(self, path: str) -> str:
        """What the component wrote to a file. Raises `MlopsError` for one that is too large, or elsewhere."""
        self._need_inside(path)
        try:
            with io.TextIOWrapper(open_plain(os.path.realpath(path)), encoding="utf-8") as file:
                text = file.read(_MOST_TEXT + 1)
        except NotPlain:
            raise MlopsError(f"{os.path.basename(path)} is no plain file, so there is no value in it.") from None
        if len(text) > _MOST_TEXT:
            raise MlopsError(f"{os.path.basename(path)} is too large for a value.", hint="Hand over a file instead.")
        return text

    def _need_inside(self, path: str) -> None:
        inside = os.path.join(os.path.realpath(self.spec.directory), "")
        if self._confined and not os.path.realpath(path).startswith(inside):
            raise MlopsError(f"the component gives {path!r}, which is not in its own folder.")

    def _artifacts(self, found: Mapping[str, Any]) -> dict[str, Any]:
        told: Mapping[str, Any] = found.get("artifacts") or {}
        made: dict[str, Any] = {}
        for name, kind in self.program["outputs"]["artifacts"].items():
            default = self.given["outputs"]["artifacts"][name]["artifacts"][0]
            items = [
                {**default, **item, "type": item.get("type") or kind}
                for item in (told.get(name) or {}).get("artifacts") or [default]
            ]
            kept = [self._kept({**item, "name": item.get("name") or name}) for item in items]
            made[name] = kept if name in self.program["outputs"].get("lists", ()) else kept[0]
        return made

    def _kept(self, item: Mapping[str, Any]) -> dict[str, Any]:
        path = local_path(str(item.get("uri", "")))
        if os.path.lexists(path):
            self._need_inside(path)
        described, staged = keep_output(item, self.spec.directory)
        if item["type"].get("schemaTitle") == _METRICS:
            for name, value in described["metadata"].items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    self._tell({"type": "metric", "name": name, "value": value, "step": None})
        elif staged is None and described["metadata"]:
            path = os.path.join(self.folder, f"{described['name']}.metadata.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(described["metadata"], file, indent=1, default=str)
            _, staged = keep_output({**item, "uri": path}, self.spec.directory)
        if staged is not None:
            self._tell({"type": "artifact", "role": "output", **staged})
        return described

    def _tell(self, event: Mapping[str, Any]) -> None:
        path = os.path.join(self.spec.directory, "events.jsonl")
        tracking.append_event(path, {**event, "at": time.time(), "task": self.spec.task})

    def _imported(self) -> dict[str, Any]:
        uri = self.given["inputs"]["parameterValues"]["uri"]
        kind = self.program["outputs"]["artifacts"]["artifact"]
        path = os.path.join(self.spec.cwd, local_path(uri))
        if "://" not in uri and not os.path.exists(path):
            raise MlopsError(f"there is no {uri!r} to import.", hint="Its path is relative to the file's folder.")
        metadata = dict(self.program.get("metadata") or {})
        described = self._kept(
            {"name": os.path.basename(uri) or "artifact", "type": kind, "uri": path, "metadata": metadata}
        )
        return described if "digest" in described else {**described, "uri": uri}


def run_component(spec: TaskSpec, run_cells: Callable[[Component], None]) -> dict[str, Any]:
    """Do the work of a component in this process, and give its exports. `run_cells` runs the cells of a function."""
    component = Component(spec)
    if not component.begin():
        sys.stdout.write("Not run: its condition does not hold for this item.\n")
        return component.skipped()
    run_cells(component) if component.kind == "python" else component.run_command()
    return component.exports()


def _flat(value: Any) -> list[Any]:
    """Artifacts, whether it is one, a list, or lists of lists."""
    if is_artifact(value):
        return [value]
    if isinstance(value, (list, tuple)):
        return [one for item in value for one in _flat(item)]
    raise MlopsError(f"an artifact was asked for, and {type(value).__name__} was given.")


def _from_text(text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()
