"""A namespace of a test, by kubectl."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

IMAGE = os.environ.get("JUPYTER_MLOPS_TEST_IMAGE", "mlops/examples:1")
"""An image that the nodes have, with Python, whose user is root."""
ENFORCE = "pod-security.kubernetes.io/enforce"
MADE_BY_TESTS = {"app.kubernetes.io/managed-by": "jupyter-mlops-tests"}
"""What namespaces of tests have, so that those of a session that was killed can be found."""
ENDED = "jsonpath={.status.phase}=Succeeded"


@dataclass(frozen=True)
class Namespace:
    """Calls kubectl in one namespace."""

    name: str

    def __call__(self, *args: str, given: Any = None, check: bool = True) -> str:
        """What kubectl prints; of a call that may fail (`check` false) also its errors."""
        text = given if given is None or isinstance(given, str) else json.dumps(given)
        command = ["kubectl", "-n", self.name, *args]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, f"{' '.join(args)}: {done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    def get(self, *args: str) -> dict[str, Any]:
        """An object as the API server has it."""
        found: dict[str, Any] = json.loads(self("get", *args, "-o", "json"))
        return found

    def make(self, *items: Mapping[str, Any]) -> None:
        """Create objects; one after the other, as a list in one call."""
        self("create", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": list(items)})

    def claim(self, name: str) -> None:
        """A PVC that any user can write: folders that Kubernetes' own host path provisioner makes are root's alone."""
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        self.make({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec})
        container = {
            "name": "open",
            "image": IMAGE,
            "command": ["chmod", "0777", "/store"],
            "volumeMounts": [{"name": "store", "mountPath": "/store"}],
        }
        volume = {"name": "store", "persistentVolumeClaim": {"claimName": name}}
        spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
        level = self.get("namespace", self.name)["metadata"]["labels"][ENFORCE]
        self("label", "--overwrite", "namespace", self.name, f"{ENFORCE}=privileged")
        pod, log = self.run(f"open-{name}", {"metadata": {}, "spec": spec})
        self("label", "--overwrite", "namespace", self.name, f"{ENFORCE}={level}")
        assert pod["status"]["phase"] == "Succeeded", log

    def run(self, name: str, template: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Run a pod until it ended: the pod as it is then, and its log."""
        metadata = {**template["metadata"], "name": name}
        self.make({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
        for _ in range(120):
            # Whichever comes first: kubectl waits for one state, so it is asked for a second at a time.
            phase = self("wait", f"--for={ENDED}", "pod", name, "--timeout=1s", check=False)
            pod = self.get("pod", name)
            if pod["status"]["phase"] in ("Succeeded", "Failed"):
                return pod, self("logs", name, check=False)
            assert "error" in phase.lower(), phase
        raise AssertionError(f"the pod {name} did not end: {pod['status']}")


@contextlib.contextmanager
def namespace(prefix: str, level: str = "restricted") -> Iterator[Namespace]:
    """A new namespace that enforces a level of Pod Security; it is deleted afterwards."""
    here = Namespace(f"{prefix}-{uuid.uuid4().hex[:6]}")
    labels = {**MADE_BY_TESTS, ENFORCE: level}
    here.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": here.name, "labels": labels}})
    try:
        here("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
        yield here
    finally:
        here("delete", "namespace", here.name, "--wait=false")
