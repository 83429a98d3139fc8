"""A small cluster with a volume: drivers and couriers are threads here, steps are processes, and all have logs."""

from __future__ import annotations

import base64
import io
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes import delivery, drive
from jupyter_mlops.targets.kubernetes.places import RunPlace
from tests.small_cluster import SmallCluster, _place

_TIME = b"2026-01-01T00:00:00.000000000Z "


class VolumeCluster(SmallCluster):
    """`away`: nobody answers. `holds`: new pods stay pending. `silent`: what new pods print is lost. `loses`: the
    numbers of lines of drivers that are lost. `cuts`: so many couriers lose their last line.
    """

    def __init__(self, code: Path, volume: Path) -> None:
        super().__init__(code)
        self.project = Project(volume).ensure()
        self.parcel = volume.with_name("parcel")
        self.away = threading.Event()
        self.holds = self.silent = False
        self.loses: set[int] = set()
        self.cuts = 0
        self.logs: dict[str, _Log] = {}

    def send(self, request: Request) -> Response:
        if self.away.is_set():
            raise Unreachable("The cluster does not answer.")
        return super().send(request)

    def stream(self, request: Request) -> Any:
        if not request.path.endswith("/log"):
            return super().stream(request)
        if self.away.is_set():
            raise Unreachable("The cluster does not answer.")
        _, name = _place(request.path)
        return self.logs[name].read(request.query, set() if "courier" in name else self.loses)

    def wait(self) -> None:
        """Until all drivers and couriers have ended."""
        for log in list(self.logs.values()):
            log.thread.join(60)

    def _begin(self, job: dict[str, Any]) -> None:
        part = job["metadata"]["labels"]["jupyter-mlops.io/part"]
        if part == "step":
            super()._begin(job)
            return
        name = f"{job['metadata']['name']}-x"
        owner = {
            "kind": "Job",
            "name": job["metadata"]["name"],
            "uid": job["metadata"]["uid"],
            "apiVersion": "batch/v1",
        }
        metadata = {"name": name, "labels": dict(job["metadata"]["labels"]), "ownerReferences": [owner]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": "Pending"}}
        pod["spec"] = job["spec"]["template"]["spec"]
        self._put("pods", pod)
        if self.holds:
            return
        pod["status"]["phase"] = "Running"
        log = self.logs[name] = _Log(self.silent)
        log.thread = threading.Thread(target=self._work, args=(part, job, pod, log), daemon=True)
        log.thread.start()

    def _work(self, part: str, job: dict[str, Any], pod: dict[str, Any], log: _Log) -> None:
        try:
            order = self._order(pod)
            if part == "courier":
                answer = delivery._deliver(order, self.project, log)
                if self.cuts:
                    self.cuts -= 1
                else:
                    log.write(json.dumps({"mlops": "answer", **answer}) + "\n")
            else:
                self._drive(order, log)
            ended = "Succeeded"
        except Exception as error:  # a process would end with it
            log.write(f"{error!r}\n")
            ended = "Failed"
        with self._guard:
            pod["status"] = {"phase": ended}
            kind = "Complete" if ended == "Succeeded" else "Failed"
            job["status"] = {"conditions": [{"type": kind, "status": "True"}]}
        log.close()

    def _order(self, pod: dict[str, Any]) -> dict[str, Any]:
        """What the pod is to do: of the ConfigMaps that it mounts, the one with an order."""
        mounted = json.dumps(pod["spec"]["volumes"])
        with self._guard:
            known = [(name, item) for (kind, name), item in self.objects.items() if kind == "configmaps"]
        maps = [item for name, item in known if f'"{name}"' in mounted]
        [order] = [item["data"]["order.json"] for item in maps if "order.json" in item.get("data", {})]
        told: dict[str, Any] = json.loads(order)
        shutil.rmtree(self.parcel, ignore_errors=True)
        self.parcel.mkdir()
        for item in maps:
            for name, data in item.get("binaryData", {}).items() if "parcel" in item["metadata"]["name"] else ():
                (self.parcel / name).write_bytes(base64.b64decode(data))
        return told

    def _drive(self, order: dict[str, Any], log: _Log) -> None:
        stop, kube, place = Stop(), Kube(self, "here"), RunPlace.from_data(order["place"])
        with drive._mirrored(self.project, place.run, log), drive._cancelable(kube, order["anchor"], stop):
            drive._drive(order, place, self.project, kube, stop)

    def _end_pod(self, name: str) -> None:
        if name in self._processes:
            super()._end_pod(name)
        else:
            with self._guard:  # this is a thread of its own
                self._delete("pods", name)


class _Log(io.TextIOBase):
    """What a container has printed so far."""

    def __init__(self, silent: bool) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self.thread = threading.Thread()
        self._silent, self._more, self._over = silent, threading.Condition(), False

    def write(self, text: str) -> int:
        with self._more:
            self.lines += [] if self._silent else text.encode().splitlines(keepends=True)
            self._more.notify_all()
        return len(text)

    def close(self) -> None:
        with self._more:
            self._over = True
            self._more.notify_all()

    def read(self, query: Mapping[str, str], loses: set[int]) -> _LogStream:
        return _LogStream(self._read(query, loses))

    def _read(self, query: Mapping[str, str], loses: set[int]) -> Iterator[bytes]:
        at = 0
        while True:
            with self._more:
                self._more.wait_for(lambda at=at: self._over or at < len(self.lines) or not query.get("follow"), 60)
                new, at = self.lines[at:], len(self.lines)
                over = self._over or not query.get("follow")
            for number, line in enumerate(new, at - len(new)):
                if number not in loses:
                    yield (_TIME if query.get("timestamps") else b"") + line
            if over and at == len(self.lines):
                return


class _LogStream:
    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._lines)

    def close(self) -> None:
        """There is no connection."""
