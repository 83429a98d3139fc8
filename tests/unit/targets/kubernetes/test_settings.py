"""The table `[kubernetes]`: every setting reaches the pods, and what makes no sense is said."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.pod_settings import PodSettings
from jupyter_mlops.pipeline.model import Options, Secret, Volume
from jupyter_mlops.targets.kubernetes.places import STORE_LABEL, RunPlace, driver_job, step_job
from jupyter_mlops.targets.kubernetes.settings import (
    ClusterSettings,
    pods_from_data,
    pods_to_data,
    read_settings,
    setting_names,
)

ALL: dict[str, Any] = {
    "image": "my/ml:1",
    "claim": "store",
    "size": "1Gi",
    "access": "ReadWriteMany",
    "storage_class": "fast",
    "python": "/opt/py/bin/python",
    "service_account": "driver",
    "driver_queue": "drivers",
    "env": {"A": "1", "B": 2},
    "secrets": ["db:password:DB_PASSWORD"],
    "volumes": ["data:/data", "secret/tls:/tls", "config/app:/etc/app"],
    "leave_out": ["raw"],
    "patience": 30,
    "pip": True,
    "share_cache": False,
    "storage": "s3://bucket/runs",
    "storage_options": {"endpoint_url": "http://s3.example.org"},
    "user": 2000,
    "requests": {"cpu": "50m"},
    "limits": {"memory": "1Gi"},
    "gpu_resource": "amd.com/gpu",
    "shared_memory": "1Gi",
    "node_selector": {"disk": "ssd"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "priority_class": "low",
    "pull_secrets": ["registry"],
    "pull_policy": "Always",
    "step_service_account": "step",
    "queue": "team-a",
    "labels": {"team": "a"},
    "annotations": {"note": "any text"},
    "read_only_root": True,
}
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}}


def place(settings: ClusterSettings, **more: Any) -> RunPlace:
    known = {"run": "r", "image": settings.image, "claim": settings.claim, "code": ("code",), "digest": "d"}
    given = {"python": settings.python, "settings": settings.pods, "service_account": settings.service_account}
    return RunPlace(**{**known, **given, "owner": OWNER, **more})


def step(settings: ClusterSettings, options: Options | None = None, **more: Any) -> dict[str, Any]:
    return step_job(place(settings, **more), "t", "t", 1, settings.options(options or Options()), "/spec")


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    return job["spec"]["template"]["spec"]


def environment(job: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in pod_of(job)["containers"][0]["env"]}


def mounts(job: dict[str, Any]) -> dict[str, Any]:
    volumes = {item["name"]: item for item in pod_of(job)["volumes"]}
    return {item["mountPath"]: volumes[item["name"]] for item in pod_of(job)["containers"][0]["volumeMounts"]}


def test_every_setting_is_tried_here() -> None:
    assert {*ALL, "context", "namespace", "attached"} == set(setting_names())
    assert read_settings(ALL).patience == 30.0


def test_all_settings_reach_the_pods_of_steps() -> None:
    settings = read_settings(ALL)
    job = step(settings)
    pod = pod_of(job)
    container = pod["containers"][0]
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert pod["affinity"] == ALL["affinity"]
    assert pod["priorityClassName"] == "low"
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["serviceAccountName"] == "step"
    assert pod["securityContext"]["runAsUser"] == 2000
    assert container["imagePullPolicy"] == "Always"
    assert container["command"][:2] == ["/opt/py/bin/python", "-c"]
    assert container["resources"] == {"requests": {"cpu": "50m"}, "limits": {"memory": "1Gi"}}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"
    assert job["spec"]["template"]["metadata"]["labels"]["team"] == "a"
    assert job["spec"]["template"]["metadata"]["annotations"]["note"] == "any text"
    assert environment(job)["A"] == "1"
    assert environment(job)["B"] == "2"
    assert environment(job)["DB_PASSWORD"] == {"secretKeyRef": {"name": "db", "key": "password"}}
    found = mounts(job)
    assert found["/data"]["persistentVolumeClaim"] == {"claimName": "data"}
    assert found["/tls"]["secret"]["secretName"] == "tls"
    assert found["/etc/app"]["configMap"] == {"name": "app"}
    assert found["/dev/shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
    gpu = step(settings, Options(gpu=2))
    assert pod_of(gpu)["containers"][0]["resources"]["limits"]["amd.com/gpu"] == "2"


def test_the_driver_waits_in_its_own_queue() -> None:
    settings = read_settings(ALL)
    queue = "kueue.x-k8s.io/queue-name"
    assert queue not in driver_job(place(settings), 1, "order")["metadata"]["labels"]
    own = driver_job(place(settings, driver_queue="drivers"), 1, "order")
    assert own["metadata"]["labels"][queue] == "drivers"
    assert pod_of(own)["serviceAccountName"] == "driver"


def test_what_a_step_says_comes_before_what_is_set_for_all() -> None:
    settings = read_settings(ALL)
    own = Options(
        image="other:2",
        env={"A": "mine", "DB_PASSWORD": "plain"},
        secrets=(Secret("x", "y", "B"),),
        volumes=(Volume("mine", "/data"),),
        cpu=2.5,
        memory="2Gi",
        labels={"team": "b"},
    )
    job = step(settings, own)
    container = pod_of(job)["containers"][0]
    assert container["image"] == "other:2"
    assert container["resources"]["limits"] == {"memory": "2Gi", "cpu": "2500m"}
    assert (environment(job)["A"], environment(job)["DB_PASSWORD"]) == ("mine", "plain")
    assert environment(job)["B"] == {"secretKeyRef": {"name": "x", "key": "y"}}
    assert environment(job)["OMP_NUM_THREADS"] == "2"
    assert mounts(job)["/data"]["persistentVolumeClaim"] == {"claimName": "mine"}
    assert job["metadata"]["labels"]["team"] == "b"


def test_a_step_without_settings_has_only_its_own() -> None:
    options = Options(env={"OMP_NUM_THREADS": "7"}, cpu=2)
    settings = ClusterSettings("image")
    assert settings.options(options) is options
    assert environment(step(settings, options))["OMP_NUM_THREADS"] == "7"
    assert environment(step(settings, options))["PYTHONHASHSEED"] == "0"
    assert "OMP_NUM_THREADS" not in environment(step(settings))


def test_settings_survive_the_order() -> None:
    settings = read_settings(ALL).pods
    data = json.loads(json.dumps(pods_to_data(settings)))
    assert set(data) == {item.name for item in fields(PodSettings)}
    assert pods_from_data(data) == settings
    assert pods_from_data({**data, "of_a_newer_version": 1}) == settings
    whole = place(read_settings(ALL), pieces=("p",), parcel="d", one_node=True)
    assert RunPlace.from_data(json.loads(json.dumps(whole.to_data()))) == whole


def test_pods_of_one_node_keep_what_else_is_asked_of_their_place() -> None:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    own = {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "zone"}
    node = {"nodeAffinity": {required: {"nodeSelectorTerms": []}}}
    settings = read_settings({"image": "i", "affinity": {**node, "podAffinity": {required: [own]}}})
    found = pod_of(step(settings, one_node=True))["affinity"]
    assert found["nodeAffinity"] == node["nodeAffinity"]
    assert found["podAffinity"][required][0] == own
    assert found["podAffinity"][required][1]["labelSelector"]["matchLabels"] == {STORE_LABEL: "mlops-store"}


def test_the_cluster_may_choose_the_user() -> None:
    pod = pod_of(step(read_settings({"image": "i", "user": "cluster"})))
    assert pod["securityContext"].keys() == {"runAsNonRoot", "seccompProfile"}


def test_python_is_looked_for_where_it_is_not_set() -> None:
    command = pod_of(step(read_settings({"image": "i"})))["containers"][0]["command"]
    assert command[:2] == ["/bin/sh", "-c"]
    assert command[3] == "i"
    assert '"$$@"' in command[2]  # Kubernetes makes $ of it


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "needs an image"),
        ({"image": "i", "colour": "red"}, "no setting 'colour'"),
        ({"image": 3}, "image .* has to be text"),
        ({"image": "i", "user": 0}, "user .* has to be a number above 0"),
        ({"image": "i", "user": True}, "user .* has to be"),
        ({"image": "i", "labels": ["a"]}, "labels .* has to be a table"),
        ({"image": "i", "tolerations": {"key": "a"}}, "tolerations .* has to be a list of tables"),
        ({"image": "i", "affinity": "near"}, "affinity .* has to be a table"),
        ({"image": "i", "pull_secrets": "one"}, "pull_secrets .* has to be a list"),
        ({"image": "i", "read_only_root": "yes"}, "true or false"),
        ({"image": "i", "secrets": ["a:b"]}, "NAME:KEY:ENV"),
        ({"image": "i", "volumes": ["data"]}, "CLAIM:/PATH"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(table: dict[str, Any], said: str) -> None:
    with pytest.raises(Usage, match=said):
        read_settings(table)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(volumes=(Volume("nfs/x", "/data"),)), "cannot be mounted"),
        (Options(volumes=(Volume("secret/", "/data"),)), "cannot be the name of a Secret"),
        (Options(volumes=(Volume("data", "/mlops/store"),)), "Two volumes cannot both"),
        (Options(image="not an image"), "not the name of an image"),
        (Options(labels={"jupyter-mlops.io/run": "x"}), "kept for this software"),
    ],
)
def test_an_option_that_cannot_be_honoured_is_refused(options: Options, said: str) -> None:
    with pytest.raises(Usage, match=said):
        step(ClusterSettings("image"), options)
