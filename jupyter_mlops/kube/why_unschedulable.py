"""What the scheduler says of a pod that fits nowhere, in plain words with the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.quantities import parse, show_bytes
from jupyter_mlops.kube.reason import Reason, part, parts, sentence, text

_NODES = re.compile(r"0/(\d+) nodes are available")
_MISSING_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)" not found')
_SHORT = re.compile(r"(\d+) Insufficient ([^\s,]+?)(?=[,.]?(?:\s|$))")
_KINDS = (
    (
        "node_selector",
        re.compile(r"(\d+) node\(s\) didn't (?:match|satisfy) (?:Pod's )?(?:node affinity|node selector)"),
        "{} not the labels that it wants",
        "Correct the target's node_selector or affinity, or label a node.",
    ),
    (
        "taint",
        re.compile(r"(\d+) node\(s\) had (?:untolerated )?taint"),
        "{} a taint that it does not tolerate",
        "Add a toleration to the target's settings, if its pods may go there.",
    ),
    (
        "volume_place",
        re.compile(
            r"(\d+) node\(s\) (?:had volume node affinity conflict|didn't match PersistentVolume's node affinity)"
        ),
        "{} not the volume, which is elsewhere",
        "Its volume is tied to another node or zone, which has to have room; a ReadWriteMany volume is not tied.",
    ),
    (
        "pods",
        re.compile(r"(\d+) Too many pods"),
        "{} no room for another pod",
        "Wait until others have ended, or add a node.",
    ),
    (
        "cordoned",
        re.compile(r"(\d+) node\(s\) were unschedulable"),
        "{} been closed to new pods",
        "Somebody does maintenance: wait, or ask who runs the cluster.",
    ),
)


def why_unschedulable(pod: Mapping[str, Any], message: str) -> Reason:
    """The reason behind the message of the condition PodScheduled."""
    message = message.partition("preemption:")[0]
    claim = _MISSING_CLAIM.search(message)
    if claim:
        said = f"It wants the volume {claim[1]}, and there is no such PVC in the namespace."
        return Reason("claim_missing", said, "Create the PVC, or correct the name in the step's options.", lasting=True)
    if "unbound immediate PersistentVolumeClaims" in message or "persistent volumes to bind" in message:
        return _unbound(pod)
    return _no_node(pod, message)


def _unbound(pod: Mapping[str, Any]) -> Reason:
    names = [text(part(volume, "persistentVolumeClaim"), "claimName") for volume in parts(pod, "spec", "volumes")]
    claims = ", ".join(filter(None, names)) or "its PVC"
    hint = f"`kubectl describe pvc {claims.replace(',', '')}` says why: often its storage class does not exist."
    return Reason("claim_pending", f"Its volume is not there yet: no storage is bound to {claims}.", hint)


def _no_node(pod: Mapping[str, Any], message: str) -> Reason:
    found = list(_complaints(pod, message))
    nodes = _NODES.search(message)
    if not found:
        hint = "`kubectl describe pod` shows all that the scheduler says."
        return Reason("unschedulable", f"No node takes it: {sentence(message) or 'the scheduler says no more.'}", hint)
    words = " and ".join(said for _, said, _ in found)
    of = f"of {nodes[1]} node{'s' * (nodes[1] != '1')} " if nodes else ""
    # Taints are most often meant so, on nodes that are for others; labels and taints of a node are told together.
    code, _, hint = min(found, key=lambda item: item[0] == "taint")
    if code == "node_selector":
        hint = " ".join(hint for code, _, hint in found if code in ("node_selector", "taint"))
    return Reason(code, f"No node can take it: {of}{words}.", hint)


def _complaints(pod: Mapping[str, Any], message: str) -> Iterator[tuple[str, str, str]]:
    for match in _SHORT.finditer(message):
        count, resource = match.groups()
        amount = _asked(pod, resource)
        asked = f" (it asks for {amount})" if amount else ""
        hint = f"Ask for less {resource}, wait until others have ended, or add a node that has enough."
        if "." in resource:
            hint = f"Use a cluster or node pool that offers {resource}, ask for fewer, or wait until others have ended."
        yield "unschedulable", f"{_have(count)} too little {resource} free{asked}", hint
    for code, pattern, said, hint in _KINDS:
        match_of_kind = pattern.search(message)
        if match_of_kind:
            yield code, said.format(_have(match_of_kind[1])), hint


def _have(count: str) -> str:
    return f"{count} {'has' if count == '1' else 'have'}"


def _asked(pod: Mapping[str, Any], resource: str) -> str:
    """How much of a resource all containers of the pod ask for, for people; "" when they do not say."""
    total = Decimal(0)
    for container in parts(pod, "spec", "containers"):
        given = part(container, "resources", "limits"), part(container, "resources", "requests")
        amount = given[1].get(resource, given[0].get(resource, 0))
        try:
            total += parse(amount)
        except Usage:
            return ""
    if not total:
        return ""
    return show_bytes(total) if resource in ("memory", "ephemeral-storage") else f"{total.normalize():f}"
