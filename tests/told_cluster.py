"""The small cluster with what steps need that are told by ConfigMaps: mounted files, and logs that can be followed."""

from __future__ import annotations

import base64
import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.kube.request import Request
from tests.small_cluster import SmallCluster, _Stream


class ToldCluster(SmallCluster):
    """`folder` keeps what is mounted and what containers print. `refuse_logs`: nobody may read them."""

    def __init__(self, code: Path, folder: Path) -> None:
        super().__init__(code)
        self._folder = folder
        self.refuse_logs = False
        self.following = self.most_following = 0

    def stream(self, request: Request) -> Any:
        if not request.path.endswith("/log"):
            return super().stream(request)
        with self._guard:
            self.asked.append(request)
            pod = request.path.split("/")[-2]
            if self.refuse_logs:
                return _Refused()
            if ("pods", pod) not in self.objects:
                return _Absent()
            return _Log(self, pod)

    def _stdout_of(self, pod: dict[str, Any]) -> str:
        return str(self._folder / f"{pod['metadata']['name']}.log")

    def _arguments(self, pod: dict[str, Any], container: dict[str, Any]) -> list[str]:
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        places = {
            mount["mountPath"]: str(self._mounted(pod, mount["name"], volumes[mount["name"]]))
            for mount in container["volumeMounts"]
            if {"configMap", "projected"} & set(volumes[mount["name"]])
        }
        return [places.get(word, word) for word in super()._arguments(pod, container)]

    def _mounted(self, pod: dict[str, Any], name: str, volume: Mapping[str, Any]) -> Path:
        folder = self._folder / pod["metadata"]["name"] / name
        folder.mkdir(parents=True, exist_ok=True)
        sources = [volume] if "configMap" in volume else volume["projected"]["sources"]
        for source in sources:
            found = self.objects.get(("configmaps", source["configMap"]["name"]), {})
            for key, value in found.get("binaryData", {}).items():
                (folder / key).write_bytes(base64.b64decode(value))
        return folder


class _Log(_Stream):
    """Lines of a container with their time, until it has ended."""

    def __init__(self, cluster: ToldCluster, pod: str) -> None:
        super().__init__()
        self._cluster, self._pod = cluster, pod
        self._process = cluster._processes[pod]
        self._path = Path(cluster._folder / f"{pod}.log")
        self._closed = threading.Event()
        self._lines_of = self._read()
        with cluster._guard:
            cluster.following += 1
            cluster.most_following = max(cluster.most_following, cluster.following)

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            with self._cluster._guard:
                self._cluster.following -= 1

    def __next__(self) -> bytes:
        return next(self._lines_of)

    def _read(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            rest = b""
            while not self._closed.is_set():
                ended = self._process.poll() is not None
                data = file.read()
                *lines, rest = (rest + data).split(b"\n")
                stamp = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
                for line in lines:
                    yield stamp + b" " + line + b"\n"
                if ended and not data:
                    return
                if not data:
                    self._closed.wait(0.02)


class _Absent(_Stream):
    status = 404

    def __next__(self) -> bytes:
        raise StopIteration


class _Refused(_Absent):
    status = 403
