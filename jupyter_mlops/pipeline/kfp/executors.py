"""How a task runs: its container in the IR, and what only Kubernetes knows in the platform's document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.model import Options, Volume

MOUNT = "/jupyter-mlops"
RUNTIME, STEPS = "runtime.zip", "steps.zip"
_UNITS = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def container(options: Options, image: str, task: str, digest: str) -> dict[str, Any]:
    """The container of a task. Everything that a run decides comes in one argument, the executor's input as JSON.

    `digest` is that of all that the task runs: KFP's cache compares images and arguments, so it must be among them.
    """
    made: dict[str, Any] = {
        "image": options.image or image,
        "command": ["python3", f"{MOUNT}/{RUNTIME}", "kfp"],
        "args": [f"{MOUNT}/{STEPS}", task, digest, "{{$}}"],
    }
    if options.env:
        made["env"] = [{"name": name, "value": value} for name, value in options.env.items()]
    resources = _resources(options)
    return {**made, "resources": resources} if resources else made


def platform(options: Options, code: str) -> dict[str, Any]:
    """What kfp-kubernetes says of a task: volumes, secrets, labels, the time limit, and `code`, a ConfigMap's name."""
    made: dict[str, Any] = {"configMapAsVolume": [_named("configMapName", code, mountPath=MOUNT, optional=False)]}
    for item in options.volumes:
        key, mounted = _mount(item)
        made.setdefault(key, []).append(mounted)
    if options.secrets:
        made["secretAsEnv"] = [
            _named("secretName", item.name, keyToEnv=[{"secretKey": item.key, "envVar": item.env}], optional=False)
            for item in options.secrets
        ]
    if options.labels or options.annotations:
        metadata = {"labels": dict(options.labels), "annotations": dict(options.annotations)}
        made["podMetadata"] = {name: value for name, value in metadata.items() if value}
    if options.timeout is not None:
        made["activeDeadlineSeconds"] = str(math.ceil(options.timeout))
    return made


def retry_policy(options: Options) -> dict[str, Any] | None:
    """How a failed task is tried again; None if it is not."""
    retries = options.retries
    if not retries.limit:
        return None
    return {
        "maxRetryCount": retries.limit,
        "backoffDuration": f"{math.ceil(retries.delay)}s",
        "backoffFactor": float(retries.backoff),
        "backoffMaxDuration": f"{math.ceil(retries.max_delay)}s",
    }


def _resources(options: Options) -> dict[str, Any]:
    """Request and limit alike; beside the text the numbers (cores, GB) that older servers read."""
    made: dict[str, Any] = {}
    if options.cpu is not None:
        text = f"{options.cpu:g}"
        made.update({"cpuLimit": float(options.cpu), "cpuRequest": float(options.cpu)})
        made.update({"resourceCpuLimit": text, "resourceCpuRequest": text})
    if options.memory is not None:
        gigabytes = _bytes(options.memory) / 1e9
        made.update({"memoryLimit": gigabytes, "memoryRequest": gigabytes})
        made.update({"resourceMemoryLimit": options.memory, "resourceMemoryRequest": options.memory})
    if options.gpu:
        count, kind = str(options.gpu), "nvidia.com/gpu"
        made["accelerator"] = {"count": count, "type": kind, "resourceCount": count, "resourceType": kind}
    return made


def _bytes(memory: str) -> float:
    unit = memory.lstrip("0123456789.")
    try:
        return float(memory[: len(memory) - len(unit)]) * (_UNITS[unit] if unit else 1)
    except (KeyError, ValueError):
        raise Refused(f"{memory!r} is no amount of memory.", hint="Write it as Kubernetes does: 512Mi, 4Gi.") from None


def _mount(volume: Volume) -> tuple[str, dict[str, Any]]:
    kind, name = volume.source
    if kind == "claim":
        return "pvcMount", {"constant": name, "mountPath": volume.path, "pvcNameParameter": _constant(name)}
    if kind == "secret":
        return "secretAsVolume", dict(_named("secretName", name, mountPath=volume.path, optional=False))
    if kind == "config":
        return "configMapAsVolume", dict(_named("configMapName", name, mountPath=volume.path, optional=False))
    raise Refused(
        f"{volume.claim!r} cannot be mounted.",
        hint="Write CLAIM:/PATH for a PVC; secret/NAME:/PATH or config/NAME:/PATH for files of a Secret or ConfigMap.",
    )


def _named(key: str, name: str, **more: Any) -> Mapping[str, Any]:
    """A name twice: as kfp-kubernetes writes it now, and as older servers read it."""
    return {key: name, f"{key}Parameter": _constant(name), **more}


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}
