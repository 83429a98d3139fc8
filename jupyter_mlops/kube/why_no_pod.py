"""Why a Job has no pod: it is suspended, or the API server refused its pods."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.labels import QUEUE
from jupyter_mlops.kube.quantities import compare, show_bytes
from jupyter_mlops.kube.reason import Reason, condition, part, sentence, text

_QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: (.*), used: (.*), limited: (.*)")
_UNSAID = re.compile(r"failed quota: ([^:]+): must specify (\S+)")
_SECURITY = re.compile(r'violates PodSecurity "([^":]+)[^"]*": (.*)')
_ACCOUNT = re.compile(r'serviceaccount "([^"]+)" not found')
_LIMIT = re.compile(
    r"(maximum|minimum) (\S+) usage per (?:Container|Pod) is (\S+?),? but (?:limit|request) is ([^\s,\]]+)"
)
_PREFIX = re.compile(r'^Error creating: (?:pods "[^"]*" is forbidden: )?')


def why_no_pod(job: Mapping[str, Any] | None, events: Iterable[Mapping[str, Any]]) -> Reason | None:
    """Why no pod is there; None when none is due yet."""
    if condition(job, "Suspended") or part(job, "spec").get("suspend") is True:
        return _suspended(job)
    refused = [event for event in events if event.get("reason") == "FailedCreate"]
    return _refused(text(refused[-1], "message")) if refused else None


def queued(queue: str) -> Reason:
    """Kueue has not let it in."""
    place = f"the queue {queue}" if queue else "its queue"
    hint = "It starts when the queue's quota has room: `kubectl get workloads,localqueues` shows what goes before."
    return Reason("queued", f"Kueue holds it back: {place} has not admitted it yet.", hint)


def _suspended(job: Mapping[str, Any] | None) -> Reason:
    queue = text(part(job, "metadata", "labels"), QUEUE)
    if queue:
        return queued(queue)
    return Reason(
        "suspended", "Its Job is suspended.", "Set spec.suspend of the Job to false, or cancel the step.", True
    )


def _refused(message: str) -> Reason:
    for pattern, explain in _REFUSALS:
        found = pattern.search(message)
        if found:
            return explain(found)
    said = sentence(_PREFIX.sub("", message))
    hint = "Change the step's or the target's settings so that the cluster admits it."
    return Reason("refused", f"The cluster refuses its pod: {said}", hint, lasting=True)


def _over_quota(found: re.Match[str]) -> Reason:
    asked, used, most = (dict(_amounts(found[index])) for index in (2, 3, 4))
    words = [
        f"of {_resource(name)} it asks for {_show(name, amount)}, {_show(name, used.get(name, '0'))} of "
        f"{_show(name, most.get(name, '?'))} are in use"
        for name, amount in asked.items()
    ]
    said = f"The namespace's quota {found[1]} has no room: {'; '.join(words)}."
    if any(_exceeds(amount, most.get(name)) for name, amount in asked.items()):
        return Reason("quota", said, "Ask for less, or ask for more quota: this never fits.", lasting=True)
    return Reason("quota", said, "Ask for less, wait until others have ended, or ask for more quota.")


def _exceeds(amount: str, most: str | None) -> bool:
    try:
        return most is not None and compare(amount, most) > 0
    except Usage:
        return False


def _amounts(written: str) -> Iterable[tuple[str, str]]:
    for entry in written.split(","):
        name, _, amount = entry.partition("=")
        yield name.strip(), amount.strip()


def _resource(name: str) -> str:
    return name.replace("requests.", "requested ", 1).replace("limits.", "limited ", 1)


def _show(name: str, amount: str) -> str:
    return show_bytes(amount) if name.rpartition(".")[2] in ("memory", "storage", "ephemeral-storage") else amount


def _unsaid(found: re.Match[str]) -> Reason:
    said = f"The namespace's quota {found[1]} admits only pods that say how much they need: {found[2]} is not given."
    return Reason("quota", said, "Give the step cpu and memory, or the target requests and limits.", lasting=True)


def _insecure(found: re.Match[str]) -> Reason:
    said = f"The namespace's Pod Security level {found[1]} does not admit it: {sentence(found[2])}"
    hint = "Take out of the target's settings what the level forbids."
    return Reason("pod_security", said, hint, lasting=True)


def _no_account(found: re.Match[str]) -> Reason:
    said = f"There is no service account {found[1]} in the namespace."
    return Reason(
        "service_account",
        said,
        "`jupyter mlops target rbac` prints one to apply; a run with --attached needs none.",
        lasting=True,
    )


def _out_of_range(found: re.Match[str]) -> Reason:
    bound = "at most" if found[1] == "maximum" else "at least"
    most, asked = (_show(found[2], found[index]) for index in (3, 4))
    said = f"The namespace allows {bound} {most} of {found[2]}, and it asks for {asked}."
    return Reason("limit_range", said, "Ask for an amount that is allowed.", lasting=True)


_REFUSALS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Reason]], ...] = (
    (_QUOTA, _over_quota),
    (_UNSAID, _unsaid),
    (_SECURITY, _insecure),
    (_ACCOUNT, _no_account),
    (_LIMIT, _out_of_range),
)
