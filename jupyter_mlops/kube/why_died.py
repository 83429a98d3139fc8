"""How a pod died: the cluster took it away, it used more than it may, it could not begin, or its process failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.kube.code_reader import REFUSED
from jupyter_mlops.kube.quantities import show_bytes
from jupyter_mlops.kube.reason import Reason, condition, containers, last_line, number, part, sentence, spec_of, text

_RETRY = "It may be tried again as it is."
_TAKEN = {
    "PreemptionByScheduler": ("preempted", "A pod of higher priority took its place."),
    "EvictionByEvictionAPI": ("drained", "Its node was drained."),
    "DeletionByTaintManager": ("node_lost", "Its node stopped answering, or was closed to it."),
    "DeletionByPodGC": ("node_lost", "Its node is gone."),
    "TerminationByKubelet": ("node_pressure", "Its node ran short, or was shut down, and ended it."),
}
# Reasons of a pod whose node refused or lost it. "Outof..." comes of two pods that were given one place.
_NODE = re.compile(r"NodeLost|NodeShutdown|Terminated|Shutdown|NodeAffinity|UnexpectedAdmissionError|OutOf\w+")
_SIGNALS = {1: "SIGHUP", 2: "SIGINT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL"}
_SIGNALS.update({11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ"})
_CRASHES = (4, 6, 7, 8, 11)
_NO_PROGRAM = re.compile(r'exec: "([^"]+)": (?:executable file not found|stat [^:]*: no such file)')
_NOT_ALLOWED = re.compile(r'exec: "([^"]+)": permission denied')


def why_died(pod: Mapping[str, Any] | None, job: Mapping[str, Any] | None = None) -> Reason | None:
    """How it ended; None when it has not, or when it succeeded. Without a pod, what its Job tells."""
    if not pod:
        return _told_by_job(job)
    if part(pod, "status").get("phase") == "Succeeded":
        return None
    found = _taken_away(pod) or _ended_by_node(pod) or _told_by_job(job, only="DeadlineExceeded")
    if found:
        return found
    for status, ended in containers(pod, "terminated"):
        if ended.get("exitCode") != 0:
            return _process(pod, spec_of(pod, status), ended)
    return None


def _taken_away(pod: Mapping[str, Any]) -> Reason | None:
    target = condition(pod, "DisruptionTarget")
    if target is None:
        return None
    code, said = _TAKEN.get(text(target, "reason"), ("disrupted", "The cluster took it away."))
    more = text(part(pod, "status"), "message") if code == "node_pressure" else ""
    return Reason(code, f"{said} {sentence(more)}".rstrip(), _RETRY, disruption=True)


def _ended_by_node(pod: Mapping[str, Any]) -> Reason | None:
    status = part(pod, "status")
    reason, message = text(status, "reason"), text(status, "message")
    if reason == "Evicted":
        return _evicted(message)
    if reason == "DeadlineExceeded":
        return _too_long(part(pod, "spec"))
    if _NODE.fullmatch(reason):
        said = f"Its node could not keep it ({reason}). {sentence(message)}".rstrip()
        return Reason("node_lost", said, _RETRY, disruption=True)
    return None


def _evicted(message: str) -> Reason:
    if "EmptyDir" in message or ("ephemeral" in message and "limit" in message):
        hint = "Write large files to a volume, or give the step or target more room."
        return Reason("disk_limit", f"It wrote more to the pod's own disk than it may: {sentence(message)}", hint)
    said = f"Its node ran short and ended it: {sentence(message)}" if message else "Its node ran short and ended it."
    return Reason("node_pressure", said, "Ask for as much memory and disk as it uses, or try again.", disruption=True)


def _too_long(spec: Mapping[str, Any]) -> Reason:
    most = number(spec, "activeDeadlineSeconds")
    said = "It ran longer than it may" + (f" ({most} s)." if most is not None else ".")
    return Reason("deadline", said, "Give the step a longer timeout.")


def _told_by_job(job: Mapping[str, Any] | None, only: str = "") -> Reason | None:
    failed = condition(job, "Failed") or condition(job, "FailureTarget")
    if failed is None or (only and failed.get("reason") != only):
        return None
    if failed.get("reason") == "DeadlineExceeded":
        return _too_long(part(job, "spec"))
    said = sentence(text(failed, "message")) or "Its Job failed."
    return Reason("job_failed", f"{said} Its pod is gone, so no more is known.", "The step's log may say more.")


def _process(pod: Mapping[str, Any], spec: Mapping[str, Any], ended: Mapping[str, Any]) -> Reason:
    reason, message, code = text(ended, "reason"), last_line(ended, "message"), number(ended, "exitCode")
    if reason == "OOMKilled":
        return _out_of_memory(spec, code)
    if reason in ("StartError", "ContainerCannotRun", "RunContainerError"):
        return _not_begun(text(spec, "image"), message)
    if reason == "ContainerStatusUnknown":
        return Reason("node_lost", "Its node cannot say what became of it.", _RETRY, disruption=True)
    if code is not None and 128 < code < 160:
        return _signal(pod, code - 128, message)
    return _failed(code, message)


def _out_of_memory(spec: Mapping[str, Any], code: int | None) -> Reason:
    limit = part(spec, "resources", "limits").get("memory")
    who = "It" if code == 137 else "A process that it started"
    if limit is None:
        said = f"{who} was killed: its node had no memory left (OOMKilled)."
        return Reason("out_of_memory", said, "Give the step `memory`, so that it comes to a node that has enough.")
    said = f"{who} was killed for using more memory than its limit of {show_bytes(limit)} (OOMKilled)."
    return Reason("out_of_memory", said, f"Give the step more `memory` than {limit}, or let it hold less at once.")


def _not_begun(image: str, message: str) -> Reason:
    missing, forbidden = _NO_PROGRAM.search(message), _NOT_ALLOWED.search(message)
    if missing:
        said = f"There is no {missing[1]} in the image {image}."
        return Reason("no_program", said, "Use an image with Python 3.9 or newer, or name its Python to the target.")
    if forbidden:
        said = f"The pod's user may not run {forbidden[1]} in the image {image}."
        return Reason(
            "no_program", said, "Use an image whose Python any user may run, or give the target another `user`."
        )
    return Reason("not_begun", f"Its container could not begin: {sentence(message)}", "Check the image.")


def _signal(pod: Mapping[str, Any], which: int, message: str) -> Reason:
    name = _SIGNALS.get(which, f"signal {which}")
    if which in (2, 9, 15) and part(pod, "metadata").get("deletionTimestamp"):
        return Reason("stopped", f"It was stopped: its pod was deleted ({name}).", _RETRY)
    said = f"Its process was ended by {name} (exit code {128 + which}).{_last_words(message)}"
    if which in _CRASHES:
        return Reason("crashed", said, "A library written in C crashed: its version may not fit the image or the node.")
    if which == 9:
        hint = "Often a process used too much memory: give the step more `memory`."
        return Reason("killed", said, hint)
    return Reason("killed", said)


def _failed(code: int | None, message: str) -> Reason:
    if code == REFUSED and message:
        return Reason("code_refused", message, "Start the run anew, with an image that has Python 3.9.")
    said = f"Its process ended with exit code {'?' if code is None else code}.{_last_words(message)}"
    if "Read-only file system" in message:
        hint = "Write below HOME, below the temporary folder, or to a volume: the rest of the image is read-only."
        return Reason("read_only", said, hint)
    if "No space left on device" in message or "Disk quota exceeded" in message:
        return Reason("disk_full", said, "Make room on the volume, or use a larger one.")
    if "Permission denied" in message:
        hint = (
            "The pod's user is not root: write below HOME or to a volume, or give the target another `user`. "
            "A volume of a host path or NFS takes no group: who runs the cluster lets others write its folder."
        )
        return Reason("permission", said, hint)
    if code in (126, 127):
        return Reason("no_program", said, "The command was not found in the image, or may not be run.")
    return Reason("exit_code", said, "Its log says more.")


def _last_words(message: str) -> str:
    return f" It said last: {message[-300:].strip()}" if message else ""
