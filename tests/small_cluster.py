"""A cluster of one process: objects in a dictionary, and each Job's container as a process of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jupyter_mlops.kube.request import Request, Response

# Seconds of a pod's grace pass this much faster here.
HASTE = 30.0


class SmallCluster:
    """A `Transport`: creates, shows, lists, changes, deletes and watches the objects of one namespace.

    A Job has one pod, whose container runs `code` (a zip) with the arguments that follow the code's folder in its
    command. `refuse` maps the plural of a kind to the status with which it is refused. While `hold` is set, pods do
    not begin: `hold` is their status. A Job that `suspend` chooses gets no pod, as a queue has it.
    """

    def __init__(self, code: Path) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.refuse: dict[str, tuple[int, str]] = {}
        self.hold: dict[str, Any] = {}
        self.suspend: Callable[[Mapping[str, Any]], bool] = lambda _: False
        self.asked: list[Request] = []
        self._code = code
        self._guard = threading.RLock()
        self._version = 0
        self._watches: list[tuple[str, Mapping[str, str], _Stream]] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    # The transport.

    def send(self, request: Request) -> Response:
        with self._guard:
            self.asked.append(request)
            status, body = self._answer(request)
        return Response(status, {}, json.dumps(body).encode())

    def stream(self, request: Request) -> _Stream:
        plural, _ = _place(request.path)
        with self._guard:
            self.asked.append(request)
            stream = _Stream()
            self._watches.append((plural, request.query, stream))
        return stream

    def close(self) -> None:
        for name, process in list(self._processes.items()):
            self._kill(name, process)
        for _, _, stream in self._watches:
            stream.close()

    # The objects.

    def of(self, plural: str, **labels: str) -> list[dict[str, Any]]:
        """Objects of a kind with these labels."""
        with self._guard:
            return [item for (kind, _), item in self.objects.items() if kind == plural and _has(item, labels)]

    def _answer(self, request: Request) -> tuple[int, Any]:
        plural, name = _place(request.path)
        if plural in self.refuse and request.method in ("POST", "DELETE"):
            code, message = self.refuse[plural]
            return code, {"kind": "Status", "code": code, "message": message, "reason": "Forbidden"}
        if request.method == "POST":
            return self._create(plural, json.loads(json.dumps(request.body)))
        if request.method == "GET" and not name:
            chosen = _selected(request.query.get("labelSelector", ""))
            items = [item for item in self.of(plural, **chosen) if _is_named(item, request.query)]
            return 200, {"metadata": {"resourceVersion": str(self._version)}, "items": items}
        found = self.objects.get((plural, name))
        if found is None:
            return 404, {"kind": "Status", "code": 404, "reason": "NotFound", "message": f"{name} not found"}
        if request.method == "DELETE":
            self._delete(plural, name)
        elif request.method == "PATCH":
            body = request.body or {}
            version = body.get("metadata", {}).get("resourceVersion")
            if version is not None and version != found["metadata"]["resourceVersion"]:
                return 409, {"kind": "Status", "code": 409, "reason": "Conflict", "message": f"{name} was changed"}
            _merge(found, body)
            self._told(plural, "MODIFIED", found)
        return 200, found

    def _create(self, plural: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "name" not in body["metadata"]:
            body["metadata"]["name"] = body["metadata"].pop("generateName") + uuid.uuid4().hex[:5]
        name = body["metadata"]["name"]
        if (plural, name) in self.objects:
            return 409, {"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": f"{name} already exists"}
        if plural == "jobs" and self.suspend(body):
            body["spec"]["suspend"] = True
        self._put(plural, body)
        if plural == "jobs" and not body["spec"].get("suspend"):
            self._begin(body)
        return 201, body

    def _put(self, plural: str, body: dict[str, Any], kind: str = "ADDED") -> None:
        body["metadata"].setdefault("uid", str(uuid.uuid4()))
        self.objects[(plural, body["metadata"]["name"])] = body
        self._told(plural, kind, body)

    def _delete(self, plural: str, name: str) -> None:
        found = self.objects.pop((plural, name), None)
        if found is None:
            return
        uid = found["metadata"]["uid"]
        owned = [
            key
            for key, item in self.objects.items()
            if any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences", ()))
        ]
        for key in owned:
            if key[0] == "pods":
                threading.Thread(target=self._end_pod, args=(key[1],), daemon=True).start()
            else:
                self._delete(*key)
        self._told(plural, "DELETED", found)

    def _told(self, plural: str, kind: str, body: dict[str, Any]) -> None:
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        line = json.dumps({"type": kind, "object": body}).encode() + b"\n"
        for watched, query, stream in self._watches:
            if watched == plural and _has(body, _selected(query.get("labelSelector", ""))) and _is_named(body, query):
                stream.put(line)

    # What happens to pods and Jobs there.

    def happened(self, reason: str, message: str, name: str) -> None:
        """Have an event about an object of that name."""
        about = {"involvedObject": {"name": name}, "reason": reason, "message": message}
        with self._guard:
            self._put("events", {"metadata": {"name": uuid.uuid4().hex}, **about})

    def release(self) -> None:
        """Let the pods begin that were held."""
        with self._guard:
            self.hold = {}
            for pod in self.of("pods"):
                if pod["status"].get("phase") == "Pending":
                    self._run(pod)

    def resume(self, job: str) -> None:
        """Let a suspended Job have its pod."""
        with self._guard:
            found = self.objects[("jobs", job)]
            found["spec"]["suspend"] = False
            self._told("jobs", "MODIFIED", found)
            self._begin(found)

    def take_away(self, pod: str, reason: str = "") -> None:
        """Delete a pod, or evict it for a reason (`EvictionByEvictionAPI`); its Job has failed then."""
        with self._guard:
            found = self.objects[("pods", pod)]
            found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            if reason:
                found["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True", "reason": reason}]
            self._told("pods", "MODIFIED", found)
        threading.Thread(target=self._end_pod, args=(pod,), daemon=True).start()

    def cut(self) -> None:
        """End all watches, as a server that restarts does."""
        with self._guard:
            watches, self._watches = self._watches, []
        for _, _, stream in watches:
            stream.close()

    # The pods.

    def _begin(self, job: dict[str, Any]) -> None:
        template, name = job["spec"]["template"], job["metadata"]["name"]
        labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": name}
        owner = {"kind": "Job", "name": name, "uid": job["metadata"]["uid"], "apiVersion": "batch/v1"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**template["metadata"], "name": f"{name}-x", "labels": labels, "ownerReferences": [owner]},
            "spec": template["spec"],
            "status": {"phase": "Pending", **self.hold},
        }
        if self.hold:
            self._put("pods", pod)
        else:
            self._run(pod)

    def _run(self, pod: dict[str, Any]) -> None:
        container = pod["spec"]["containers"][0]
        given = {item["name"]: item["value"] for item in container["env"] if "value" in item}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        with open(self._stdout_of(pod), "wb") as stdout:
            process = subprocess.Popen(
                [sys.executable, str(self._code), *self._arguments(pod, container)],
                env={**kept, **given, "HOME": os.environ.get("HOME", "/tmp")},
                stdout=stdout,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._processes[pod["metadata"]["name"]] = process
        pod["status"] = {"phase": "Running"}
        self._put("pods", pod, "ADDED" if ("pods", pod["metadata"]["name"]) not in self.objects else "MODIFIED")
        threading.Thread(target=self._await, args=(pod, process), daemon=True).start()

    def _stdout_of(self, pod: dict[str, Any]) -> str:
        return os.devnull

    def _arguments(self, pod: dict[str, Any], container: dict[str, Any]) -> list[str]:
        command: list[str] = container["command"]
        return command[command.index("/mlops/code") + 1 :]

    def _await(self, pod: dict[str, Any], process: subprocess.Popen[bytes]) -> None:
        status = process.wait()
        code = status if status >= 0 else 128 - status
        ended = {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a container ends with all its processes
        with self._guard:
            states = [{"name": "main", "state": {"terminated": ended}}]
            phase = "Failed" if code else "Succeeded"
            pod["status"] = {**pod["status"], "phase": phase, "containerStatuses": states}
            if ("pods", pod["metadata"]["name"]) in self.objects:
                self._told("pods", "MODIFIED", pod)
            self._job_over(pod)

    def _job_over(self, pod: Mapping[str, Any]) -> None:
        """The Job has one try: it has ended as its pod has."""
        job = self.objects.get(("jobs", pod["metadata"]["ownerReferences"][0]["name"]))
        if job is not None:
            kind = "Complete" if pod["status"]["phase"] == "Succeeded" else "Failed"
            job["status"] = {"conditions": [{"type": kind, "status": "True"}]}
            self._told("jobs", "MODIFIED", job)

    def _end_pod(self, name: str) -> None:
        process = self._processes.get(name)
        if process is None:  # it had not begun
            with self._guard:
                self._job_over(self.objects[("pods", name)])
                self._delete("pods", name)
            return
        grace = self.objects[("pods", name)]["spec"]["terminationGracePeriodSeconds"] / HASTE
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        self._kill(name, process)
        with self._guard:
            self._delete("pods", name)

    def _kill(self, name: str, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Stream:
    """Lines of a watch."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def put(self, line: bytes) -> None:
        self._lines.put(line)

    def close(self) -> None:
        self._lines.put(None)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self._lines.get()
        if line is None:
            self._lines.put(None)
            raise StopIteration
        return line


def _place(path: str) -> tuple[str, str]:
    """Plural and name of /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME."""
    parts = path.partition("/namespaces/")[2].split("/")
    return parts[1], unquote(parts[2]) if len(parts) > 2 else ""


def _selected(text: str) -> dict[str, str]:
    """Labels with their values; "" for those that only have to be there."""
    return {key: value for key, _, value in (part.partition("=") for part in text.split(",") if part)}


def _has(item: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    own = item["metadata"].get("labels", {})
    return all(key in own and value in ("", own[key]) for key, value in labels.items())


def _is_named(item: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Whether it has the name that a field selector asks for, if one does."""
    wanted = _selected(query.get("fieldSelector", "")).get("metadata.name")
    return wanted is None or item["metadata"]["name"] == wanted


def _merge(item: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """As a merge patch does it."""
    for key, value in changes.items():
        if value is None:
            item.pop(key, None)
        elif isinstance(value, Mapping):
            _merge(item.setdefault(key, {}), value)
        else:
            item[key] = value
