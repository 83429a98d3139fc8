"""A controller in a few lines: starts the tasks of a graph as Argo Workflows would, and knows nothing of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Pod = Callable[[str, Mapping[str, str]], tuple[bool, Mapping[str, str]]]
"""Runs the pod of a template with arguments; answers whether it succeeded, and its output parameters."""


@dataclass
class SmallArgo:
    """Runs a Workflow. `choose` says which of the tasks that may start now is the next."""

    workflow: Mapping[str, Any]
    pod: Pod
    choose: Callable[[list[str]], str] = min
    phases: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def run(self) -> None:
        """The entry point, then what runs on exit."""
        spec = self.workflow["spec"]
        self._graph(spec["entrypoint"])
        self._graph(spec["onExit"])

    def _graph(self, name: str) -> None:
        tasks = {task["name"]: task for task in self._template(name)["dag"]["tasks"]}
        while ready := [task for task in tasks if task not in self.phases and self._is_ready(tasks[task])]:
            self._task(tasks[self.choose(ready)])
        assert set(tasks) <= set(self.phases), "a graph that cannot end"

    def _is_ready(self, task: Mapping[str, Any]) -> bool:
        return all(name in self.phases for name, _ in _words(task.get("depends", "")))

    def _task(self, task: Mapping[str, Any]) -> None:
        name = task["name"]
        if not self._holds(task.get("depends", "")):
            self.phases[name] = "Omitted"
            return
        if "when" in task and self._replaced(task["when"]) != "true == true":
            self.phases[name] = "Skipped"
            return
        items = task.get("withItems")
        if "withParam" in task:
            items = json.loads(self._replaced(task["withParam"]))
        if items == []:
            self.phases[name] = "Skipped"
            return
        ends = [self._pod(task, item) for item in (items if items is not None else [""])]
        self.phases[name] = "Succeeded" if all(ends) else "Failed"

    def _pod(self, task: Mapping[str, Any], item: str) -> bool:
        template = self._template(task["template"])
        given = task.get("arguments", {}).get("parameters", ())
        arguments = {entry["name"]: entry["value"].replace("{{item}}", item) for entry in given}
        for _ in range(1 + template.get("retryStrategy", {}).get("limit", 0)):
            self.started.append(arguments.get("task", task["name"]))
            worked, self.outputs[task["name"]] = self.pod(
                template["container"]["command"][-2 - 2 * bool(arguments) :][0], arguments
            )
            if worked:
                return True
        return False

    def _template(self, name: str) -> Mapping[str, Any]:
        [found] = [template for template in self.workflow["spec"]["templates"] if template["name"] == name]
        return found

    def _holds(self, depends: str) -> bool:
        clauses = (clause.strip("()") for clause in depends.split(" && ") if clause)
        return all(any(self.phases[name] == phase for name, phase in _words(clause)) for clause in clauses)

    def _replaced(self, text: str) -> str:
        return re.sub(
            r"\{\{tasks\.([\w-]+)\.outputs\.parameters\.([\w-]+)\}\}", lambda m: self.outputs[m[1]][m[2]], text
        )


def _words(depends: str) -> list[tuple[str, str]]:
    return re.findall(r"([\w-]+)\.(\w+)", depends)
