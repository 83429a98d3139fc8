"""The setting `storage`: a URL where values and files of runs are kept in place of a volume; and how pods get in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.pipeline.model import Options, Volume
from jupyter_mlops.pipeline.options import read_options

LIBRARIES: Mapping[str, str] = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
    "oci": "ocifs",
    "oss": "ossfs",
    "hdfs": "pyarrow",
    "webhdfs": "requests",
    "file": "",
}
"""Kinds of URLs, and what images need for them besides fsspec. `file` is a folder of a volume that all pods mount."""
# Some have the account in front, as in abfs://container@account; none a password.
_PLACE = re.compile(r"[\w.@:-]*(?:/[\w.=@+~-]+)*/?", re.ASCII)


@dataclass(frozen=True)
class Storage:
    """Where values are kept: `options` are those of fsspec's file system, as TOML has them. `access` are the variables,
    secrets and volumes that pods have, by which they get in.
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    access: Options = field(default_factory=Options)

    def to_data(self) -> dict[str, Any]:
        """As plain JSON data. Secrets are names."""
        access = self.access
        return {
            "url": self.url,
            "options": dict(self.options),
            "env": dict(access.env),
            "secrets": [f"{item.name}:{item.key}:{item.env}" for item in access.secrets],
            "volumes": [f"{item.claim}:{item.path}" for item in access.volumes],
        }

    @classmethod
    def from_data(cls, data: Any) -> Storage | None:
        """Read what `to_data` gave; None of nothing.

        Raises:
            Usage: it is something else.
        """
        if not data:
            return None
        try:
            access = read_options({name: data[name] for name in ("env", "secrets", "volumes")})
            return cls(read_url(str(data["url"])), dict(data["options"]), access)
        except (LookupError, TypeError, ValueError, AttributeError, MlopsError) as error:
            raise Usage(f"Where the run keeps its values cannot be read: {error}.") from error


def read_url(text: str) -> str:
    """The URL, without a slash at its end.

    Raises:
        Usage: pods could not keep values there; the message says why.
    """
    try:
        found = urlsplit(text)
    except ValueError as error:
        raise _refused(text, f"it is no URL ({error})") from error
    if not found.scheme or "://" not in text:
        raise _refused(text, "it is no URL")
    if found.scheme not in LIBRARIES:
        raise _refused(text, f"{found.scheme}:// is not one of {', '.join(LIBRARIES)}")
    place = text.partition("://")[2]
    if found.password is not None or found.query or found.fragment:
        raise _refused(text, "what lets pods in does not belong into it", "Use secrets or storage_options.")
    if not _PLACE.fullmatch(place) or ".." in place.split("/"):
        raise _refused(text, "its path has characters that not every store takes")
    if found.scheme == "file" and (found.netloc or found.path.strip("/") == ""):
        raise _refused(text, "it names no folder", "Write it like file:///data/mlops, below a volume at /data.")
    if found.scheme != "file" and not found.netloc and found.scheme != "hdfs":
        raise _refused(text, "it names no bucket")
    return text.rstrip("/")


def check_mounted(url: str, volumes: tuple[Volume, ...]) -> None:
    """Go on only if a folder is on a volume that all pods mount.

    Raises:
        Usage: it is a folder that goes with its pod.
    """
    path = urlsplit(url).path
    inside = (posixpath.commonpath([path, item.path]) == posixpath.normpath(item.path) for item in volumes)
    if url.startswith("file://") and not any(inside):
        raise _refused(url, "no volume is mounted there", 'Mount one in all pods: volumes = ["CLAIM:/data"].')


def _refused(url: str, why: str, hint: str = "Give a URL such as s3://bucket/folder.") -> Usage:
    return Usage(f"The storage {url!r} under [kubernetes] cannot be used: {why}.", hint=hint)
