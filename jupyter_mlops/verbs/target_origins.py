"""The settings of a target that are in force, and where each comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Literal, TypedDict

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.base import target_settings
from jupyter_mlops.verbs.target_answers import TargetData

Origin = Literal["given", "project", "kubeconfig", "pod", "default", "none"]


class SettingData(TypedDict):
    """A setting: `origin` is given (for this question), project (its file), kubeconfig, pod (the one that this
    process runs in), default, or none where it is not set.
    """

    name: str
    value: str
    origin: Origin


def settings_in_force(
    project: Project, name: str, answer: TargetData, given: Mapping[str, str] | None = None
) -> list[SettingData]:
    """The settings of a target; `answer` is what the verb `target` says of it, asked with what was `given`."""
    if name != "kubernetes":
        return [_setting(key, value, "project") for key, value in _own(project, name).items()]
    from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
    from jupyter_mlops.targets.kubernetes.submit import ClusterSettings

    own = _own(project, name)
    asked = {key: value for key, value in (given or {}).items() if value}
    found = {"context": (answer["context"], "kubeconfig"), "namespace": (answer["namespace"], "kubeconfig")}
    found["image"] = (answer["image"], "pod")
    for item in fields(ClusterSettings):
        if item.default is not MISSING:
            found.setdefault(item.name, (item.default, "default"))
    settings: list[SettingData] = []
    for key in KubernetesCluster.SETTINGS:
        value, origin = found.get(key, ("", "none"))
        if key in asked:
            value, origin = asked[key], "given"
        elif key in own:
            value, origin = own[key], "project"
        settings.append(_setting(key, value, origin))
    return settings


def _own(project: Project, name: str) -> Mapping[str, Any]:
    try:
        return target_settings(name, project)
    except MlopsError:
        return {}


def _setting(name: str, value: Any, origin: Any) -> SettingData:
    text = _text(value)
    return {"name": name, "value": text, "origin": origin if text else "none"}


def _text(value: Any) -> str:
    """A value as a person would write it in the file; what is empty is not set."""
    if value is None or (isinstance(value, (str, Sequence, Mapping)) and not value):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
