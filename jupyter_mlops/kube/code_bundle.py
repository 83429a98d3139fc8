"""Code on its way into pods: bytes as immutable ConfigMaps named by their digest, and the command that runs them."""

from __future__ import annotations

import base64
import hashlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.labels import PREFIX, labels
from jupyter_mlops.kube.pod_settings import ConfigFiles

PIECE = 1_000_000
"""Bytes in one ConfigMap: the API server takes 1 MiB of data, keys counted."""
MOST_PIECES = 32
DIGEST = PREFIX + "digest"
FOLDER = "/mlops/code"
"""Where pods have the pieces."""


@dataclass(frozen=True)
class CodeBundle:
    """Bytes (a zip that Python can run) in pieces; `digest` is their SHA-256, in hexadecimal."""

    digest: str
    pieces: tuple[bytes, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the ConfigMaps, in order: the same code, split in the same way, has the same names."""
        stem = f"code-{self.digest[:32]}-{len(self.pieces[0])}"
        return tuple(f"{stem}-{index}" for index in range(len(self.pieces)))

    @property
    def config_maps(self) -> list[dict[str, Any]]:
        """The ConfigMaps. One that is already there is the same: give it one more owner (`labels.owned`)."""
        return [self._config_map(index, name) for index, name in enumerate(self.names)]

    @property
    def mount(self) -> ConfigFiles:
        """What is mounted at `FOLDER` in a pod that runs it."""
        return ConfigFiles(self.names)

    def command(self, arguments: Sequence[str] = (), python: str = "python3") -> tuple[str, ...]:
        """What a pod runs: it reads the pieces, checks the digest, and goes on as `python CODE ARGUMENTS` would."""
        return (python, "-c", reader(), self.digest, FOLDER, *arguments)

    def _config_map(self, index: int, name: str) -> dict[str, Any]:
        metadata = {"name": name, "labels": labels("code"), "annotations": {DIGEST: self.digest}}
        # The key is a file's name in the pod, where the pieces of all ConfigMaps lie in one folder.
        data = {f"{index:03}": base64.b64encode(self.pieces[index]).decode()}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, "binaryData": data}


def bundle(data: bytes, piece: int = PIECE) -> CodeBundle:
    """The bytes as a bundle; what is larger than `piece` bytes is split.

    Raises:
        Usage: there is nothing, or too much for the cluster's own store.
    """
    pieces = tuple(data[start : start + piece] for start in range(0, len(data), piece))
    if not pieces:
        raise Usage("There is no code to send.", hint="The bundle is empty.")
    if len(pieces) > MOST_PIECES:
        said = f"The code is {len(data) / 1e6:.0f} MB, and at most {MOST_PIECES * piece / 1e6:.0f} MB can be sent."
        raise Usage(said, hint="Put large files on a volume, and mount it in the step.")
    return CodeBundle(hashlib.sha256(data).hexdigest(), pieces)


def reader() -> str:
    """The text of `code_reader`, also where this package itself lies in a zip."""
    found = pkgutil.get_data("jupyter_mlops.kube", "code_reader.py")
    assert found is not None, "the package holds its own reader"
    return found.decode("utf-8")
