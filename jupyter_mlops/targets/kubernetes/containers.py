"""Attempts that run a user's image as it is, without our code in it: the driver sees to their files, which are on the
volume, before their pod starts and after it has ended.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

from jupyter_mlops.engine.target import Attempt
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.pod_template import literal
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.runtime.kfp.task import Component
from jupyter_mlops.runtime.plain_files import open_to_append, write_plain
from jupyter_mlops.runtime.spec import ErrorInfo, TaskResult, TaskSpec
from jupyter_mlops.targets.kubernetes.pod_use import PodUse

# Bytes of a log that are kept: a container that never stops printing does not fill the volume.
LOG_MOST = 64 << 20
# Seconds that the last lines of a log may take after the pod's end.
_LOG_WITHIN_S = 15.0
_SHARED = 0o2775


def is_container(spec: TaskSpec) -> bool:
    """Whether the attempt is a command of an image that need not have Python."""
    return bool(spec.container) and spec.container.get("kind") == "command"


def with_platform(job: dict[str, Any], spec: TaskSpec) -> dict[str, Any]:
    """The Job with what the pipeline's file says for Kubernetes alone: nodes, and files of ConfigMaps and Secrets."""
    asked: Mapping[str, Any] = spec.container.get("platform") or {}
    if not asked:
        return job
    pod = job["spec"]["template"]["spec"]
    main = pod["containers"][0]
    labels = (asked.get("nodeSelector") or {}).get("labels") or {}
    if labels:
        pod["nodeSelector"] = {**pod.get("nodeSelector", {}), **labels}
    if asked.get("tolerations"):
        pod["tolerations"] = [*pod.get("tolerations", []), *(dict(item) for item in asked["tolerations"])]
    for item in asked.get("configMapAsEnv") or ():
        for pair in item.get("keyToEnv") or ():
            reference = {"name": _name(item, "configMapName"), "key": str(pair["configMapKey"])}
            main["env"].append({"name": str(pair["envVar"]), "valueFrom": {"configMapKeyRef": reference}})
    for kind, key, source, field in (
        ("configMapAsVolume", "configMapName", "configMap", "name"),
        ("secretAsVolume", "secretName", "secret", "secretName"),
    ):
        for number, item in enumerate(asked.get(kind) or ()):
            name = f"kfp-{source.lower()}-{number}"
            pod["volumes"].append(
                {"name": name, source: {field: _name(item, key), "optional": bool(item.get("optional"))}}
            )
            main["volumeMounts"].append({"name": name, "mountPath": str(item["mountPath"]), "readOnly": True})
    return job


def _name(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key) or item[f"{key}Parameter"]["runtimeValue"]["constant"])


class ContainerAttempt:
    """One attempt. `job` before its pod, `hear` while it runs, `finish` after it; each from one thread at a time.
    `leave` comes last, also where nothing came before it.

    `use` keeps what its pod uses, where the cluster says so.
    """

    def __init__(self, kube: Kube, attempt: Attempt, use: PodUse | None = None) -> None:
        self._kube, self._use = kube, use
        self._directory = attempt.directory
        self._component = Component(attempt.spec, confined=True)
        self._stop = Stop()
        self._log: threading.Thread | None = None
        self._started = time.monotonic()

    def job(self, job: dict[str, Any]) -> dict[str, Any] | None:
        """The Job with the image's own command; None if there is nothing to run, which is written down then.

        Raises:
            MlopsError: an input is not there.
        """
        component = self._component
        if not component.begin():
            self._write(TaskResult("succeeded", 0.0, exports=component.skipped()))
            return None
        for path in self._folders():
            os.chmod(path, _SHARED)  # the image's user may be another one of our group
        main = job["spec"]["template"]["spec"]["containers"][0]
        around, program = component.surroundings(), component.program
        main.pop("workingDir", None)
        main.pop("command", None)
        for key, words in (("command", program.get("command")), ("args", program.get("args"))):
            if words:
                main[key] = [literal(word) for word in around.words(words)]
        return job

    def hear(self, pod: Mapping[str, Any]) -> None:
        """Begin to bring the log once there is one."""
        if self._log is None and pod.get("status", {}).get("phase") in ("Running", "Succeeded", "Failed"):
            name = str(pod["metadata"]["name"])
            if self._use is not None:
                self._use.follow(self._directory, name)
            self._log = threading.Thread(target=self._bring_log, args=(name,), name="mlops-log", daemon=True)
            self._log.start()

    def finish(self, succeeded: bool) -> None:
        """After the pod's end: the last of its log, and what it made."""
        if self._log is not None:
            self._log.join(_LOG_WITHIN_S)
        self._stop.set()
        used = self._use.end(self._directory) if self._use is not None else {}
        if not succeeded:
            return
        facts = {"use": used} if used else {}
        try:
            exports = self._component.exports()
            result = TaskResult("succeeded", time.monotonic() - self._started, exports=exports, facts=facts)
        except (MlopsError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            hint = getattr(error, "hint", "")
            info = ErrorInfo(type(error).__name__, getattr(error, "message", str(error)), hint)
            result = TaskResult("failed", time.monotonic() - self._started, error=info, facts=facts)
        self._write(result)

    def leave(self) -> None:
        """Ask nothing more of its pod, whether that has ended or not."""
        self._stop.set()
        if self._use is not None:
            self._use.end(self._directory)

    def _folders(self) -> list[str]:
        outputs = self._component.given["outputs"]
        paths = [outputs["outputFile"], *(one["outputFile"] for one in outputs["parameters"].values())]
        paths += [item["uri"] for one in outputs["artifacts"].values() for item in one["artifacts"]]
        return sorted({os.path.dirname(path) for path in paths})

    def _bring_log(self, pod: str) -> None:
        try:
            with os.fdopen(open_to_append(self._directory / "log"), "ab") as file:
                try:
                    self._copy_log(pod, file)
                except MlopsError as error:
                    file.write(f"[jupyter_mlops] The log cannot be read: {error}\n".encode())
        except OSError:  # the volume is full, or its container has put something else there
            return

    def _copy_log(self, pod: str, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        for line in follow_log(self._kube, pod, self._stop):
            size += len(line.data)
            if size > LOG_MOST:
                file.write(f"[jupyter_mlops] The rest is left out: the log has {LOG_MOST >> 20} MiB.\n".encode())
                return
            file.write(line.data)
            file.flush()

    def _write(self, result: TaskResult) -> None:
        write_plain(self._directory / "result.json", result.to_json())
