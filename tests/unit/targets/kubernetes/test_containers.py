"""Jobs of components of KFP: images as they are, and what the file says for Kubernetes alone."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.engine.target import Attempt
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.pipeline.kfp.reading import read_ir
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.kfp.packages import ALLOWED
from jupyter_mlops.runtime.spec import TaskSpec
from jupyter_mlops.targets.kubernetes import containers
from jupyter_mlops.targets.kubernetes.containers import ContainerAttempt, is_container, with_platform
from jupyter_mlops.targets.kubernetes.packing import in_cluster
from jupyter_mlops.targets.kubernetes.places import RunPlace, step_job

FILES = Path(__file__).parents[3] / "kfp_files"
ANCHOR = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}}
PLACE = RunPlace("run", "image", "claim", ("code",), "digest", ANCHOR)


def spec(folder: Path, **program: Any) -> TaskSpec:
    step = read_ir(FILES / "things.yaml").by_name["count-words"]
    made = {**json.loads(step.component.container), **program}
    return TaskSpec(
        "run", "count-words", "count-words", 1, str(folder), str(folder), params={"text": "a $(b)"}, container=made
    )


def job() -> dict[str, Any]:
    return step_job(PLACE, "count-words", "count-words", 1, Options(image="busybox:1"), "spec.json")


def container(made: dict[str, Any]) -> dict[str, Any]:
    return made["spec"]["template"]["spec"]["containers"][0]


def test_an_image_gets_its_own_command_with_values_and_places_in_it(tmp_path: Path) -> None:
    attempt = ContainerAttempt(Kube(None, "here"), Attempt(spec(tmp_path), tmp_path))  # type: ignore[arg-type]
    made = container(attempt.job(job()))
    assert made["image"] == "busybox:1"
    assert made["command"][:2] == ["sh", "-c"]
    assert "workingDir" not in made
    out = f"{tmp_path}/outputs/parameters/out"
    assert made["args"] == ["a $$(b)", out, "text=a $$(b)", "--prefix", "p"]  # Kubernetes would expand $(b)
    assert Path(out).parent.is_dir()


def test_what_it_wrote_is_its_result(tmp_path: Path) -> None:
    attempt = ContainerAttempt(Kube(None, "here"), Attempt(spec(tmp_path), tmp_path))  # type: ignore[arg-type]
    attempt.job(job())
    (tmp_path / "outputs/parameters/out").write_text("2")
    attempt.finish(succeeded=True)
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["fate"], result["exports"]) == ("succeeded", {"out": 2})


def test_what_it_did_not_write_fails_it(tmp_path: Path) -> None:
    attempt = ContainerAttempt(Kube(None, "here"), Attempt(spec(tmp_path), tmp_path))  # type: ignore[arg-type]
    attempt.job(job())
    attempt.finish(succeeded=True)
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["fate"], result["error"]["message"]) == ("failed", "the component did not write its output 'out'.")


def test_nodes_config_maps_and_secrets_of_the_file_are_in_the_pod(tmp_path: Path) -> None:
    platform = {
        "nodeSelector": {"labels": {"disk": "ssd"}},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "configMapAsEnv": [{"configMapName": "c", "keyToEnv": [{"configMapKey": "k", "envVar": "K"}]}],
        "secretAsVolume": [{"secretName": "s", "mountPath": "/secret"}],
    }
    made = with_platform(job(), spec(tmp_path, platform=platform))
    pod = made["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert {"name": "K", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}} in container(made)["env"]
    assert {"name": "kfp-secret-0", "secret": {"secretName": "s", "optional": False}} in pod["volumes"]
    assert container(made)["volumeMounts"][-1]["mountPath"] == "/secret"


def test_only_commands_of_images_are_seen_to_by_the_driver(tmp_path: Path) -> None:
    assert is_container(spec(tmp_path))
    assert not is_container(spec(tmp_path, kind="python"))
    assert not is_container(TaskSpec("run", "s", "s", 1, "", ""))


def test_packages_are_installed_only_where_the_settings_say_so() -> None:
    plan = make_plan(read_ir(FILES / "wants.yaml"))
    [allowed] = in_cluster(plan, "/work", pip=True).pipeline.steps
    [not_allowed] = in_cluster(plan, "/work").pipeline.steps
    assert (allowed.options.env, not_allowed.options.env) == ({ALLOWED: "1"}, {})


class Printing:
    """A transport whose one pod has ended, and has printed so many lines of this length; it may be read `allowed`."""

    def __init__(self, lines: int, length: int = 1024, *, allowed: bool = True) -> None:
        self.status = 200 if allowed else 403
        self._lines = iter([b"2026-01-01T00:00:00.%09dZ " % at + b"x" * length + b"\n" for at in range(lines)])
        self.headers: dict[str, str] = {}

    def send(self, request: Request) -> Response:
        return Response(404, {}, b"{}")

    def stream(self, request: Request) -> Printing:
        return self

    def __iter__(self) -> Printing:
        return self

    def __next__(self) -> bytes:
        return next(self._lines)

    def close(self) -> None:
        """There is no connection."""


def listened(folder: Path, transport: Any) -> str:
    """The log of an attempt that has ended."""
    attempt = ContainerAttempt(Kube(transport, "here"), Attempt(spec(folder), folder))
    attempt.job(job())
    attempt.hear({"metadata": {"name": "pod"}, "status": {"phase": "Failed"}})
    attempt.finish(succeeded=False)
    return (folder / "log").read_text() if (folder / "log").is_file() else ""


def test_a_log_comes_whole_up_to_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listened(tmp_path, Printing(3)).count("x") == 3 * 1024
    (tmp_path / "log").unlink()
    monkeypatch.setattr(containers, "LOG_MOST", 1 << 20)
    log = listened(tmp_path, Printing(5000))
    assert len(log) < (1 << 20) + 200
    assert log.splitlines()[-1] == "[jupyter_mlops] The rest is left out: the log has 1 MiB."


def test_a_log_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    assert "The log cannot be read" in listened(tmp_path, Printing(1, allowed=False))


def test_a_container_that_replaces_its_log_holds_nobody_up_and_leads_nowhere(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    began = time.monotonic()
    assert listened(tmp_path, Printing(3)) == ""
    assert time.monotonic() - began < 10
    (tmp_path / "log").unlink()
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "log").symlink_to(tmp_path / "theirs")
    listened(tmp_path, Printing(3))
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_container_that_puts_a_fifo_in_the_place_of_an_output_fails(tmp_path: Path) -> None:
    attempt = ContainerAttempt(Kube(None, "here"), Attempt(spec(tmp_path), tmp_path))  # type: ignore[arg-type]
    attempt.job(job())
    os.mkfifo(tmp_path / "outputs/parameters/out")
    finishing = threading.Thread(target=attempt.finish, args=(True,), daemon=True)
    finishing.start()
    finishing.join(10)
    assert not finishing.is_alive()
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["error"]["message"] == "out is no plain file, so there is no value in it."
