"""Whose an object is: the labels and annotations of all we make, selectors for them, and owner references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.names import label_value

Part = Literal["anchor", "driver", "step", "courier", "code", "plan", "store", "lease", "schedule", "tick"]
MANAGER = "jupyter-mlops"
MANAGED_BY = "app.kubernetes.io/managed-by"
PREFIX = "jupyter-mlops.io/"
RUN, STEP, TASK, ATTEMPT, PART = (PREFIX + name for name in ("run", "step", "task", "attempt", "part"))
SCHEDULE = PREFIX + "schedule"
QUEUE = "kueue.x-k8s.io/queue-name"


def labels(
    part: Part, *, run: str = "", step: str = "", task: str = "", attempt: int | None = None, schedule: str = ""
) -> dict[str, str]:
    """The labels of an object; empty ones are left out. Names that are no label values are shortened, with a digest."""
    given = {RUN: run, STEP: step, TASK: task, ATTEMPT: "" if attempt is None else str(attempt)}
    given.update({SCHEDULE: schedule, PART: part})
    return {MANAGED_BY: MANAGER, **{key: label_value(text) for key, text in given.items() if text}}


def full_names(*, run: str = "", step: str = "", task: str = "") -> dict[str, str]:
    """The same names in full, under the same keys, so that what a label cannot hold can be read back."""
    return {key: text for key, text in ((RUN, run), (STEP, step), (TASK, task)) if text}


def selector(wanted: Mapping[str, str]) -> str:
    """A label selector for objects that have all these."""
    return ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))


def named(item: Mapping[str, Any], key: str) -> str:
    """What an object says under one of the keys here: the full name where there is one, else the label, else ""."""
    metadata = item.get("metadata")
    for place in ("annotations", "labels"):
        known = metadata.get(place) if isinstance(metadata, Mapping) else None
        found = known.get(key) if isinstance(known, Mapping) else None
        if isinstance(found, str):
            return found
    return ""


def is_ours(item: Mapping[str, Any]) -> bool:
    """Whether this software made the object."""
    return named(item, MANAGED_BY) == MANAGER


def owner_reference(owner: Mapping[str, Any], *, controller: bool = False) -> dict[str, Any]:
    """What makes an object go when `owner`, as the API server answered it, is deleted. Both are in one namespace.

    Raises:
        Usage: the owner has no uid, so it is not on the cluster.
    """
    metadata = owner.get("metadata") or {}
    found = {"apiVersion": owner.get("apiVersion"), "kind": owner.get("kind")}
    found.update({key: metadata.get(key) for key in ("name", "uid")})
    if not all(isinstance(value, str) and value for value in found.values()):
        raise Usage("Only an object that is on the cluster can own others.", hint="Create it first.")
    # blockOwnerDeletion would need rights to the owner's finalizers (OpenShift asks for them).
    return {**found, **({"controller": True} if controller else {})}


def owned(item: Mapping[str, Any], *owners: Mapping[str, Any]) -> dict[str, Any]:
    """The object with these owners besides those it has: it goes when the last of them is gone."""
    metadata = dict(item.get("metadata") or {})
    known = {entry["uid"]: entry for entry in metadata.get("ownerReferences") or ()}
    known.update({entry["uid"]: entry for entry in map(owner_reference, owners)})
    metadata["ownerReferences"] = list(known.values())
    return {**item, "metadata": metadata}
