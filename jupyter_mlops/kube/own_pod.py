"""The pod that this process runs in, as far as it may see it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.in_cluster import in_cluster, in_pod
from jupyter_mlops.kube.resource import PODS

__all__ = ["image_of", "own_image"]

_MAIN = "kubectl.kubernetes.io/default-container"


def own_image() -> str:
    """The image that this process runs in; "" outside a pod, and where the pod may not be seen."""
    if not in_pod():
        return ""
    try:
        connection = in_cluster()
    except MlopsError:
        return ""
    try:
        return image_of(Kube(connection.transport, connection.namespace).get(PODS, socket.gethostname()))
    except MlopsError:
        return ""
    finally:
        connection.transport.close()


def image_of(pod: Mapping[str, Any]) -> str:
    """The image of a pod's main container: the one that an annotation names, else the first; "" if it has none."""
    metadata, spec = _mapping(pod.get("metadata")), _mapping(pod.get("spec"))
    listed = spec.get("containers")
    found = [_mapping(item) for item in listed] if isinstance(listed, list) else []
    wanted = _mapping(metadata.get("annotations")).get(_MAIN)
    chosen = next((item for item in found if item.get("name") == wanted), found[0] if found else {})
    image = chosen.get("image")
    return image if isinstance(image, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
