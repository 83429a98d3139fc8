"""The checks of `doctor` for a cluster, each a function from what the API server answers to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.doctor_finding import Answers, Finding, Forbidden, NoAnswer, State
from jupyter_mlops.kube.pod_settings import user_in
from jupyter_mlops.kube.quantities import parse
from jupyter_mlops.kube.rbac import PURPOSES, missing
from jupyter_mlops.kube.reason import part, parts, text

ENFORCE = "pod-security.kubernetes.io/enforce"
OLDEST = (1, 27)
_SKEW = 30.0
_NEARLY = 9, 10
_NODES = 100
_RBAC = "Who may grant rights applies what `jupyter mlops target rbac` prints."
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_OPERATORS = {
    "pipelines.kubeflow.org": "Kubeflow Pipelines",
    "argoproj.io": "Argo Workflows",
    "trainer.kubeflow.org": "Kubeflow Trainer",
    "kubeflow.org": "Kubeflow training operator",
    "jobset.x-k8s.io": "JobSet",
    "kueue.x-k8s.io": "Kueue",
    "serving.kserve.io": "KServe",
    "sparkoperator.k8s.io": "Spark operator",
    "gateway.networking.k8s.io": "Gateway API",
    "metrics.k8s.io": "metrics server",
}


@dataclass(frozen=True)
class Place:
    """What is checked. `claim` is the PVC of the target's store, `storage` a URL in place of it, `image` the one of its
    steps; "" where none is set.
    """

    namespace: str
    server: str = ""
    user: str = ""
    image: str = ""
    claim: str = ""
    storage: str = ""

    @property
    def path(self) -> str:
        """The namespace's own path."""
        return f"/api/v1/namespaces/{quote(self.namespace, safe='')}"


def version(answers: Answers, place: Place) -> Iterator[Finding]:
    """Whether the API server answers, and how old it is."""
    try:
        found = answers.read("/version")
    except Forbidden:
        yield Finding("connection", "ok", f"{place.server or 'The API server'} answers; its version may not be seen.")
        return
    except NoAnswer as error:
        hint = "Log in again: the credentials in the kubeconfig are not taken." if error.status == 401 else ""
        yield Finding("connection", "failed", error.said, hint)
        return
    known = text(found, "gitVersion") or "of unknown version"
    who = f" as {place.user}" if place.user else ""
    said = f"Kubernetes {known} at {place.server or 'the API server'}{who}."
    numbers = [text(found, key).rstrip("+") for key in ("major", "minor")]
    old = all(item.isdecimal() for item in numbers) and tuple(map(int, numbers)) < OLDEST
    hint = f"Kubernetes {OLDEST[0]}.{OLDEST[1]} or newer is needed." if old else ""
    yield Finding("connection", "failed" if old else "ok", said, hint)


def _clock(answers: Answers, _: Place) -> Iterator[Finding]:
    header, here = answers.seen.get("date", ("", 0.0))
    try:
        skew = here - parsedate_to_datetime(header).timestamp()
    except (TypeError, ValueError, IndexError):
        yield Finding("clock", "unknown", "The API server does not say what time it is.")
        return
    if abs(skew) <= _SKEW:
        yield Finding("clock", "ok", "The clocks here and there agree.")
        return
    said = f"The clock here is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the cluster's."
    yield Finding("clock", "warning", said, "Set the clock: tokens and times of runs go wrong.")


def _namespace(answers: Answers, place: Place) -> Iterator[Finding]:
    try:
        found = answers.read(place.path)
    except NoAnswer as error:
        if error.status != 404:
            raise
        hint = "Create it, or name another with --namespace."
        yield Finding("namespace", "failed", f"There is no namespace {place.namespace}.", hint)
        return
    except Forbidden:
        hint = "Runs do not need to see it."
        yield Finding("namespace", "unknown", f"The namespace {place.namespace} may not be seen.", hint)
        yield Finding("pod security", "unknown", "The namespace's Pod Security level may not be seen.", hint)
        return
    ends = text(part(found, "status"), "phase") == "Terminating"
    said = f"The namespace {place.namespace} is {'being deleted' if ends else 'there'}."
    yield Finding("namespace", "failed" if ends else "ok", said, "Name another with --namespace." if ends else "")
    level = text(part(found, "metadata", "labels"), ENFORCE)
    words = f"Pod Security level {level} is enforced" if level else "No Pod Security level is enforced"
    ids = ", and OpenShift gives pods their ids" if user_in(found) is None else ""
    yield Finding("pod security", "ok", f"{words}{ids}; pods of runs satisfy `restricted`.")


