"""What `target`, `run` and `schedule` say of a place that cannot be reached, is not ours, or is not set up."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import MlopsError, NotFound, Refused, Usage
from jupyter_mlops.kube.failures import BadKubeconfig, Forbidden, Unauthorized, Unreachable
from jupyter_mlops.kube.own_pod import image_of
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets import base
from jupyter_mlops.targets.base import default_target, target_settings
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.schedules import schedule
from jupyter_mlops.verbs.subjects import read_subject, shown
from jupyter_mlops.verbs.targets import contexts, target_doctor, target_rbac, targets
from tests.unit.kube.api_double import ApiDouble, refusal, whole

IMAGE = '[kubernetes]\nimage = "i"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / ".jupyter_mlops").mkdir()
    (tmp_path / "jupyter_mlops.toml").write_text(IMAGE)
    (tmp_path / "work.py").write_text("x = 1\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return Project.find(tmp_path)


def settings(project: Project, text: str) -> Project:
    (project.root / "jupyter_mlops.toml").write_text(text)
    return Project.find(project.root)


def kubeconfig(project: Project, server: str, name: str = "mine") -> None:
    """One context, and a second one beside it."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "ada", "user": {"token": "secret-token"}}],
        "contexts": [
            {"name": item, "context": {"cluster": "c", "user": "ada", "namespace": "team"}} for item in (name, "other")
        ],
    }
    (project.root / "kubeconfig").write_text(json.dumps(content))


@pytest.fixture
def serve() -> Iterator:
    doubles: list[ApiDouble] = []

    def start(answer) -> str:
        def script(asked):
            yield answer(asked)

        doubles.append(ApiDouble(script))
        return doubles[-1].url

    yield start
    for double in doubles:
        double.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def of(found, name: str = "kubernetes"):
    return next(item for item in found["targets"] if item["name"] == name)


def run_there(project: Project, **place: str):
    return run(project.root / "work.py", target="kubernetes", **place)


def test_without_a_kubeconfig_the_target_says_so_and_runs_are_refused(project: Project) -> None:
    missing = of(targets(project))
    assert not missing["available"]
    assert "There is no kubeconfig" in missing["missing"]
    assert "--target local" in missing["hint"]
    assert of(targets(project), "local")["available"]
    [finding] = target_doctor(project)["findings"]
    assert (finding["name"], finding["state"]) == ("connection", "failed")
    with pytest.raises(BadKubeconfig, match="There is no kubeconfig") as refused:
        run_there(project)
    assert refused.value.hint
    with pytest.raises(BadKubeconfig):
        contexts()


def test_a_context_that_is_not_there_is_answered_with_those_that_are(project: Project) -> None:
    kubeconfig(project, "http://127.0.0.1:1")
    for ask in (
        lambda: run_there(project, context="mien"),
        lambda: target_doctor(project, context="mien"),
        lambda: target_rbac(project, context="mien"),
        lambda: schedule(project.root / "work.py", cron="@daily", target="kubernetes", context="mien"),
    ):
        with pytest.raises(BadKubeconfig, match="no context 'mien'") as refused:
            ask()
        assert refused.value.hint == "There are: mine, other."
    found = contexts()["contexts"]
    assert [(item["name"], item["namespace"], item["current"]) for item in found] == [
        ("mine", "team", True),
        ("other", "team", False),
    ]


def test_a_server_that_nobody_answers_at_is_said_at_once(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    kubeconfig(project, f"http://127.0.0.1:{port}")
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port} does not answer: nothing listens there") as refused:
        run_there(project)
    assert "VPN" in refused.value.hint
    assert "does not answer" in of(targets(project))["missing"]


def test_a_server_that_is_silent_keeps_nobody_waiting(project: Project, silent: str) -> None:
    kubeconfig(project, silent)
    contexts()  # what is imported for it takes its time once
    target_doctor(project, "local")
    began = time.monotonic()
    assert "did not answer within 1 s" in of(targets(project, limit=1.0))["missing"]
    found = target_doctor(project, limit=1.0)
    assert found["findings"][0]["state"] == "unknown"
    assert time.monotonic() - began < 5


def test_a_run_on_a_silent_server_is_refused_within_ten_seconds(project: Project, silent: str) -> None:
    kubeconfig(project, silent.replace("http:", "https:"))
    began = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer: it was silent for too long"):
        run_there(project)
    assert time.monotonic() - began < 10


