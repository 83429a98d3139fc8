"""Why a pod that is there has not begun: no node, no image, something missing that it wants, or a slow node."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from jupyter_mlops.kube.labels import QUEUE
from jupyter_mlops.kube.reason import Reason, condition, containers, part, parts, sentence, spec_of, text, when
from jupyter_mlops.kube.why_no_pod import queued
from jupyter_mlops.kube.why_unschedulable import why_unschedulable

LONG = timedelta(seconds=60)
_NOT_FOUND = re.compile(r'(secret|configmap) "([^"]+)" not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) \S*?([^\s/]+)$")
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}
_BEYOND = ("Pulling", "Pulled", "Created", "Started")
_DENIED = ("unauthorized", "authentication required", "denied", "forbidden", "403", "401")
_UNREACHABLE = ("no such host", "timeout", "connection refused", "dial tcp", "x509", "tls")
_ABSENT = ("not found", "manifest unknown", "does not exist")


def why_waiting(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now: datetime | None) -> Reason | None:
    """Why this pod has not begun; None when it has, or when nothing is wrong so far."""
    ends = part(pod, "metadata").get("deletionTimestamp") or condition(pod, "DisruptionTarget")
    if ends or part(pod, "status").get("phase") not in (None, "Pending"):
        return None
    unscheduled = condition(pod, "PodScheduled", "False")
    if unscheduled is not None:
        return _no_node(pod, unscheduled)
    for status, waiting in containers(pod, "waiting"):
        found = _container(pod, status, waiting)
        if found:
            return found
    return _mounts(events) or _slow(pod, events, now)


def _no_node(pod: Mapping[str, Any], unscheduled: Mapping[str, Any]) -> Reason:
    if unscheduled.get("reason") != "SchedulingGated":
        return why_unschedulable(pod, text(unscheduled, "message"))
    gates = [text(gate, "name") for gate in parts(pod, "spec", "schedulingGates")]
    if any(gate.startswith("kueue.x-k8s.io/") for gate in gates):
        return queued(text(part(pod, "metadata", "labels"), QUEUE))
    hint = "It starts when who set the gate takes it away."
    return Reason("gated", f"It is held back by {', '.join(gates) or 'a scheduling gate'}.", hint)


def _container(pod: Mapping[str, Any], status: Mapping[str, Any], waiting: Mapping[str, Any]) -> Reason | None:
    reason, message = text(waiting, "reason"), text(waiting, "message")
    image = text(status, "image") or text(spec_of(pod, status), "image")
    if reason in ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"):
        return _image(image, message)
    if reason == "ErrImageNeverPull":
        said = f"The image {image} is not on the node, and may not be pulled (its pull policy is Never)."
        return Reason("image_absent", said, "Load the image into the nodes, or set the pull policy IfNotPresent.", True)
    if reason == "InvalidImageName":
        return Reason("image_name", f"{image} is not the name of an image.", "Write it like registry/team/ml:1.", True)
    if reason in ("CreateContainerConfigError", "CreateContainerError"):
        return _configuration(message)
    if reason in ("", "ContainerCreating", "PodInitializing"):
        return None
    return Reason("container", f"Its container does not start ({reason}). {sentence(message)}".rstrip())


def _image(image: str, message: str) -> Reason:
    words = message.lower()
    cause = message.rpartition(": ")[2]
    if any(word in words for word in _UNREACHABLE):
        hint = "Check the registry's name, and that the nodes reach it."
        said = f"The node cannot reach the registry of the image {image}: {cause}."
        return Reason("image_registry", said, hint, lasting=True)
    if any(word in words for word in _DENIED):
        hint = "Check the name, or give the target a pull secret (imagePullSecrets) for the registry."
        return Reason("image_denied", f"The registry does not give out the image {image} without a login.", hint, True)
    if any(word in words for word in _ABSENT):
        return Reason("image_absent", f"There is no image {image} in its registry.", "Check its name and tag.", True)
    said = f"The image {image} cannot be pulled{': ' + cause if cause else ''}."
    return Reason("image", said, "The cluster tries again; `kubectl describe pod` shows more.")


def _configuration(message: str) -> Reason:
    found = _absent(message)
    if found:
        return found
    if "runAsNonRoot" in message:
        said = "Its image's user is root, or a name that may be root's, and pods may not run as root here."
        return Reason("runs_as_root", said, "Give the target a `user` (an id above 0, like 1000).", lasting=True)
    return Reason("configuration", f"Its container cannot be made: {sentence(message)}", lasting=True)


def _absent(message: str) -> Reason | None:
    key = _NO_KEY.search(message)
    if key:
        said = f"The {key[2]} {key[3]} has no key {key[1]}."
        return Reason("key_missing", said, "Add the key, or correct it in the step's options.", lasting=True)
    found = _NOT_FOUND.search(message)
    if not found:
        return None
    kind = _KINDS[found[1].lower()]
    said = f"There is no {kind} {found[2]} in the namespace."
    return Reason(f"{found[1].lower()}_missing", said, f"Create the {kind}, or correct its name.", lasting=True)


def _mounts(events: Sequence[Mapping[str, Any]]) -> Reason | None:
    for event in reversed(events):
        message = text(event, "message")
        if event.get("reason") in _BEYOND:
            return None  # what failed before has succeeded since
        if event.get("reason") in ("FailedMount", "FailedAttachVolume"):
            return _absent(message) or _unmounted(message)
        if event.get("reason") == "FailedCreatePodSandBox":
            hint = "The node tries again; if it stays so, tell who runs the cluster."
            return Reason("node_network", f"The node cannot set up its network: {sentence(message)}", hint)
    return None


def _unmounted(message: str) -> Reason:
    if "Multi-Attach" in message:
        hint = "Wait until the pod there has ended, or use a volume that many nodes can mount (ReadWriteMany)."
        return Reason("volume_in_use", "Its volume is in use on another node, and only one can mount it.", hint)
    hint = "The node tries again; if it stays so, check the PVC and its storage class."
    return Reason("volume", f"Its volume cannot be mounted: {sentence(message)}", hint)


def _slow(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now: datetime | None) -> Reason | None:
    since = when(condition(pod, "PodScheduled") or {}, "lastTransitionTime")
    if now is None or since is None or now - since < LONG:
        return None
    node, waited = text(part(pod, "spec"), "nodeName"), f"{int((now - since).total_seconds())} s"
    if not any(containers(pod, "waiting")):
        hint = "The node may be down: `kubectl get nodes` shows it. Cancel the step, or wait."
        return Reason("node_silent", f"The node {node} has not taken it up for {waited}.", hint)
    if any(event.get("reason") == "Pulling" for event in events):
        hint = "Large images take minutes the first time on a node."
        return Reason("image_pulling", f"The node {node} has been pulling its image for {waited}.", hint)
    hint = "A volume or the network is being set up; `kubectl describe pod` shows what."
    return Reason("slow", f"The node {node} has been preparing it for {waited}.", hint)
