"""Files of a component: inputs put where it reads them, outputs found where it wrote them and kept by their content."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Mapping
from typing import Any, Optional

from jupyter_mlops.runtime import artifacts
from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp.sources import ARTIFACT

INPUTS, OUTPUTS, STAGED = "inputs", "outputs", "artifacts"
# Where KFP's launcher puts what has such a URI.
_MOUNTED = {"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/", "oci://": "/oci/", "file://": ""}


def local_path(uri: str) -> str:
    """Where what has this URI is on this machine."""
    for scheme, folder in _MOUNTED.items():
        if uri.startswith(scheme):
            return folder + uri[len(scheme) :]
    return uri


def put_input(artifact: Mapping[str, Any], key: str, folder: str) -> dict[str, Any]:
    """Put an artifact of the store under `folder`, and describe it as KFP's executor input does.

    Raises `MlopsError` if its content is not in the store, or is not what it should be.
    """
    uri = str(artifact.get("uri", ""))
    if artifact.get("digest"):
        path = artifact.get("path")
        if not isinstance(path, str) or not os.path.isfile(path):
            raise MlopsError(f"the artifact {key!r} is not in the store any more.", hint="Run it with --no-cache.")
        uri = os.path.join(folder, os.path.basename(str(artifact["name"])) or key)
        os.makedirs(folder, exist_ok=True)
        if artifact.get("folder"):
            _unpack(path, uri)
        elif not os.path.lexists(uri):
            os.symlink(path, uri)  # inputs are only read; a model may be large
    described = {"name": artifact["name"], "type": artifact["type"], "uri": uri}
    return {**described, "metadata": dict(artifact.get("metadata", {}))}


def _unpack(path: str, target: str) -> None:
    """The files of a tar that `artifacts.stage` made, below `target` and nowhere else."""
    os.makedirs(target, exist_ok=True)
    with tarfile.open(path) as archive:
        for member in archive:
            name = os.path.normpath(member.name)
            source = archive.extractfile(member) if member.isfile() else None
            if source is None or os.path.isabs(name) or name.split(os.sep)[0] == os.pardir:
                raise MlopsError(f"the folder {path} holds {member.name!r}, which is no file of it.")
            place = os.path.join(target, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with source, open(place, "wb") as file:
                shutil.copyfileobj(source, file)


def keep_output(found: Mapping[str, Any], directory: str) -> tuple[dict[str, Any], Optional[dict[str, Any]]]:
    """Describe an artifact that a component made, for steps after it; and the event that has the store keep it.

    `found` has name, type, uri and metadata, as KFP's executor output. One without a file is its metadata only.
    """
    kind = found["type"].get("schemaTitle") or "system.Artifact"
    made: dict[str, Any] = {
        ARTIFACT: True,
        "name": str(found["name"]),
        "type": dict(found["type"]),
        "metadata": dict(found.get("metadata") or {}),
    }
    path = local_path(str(found.get("uri", "")))
    if not os.path.exists(path):
        inside = path.startswith(os.path.join(directory, ""))  # nothing is there, and the next time it is another place
        return {**made, "uri": "" if inside else str(found.get("uri", ""))}, None
    folder = os.path.join(directory, STAGED)
    os.makedirs(folder, exist_ok=True)
    short = kind.partition(".")[2] or kind
    name = made["name"] + {"HTML": ".html", "Markdown": ".md"}.get(short, "")
    staged = artifacts.stage(path, name, short.lower(), folder)
    _mark(staged, made["metadata"])
    made.update(digest=staged["digest"], folder=os.path.isdir(path), uri="")
    return made, staged


def _mark(staged: dict[str, Any], metadata: Mapping[str, Any]) -> None:
    """The store's metadata of an artifact are plain values; those of KFP may be anything."""
    plain = {key: value for key, value in metadata.items() if isinstance(value, (str, int, float, bool))}
    staged["metadata"] = {**plain, **staged["metadata"]}
