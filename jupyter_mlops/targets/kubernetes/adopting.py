"""The owner of a run's objects, where whoever made them could not know it: its uid comes with the anchor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.labels import labels, owned, selector
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS

UNKNOWN = "00000000-0000-0000-0000-000000000000"
"""The uid of an anchor that is not on a cluster yet."""


def owner_of(kube: Kube, given: Mapping[str, Any], run: str) -> dict[str, Any]:
    """The anchor, with its uid. If that was not known, the run's other objects are given to it.

    Raises:
        NotFound: the anchor is not there.
    """
    metadata = given.get("metadata") or {}
    if metadata.get("uid") != UNKNOWN:
        return dict(given)
    name = str(metadata.get("name"))
    found = kube.get(CONFIG_MAPS, name)
    for resource in (CONFIG_MAPS, JOBS):
        for item in kube.list(resource, labels=selector(labels_of(run))).items:
            if item["metadata"]["name"] != name and not item["metadata"].get("ownerReferences"):
                owners = owned(item, found)["metadata"]["ownerReferences"]
                kube.patch(resource, item["metadata"]["name"], {"metadata": {"ownerReferences": owners}})
    return {**given, "metadata": {**metadata, "uid": found["metadata"]["uid"]}}


def labels_of(run: str) -> dict[str, str]:
    """What all objects of a run have."""
    known = labels("anchor", run=run)
    return {key: value for key, value in known.items() if not key.endswith("/part")}
