"""A pod from plain data, made so that Pod Security `restricted` admits it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.labels import MANAGED_BY, PREFIX
from jupyter_mlops.kube.names import is_key, is_label_value, is_object_name
from jupyter_mlops.kube.pod_settings import HOME, TEMPORARY, PodSettings, Work
from jupyter_mlops.kube.pod_volumes import volumes
from jupyter_mlops.kube.quantities import compare, cores, parse

CONTAINER = "main"
"""The name of the one container."""
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,511}", re.ASCII)
# A sidecar that Istio adds to a pod of a Job never ends, and neither would the pod.
_NO_SIDECAR = {"sidecar.istio.io/inject": "false"}
_OURS = (MANAGED_BY, PREFIX)


def pod_template(work: Work, settings: PodSettings = PodSettings()) -> dict[str, Any]:  # noqa: B008 - it is frozen
    """What goes into a Job's `spec.template`: `metadata` and `spec`.

    Raises:
        Usage: an image, name, label, path or amount that the API server would refuse.
    """
    options = work.options
    asked = {**settings.labels, **options.labels}
    labels = {**_NO_SIDECAR, **_outside(asked), **work.labels}
    annotations = {**settings.annotations, **_outside(options.annotations), **work.annotations}
    _check_labels(labels, annotations)
    return {
        "metadata": {"labels": labels, **({"annotations": annotations} if annotations else {})},
        "spec": pod_spec(work, settings),
    }


def pod_spec(work: Work, settings: PodSettings = PodSettings()) -> dict[str, Any]:  # noqa: B008 - it is frozen
    """The `spec` of such a pod.

    Raises:
        Usage: an image, name, path or amount that the API server would refuse.
    """
    found, mounts = volumes(work, settings)
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": work.token,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": work.grace,
        "securityContext": _pod_security(settings),
        "containers": [_container(work, settings, mounts)],
        "volumes": found,
        "serviceAccountName": work.service_account or settings.service_account,
        "imagePullSecrets": [{"name": name} for name in settings.pull_secrets],
        "nodeSelector": dict(settings.node_selector),
        "tolerations": [dict(item) for item in settings.tolerations],
        "affinity": dict(settings.affinity),
        "priorityClassName": settings.priority_class,
    }
    for name in (spec["serviceAccountName"], settings.priority_class, *settings.pull_secrets):
        if name and not is_object_name(name):
            raise Usage(
                f"{name!r} cannot be the name of an object.",
                hint="Lower-case letters, digits, '-' and '.' are allowed.",
            )
    return {key: value for key, value in spec.items() if value or value is False or value == 0}


def literal(text: str) -> str:
    """The text so that Kubernetes hands it on as it is: it would expand $(NAME) in commands and variables."""
    return text.replace("$", "$$")


def _container(work: Work, settings: PodSettings, mounts: list[dict[str, Any]]) -> dict[str, Any]:
    image = work.options.image or work.image
    if not _IMAGE.fullmatch(image):
        raise Usage(f"{image!r} is not the name of an image.", hint="Write it like registry.example.org/team/ml:1.")
    container = {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": settings.pull_policy,
        "command": [literal(word) for word in work.command],
        "workingDir": work.folder,
        "env": _environment(work),
        "resources": _resources(work, settings),
        "securityContext": _container_security(settings),
        # What a process said last is told with the pod's state, where it said nothing to the message file.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
    return {key: value for key, value in container.items() if value}


def _environment(work: Work) -> list[dict[str, Any]]:
    # Not every id has a name in the image, and getpass.getuser() fails for those without one.
    own = {"HOME": HOME, "TMPDIR": TEMPORARY, "USER": "mlops", "LOGNAME": "mlops"}
    values = {**own, **work.options.env, **work.env}
    entries: dict[str, dict[str, Any]] = {
        name: {"name": name, "value": literal(str(value))} for name, value in values.items()
    }
    for secret in work.options.secrets:
        if not is_object_name(secret.name):
            raise Usage(f"{secret.name!r} cannot be the name of a Secret.", hint='Write "name:key:VARIABLE".')
        source = {"secretKeyRef": {"name": secret.name, "key": secret.key}}
        entries[secret.env] = {"name": secret.env, "valueFrom": source}
    for name in entries:
        if not name or "=" in name or not name.isprintable() or not name.isascii():
            raise Usage(f"{name!r} cannot be the name of a variable.", hint="Letters, digits and '_' are allowed.")
    return list(entries.values())


def _resources(work: Work, settings: PodSettings) -> dict[str, Any]:
    options = work.options
    exact: dict[str, str] = {}
    if options.cpu is not None:
        exact["cpu"] = cores(options.cpu)
    if options.memory is not None:
        exact["memory"] = options.memory
    if options.gpu:
        exact[settings.gpu_resource] = str(options.gpu)
    # What a step asks for is what it gets, no more and no less: a request that equals its limit.
    requests, limits = {**settings.requests, **exact}, {**settings.limits, **exact}
    for name, amount in (*requests.items(), *limits.items()):
        if parse(amount) <= 0:
            raise Usage(f"A step cannot have {amount} of {name}.", hint="Ask for more than nothing.")
    for name in set(requests) & set(limits) - set(exact):
        if compare(requests[name], limits[name]) > 0:
            requests[name] = limits[name]
    return {key: value for key, value in (("requests", requests), ("limits", limits)) if value}


def _pod_security(settings: PodSettings) -> dict[str, Any]:
    security: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if settings.user is not None and settings.user <= 0:
        raise Usage(f"Pods cannot run under the id {settings.user}.", hint="Give an id above 0: 0 is root.")
    files = settings.user if settings.files_group is None else settings.files_group
    ids = {"runAsUser": settings.user, "runAsGroup": settings.group, "fsGroup": files}
    security.update({key: value for key, value in ids.items() if value is not None})
    if files is not None:
        # Without it, every start walks through all files of a volume to give them to the group.
        security["fsGroupChangePolicy"] = "OnRootMismatch"
    return security


def _container_security(settings: PodSettings) -> dict[str, Any]:
    security: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {**security, **({"readOnlyRootFilesystem": True} if settings.read_only_root else {})}


def _outside(asked: Mapping[str, str]) -> dict[str, str]:
    for key in asked:
        if key.startswith(_OURS):
            raise Usage(f"The label {key} is kept for this software.", hint="Give yours another name.")
    return dict(asked)


def _check_labels(labels: Mapping[str, str], annotations: Mapping[str, str]) -> None:
    for key in (*labels, *annotations):
        if not is_key(key):
            raise Usage(f"{key!r} cannot be the name of a label.", hint="Write it like team or example.org/team.")
    for key, value in labels.items():
        if not is_label_value(value):
            hint = "At most 63 letters, digits, '-', '_' and '.' are allowed; an annotation takes any text."
            raise Usage(f"The label {key} cannot be {value!r}.", hint=hint)
    for key, value in annotations.items():
        if not isinstance(value, str):
            raise Usage(f"The annotation {key} has to be text.", hint="Write it in quotes.")
