"""Mounts as volumes of a pod and mounts of its container. There is no way to mount anything of the node."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.names import is_object_name
from jupyter_mlops.kube.pod_settings import (
    HOME,
    TEMPORARY,
    Claim,
    ConfigFiles,
    PodSettings,
    Scratch,
    SecretFiles,
    Work,
)
from jupyter_mlops.kube.quantities import parse
from jupyter_mlops.pipeline.model import Volume

if TYPE_CHECKING:
    from jupyter_mlops.kube.pod_settings import Source

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a folder of the pod, not of this machine
_RESERVED = ("/", "/proc", "/sys", "/dev", "/etc", "/var/run/secrets", "/run/secrets")


def volumes(work: Work, settings: PodSettings) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The pod's volumes and the container's mounts: one volume a source, however often it is mounted.

    Raises:
        Usage: a path or a name that makes no sense, or two things at one path.
    """
    found: dict[str, dict[str, Any]] = {}
    mounts = []
    for path, source in sorted(_all_mounts(work, settings).items()):
        volume = _volume(source, path)
        key = repr(volume) + (path if isinstance(source, Scratch) else "")
        entry = found.setdefault(key, {"name": f"v{len(found)}", **volume})
        mounts.append({"name": entry["name"], "mountPath": path, **_how(source)})
    return list(found.values()), mounts


def _all_mounts(work: Work, settings: PodSettings) -> Mapping[str, Source]:
    asked: dict[str, Source] = {}
    for path, source in (*work.mounts.items(), *((item.path, asked_for(item)) for item in work.options.volumes)):
        clean = _clean(path)
        if asked.get(clean, source) != source:
            raise Usage(f"Two volumes cannot both be mounted at {clean}.", hint="Give one of them another path.")
        asked[clean] = source
    return {**dict(_own_mounts(settings)), **asked}


def asked_for(volume: Volume) -> Source:
    """What a step's volume is: a claim, or the keys of `secret/NAME` or `config/NAME` as files.

    Raises:
        Usage: another kind of thing.
    """
    kind, name = volume.source
    if kind == "claim":
        return Claim(name)
    if kind == "secret":
        return SecretFiles(name)
    if kind == "config":
        return ConfigFiles((name,))
    raise Usage(
        f"{volume.claim!r} cannot be mounted.",
        hint="Write CLAIM:/PATH for a PVC; secret/NAME:/PATH or config/NAME:/PATH for files of a Secret or ConfigMap.",
    )


def _own_mounts(settings: PodSettings) -> Iterator[tuple[str, Source]]:
    # A user without an entry in the image's /etc/passwd has no home, and the image's own may not be writable.
    yield HOME, Scratch()
    yield TEMPORARY, Scratch()
    if settings.shared_memory:
        yield _SHARED_MEMORY, Scratch(settings.shared_memory, in_memory=True)


def _clean(path: str) -> str:
    clean = posixpath.normpath(path) if path else ""
    if not clean.startswith("/") or clean.startswith("//") or ":" in clean or "\0" in clean or ".." in path.split("/"):
        raise Usage(f"A volume cannot be mounted at {path!r}.", hint="Give an absolute path, like /data.")
    if clean in _RESERVED:
        raise Usage(
            f"A volume cannot be mounted at {clean}: the system is there.", hint="Give another path, like /data."
        )
    return clean


def _volume(source: Source, path: str) -> dict[str, Any]:
    if isinstance(source, Claim):
        # Read-only is said of the mount: the same claim may be mounted writable beside it.
        return {"persistentVolumeClaim": {"claimName": _named(source.name, "PVC")}}
    if isinstance(source, SecretFiles):
        # With fsGroup the kubelet adds the group's right to read; 0400 is all that a Secret's files need.
        return {"secret": {"secretName": _named(source.name, "Secret"), "defaultMode": 0o400, **_items(source.keys)}}
    if isinstance(source, ConfigFiles):
        return _config_files(source, path)
    medium = {"medium": "Memory"} if source.in_memory else {}
    return {"emptyDir": {**medium, **({"sizeLimit": _size(source.size)} if source.size else {})}}


def _config_files(source: ConfigFiles, path: str) -> dict[str, Any]:
    if not source.names:
        raise Usage(f"No ConfigMap is named for {path}.", hint="Name one at least.")
    how = {**_items(source.keys), **({"optional": True} if source.optional else {})}
    parts = [{"name": _named(name, "ConfigMap"), **how} for name in source.names]
    return {"configMap": parts[0]} if len(parts) == 1 else {"projected": {"sources": [{"configMap": p} for p in parts]}}


def _items(keys: tuple[str, ...]) -> dict[str, Any]:
    return {"items": [{"key": key, "path": key} for key in keys]} if keys else {}


def _how(source: Source) -> dict[str, Any]:
    if isinstance(source, Scratch):
        return {}
    if not isinstance(source, Claim):
        return {"readOnly": True}
    if source.folder.startswith("/") or ".." in source.folder.split("/"):
        raise Usage(f"{source.folder!r} is no folder of a volume.", hint="Give a relative path, like models/iris.")
    return {**({"subPath": source.folder} if source.folder else {}), **({"readOnly": True} if source.read_only else {})}


def _named(name: str, kind: str) -> str:
    if not is_object_name(name):
        raise Usage(
            f"{name!r} cannot be the name of a {kind}.", hint="Lower-case letters, digits, '-' and '.' are allowed."
        )
    return name


def _size(text: str) -> str:
    if parse(text) <= 0:
        raise Usage(f"A folder of size {text} holds nothing.", hint='Write it like "512Mi" or "4Gi".')
    return text
