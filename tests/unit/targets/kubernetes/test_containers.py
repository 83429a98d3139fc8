"""Jobs of components of KFP: images as they are, and what the file says for Kubernetes alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.engine.target import Attempt
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.pipeline.kfp.reading import read_ir
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.runtime.kfp.packages import ALLOWED
from jupyter_mlops.runtime.spec import TaskSpec
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
