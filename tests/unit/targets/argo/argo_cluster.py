"""A small cluster in which Argo Workflows is installed: each Workflow has a controller of its own in a thread, and the
container `main` of each of its pods is a process here.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.kube.request import Request, Response
from tests.unit.targets.argo import argo_pod
from tests.unit.targets.argo.small_argo import SmallArgo
from tests.volume_cluster import VolumeCluster, _Log

_STOPPED = "Stopped with strategy 'Stop'"


class ArgoCluster(VolumeCluster):
    """`mute`: what pods of Workflows print from now on is lost. `held`: pods of Workflows do not begin."""

    def __init__(self, code: Path, volume: Path) -> None:
        super().__init__(code, volume)
        self.mute = False
        self.held = threading.Event()
        self.controllers: list[threading.Thread] = []

    def send(self, request: Request) -> Response:
        """Say of the groups that Argo's is there."""
        if request.path == "/apis":
            versions = [{"groupVersion": "argoproj.io/v1alpha1", "version": "v1alpha1"}]
            return Response(200, {}, json.dumps({"groups": [{"name": "argoproj.io", "versions": versions}]}).encode())
        if request.path == "/apis/argoproj.io/v1alpha1":
            kinds = [{"name": "workflows", "kind": "Workflow", "namespaced": True, "verbs": ["create"]}]
            return Response(200, {}, json.dumps({"resources": kinds}).encode())
        return super().send(request)

    def wait(self) -> None:
        super().wait()
        for controller in self.controllers:
            controller.join(60)

    def _create(self, plural: str, body: dict[str, Any]) -> tuple[int, Any]:
        status, made = super()._create(plural, body)
        if plural == "workflows" and status == 201:
            made["metadata"]["creationTimestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.controllers.append(threading.Thread(target=_Controller(self, made).run, daemon=True))
            self.controllers[-1].start()
        return status, made


class _Controller:
    def __init__(self, cluster: ArgoCluster, workflow: dict[str, Any]) -> None:
        self._cluster, self._workflow = cluster, workflow
        self._name = workflow["metadata"]["name"]
        self._failures: list[dict[str, str]] = []
        self._nodes: dict[str, Any] = {}
        self._small = SmallArgo(workflow, self._pod)
        self._count, self._made = 0, int(time.time())

    def run(self) -> None:
        self._say("Running")
        small = self._small
        small._graph(self._workflow["spec"]["entrypoint"])
        tasks = small._template(self._workflow["spec"]["entrypoint"])["dag"]["tasks"]
        self._ends = "Failed" if any(small.phases[task["name"]] == "Failed" for task in tasks) else "Succeeded"
        exits = small._template(self._workflow["spec"]["onExit"])["dag"]["tasks"]
        if self._is_stopped():  # of what runs on exit, only the first task is started then
            self._ends = "Failed"
            self._start(exits[0]["template"], {}, "exit")
        else:
            small._graph(self._workflow["spec"]["onExit"])
        self._say(self._ends if not self._is_stopped() else "Failed")

    _ends = ""

    def _is_stopped(self) -> bool:
        return "shutdown" in self._workflow["spec"]

    def _say(self, phase: str) -> None:
        with self._cluster._guard:
            if ("workflows", self._name) in self._cluster.objects:
                self._workflow["status"] = {"phase": phase, "nodes": self._nodes}
                self._cluster._told("workflows", "MODIFIED", self._workflow)

    def _pod(self, verb: str, arguments: Mapping[str, str]) -> tuple[bool, Mapping[str, str]]:
        if self._is_stopped():
            self._failures.append({"displayName": arguments.get("task", verb), "message": _STOPPED})
            return False, {}
        name = arguments.get("task") or {"arrive": "bring-files"}.get(verb, verb)
        worked, told = self._start(self._template_of(verb, arguments), arguments, name)
        phase = "Succeeded" if worked else "Failed"
        message = _STOPPED if self._is_stopped() else "Error (exit code 1)"
        self._nodes[f"{self._name}-{self._count}"] = {"displayName": name, "phase": phase, "type": "Pod"}
        self._failures += [] if worked else [{"displayName": name, "message": message}]
        self._say("Running")
        return worked, told

    def _template_of(self, verb: str, arguments: Mapping[str, str]) -> str:
        """The template of a pod; of a step that of its task."""
        for template in self._workflow["spec"]["templates"]:
            for task in template.get("dag", {}).get("tasks", ()):
                given = {item["name"]: item["value"] for item in task.get("arguments", {}).get("parameters", ())}
                command = self._small._template(task["template"])["container"]["command"]
                kind = command[-4] if given else command[-2]
                if kind == verb and given.get("step") == arguments.get("step"):
                    return str(task["template"])
        raise AssertionError(verb)

    def _start(self, name: str, arguments: Mapping[str, str], task: str) -> tuple[bool, Mapping[str, str]]:
        cluster, template = self._cluster, self._small._template(name)
        self._count += 1
        pod_name = f"{self._name}-{self._count}"
        place = cluster.project.root.with_name("pods") / pod_name
        order, parcel = self._mounts(template, place)
        labels = {"workflows.argoproj.io/workflow": self._name}
        owner = {"kind": "Workflow", "name": self._name, "uid": self._workflow["metadata"]["uid"]}
        metadata = {"name": pod_name, "labels": labels, "ownerReferences": [owner]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": {"phase": "Pending"}}
        with cluster._guard:
            cluster._put("pods", pod)
        while cluster.held.is_set() and not self._is_stopped():
            time.sleep(0.05)
        if cluster.held.is_set():
            return False, {}
        words = [_filled(word, arguments) for word in template["container"]["command"]]
        words = words[words.index("argo") :]
        words[2] = str(order)
        log = _Log(cluster.mute)
        log.thread = threading.current_thread()
        cluster.logs[pod_name] = log
        env = self._env(template, {"STORE": cluster.project.root, "PARCEL": parcel, "TOLD": place / "told"})
        process = subprocess.Popen(
            [sys.executable, argo_pod.__file__, *words],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with cluster._guard:
            states = [{"name": "main", "state": {"running": {}}}]
            pod["status"] = {"phase": "Running", "containerStatuses": states}
            cluster._told("pods", "MODIFIED", pod)
        threading.Thread(target=self._stop_when_asked, args=(process, task), daemon=True).start()
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                log.write(line.decode())
        code = process.wait()
        log.close()
        with cluster._guard, contextlib.suppress(KeyError):
            ended = {"exitCode": code, "startedAt": "2026-01-01T00:00:00Z"}
            states = [{"name": "main", "state": {"terminated": ended}}]
            pod["status"] = {"phase": "Failed" if code else "Succeeded", "containerStatuses": states}
            cluster._told("pods", "MODIFIED", pod)
        return code == 0, {path.name.removeprefix("told."): path.read_text() for path in place.glob("told.*")}

    def _stop_when_asked(self, process: subprocess.Popen[bytes], task: str) -> None:
        while process.poll() is None:
            if self._is_stopped() and task != "exit":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
                return
            time.sleep(0.05)

    def _mounts(self, template: Mapping[str, Any], place: Path) -> tuple[Path, Path]:
        """The ConfigMaps that the pod mounts, as files; where the order and the parcel are."""
        mounted = json.dumps(template["volumes"])
        shutil.rmtree(place, ignore_errors=True)
        order, parcel = place / "order", place / "parcel"
        order.mkdir(parents=True)
        parcel.mkdir()
        with self._cluster._guard:
            maps = [item for (kind, _), item in self._cluster.objects.items() if kind == "configmaps"]
        for item in maps:
            if f'"{item["metadata"]["name"]}"' in mounted:
                for name, text in item.get("data", {}).items():
                    (order / name).write_text(text)
                for name, data in item.get("binaryData", {}).items() if "parcel" in item["metadata"]["name"] else ():
                    (parcel / name).write_bytes(base64.b64decode(data))
        return order / "order.json", parcel

    def _env(self, template: Mapping[str, Any], folders: Mapping[str, Path]) -> dict[str, str]:
        metadata = self._workflow["metadata"]
        parameters = self._workflow["spec"].get("arguments", {}).get("parameters", [])
        known = {
            "workflow.uid": metadata["uid"],
            "workflow.name": self._name,
            "workflow.creationTimestamp.s": str(self._made),
            "workflow.parameters": json.dumps(parameters),
            "workflow.failures": json.dumps(json.dumps(self._failures)),
            "workflow.status": self._ends,
            "lastRetry.message": "",
        }
        given = {item["name"]: item.get("value", "") for item in template["container"]["env"]}
        replaced = {name: known.get(text[2:-2], text) if text[:2] == "{{" else text for name, text in given.items()}
        kept = {name: text for name, text in os.environ.items() if name in ("PATH", "LANG", "HOME")}
        kept["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        return {**kept, **replaced, **{f"MLOPS_TEST_{name}": str(path) for name, path in folders.items()}}


def _filled(word: str, arguments: Mapping[str, str]) -> str:
    name = word.removeprefix("{{inputs.parameters.").removesuffix("}}")
    return arguments[name] if word.startswith("{{") else word
