"""What the verb `target` answers: plain data, as `--json` and the server show it."""

from __future__ import annotations

from typing import TypedDict


class CapabilityData(TypedDict):
    """Something a target can do; `missing` says why not, `unknown` why nobody could tell."""

    name: str
    available: bool
    missing: str
    unknown: str


class TargetData(TypedDict):
    """A target. `missing` and `hint` say why it cannot be used, and the way out."""

    name: str
    available: bool
    missing: str
    hint: str
    context: str
    namespace: str
    image: str
    capabilities: list[CapabilityData]


class TargetsData(TypedDict):
    """All targets; `default` is the one of the project."""

    targets: list[TargetData]
    default: str


class FindingData(TypedDict):
    """One check: `state` is ok, warning, failed or unknown."""

    name: str
    state: str
    said: str
    hint: str


class DoctorData(TypedDict):
    """What the doctor found of a target, and how long it took."""

    target: str
    seconds: float
    findings: list[FindingData]


class RightsData(TypedDict):
    """Rights as YAML for `kubectl apply -f -`, what they are for, where, and to whom."""

    yaml: str
    purposes: list[str]
    namespace: str
    subject: str


class ContextData(TypedDict):
    """A context of the kubeconfig; `cluster` is the address of its API server."""

    name: str
    namespace: str
    cluster: str
    user: str
    current: bool


class ContextsData(TypedDict):
    """The contexts in the order of the kubeconfig."""

    contexts: list[ContextData]
