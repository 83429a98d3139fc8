"""A small backend of Kubeflow Pipelines: it runs an IR here, each container as a process, as the real one would.

It knows what the IR says and nothing of ours: tasks in order, inner graphs, conditions, loops, what they hand on. Where
KFP refuses (an input from a task that did not run), it fails too.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.kfp_notebooks import printed


class TaskFailed(Exception):
    """A container ended with an error."""


@dataclass
class Outcome:
    """What a task gave, and how it ended."""

    state: str = "succeeded"
    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)


class Backend:
    """Runs one compiled pipeline below `folder`. `notebooks` are the executed ones by task, in order."""

    def __init__(self, compiled: Any, folder: Path) -> None:
        self.spec = compiled.spec
        self.folder = folder
        self.code = folder / "code"
        self.code.mkdir(parents=True)
        for name, content in compiled.code.files.items():
            (self.code / name).write_bytes(content)
        self.notebooks: dict[str, list[Path]] = {}
        self.log: list[str] = []
        self.ran: list[tuple[str, bool]] = []
        self._count = 0

    def run(self, **parameters: Any) -> Outcome:
        defined = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        values = {name: item["defaultValue"] for name, item in defined.items() if "defaultValue" in item}
        return self._dag(self.spec["root"], {**values, **parameters}, {})

    def printed(self, task: str) -> list[str]:
        """What the cells of a task printed, once an execution."""
        return [printed(path) for path in self.notebooks.get(task, [])]

    def _dag(
        self, component: Mapping[str, Any], parameters: Mapping[str, Any], artifacts: Mapping[str, Any]
    ) -> Outcome:
        tasks = dict(component["dag"]["tasks"])
        done: dict[str, Outcome] = {}
        while tasks:
            name = next(name for name, task in tasks.items() if not set(task.get("dependentTasks", ())) & set(tasks))
            done[name] = self._task(tasks.pop(name), parameters, artifacts, done)
        outcome = Outcome(
            "failed" if any(item.state in {"failed", "omitted"} for item in done.values()) else "succeeded"
        )
        for key, selector in component["dag"].get("outputs", {}).get("artifacts", {}).items():
            for item in selector["artifactSelectors"]:
                found = done[item["producerSubtask"]].artifacts
                if item["outputArtifactKey"] in found:
                    outcome.artifacts[key] = found[item["outputArtifactKey"]]
                    break
        return outcome

    def _task(self, task: Mapping[str, Any], outer: Any, outer_artifacts: Any, done: Mapping[str, Outcome]) -> Outcome:
        policy = task.get("triggerPolicy", {})
        before = [done[name].state for name in task.get("dependentTasks", ())]
        if policy.get("strategy") != "ALL_UPSTREAM_TASKS_COMPLETED" and set(before) & {"failed", "omitted"}:
            return Outcome("omitted")
        component = self.spec["components"][task["componentRef"]["name"]]
        parameters, artifacts = {}, {}
        given = task.get("inputs", {})
        for key, reference in given.get("parameters", {}).items():
            if "taskOutputParameter" in reference:
                place = reference["taskOutputParameter"]
                parameters[key] = done[place["producerTask"]].parameters[place["outputParameterKey"]]
            elif reference["componentInputParameter"] in outer:
                parameters[key] = outer[reference["componentInputParameter"]]
        for key, reference in given.get("artifacts", {}).items():
            if "taskOutputArtifact" in reference:
                place = reference["taskOutputArtifact"]
                artifacts[key] = done[place["producerTask"]].artifacts[place["outputArtifactKey"]]
            else:
                artifacts[key] = outer_artifacts[reference["componentInputArtifact"]]
        if "condition" in policy and not holds(policy["condition"], parameters):
            return Outcome("skipped")
        if "parameterIterator" in task:
            return self._loop(task["parameterIterator"], component, parameters, artifacts)
        return self._once(task, component, parameters, artifacts)

    def _loop(self, iterator: Any, component: Any, parameters: Any, artifacts: Any) -> Outcome:
        items = iterator["items"]
        values = json.loads(items["raw"]) if "raw" in items else parameters[items["inputParameter"]]
        each = [self._dag(component, {**parameters, iterator["itemInput"]: value}, artifacts) for value in values]
        outcome = Outcome("failed" if any(item.state == "failed" for item in each) else "succeeded")
        for key in component["dag"].get("outputs", {}).get("artifacts", {}):
            outcome.artifacts[key] = [artifact for item in each for artifact in item.artifacts.get(key, [])]
        return outcome

    def _once(self, task: Any, component: Any, parameters: Any, artifacts: Any) -> Outcome:
        if "dag" in component:
            return self._dag(component, parameters, artifacts)
        for _ in range(1 + task.get("retryPolicy", {}).get("maxRetryCount", 0)):
            outcome = self._container(task["taskInfo"]["name"], component, parameters, artifacts)
            if outcome.state == "succeeded":
                break
        return outcome

    def _container(self, name: str, component: Any, parameters: Any, artifacts: Any) -> Outcome:
        self._count += 1
        place = self.folder / f"{self._count}-{name}"
        place.mkdir()
        wanted = component.get("outputDefinitions", {})
        types = component.get("inputDefinitions", {}).get("parameters", {})
        made = {key: [{"name": key, "uri": str(place / key), "metadata": {}}] for key in wanted.get("artifacts", {})}
        executor_input = {
            "inputs": {
                "parameterValues": {
                    key: as_protobuf(value, types[key]["parameterType"]) for key, value in parameters.items()
                },
                "artifacts": {key: {"artifacts": value} for key, value in artifacts.items()},
            },
            "outputs": {
                "artifacts": {key: {"artifacts": value} for key, value in made.items()},
                "outputFile": str(place / "executor_output.json"),
            },
        }
        container = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        command = [*container["command"], *container["args"]]
        command = [part.replace("/jupyter-mlops", str(self.code)) for part in command]
        command = [json.dumps(executor_input) if part == "{{$}}" else part for part in command]
        env = {**os.environ, **{item["name"]: item["value"] for item in container.get("env", ())}}
        run = [sys.executable, "-I", *command[1:]]
        ended = subprocess.run(run, capture_output=True, text=True, timeout=100, env=env)
        self.log.append(ended.stdout + ended.stderr)
        self.ran.append((name, ended.returncode == 0))
        if (place / "notebook").exists():
            self.notebooks.setdefault(name, []).append(place / "notebook")
        if ended.returncode:
            return Outcome("failed")
        answer = json.loads((place / "executor_output.json").read_text())
        for key, found in answer["artifacts"].items():
            made[key] = found["artifacts"]
        assert set(answer["parameterValues"]) == set(wanted.get("parameters", {}))
        return Outcome("succeeded", answer["parameterValues"], made)


def as_protobuf(value: Any, type: str) -> Any:
    """As a value comes through protobuf: whole doubles lose their point; text is made of what is none."""
    if type == "STRING" and not isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [as_protobuf(item, "") for item in value]
    if isinstance(value, dict):
        return {key: as_protobuf(item, "") for key, item in value.items()}
    return value


def holds(condition: str, parameters: Mapping[str, Any]) -> bool:
    """A condition of those that the tests have, in Python's words; `kfp_oracle` has a real evaluator."""
    text = condition.replace("&&", " and ").replace("||", " or ").replace("inputs.parameter_values", "given")
    text = re.sub(r"!(?!=)", " not ", text).replace("true", "True").replace("false", "False")
    return bool(eval(text, {"__builtins__": {}, "int": int, "double": float, "size": len, "given": parameters}))
