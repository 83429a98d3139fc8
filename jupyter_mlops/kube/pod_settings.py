"""What a pod is made of, as plain data: the work of one pod, and what a person set for all pods of a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_mlops.pipeline.model import Options

DEFAULT_USER = 1000
"""Under which id pods run where the cluster gives none of its own.

Most images' user is root, or a name that the kubelet cannot tell from root: with `runAsNonRoot` alone their containers
never start. 1000 is the user of the usual notebook images, so files that notebooks wrote to a volume can be read. The
group stays the image's own, or 0, as OpenShift does it.
"""
HOME = "/home/mlops"
TEMPORARY = "/tmp"  # noqa: S108 - a folder of the pod, not of this machine
OPENSHIFT_RANGE = "openshift.io/sa.scc.uid-range"


@dataclass(frozen=True)
class Claim:
    """A PVC, or one folder of it that is there: one that the kubelet has to make is root's, and cannot be written."""

    name: str
    folder: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class ConfigFiles:
    """The keys of ConfigMaps as files of one folder; of `keys`, only these. `optional`: as far as they are there."""

    names: tuple[str, ...]
    keys: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class SecretFiles:
    """The keys of a Secret as files, readable by the pod's user alone; of `keys`, only these."""

    name: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scratch:
    """An empty folder that goes with the pod. `size` as in "4Gi"; in memory it counts as the pod's memory."""

    size: str = ""
    in_memory: bool = False


if TYPE_CHECKING:
    Source = Claim | ConfigFiles | SecretFiles | Scratch


@dataclass(frozen=True)
class Work:
    """One pod: what runs in it, and what is mounted where (absolute path -> source).

    `command` is an argument list: nothing in it, or in values of `env`, is expanded. `token` mounts the service
    account's token. `grace` are seconds between the request to end and the kill.
    """

    image: str
    command: tuple[str, ...]
    options: Options = field(default_factory=Options)
    mounts: Mapping[str, Source] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    token: bool = False
    service_account: str = ""
    grace: int = 30


@dataclass(frozen=True)
class PodSettings:
    """What all pods of a target have. `user` None: the cluster gives the ids (OpenShift), or the image's own are right.

    `requests` and `limits` are for steps that say nothing of cpu or memory. `files_group` (of files on volumes) None:
    as `user`. `tolerations` and `affinity` are as Kubernetes writes them.
    """

    user: int | None = DEFAULT_USER
    group: int | None = None
    files_group: int | None = None
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "100m", "memory": "256Mi"})
    limits: Mapping[str, str] = field(default_factory=dict)
    gpu_resource: str = "nvidia.com/gpu"
    shared_memory: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    affinity: Mapping[str, Any] = field(default_factory=dict)
    priority_class: str = ""
    pull_secrets: tuple[str, ...] = ()
    pull_policy: str = "IfNotPresent"
    service_account: str = ""
    queue: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    read_only_root: bool = False


def user_in(namespace: Mapping[str, Any]) -> int | None:
    """The id to run under in this namespace (as the API server answered it): None where OpenShift gives the ids."""
    metadata = namespace.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return None if isinstance(annotations, Mapping) and OPENSHIFT_RANGE in annotations else DEFAULT_USER
