"""The Workflow that a plan becomes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.pipeline.argo import graph_of, refuse_unsayable
from jupyter_mlops.pipeline.model import Component, Pipeline, Secret, Step, Volume
from jupyter_mlops.targets.argo import submit
from jupyter_mlops.targets.argo.submit import documents_of, settings_of
from jupyter_mlops.targets.argo.workflow import Making, workflow
from jupyter_mlops.targets.kubernetes.places import RunPlace
from jupyter_mlops.verbs.compile import compile as compile_to
from tests.unit.engine.play import plan, step

PLACE = RunPlace("01a20047-7f5b-7d03-96e3-dd7cfaad91c1", "image:1", "claim", ("code",), "d" * 64, {})


def made(drawn: Plan, parallel: int | None = None) -> dict:
    graph = graph_of(drawn.pipeline, drawn.selected)
    return workflow(Making(drawn, graph, PLACE, "order", {"n": "4"}, parallel), {"name": "w"})["spec"]


def task(spec: dict, name: str, graph: str = "main") -> dict:
    [tasks] = [item["dag"]["tasks"] for item in spec["templates"] if item["name"] == graph]
    return next(item for item in tasks if item["name"] == name)


def template(spec: dict, name: str) -> dict:
    wanted = task(spec, name)["template"]
    return next(item for item in spec["templates"] if item["name"] == wanted)


def test_steps_with_the_same_options_share_a_template() -> None:
    spec = made(plan(*(step(f"s{index}", *([f"x<s{index - 1}"] if index else []), gives="x") for index in range(200))))
    assert len(spec["templates"]) == 4
    assert task(spec, "s7")["depends"] == "s6.Succeeded"
    assert len(json.dumps(spec)) < 200_000


def test_conditions_loops_and_what_is_waited_for() -> None:
    drawn = plan(
        step("a", gives="x y", exports="x"),
        step("b", when="x > 1", reads="x<a", gives="y"),
        step("c", "y?<b", over="k in x", reads="x<a"),
        step("d", after=["c"], when="metrics.m > 1"),
        step("e", "y<b,a"),
    )
    spec = made(drawn, parallel=3)
    assert spec["parallelism"] == 3
    assert task(spec, "b")["when"] == "{{tasks.a.outputs.parameters.b}} == true"
    assert template(spec, "a")["outputs"]["parameters"][0]["valueFrom"]["path"] == "/tmp/mlops-told.b"
    assert task(spec, "c-items")["depends"] == "(b.Succeeded || b.Skipped || b.Omitted) && a.Succeeded"
    assert task(spec, "c")["withParam"] == "{{tasks.c-items.outputs.parameters.items}}"
    assert "when" not in task(spec, "d")
    clauses = task(spec, "d")["depends"].split(" && ")
    assert clauses[0] == "(c.Succeeded || c.Skipped || c.Omitted)"
    assert [clause.strip("(").split(".")[0] for clause in clauses] == ["c", "a", "b"]
    assert "Failed" in clauses[1]
    assert "b.Failed" in task(spec, "e")["depends"]


def test_a_pod_is_that_of_the_target_kubernetes_with_all_that_was_asked_for() -> None:
    asked = {
        "cpu": 2.0,
        "memory": "4Gi",
        "gpu": 1,
        "image": "mine:2",
        "env": {"KEY": "v"},
        "secrets": (Secret("s", "k", "PASSWORD"),),
        "volumes": (Volume("data", "/data"),),
        "labels": {"team": "a"},
        "timeout": 90.5,
        "retries": 2,
    }
    found = template(made(plan(step("a", **asked))), "a")
    container = found["container"]
    assert container["image"] == "mine:2"
    wanted = {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}
    assert container["resources"] == {"requests": wanted, "limits": wanted}
    env = {entry["name"]: entry for entry in container["env"]}
    assert env["KEY"]["value"] == "v"
    assert env["PASSWORD"]["valueFrom"] == {"secretKeyRef": {"name": "s", "key": "k"}}
    assert env["ARGO_RUN_LAST_TRY"]["value"] == "{{lastRetry.message}}"
    assert {"persistentVolumeClaim": {"claimName": "data"}}.items() <= next(
        volume for volume in found["volumes"] if volume.get("persistentVolumeClaim", {}).get("claimName") == "data"
    ).items()
    assert found["metadata"]["labels"]["team"] == "a"
    assert found["retryStrategy"]["limit"] == 2
    assert found["activeDeadlineSeconds"] > 91
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    patch = json.loads(found["podSpecPatch"])
    assert [item["securityContext"]["capabilities"] for item in (*patch["containers"], *patch["initContainers"])] == [
        {"drop": ["ALL"]}
    ] * 2


def test_exit_steps_run_after_the_books_are_closed_and_the_end_after_them() -> None:
    spec = made(plan(step("a"), step("tidy", exit=True)))
    assert task(spec, "tidy", "exit")["depends"].startswith("(close-the-books.Succeeded || ")
    assert "tidy.Failed" in task(spec, "end-of-the-run", "exit")["depends"]
    assert [item["name"] for item in spec["templates"]][:2] == ["main", "exit"]


def test_a_step_whose_name_argo_does_not_take_has_another_one_there() -> None:
    spec = made(plan(step("1 — Größe"), step("b", after=["1 — Größe"])))
    [name] = [item["name"] for item in spec["templates"][0]["dag"]["tasks"] if item["name"] != "b"]
    assert name == "step-1-groe" or (name.startswith("step-1-gr") and name.replace("-", "").isalnum())
    assert task(spec, "b")["depends"].startswith(f"({name}.Succeeded")
    assert task(spec, name)["arguments"]["parameters"][0] == {"name": "step", "value": "1 — Größe"}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [({"env": {"KEY": "{{item}}"}}, "own variables"), ({"labels": {"a": "b c"}}, "label"), ({"image": "a b"}, "image")],
)
def test_what_cannot_be_said_is_refused(asked: dict, reason: str) -> None:
    with pytest.raises((Refused, Usage), match=reason):
        made(plan(step("a", **asked)))


def test_files_come_before_every_step_and_only_the_pod_that_brings_them_mounts_them() -> None:
    drawn = plan(step("bring-files"), step("b", after=["bring-files"]), step("tidy", exit=True))
    graph = graph_of(drawn.pipeline, drawn.selected, files=True)
    place = replace(PLACE, pieces=("piece-0", "piece-1"), parcel="d" * 64)
    spec = workflow(Making(drawn, graph, place, ("order",), {}), {"name": "w"})["spec"]
    [first, *others] = spec["templates"][0]["dag"]["tasks"]
    assert (first["name"], first.get("depends")) == ("bring-files", None)
    assert [item["depends"].split(" && ")[0] for item in others] == ["bring-files.Succeeded"] * 2
    mounting = [item["name"] for item in spec["templates"] if "piece-1" in json.dumps(item)]
    assert mounting == [first["template"]]


def test_what_is_done_already_needs_no_files() -> None:
    drawn = plan(step("a"))
    assert [node.kind for node in graph_of(drawn.pipeline, drawn.selected, {"a"}, files=True).main] == ["close"]


def test_pods_go_where_the_volume_is() -> None:
    drawn = plan(step("a"))
    graph = graph_of(drawn.pipeline, drawn.selected)
    spec = workflow(Making(drawn, graph, replace(PLACE, one_node=True), ("order",), {}), {"name": "w"})["spec"]
    pods = [item for item in spec["templates"] if "container" in item]
    for pod in pods:
        [term] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert pod["metadata"]["labels"].items() >= term["labelSelector"]["matchLabels"].items()


def test_a_workflow_that_no_cluster_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "_MOST_BYTES", 3_000)
    with pytest.raises(Refused, match="cluster takes") as caught:
        documents_of(plan(step("a")), settings_of({}, "i:1"))
    assert "kubernetes" in str(caught.value.hint)


def test_components_of_kubeflow_are_refused() -> None:
    with pytest.raises(Refused, match="Kubeflow"):
        refuse_unsayable(Pipeline("p", (Step("a", Component("container", container={"kind": "command"})),)))


def test_compile_writes_the_workflow_its_code_and_the_claim(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    (tmp_path / ".jupyter_mlops").mkdir()
    (tmp_path / "jupyter_mlops.toml").write_text('[argo]\nclaim = "ours"\nservice_account = "pods"\n')
    source = tmp_path / "p.py"
    source.write_text("# %% [parameters] tags=['parameters']\nn = 4\n\n# %%\nprint(n)\n")
    answer = compile_to(source, output=tmp_path / "w.yaml", target="argo", image="i:1")
    found = yaml.safe_load(Path(answer["output"]).read_text())
    assert (found["kind"], found["spec"]["serviceAccountName"]) == ("Workflow", "pods")
    assert "name" not in found["metadata"]
    code = list(yaml.safe_load_all(Path(answer["code"]).read_text()))
    assert {item["kind"] for item in code} == {"ConfigMap"}
    mounted = json.dumps(found)
    assert all(item["metadata"]["name"] in mounted for item in code)
    assert yaml.safe_load(Path(answer["claim"]).read_text())["metadata"]["name"] == "ours"


def test_the_same_pipeline_gives_the_same_documents() -> None:
    settings = settings_of({}, "i:1")
    drawn = plan(step("a"), params={"n": 1})
    assert documents_of(drawn, settings) == documents_of(drawn, settings)


def test_no_image_is_said_with_the_way_out() -> None:
    with pytest.raises(Usage, match="needs an image") as caught:
        settings_of({"claim": "c"}, "")
    assert "--image" in str(caught.value.hint)
