"""`kfp.local` runs a compiled pipeline: Kubeflow's own SDK, in an environment of its own, reads the IR and follows it.

Only Docker is a stand-in: a container is a process of this Python, its mounts are the folders that are mounted. Nothing
of ours is imported. The request comes as JSON on standard input:

    {"pipeline": path of the IR, "code": folder to mount, "root": where outputs go, "arguments": {...}}

The answer is whether it succeeded.
"""

import json
import subprocess
import sys
import types
import warnings

warnings.simplefilter("ignore")


class NotFound(Exception):
    """What the library of Docker raises."""


class Container:
    """A process that has ended."""

    def __init__(self, command):
        self._done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def logs(self, stream):
        return iter([self._done.stdout])

    def wait(self):
        return {"StatusCode": self._done.returncode}


class Docker:
    """As much of Docker's client as `kfp.local` uses."""

    def __init__(self):
        self.images = types.SimpleNamespace(list=list, pull=lambda image: None)
        self.containers = types.SimpleNamespace(run=self._run)

    def info(self):
        return {}

    def close(self):
        pass

    def _run(self, command, mounts, **_more):
        for mount in mounts:
            command = [part.replace(mount["Target"], mount["Source"], 1) for part in command]
        return Container([sys.executable if part == "python3" else part for part in command])


docker = types.ModuleType("docker")
docker.from_env = docker.DockerClient = Docker
docker.errors = types.SimpleNamespace(NotFound=NotFound)
sys.modules["docker"] = docker

from kfp import components, local  # noqa: E402 after its Docker

request = json.load(sys.stdin)
mount = {"Target": "/jupyter-mlops", "Source": request["code"], "Type": "bind", "ReadOnly": True}
local.init(local.DockerRunner(mounts=[mount]), pipeline_root=request["root"])
out, sys.stdout = sys.stdout, sys.stderr  # it prints logs
try:
    components.load_component_from_file(request["pipeline"])(**request["arguments"])
    answer = True
except RuntimeError as failure:
    sys.stderr.write(f"{failure}\n")
    answer = False
json.dump(answer, out)