def test_a_namespace_that_is_not_ours_is_named_with_the_way_out(project: Project, serve) -> None:
    said = 'configmaps is forbidden: User "ada" cannot create resource "configmaps" in the namespace "team"'
    kubeconfig(project, serve(lambda _: whole(403, refusal(403, "Forbidden", said))))
    with pytest.raises(Forbidden, match='in the namespace "team"') as refused:
        run_there(project)
    assert "jupyter mlops target rbac" in refused.value.hint


def test_a_token_that_has_expired_is_said(project: Project, serve) -> None:
    kubeconfig(project, serve(lambda _: whole(401, refusal(401, "Unauthorized", "Unauthorized"))))
    with pytest.raises(Unauthorized) as refused:
        run_there(project)
    assert "Log in to the cluster again" in refused.value.hint
    assert "Log in" in target_doctor(project)["findings"][0]["hint"]
    assert "secret-token" not in json.dumps([refused.value.message, targets(project)])


def api(asked) -> bytes:
    """A small cluster that lets us do all but schedules."""
    if asked.path == "/apis":
        groups = ["argoproj.io", "batch"]
        return whole(200, {"groups": [{"name": name, "versions": [{"version": "v1"}]} for name in groups]})
    if asked.path.endswith("selfsubjectrulesreviews"):
        rules = [
            {"apiGroups": ["", "batch"], "resources": [name], "verbs": ["*"]}
            for name in ("pods", "pods/log", "events", "configmaps", "jobs", "persistentvolumeclaims")
        ]
        return whole(201, {"status": {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}})
    if asked.path.endswith("selfsubjectreviews"):
        return whole(201, {"status": {"userInfo": {"username": "ada@example.org"}}})
    if asked.path == "/api/v1/nodes":
        return whole(403, refusal(403, "Forbidden"))
    return whole(200, {"items": []})


def test_what_a_cluster_can_do_is_told_with_reasons(project: Project, serve) -> None:
    kubeconfig(project, serve(api))
    found = of(targets(project))
    assert (found["available"], found["context"], found["namespace"], found["image"]) == (True, "mine", "team", "i")
    told = {item["name"]: item for item in found["capabilities"]}
    assert told["pipelines"]["available"]
    assert told["argo"]["available"]
    assert not told["schedules"]["available"]
    assert "in the namespace team you may not" in told["schedules"]["missing"]
    assert "cronjobs" in told["schedules"]["missing"]
    assert told["gpu"]["unknown"] == "the nodes may not be seen"
    assert not told["metrics"]["available"]


def test_where_kubeflow_is_not_the_target_kfp_says_so(project: Project, serve) -> None:
    def without(asked: Any) -> Any:
        if "/proxy/" in asked.path:
            return whole(404, {**refusal(404, "NotFound"), "message": 'services "ml-pipeline" not found'})
        return api(asked)

    kubeconfig(project, serve(without))
    [found] = [item for item in targets(project)["targets"] if item["name"] == "kfp"]
    assert not found["available"]
    assert found["missing"] == 'Kubeflow Pipelines is not there: services "ml-pipeline" not found.'
    assert "url under [kfp]" in found["hint"]


def test_rights_are_for_who_the_cluster_says_we_are(project: Project, serve) -> None:
    kubeconfig(project, serve(api))
    found = target_rbac(project, purposes=["run", "schedules"])
    assert (found["subject"], found["namespace"]) == ("user:ada@example.org", "team")
    assert "cronjobs" in found["yaml"]
    assert '"ada@example.org"' in found["yaml"]


def test_rights_for_somebody_else_in_a_named_place_need_no_cluster(project: Project) -> None:
    found = target_rbac(project, namespace="prod", subject="serviceaccount:ci:robot", purposes=["follow"])
    assert "namespace: prod" in found["yaml"]
    assert found["subject"] == "serviceaccount:ci:robot"
    for target, purpose in (("kubernetes", "run"), ("argo", "argo"), ("kfp", "kfp")):
        assert target_rbac(project, target, namespace="prod", subject="user:a")["purposes"] == [purpose]
    with pytest.raises(Usage, match="no purpose 'flollow'"):
        target_rbac(project, namespace="prod", subject="user:a", purposes=["flollow"])
    with pytest.raises(Refused, match="local needs no rights"):
        target_rbac(project, "local")


@pytest.mark.parametrize("text", ["user:a:b", "group:dev", "serviceaccount:robot", "serviceaccount:ci:robot"])
def test_a_subject_is_shown_as_it_is_read(text: str) -> None:
    assert shown(read_subject(text)) == text


