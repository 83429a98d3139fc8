"""Pods are made of plain data: the golden files are what the API server gets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.pod_settings import (
    Claim,
    ConfigFiles,
    PodSettings,
    Scratch,
    SecretFiles,
    Work,
    user_in,
)
from jupyter_mlops.kube.pod_template import literal, pod_spec, pod_template
from jupyter_mlops.pipeline.model import Options, Secret, Volume

GOLDEN = Path(__file__).parent / "golden"
PLAIN = Work("my/ml:1", ("python3", "-I", "-c", "print('$(HOME)')"))
FULL_OPTIONS = Options(
    cpu=0.5,
    memory="512Mi",
    gpu=1,
    image="registry.example.org/team/ml@sha256:" + "0" * 64,
    env={"PRICE": "$5.00 $(HOME) $$"},
    secrets=(Secret("database", "password", "PASSWORD"),),
    volumes=(Volume("data", "/data"), Volume("data", "/again")),
    labels={"example.org/team": "blue"},
    annotations={"example.org/note": "any text: ü"},
)
FULL = Work(
    "my/ml:1",
    ("python3", "/code/run.zip"),
    FULL_OPTIONS,
    mounts={
        "/code": ConfigFiles(("code-1", "code-2")),
        "/plan": ConfigFiles(("plan",), ("plan.json",)),
        "/keys": SecretFiles("database"),
        "/project": Claim("store", "runs/iris"),
        "/models": Claim("models", read_only=True),
        "/cache": Scratch("1Gi"),
    },
    env={"RUN": "iris-0001"},
    labels={"jupyter-mlops.io/run": "iris-0001"},
    annotations={"jupyter-mlops.io/step": "fit model"},
    folder="/project",
    token=True,
    service_account="driver",
    grace=10,
)
FULL_SETTINGS = PodSettings(
    group=100,
    files_group=100,
    shared_memory="1Gi",
    node_selector={"pool": "gpu"},
    tolerations=({"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"},),
    affinity={
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}
                ]
            }
        }
    },
    pull_secrets=("registry",),
    queue="team",
    read_only_root=True,
)
CASES = {
    "plain": (PLAIN, PodSettings()),
    "openshift": (PLAIN, PodSettings(user=None)),
    "full": (FULL, FULL_SETTINGS),
}


@pytest.mark.parametrize("name", CASES)
def test_a_pod_is_as_its_golden_file(name: str) -> None:
    made = json.dumps(pod_template(*CASES[name]), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    file = GOLDEN / f"pod-{name}.json"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(made)
    assert made == file.read_text()


@pytest.mark.parametrize("name", CASES)
def test_every_pod_is_restricted(name: str) -> None:
    spec = pod_template(*CASES[name])["spec"]
    container = spec["containers"][0]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(set(volume) - {"name"} <= ALLOWED_VOLUMES for volume in spec["volumes"])


ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


def test_a_token_is_there_only_when_asked_for() -> None:
    assert pod_spec(PLAIN)["automountServiceAccountToken"] is False
    assert pod_spec(FULL)["automountServiceAccountToken"] is True


def test_the_cluster_gives_the_ids_where_it_is_openshift() -> None:
    openshift = {"metadata": {"annotations": {"openshift.io/sa.scc.uid-range": "1000650000/10000"}}}
    assert user_in(openshift) is None
    assert [user_in(item) for item in ({}, {"metadata": {}}, {"metadata": {"annotations": None}})] == [1000] * 3
    security = pod_spec(PLAIN, PodSettings(user=None))["securityContext"]
    assert not {"runAsUser", "fsGroup", "runAsGroup"} & set(security)


def test_what_a_step_asks_for_is_both_request_and_limit() -> None:
    spec = pod_spec(Work("a", ("b",), Options(cpu=2, memory="4Gi", gpu=1)))
    wanted = {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}
    assert spec["containers"][0]["resources"] == {"requests": wanted, "limits": wanted}


def test_a_step_that_says_nothing_gets_what_the_target_gives() -> None:
    settings = PodSettings(requests={"cpu": "1", "memory": "2Gi"}, limits={"memory": "1Gi"})
    resources = pod_spec(PLAIN, settings)["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


def test_a_mount_of_ones_own_takes_the_place_of_the_empty_folder() -> None:
    mounts = _mounts(pod_spec(Work("a", ("b",), mounts={"/tmp/": Claim("scratch")})))
    assert mounts["/tmp"]["name"] != mounts["/home/mlops"]["name"]
    assert len(mounts) == 2


def test_a_claim_that_is_mounted_twice_is_one_volume() -> None:
    spec = pod_spec(FULL, FULL_SETTINGS)
    claims = [
        volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"] if "persistentVolumeClaim" in volume
    ]
    assert sorted(claims) == ["data", "models", "store"]
    mounts = _mounts(spec)
    assert mounts["/data"]["name"] == mounts["/again"]["name"]


def test_nothing_is_expanded_on_the_way() -> None:
    assert literal("$(HOME) $5 $$") == "$$(HOME) $$5 $$$$"


def _mounts(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["mountPath"]: mount for mount in spec["containers"][0]["volumeMounts"]}


def _work(**options: Any) -> Work:
    return Work("a", ("b",), Options(**options))


@pytest.mark.parametrize(
    ("work", "settings", "said"),
    [
        (Work("two words", ("b",)), {}, "not the name of an image"),
        (Work("a\nb", ("b",)), {}, "not the name of an image"),
        (_work(memory="lots"), {}, "not a quantity"),
        (_work(memory="0"), {}, "cannot have 0 of memory"),
        (_work(cpu=-1), {}, "cannot have -1 cores"),
        (_work(labels={"team": "a b"}), {}, "label team cannot be 'a b'"),
        (_work(labels={"a b": "c"}), {}, "cannot be the name of a label"),
        (_work(labels={"jupyter-mlops.io/run": "other"}), {}, "kept for this software"),
        (_work(annotations={"app.kubernetes.io/managed-by": "me"}), {}, "kept for this software"),
        (_work(annotations={"a": 3}), {}, "has to be text"),
        (_work(env={"A=B": "c"}), {}, "name of a variable"),
        (_work(env={"": "c"}), {}, "name of a variable"),
        (_work(secrets=(Secret("A b", "k", "E"),)), {}, "name of a Secret"),
        (_work(volumes=(Volume("a", "data"),)), {}, "cannot be mounted at 'data'"),
        (_work(volumes=(Volume("a", "/x/../etc"),)), {}, "cannot be mounted"),
        (_work(volumes=(Volume("a", "/proc/"),)), {}, "the system is there"),
        (_work(volumes=(Volume("a", "/x:ro"),)), {}, "cannot be mounted"),
        (_work(volumes=(Volume("../a", "/x"),)), {}, "cannot be mounted"),
        (_work(volumes=(Volume("A", "/x"),)), {}, "name of a PVC"),
        (_work(volumes=(Volume("a", "/x"), Volume("b", "/x/"))), {}, "Two volumes"),
        (Work("a", ("b",), mounts={"/x": Claim("a", "../b")}), {}, "no folder of a volume"),
        (Work("a", ("b",), mounts={"/x": ConfigFiles(())}), {}, "No ConfigMap"),
        (Work("a", ("b",), mounts={"/x": Scratch("0")}), {}, "holds nothing"),
        (Work("a", ("b",), service_account="A"), {}, "name of an object"),
        (PLAIN, {"user": 0}, "0 is root"),
    ],
)
def test_what_makes_no_sense_is_told_before_the_cluster_is_asked(
    work: Work, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(Usage, match=said) as error:
        pod_template(work, PodSettings(**settings))
    assert error.value.hint
