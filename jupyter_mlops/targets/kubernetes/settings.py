"""The table `[kubernetes]` of a project: what is set for all runs, and what steps have by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.pod_settings import PodSettings
from jupyter_mlops.pipeline.model import Options, Secret, Step, Volume
from jupyter_mlops.pipeline.options import read_options
from jupyter_mlops.targets.kubernetes.storage import Storage, check_mounted, read_url

PATIENCE_S = 180.0
"""A cluster may have what is missing a moment later: a Secret that is made after the run, an image that is pushed."""


@dataclass(frozen=True)
class ClusterSettings:
    """What a target is told once. `claim` holds the store; `size`, `access` and `storage_class` are for a new one.

    `python` is a command of the images; empty: it is looked for. `service_account` is that of the driver, which makes
    Jobs; steps have one only if `pods` has it. `env`, `secrets` and `volumes` are for all steps. `leave_out` are files
    and folders of the project that never travel. `driver_queue` is the queue of drivers: usually they wait in none, as
    a driver that holds a part of the quota may keep its own steps from starting. A step that waits for what waiting
    does not mend (an image or a Secret that is not there) fails after `patience` seconds. `pip`: components of KFP may
    install the packages that they ask for. `share_cache`: runs bring results from the cache at home, and theirs home.
    With `storage`, a URL, values and files of steps are kept there, and no step mounts the claim; `storage_options` are
    those of fsspec's file system.
    """

    image: str
    claim: str = "mlops-store"
    size: str = "10Gi"
    access: str = "ReadWriteOnce"
    storage_class: str = ""
    python: str = ""
    service_account: str = ""
    pods: PodSettings = field(default_factory=PodSettings)
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    volumes: tuple[Volume, ...] = ()
    leave_out: tuple[str, ...] = ()
    driver_queue: str = ""
    patience: float = PATIENCE_S
    pip: bool = False
    share_cache: bool = True
    storage: str = ""
    storage_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at_url(self) -> Storage | None:
        """Where values are kept if not on a volume. Pods get in as steps do: with what is set for all of them."""
        if not self.storage:
            return None
        return Storage(self.storage, dict(self.storage_options), self.options(Options()))

    def options(self, own: Options) -> Options:
        """The options of a step, with what is set for all steps; its own come first."""
        named = {secret.env for secret in own.secrets} | set(own.env)
        secrets = tuple(item for item in self.secrets if item.env not in named)
        volumes = tuple(item for item in self.volumes if item.path not in {one.path for one in own.volumes})
        if not (self.env or secrets or volumes):
            return own
        hidden = {secret.env for secret in own.secrets}
        env = {**{name: value for name, value in self.env.items() if name not in hidden}, **own.env}
        return replace(own, env=env, secrets=(*own.secrets, *secrets), volumes=(*own.volumes, *volumes))

    def plan(self, plan: Plan) -> Plan:
        """The plan, all of its steps with what is set for all: it counts for their cache keys, too."""

        def with_defaults(step: Step) -> Step:
            return replace(step, options=self.options(step.options))

        return replace(plan, pipeline=replace(plan.pipeline, steps=tuple(map(with_defaults, plan.pipeline.steps))))


def read_settings(table: Mapping[str, Any]) -> ClusterSettings:
    """The settings that a table of the project's file says.

    Raises:
        Usage: a key is not known, or its value makes no sense.
    """
    if not table.get("image"):
        raise Usage(
            "The target kubernetes needs an image for its steps.",
            hint='Give --image, or set image = "..." under [kubernetes] in jupyter_mlops.toml. '
            "Any image with Python 3.9 or newer and the libraries of the notebook will do.",
        )
    own: dict[str, Any] = {}
    pods: dict[str, Any] = {}
    for name, value in table.items():
        if name in _TEXTS:
            own[name] = _text(name, value)
        elif name in _READ:
            own[name] = _READ[name](name, value)
        elif name in _POD_READ:
            key, read = _POD_READ[name]
            pods[key] = read(name, value)
        else:
            raise Usage(f"[kubernetes] has no setting {name!r}.", hint=f"There are: {', '.join(setting_names())}.")
    found = ClusterSettings(**own, pods=PodSettings(**pods))
    check_mounted(found.storage, found.volumes)
    return found


def setting_names() -> tuple[str, ...]:
    """All keys that the table may have, `context` and `namespace` beside them."""
    return tuple(sorted({"context", "namespace", "attached", *_TEXTS, *_READ, *_POD_READ}))


def pods_to_data(settings: PodSettings) -> dict[str, Any]:
    """As plain JSON data."""
    return {item.name: _plain(getattr(settings, item.name)) for item in fields(PodSettings)}


def pods_from_data(data: Mapping[str, Any]) -> PodSettings:
    """Read what `pods_to_data` gave; what is not known (a newer writer's) is left out."""
    known = {item.name for item in fields(PodSettings)}
    given: dict[str, Any] = {}
    for name in known.intersection(data):
        value = data[name]
        given[name] = tuple(value) if isinstance(value, list) else value
    return PodSettings(**given)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _wrong(name: str, what: str) -> Usage:
    return Usage(f"The setting {name} under [kubernetes] has to be {what}.")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "text")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, "a list of texts")
    return tuple(value)


def _pairs(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(item, (str, int, float)) for item in value.values()):
        raise _wrong(name, 'a table of texts, like {disk = "ssd"}')
    return {str(key): str(item) for key, item in value.items()}


def _objects(name: str, value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise _wrong(name, "a list of tables, as Kubernetes writes them")
    return tuple(dict(item) for item in value)


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(name, "a table, as Kubernetes writes it")
    return dict(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _user(name: str, value: Any) -> int | None:
    if value == "cluster":
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise _wrong(name, 'a number above 0 (root cannot be), or "cluster" where the cluster or the image chooses')
    return value


def _seconds(name: str, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
        raise _wrong(name, "a number of seconds above 0")
    return float(value)


def _secrets(name: str, value: Any) -> Any:
    return read_options({"secrets": list(_texts(name, value))}).secrets


def _url(name: str, value: Any) -> str:
    return read_url(_text(name, value)) if value else ""


def _volumes(name: str, value: Any) -> Any:
    return read_options({"volumes": list(_texts(name, value))}).volumes


_TEXTS = ("image", "claim", "size", "access", "storage_class", "python", "service_account", "driver_queue")
_Read = Callable[[str, Any], Any]
_READ: Mapping[str, _Read] = {
    "env": _pairs,
    "secrets": _secrets,
    "volumes": _volumes,
    "leave_out": _texts,
    "patience": _seconds,
    "pip": _flag,
    "share_cache": _flag,
    "storage": _url,
    "storage_options": _object,
}
_POD_READ: Mapping[str, tuple[str, _Read]] = {
    "user": ("user", _user),
    "requests": ("requests", _pairs),
    "limits": ("limits", _pairs),
    "gpu_resource": ("gpu_resource", _text),
    "shared_memory": ("shared_memory", _text),
    "node_selector": ("node_selector", _pairs),
    "tolerations": ("tolerations", _objects),
    "affinity": ("affinity", _object),
    "priority_class": ("priority_class", _text),
    "pull_secrets": ("pull_secrets", _texts),
    "pull_policy": ("pull_policy", _text),
    "step_service_account": ("service_account", _text),
    "queue": ("queue", _text),
    "labels": ("labels", _pairs),
    "annotations": ("annotations", _pairs),
    "read_only_root": ("read_only_root", _flag),
}