@pytest.mark.parametrize("text", ["", "ada", "user:", "role:x", ":"])
def test_what_is_no_subject_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="does not say who"):
        read_subject(text)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('[kubernetes]\nimag = "i"\n', "no setting 'imag'", "Did you mean 'image'?"),
        ('[kubernetes]\nxyz = "i"\n', "no setting 'xyz'", "claim"),
        ("kubernetes = 3\n", "has to be a table", "[kubernetes]"),
    ],
)
def test_a_setting_that_is_none_is_answered_with_the_nearest(project: Project, text: str, said: str, hint: str) -> None:
    with pytest.raises(Usage, match=said) as refused:
        target_settings("kubernetes", settings(project, text))
    assert hint in refused.value.hint


def test_options_come_before_settings(project: Project) -> None:
    found = settings(project, '[kubernetes]\nimage = "i"\nnamespace = "a"\n')
    assert target_settings("kubernetes", found, {"namespace": "b", "context": ""}) == {"image": "i", "namespace": "b"}


def test_settings_may_stand_in_pyproject(project: Project) -> None:
    (project.root / "jupyter_mlops.toml").unlink()
    (project.root / "pyproject.toml").write_text(
        '[tool.jupyter_mlops]\ntarget = "kubernetes"\n[tool.jupyter_mlops.kubernetes]\nimage = "i"\n'
    )
    found = Project.find(project.root)
    assert default_target(found) == "kubernetes"
    assert target_settings("kubernetes", found) == {"image": "i"}


def test_the_project_says_where_runs_go(project: Project) -> None:
    settings(project, f'target = "kubernetes"\n{IMAGE}')
    with pytest.raises(BadKubeconfig):
        run(project.root / "work.py")
    assert run(project.root / "work.py", target="local")["state"] == "succeeded"
    with pytest.raises(Usage, match="names no target") as refused:
        default_target(settings(project, 'target = "mars"\n'))
    assert "kubernetes, local" in refused.value.hint


def test_the_local_target_has_no_place(project: Project) -> None:
    for option in ("context", "namespace", "image"):
        with pytest.raises(Usage, match=f"local has no {option}"):
            run(project.root / "work.py", target="local", **{option: "x"})


def test_a_target_that_is_not_there(project: Project) -> None:
    with pytest.raises(NotFound, match="There is no target 'mars'"):
        run(project.root / "work.py", target="mars")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cron": "nonsense"}, "1 fields"),
        ({"cron": ""}, "When is it due"),
        ({"cron": "@daily", "timezone": "Berlin"}, "no time zone 'Berlin'"),
        ({"cron": "@daily", "name": "Not A Name"}, "cannot be the name of a schedule"),
        ({"cron": "@daily", "catch_up": 1}, "at least 10 s"),
        ({"cron": "@daily", "keep": 0}, "At least one run"),
        ({"cron": "@daily", "overlap": "hope"}, "is no overlap"),
        ({"cron": "@daily", "target": "local"}, "The target local has no schedules"),
        ({"cron": "@daily"}, "The target local has no schedules"),
        ({"cron": "@daily", "target": "kubernetes", "params": {"nope": 1}}, "nope"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_before_anything_is_made(project: Project, asked, said: str) -> None:
    with pytest.raises(MlopsError, match=said):
        schedule(project.root / "work.py", **asked)


@pytest.mark.parametrize(
    ("pod", "image"),
    [
        ({}, ""),
        ({"spec": {"containers": "x"}}, ""),
        ({"spec": {"containers": [{"name": "a", "image": 3}]}}, ""),
        ({"spec": {"containers": [{"name": "a", "image": "one"}, {"name": "b", "image": "two"}]}}, "one"),
        (
            {
                "metadata": {"annotations": {"kubectl.kubernetes.io/default-container": "b"}},
                "spec": {"containers": [{"name": "a", "image": "one"}, {"name": "b", "image": "two"}]},
            },
            "two",
        ),
    ],
)
def test_the_image_of_a_pod_is_that_of_its_main_container(pod, image: str) -> None:
    assert image_of(pod) == image


def test_without_an_image_a_run_is_refused_with_the_way_out(project: Project) -> None:
    settings(project, "")
    kubeconfig(project, "http://127.0.0.1:1")
    with pytest.raises(Usage, match="needs an image") as refused:
        run_there(project)
    assert "--image" in refused.value.hint


def test_a_target_of_another_package_that_cannot_be_loaded_hides_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = EntryPoint("broken", "no_such_module_of_anybody:Target", base.GROUP)
    monkeypatch.setattr(base, "_offered", lambda: (broken,))
    found = {item["name"]: item for item in targets(project, limit=1.0)["targets"]}
    assert found["local"]["available"]
    assert "no_such_module_of_anybody" in found["broken"]["missing"]
