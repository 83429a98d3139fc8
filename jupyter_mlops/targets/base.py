"""The seam of targets, what a target says it can do, and how one is found by its name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason, Target
from jupyter_mlops.errors import NotFound, Refused
from jupyter_mlops.kube.capability import Capability

__all__ = [
    "BUILTIN",
    "GROUP",
    "Attempt",
    "Capabilities",
    "Capability",
    "Outcome",
    "Report",
    "StopReason",
    "Target",
    "load_target",
    "target_names",
]

GROUP = "jupyter_mlops.targets"
BUILTIN: Mapping[str, str] = {
    "local": "jupyter_mlops.targets.local.target:LocalTarget",
    "kubernetes": "jupyter_mlops.targets.kubernetes.cluster:KubernetesCluster",
}


@dataclass(frozen=True)
class Capabilities:
    """All that a target was asked about, in the order to show it."""

    target: str
    items: tuple[Capability, ...]

    def need(self, name: str) -> None:
        """Go on only if the target can do this.

        Raises:
            Refused: it cannot; the message says why.
        """
        found = next((item for item in self.items if item.name == name), Capability(name, "it does not know of it"))
        if not found.available:
            raise Refused(f"The target {self.target} cannot do {name}: {found.missing}.")


def load_target(name: str, **settings: Any) -> Target:
    """Make a target: a built-in one, or one that an installed package offers under the entry point group `GROUP`.

    Raises:
        NotFound: there is none of that name.
    """
    module, _, attribute = _place_of(name).partition(":")
    made: Target = getattr(importlib.import_module(module), attribute)(**settings)
    return made


def target_names() -> tuple[str, ...]:
    """The targets that can be loaded here."""
    return tuple(sorted({*BUILTIN, *(point.name for point in _offered())}))


def _place_of(name: str) -> str:
    if name in BUILTIN:
        return BUILTIN[name]
    for point in _offered():
        if point.name == name:
            return point.value
    raise NotFound(f"There is no target {name!r}.", hint=f"There are: {', '.join(target_names())}.")


def _offered() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))
