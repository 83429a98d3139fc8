"""What the pods of a Workflow are told: the run's order, and what Argo says of the Workflow."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.notebook.parameters import bind

BEGAN, UID, NAME, PARAMETERS = "ARGO_RUN_BEGAN", "ARGO_RUN_UID", "ARGO_RUN_NAME", "ARGO_RUN_PARAMETERS"
FAILURES, STATUS, LAST_TRY = "ARGO_RUN_FAILURES", "ARGO_RUN_STATUS", "ARGO_RUN_LAST_TRY"
TOLD = "/tmp/mlops-told"  # noqa: S108 - a folder of the pod, not of this machine
"""Files that begin so hold what a pod tells Argo: `TOLD.items` the items of a loop, `TOLD.TASK` whether it runs."""

_OWN = ("run", "experiment", "began", "shown", "tells", "names")


@dataclass(frozen=True)
class Order:
    """A run for Argo. `run` is "" where each Workflow made of it is a run of its own; `began` is then 0.

    `shown` are the parameters that the Workflow shows, as the text that it has for them; `tells` are by step the tasks
    whose condition its pod evaluates, with their steps; `names` is how Argo calls each step.
    """

    plan: Plan
    run: str = ""
    experiment: str = ""
    began: float = 0.0
    shown: Mapping[str, str] = field(default_factory=dict)
    tells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """As the text of a file."""
        own = {name: getattr(self, name) for name in _OWN}
        data = {**own, "plan": self.plan.to_data(), "params": dict(self.plan.params)}
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        plan = Plan.from_data(data["plan"], data["params"])
        own = {name: data[name] for name in _OWN}
        return cls(plan, **own)

    def in_workflow(self, env: Mapping[str, str] = os.environ) -> Order:
        """The order with what Argo says in the variables of a pod: which Workflow it is, and its parameters.

        Raises:
            Usage: a parameter of the Workflow has a wrong value.
        """
        began = self.began or float(env.get(BEGAN) or 0)
        run = self.run or _run_of(env.get(UID, ""), began)
        changed = {
            name: text
            for name, text in _parameters(env.get(PARAMETERS, "")).items()
            if name in self.shown and text != self.shown[name]
        }
        params = {**self.plan.params, **{name: _read(self.plan, name, text) for name, text in changed.items()}}
        plan = Plan(self.plan.pipeline, params, self.plan.selection)
        return replace(self, plan=plan, run=run, began=began)


def read_order(path: str) -> Order:
    """The order in a file, in this pod's Workflow."""
    return Order.from_json(Path(path).read_text(encoding="utf-8")).in_workflow()


def shown(plan: Plan) -> dict[str, str]:
    """The parameters as text that reads back as what they are; those for which there is no such text are left out."""
    found: dict[str, str] = {}
    for name, value in plan.params.items():
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            if _read(plan, name, text) == value and "{{" not in text:
                found[name] = text
        except MlopsError:
            continue
    return found


def _read(plan: Plan, name: str, text: str) -> Any:
    parameters = [item for item in plan.pipeline.parameters if item.name == name]
    return bind(parameters, {name: text})[name]


def _parameters(text: str) -> dict[str, str]:
    """Names and values, of the list that Argo writes."""
    try:
        said = json.loads(text or "[]")
    except ValueError:
        return {}
    entries = said if isinstance(said, list) else []
    return {
        str(item["name"]): str(item.get("value", "")) for item in entries if isinstance(item, dict) and "name" in item
    }


def _run_of(uid: str, began: float) -> str:
    """The same id in every pod of a Workflow: a UUIDv7 of its time and what is random in its own id."""
    chance = uuid.UUID(uid).int
    rest = (chance >> 100 & 0xFFF) << 64 | 0b10 << 62 | chance & (1 << 62) - 1
    return str(uuid.UUID(int=int(began * 1000) << 80 | 0x7 << 76 | rest))
