"""A Job of one pod that is tried once: whether and when there is another attempt is the engine's matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.labels import QUEUE, owned
from jupyter_mlops.kube.names import ALLOWED, is_dns_label, is_label_value
from jupyter_mlops.kube.pod_settings import PodSettings, Work
from jupyter_mlops.kube.pod_template import pod_template

KEEP = 3600
"""Seconds for which a Job that is over stays on the cluster, if its run is not deleted before."""


def job(
    name: str,
    work: Work,
    settings: PodSettings,
    *,
    owner: Mapping[str, Any] | None = None,
    deadline: int | None = None,
    keep: int = KEEP,
) -> dict[str, Any]:
    """The Job. It goes with `owner`, as the API server answered it, and ends after `deadline` seconds at the latest.

    Raises:
        Usage: a name, image, label, path or amount that the API server would refuse.
    """
    if not is_dns_label(name):
        raise Usage(f"{name!r} cannot be the name of a Job.", hint=ALLOWED)
    if not is_label_value(settings.queue):
        raise Usage(f"{settings.queue!r} cannot be the name of a queue.", hint=ALLOWED)
    template = pod_template(work, settings)
    # Kueue reads the queue from the Job and holds it back; on the pods it would count them twice.
    queue = {QUEUE: settings.queue} if settings.queue else {}
    metadata = {"name": name, **template["metadata"], "labels": {**template["metadata"]["labels"], **queue}}
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "ttlSecondsAfterFinished": keep,
        # A pod that is being deleted is no reason for a second one beside it.
        "podReplacementPolicy": "Failed",
        "template": template,
    }
    if deadline is not None:
        spec["activeDeadlineSeconds"] = deadline
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
    return owned(made, owner) if owner else made
