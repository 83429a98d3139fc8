"""What the pods of a Workflow are told: the run's order, and what Argo says of the Workflow."""

from __future__ import annotations

import json
import os
import posixpath
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import MlopsError, Refused
from jupyter_mlops.notebook.parameters import bind
from jupyter_mlops.targets.kubernetes.places import ORDER_FILE, STORE
from jupyter_mlops.targets.kubernetes.workplace import place_of

BEGAN, UID, NAME, PARAMETERS = "ARGO_RUN_BEGAN", "ARGO_RUN_UID", "ARGO_RUN_NAME", "ARGO_RUN_PARAMETERS"
FAILURES, STATUS, LAST_TRY = "ARGO_RUN_FAILURES", "ARGO_RUN_STATUS", "ARGO_RUN_LAST_TRY"
TOLD = "/tmp/mlops-told"  # noqa: S108 - a folder of the pod, not of this machine
"""Files that begin so hold what a pod tells Argo: `TOLD.items` the items of a loop, `TOLD.TASK` whether it runs."""

PIECE = 900_000
"""Characters of an order that go into one ConfigMap, which holds 1 MiB."""
MOST_PIECES = 16

_LISTS = ("code", "pieces")
_OWN = (*_LISTS, "run", "experiment", "began", "final", "inside", "parcel", "shown", "tells", "names")


@dataclass(frozen=True)
class Order:
    """A run for Argo. `run` is "" where each Workflow made of it is a run of its own; `began` is then 0.

    `shown` are the parameters that the Workflow shows, as the text that it has for them; `tells` are by step the tasks
    whose condition its pod evaluates, with their steps; `names` is how Argo calls each step. `code` are the ConfigMaps
    of the code, `pieces` those of what the run takes along, and `parcel` is their digest; the notebook is in `inside`
    among its files. `final`: each step keeps its last values. `compiled`: nobody here knows of the run.
    """

    plan: Plan
    run: str = ""
    experiment: str = ""
    began: float = 0.0
    shown: Mapping[str, str] = field(default_factory=dict)
    tells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    code: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    parcel: str = ""
    inside: str = ""
    final: bool = False
    compiled: bool = False

    def to_json(self) -> str:
        """As the text of a file."""
        own = {name: getattr(self, name) for name in _OWN}
        data = {**own, "plan": self.plan.to_data(), "params": dict(self.plan.params)}
        return json.dumps(data)

    def to_files(self) -> dict[str, str]:
        """As files, each of which a ConfigMap can hold, for `read_order`.

        Raises:
            Refused: it is larger than pods should have to read.
        """
        text = self.to_json()
        if len(text) > MOST_PIECES * PIECE:
            raise Refused(
                f"The steps of the run take {len(text) / 1e6:.0f} MB, and Argo's pods can be told "
                f"{MOST_PIECES * PIECE / 1e6:.0f} MB.",
                hint="Put data that stands in the notebook's cells into files.",
            )
        if len(text) <= PIECE:
            return {ORDER_FILE: text}
        parts = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
        return {_piece(index): part for index, part in enumerate(parts)}

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        plan = Plan.from_data(data["plan"], data["params"])
        own = {name: data[name] for name in _OWN if name in data}  # an earlier version had fewer
        own.update({name: tuple(own[name]) for name in _LISTS if name in own})
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
        pipeline = self.plan.pipeline
        if not self.run:
            pipeline = replace(pipeline, cwd=working_folder(pipeline.name, run, self.inside))
        plan = Plan(pipeline, params, self.plan.selection)
        return replace(self, plan=plan, run=run, began=began, compiled=not self.run)


def read_order(path: str) -> Order:
    """The order in a file, in this pod's Workflow."""
    return Order.from_json(joined(_files_of(Path(path)))).in_workflow()


def joined(files: Mapping[str, str]) -> str:
    """The text of an order, of the files that `to_files` gave.

    Raises:
        ValueError: one of them is missing. Where that is the last one, the text is no JSON.
    """
    names = sorted(name for name in files if name.startswith(ORDER_FILE))
    if names != [ORDER_FILE] and names != [_piece(index) for index in range(len(names))]:
        raise ValueError(f"Of the order there is only {', '.join(names) or 'nothing'}.")
    return "".join(files[name] for name in names)


def _piece(index: int) -> str:
    return f"{ORDER_FILE}.{index:03}"


def working_folder(pipeline: str, run: str, inside: str) -> str:
    """Where pods of a run begin to work."""
    return posixpath.normpath(posixpath.join(STORE, "work", place_of(pipeline, run), "files", inside))


def _files_of(path: Path) -> dict[str, str]:
    found = [path] if path.is_file() else path.parent.glob(f"{path.name}.*")
    return {item.name: item.read_text(encoding="utf-8") for item in found}


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
