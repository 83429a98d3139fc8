"""What targets in a cluster can do there: asked of the cluster, each answer with its reason."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.capability import Capability
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.discovery import Rights, Served, rights, served
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.rbac import missing
from jupyter_mlops.kube.resource import NODES

_NODES = 100
_MARKS_GPU = "/gpu"
_OPTIONAL = (
    ("metrics", "metrics.k8s.io", "there is no metrics server: what a task uses is measured in its pod"),
    ("queues", "kueue.x-k8s.io", "Kueue is not installed: pods start as soon as there is room for them"),
    ("argo", "argoproj.io", "Argo Workflows is not installed"),
    ("kfp", "pipelines.kubeflow.org", "Kubeflow Pipelines keeps no pipelines in this cluster's API"),
)
_Found = TypeVar("_Found")


def answered_within(asks: Mapping[str, Callable[[], _Found]], limit: float) -> dict[str, _Found | MlopsError | None]:
    """What each gives, all asked at once; what it raised; None for what takes longer than `limit` seconds.

    The threads are daemons: a server that is silent keeps no one from leaving.
    """
    done: queue.SimpleQueue[tuple[str, _Found | MlopsError]] = queue.SimpleQueue()
    for name, ask in asks.items():
        threading.Thread(target=_answer, args=(name, ask, done), name=f"mlops-ask-{name}", daemon=True).start()
    found: dict[str, _Found | MlopsError | None] = dict.fromkeys(asks)
    ends = time.monotonic() + limit
    for _ in asks:
        try:
            name, answer = done.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        found[name] = answer
    return found


def _answer(name: str, ask: Callable[[], _Found], done: queue.SimpleQueue[tuple[str, _Found | MlopsError]]) -> None:
    try:
        done.put((name, ask()))
    except MlopsError as error:
        done.put((name, error))


def _kubernetes(kube: Kube, settings: Mapping[str, Any]) -> tuple[Capability, ...]:
    kube.read("/version")
    known, groups = rights(kube), served(kube)
    no_image = "" if settings.get("image") else 'no image is set: --image, or image = "..." under [kubernetes]'
    return (
        _may("pipelines", "run", kube, known),
        _may("schedules", "schedules", kube, known),
        Capability("image", missing=no_image),
        _gpu(kube),
        *(_group(name, group, why, groups) for name, group, why in _OPTIONAL),
    )


def _argo(kube: Kube, _: Mapping[str, Any]) -> tuple[Capability, ...]:
    kube.read("/version")
    return (served(kube).find(kube, "argoproj.io", "Workflow", name="workflows")[1],)


def _kfp(kube: Kube, settings: Mapping[str, Any]) -> tuple[Capability, ...]:
    from jupyter_mlops.targets.kfp.place import api_of
    from jupyter_mlops.targets.kfp.settings import read_settings

    api = api_of(read_settings(settings), kube)
    try:
        api.health()
    finally:
        if api.transport is not kube.transport:
            api.transport.close()
    return (Capability("pipelines"),)


def _may(name: str, purpose: str, kube: Kube, known: Rights) -> Capability:
    if known.unknown:
        return Capability(name, unknown=known.unknown)
    lacking = missing(purpose, known.rules)
    if not lacking:
        return Capability(name)
    words = "; ".join(f"{', '.join(rule.verbs)} {rule.resource}" for rule in lacking)
    said = f"in the namespace {kube.namespace} you may not {words}"
    return Capability(name, missing=said) if known.complete else Capability(name, unknown=f"perhaps {said}")


def _group(name: str, group: str, why: str, groups: Served) -> Capability:
    if groups.unknown:
        return Capability(name, unknown=groups.unknown)
    return Capability(name, missing="" if group in groups.groups else why)


def _gpu(kube: Kube) -> Capability:
    try:
        found = kube.read(NODES.path(), {"limit": str(_NODES)}).get("items")
    except Unreachable:
        raise
    except MlopsError:
        return Capability("gpu", unknown="the nodes may not be seen")
    nodes: Sequence[Any] = found if isinstance(found, list) else ()
    if any(_has_gpu(node) for node in nodes):
        return Capability("gpu")
    return Capability("gpu", missing="no node offers a GPU")


def _has_gpu(node: object) -> bool:
    status = node.get("status") if isinstance(node, dict) else None
    amounts = status.get("allocatable") if isinstance(status, dict) else None
    kinds = amounts if isinstance(amounts, dict) else {}
    return any(isinstance(kind, str) and kind.endswith(_MARKS_GPU) and kinds[kind] != "0" for kind in kinds)


PROBES: Mapping[str, Callable[[Kube, Mapping[str, Any]], tuple[Capability, ...]]] = {
    "kubernetes": _kubernetes,
    "argo": _argo,
    "kfp": _kfp,
}
"""Target -> what asks its cluster; without the first answer the target is of no use. Raises `MlopsError`."""
