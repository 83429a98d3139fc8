"""The Kubernetes side of a run of Kubeflow Pipelines: ConfigMaps, and pods that have ended, with what they printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.kube.request import Request, Response


class Printed:
    """A log as a stream, in pieces."""

    status, headers = 200, {}

    def __init__(self, data: bytes) -> None:
        self._pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._pieces:
            raise StopIteration
        return self._pieces.pop(0)

    def close(self) -> None:
        self._pieces.clear()


@dataclass
class Pods:
    """A `Transport`. `logs` are lines by pod, `nodes` what Argo calls the node of a pod; `refuse` is for logs' pods."""

    logs: dict[str, list[bytes]] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    config_maps: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    refuse: int = 0
    missing_image: bool = False

    def send(self, request: Request) -> Response:
        parts = request.path.split("/")
        namespace, kind, name = parts[4], parts[5], parts[6] if len(parts) > 6 else ""
        if kind == "configmaps" and request.method == "POST":
            assert request.body is not None
            key = (namespace, request.body["metadata"]["name"])
            if key in self.config_maps:
                return _said(409, {"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": "exists"})
            self.config_maps[key] = request.body
            return _said(201, request.body)
        if self.refuse:
            return _said(self.refuse, {"kind": "Status", "code": self.refuse, "message": "pods is forbidden"})
        if kind == "events":
            return _said(200, {"items": [], "metadata": {}})
        pods = [self._pod(pod) for pod in self.logs if name in ("", pod)]
        return _said(200, pods[0] if name and pods else {"items": pods, "metadata": {"resourceVersion": "1"}})

    def stream(self, request: Request) -> Printed:
        lines = self.logs[request.path.split("/")[6]]
        stamp = "2026-03-01T10:00:{:02}.{:09}Z "
        if not request.query.get("follow"):
            return Printed(b"")
        return Printed(b"".join(stamp.format(n // 100, n).encode() + line for n, line in enumerate(lines)))

    def close(self) -> None:
        """Nothing is open."""

    def _pod(self, name: str) -> dict[str, Any]:
        notes = {"workflows.argoproj.io/node-name": self.nodes.get(name, "")}
        state: Any = {"name": "main", "state": {"terminated": {"exitCode": 0}}}
        if self.missing_image:
            why = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
            state = {"name": "main", "image": "my/ml:9", "state": {"waiting": why}}
        return {
            "metadata": {"name": name, "annotations": notes},
            "spec": {"containers": [{"name": "main", "image": "my/ml:9"}]},
            "status": {"phase": "Pending" if self.missing_image else "Succeeded", "containerStatuses": [state]},
        }


def _said(status: int, body: Any) -> Response:
    return Response(status, {}, json.dumps(body).encode())
