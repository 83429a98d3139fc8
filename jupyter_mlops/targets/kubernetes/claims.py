"""The claim of the volume on which runs keep what they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import AlreadyThere
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.resource import PVCS
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings


def ensure_claim(kube: Kube, settings: ClusterSettings) -> dict[str, Any]:
    """The claim that holds the store, made if it is not there."""
    try:
        return kube.create(PVCS, claim_body(settings))
    except AlreadyThere:
        return kube.get(PVCS, settings.claim)


def claim_body(settings: ClusterSettings) -> dict[str, Any]:
    """The claim that holds the store, as it is made."""
    spec: dict[str, Any] = {
        "accessModes": [settings.access],
        "resources": {"requests": {"storage": settings.size}},
    }
    if settings.storage_class:
        spec["storageClassName"] = settings.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": settings.claim, "labels": labels("store")},
        "spec": spec,
    }


def is_of_one_node(claim: Mapping[str, Any]) -> bool:
    """Whether only one node at a time can mount the volume; of no claim it is not so.

    Raises:
        Refused: only one pod can.
    """
    modes = set(claim.get("spec", {}).get("accessModes") or ())
    if modes == {"ReadWriteOncePod"}:
        raise Refused(
            f"The claim {claim['metadata']['name']} can be mounted by one pod at a time, and a run has several.",
            hint="Use a claim with ReadWriteMany or ReadWriteOnce: claim under [kubernetes].",
        )
    return bool(claim) and "ReadWriteMany" not in modes


def volume_of(namespace: str, claim: Mapping[str, Any], url: str = "") -> str:
    """What tells volumes apart: the claim and which one it is, as another of the same name has not the same values; or
    the `url` of a storage.
    """
    return f"{namespace} {url}" if url else f"{namespace}/{claim['metadata']['name']}/{claim['metadata']['uid']}"


def place_of_volume(text: object) -> dict[str, str]:
    """The settings that lead to what `volume_of` names; none of anything else."""
    if not isinstance(text, str):
        return {}
    namespace, space, url = text.partition(" ")
    if space:
        return {"namespace": namespace, "storage": url}
    parts = text.split("/")
    return {"namespace": parts[0], "claim": parts[1]} if len(parts) == 3 else {}