def _rights(answers: Answers, place: Place) -> Iterator[Finding]:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": place.namespace},
    }
    status = part(answers.review("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body), "status")
    allowed = list(parts(status, "resourceRules"))
    for purpose in ("run", "attached", "follow", "schedules"):
        lacking = missing(purpose, allowed)
        name = f"rights to {purpose}"
        if not lacking:
            yield Finding(name, "ok", f"You may {PURPOSES[purpose]}.")
            continue
        words = "; ".join(f"{', '.join(rule.verbs)} {rule.resource}" for rule in lacking)
        # An authorizer that cannot list its rules (a webhook) may allow more than it tells.
        unsure = status.get("incomplete") is True
        state: State = "unknown" if unsure else "failed" if purpose == "run" else "warning"
        enough = purpose == "run" and not missing("attached", allowed)
        way_out = f"Run with --attached, which you may. {_RBAC}" if enough else _RBAC
        yield Finding(name, state, f"{'Perhaps not' if unsure else 'Not'} allowed: {words}.", way_out)


def _quota(answers: Answers, place: Place) -> Iterator[Finding]:
    found = list(parts(answers.read(f"{place.path}/resourcequotas"), "items"))
    if not found:
        yield Finding("quota", "ok", "The namespace has no quota.")
    for item in found:
        yield _one_quota(
            text(part(item, "metadata"), "name"), part(item, "status", "hard"), part(item, "status", "used")
        )


def _one_quota(name: str, hard: Mapping[str, Any], used: Mapping[str, Any]) -> Finding:
    tight, words = False, []
    for resource in sorted(map(str, hard)):
        most, now = hard.get(resource), used.get(resource, "0")
        words.append(f"{resource} {now} of {most}")
        try:
            tight = tight or parse(now) * _NEARLY[1] >= parse(most) * _NEARLY[0]
        except Usage:
            continue
    hint = "Steps wait until others have ended, or ask for more quota." if tight else ""
    return Finding(f"quota {name}", "warning" if tight else "ok", f"In use: {', '.join(words)}.", hint)


def _storage(answers: Answers, place: Place) -> Iterator[Finding]:
    if place.storage:
        said = f"Steps keep their values at {place.storage}; whether pods get in there cannot be seen from here."
        yield Finding("storage", "unknown", said, "A step that cannot use it says why.")
    if place.claim:
        yield _claim(answers, place)
    elif place.storage:
        return
    found = list(parts(answers.read("/apis/storage.k8s.io/v1/storageclasses"), "items"))
    names = [text(part(item, "metadata"), "name") for item in found]
    default = [
        text(part(item, "metadata"), "name")
        for item in found
        if part(item, "metadata", "annotations").get(_DEFAULT_CLASS) == "true"
    ]
    if default:
        yield Finding("storage class", "ok", f"Volumes are made by the default storage class {default[0]}.")
    else:
        said = f"No storage class is the default; there are: {', '.join(names) or 'none'}."
        hint = "Name a storage class or an existing PVC in the target's settings."
        yield Finding("storage class", "warning", said, hint)


def _claim(answers: Answers, place: Place) -> Finding:
    try:
        found = answers.read(f"{place.path}/persistentvolumeclaims/{quote(place.claim, safe='')}")
    except NoAnswer as error:
        said = f"There is no PVC {place.claim} yet." if error.status == 404 else error.said
        return Finding("store", "warning", said, "The first run makes it.")
    except Forbidden:
        return Finding("store", "unknown", f"The PVC {place.claim} may not be seen.", _RBAC)
    phase = text(part(found, "status"), "phase")
    size = text(part(found, "status", "capacity"), "storage")
    if phase == "Lost":
        return Finding("store", "failed", f"The volume of the PVC {place.claim} is lost.", "Name another PVC.")
    said = f"The PVC {place.claim} is {phase or 'there'}{' with ' + size if size else ''}."
    # A class may wait for the first pod before it makes the volume.
    return Finding("store", "ok", said)


def _image(answers: Answers, place: Place) -> Iterator[Finding]:
    if not place.image:
        yield Finding("image", "warning", "No image is set for steps.", "Set `image` in the target's settings.")
        return
    try:
        nodes = list(parts(answers.read(f"/api/v1/nodes?limit={_NODES}"), "items"))
    except Forbidden:
        said = f"Whether nodes have the image {place.image} may not be seen; they pull what they do not have."
        yield Finding("image", "unknown", said)
        return
    have = sum(any(_same(name, place.image) for name in _names(node)) for node in nodes)
    if have:
        yield Finding("image", "ok", f"{have} of {len(nodes)} nodes have the image {place.image}.")
        return
    said = f"No node names the image {place.image}: it is pulled when the first step starts."
    yield Finding("image", "unknown", said, "A private registry needs a pull secret (imagePullSecrets) in the target.")


def _names(node: Mapping[str, Any]) -> Iterator[str]:
    for image in parts(node, "status", "images"):
        names = image.get("names")
        yield from (name for name in names if isinstance(name, str)) if isinstance(names, (list, tuple)) else ()


def _same(name: str, wanted: str) -> bool:
    """Whether a node's name for an image is the one wanted: nodes write "a" as "docker.io/library/a:latest"."""
    tagged = wanted if ":" in wanted.rpartition("/")[2] or "@" in wanted else f"{wanted}:latest"
    return name in (tagged, f"docker.io/{tagged}", f"docker.io/library/{tagged}")


def _operators(answers: Answers, _: Place) -> Iterator[Finding]:
    there = {
        text(group, "name"): text(part(group, "preferredVersion"), "groupVersion")
        for group in parts(answers.read("/apis"), "groups")
    }
    found = [f"{name} ({there[group]})" for group, name in _OPERATORS.items() if group in there]
    said = f"Found: {', '.join(found)}." if found else "None is installed, and none is needed: runs are plain Jobs."
    yield Finding("operators", "ok", said)


CHECKS: Mapping[str, Callable[[Answers, Place], Iterator[Finding]]] = {
    "clock": _clock,
    "namespace": _namespace,
    "rights": _rights,
    "quota": _quota,
    "storage class": _storage,
    "image": _image,
    "operators": _operators,
}
"""Name of a check -> what it finds. They run at the same time, after `version`."""
