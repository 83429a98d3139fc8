"""Pods, drivers and people who lack something: a Python, a right, a login."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path

import pytest

from jupyter_mlops.errors import Refused, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unauthorized
from jupyter_mlops.kube.in_cluster import ServiceAccount
from jupyter_mlops.kube.request import Request
from jupyter_mlops.kube.resource import JOBS, SECRETS, SERVICE_ACCOUNTS
from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.verbs.run import run
from tests.cluster.test_runs import notebook, store
from tests.cluster.watched import (
    RIGHTS,
    folder,
    project,
    until,
)

__all__ = ["folder", "store"]


def test_an_image_without_python_is_told_and_nothing_is_left(folder: Path, cluster) -> None:
    project(cluster, folder, python="/nowhere/python3")
    with pytest.raises((Refused, WorkFailed), match=r"There is no /nowhere/python3 in the image"):
        run(notebook(folder, "x = 1"), target="kubernetes")


def test_a_driver_that_may_not_make_jobs_names_the_right(folder: Path, cluster) -> None:
    rules = [{**rule, "verbs": ["get", "list", "watch"]} if rule["resources"] == ["jobs"] else rule for rule in RIGHTS]
    cluster.account("weak", rules)
    project(cluster, folder, account="weak")
    answer = run(notebook(folder, "x = 1"), target="kubernetes", cache=False)
    [task] = answer["tasks"]
    assert "cannot create resource" in task["reason"]
    assert "target rbac" in task["reason"]


def test_a_token_that_is_replaced_is_taken_up_and_one_that_ended_is_told(cluster, tmp_path: Path) -> None:
    cluster.account("rotating", RIGHTS)

    def token(secret: str) -> str:
        """One that ends with a Secret."""
        made = cluster.kube.create(SECRETS, {"metadata": {"name": secret}})
        bound = {"kind": "Secret", "apiVersion": "v1", "name": secret, "uid": made["metadata"]["uid"]}
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600, "boundObjectRef": bound},
        }
        path = SERVICE_ACCOUNTS.path(cluster.namespace, "rotating", "token")
        return json.loads(cluster.kube.transport.send(Request("POST", path, {}, body)).body)["status"]["token"]

    (tmp_path / "ca.crt").write_bytes(Path(cluster.access.ca_file).read_bytes() if cluster.access.ca_file else b"")
    (tmp_path / "token").write_text(token("first"))
    transport = HttpTransport(ServiceAccount(cluster.access.server, tmp_path))
    kube = Kube(transport, cluster.namespace)
    try:
        assert kube.list(JOBS)
        cluster.kube.delete(SECRETS, "first")

        def refused() -> bool:
            with contextlib.suppress(Unauthorized):
                kube.list(JOBS)
                return False
            return True

        until(refused, "the end of the token")  # servers remember for some seconds who was let in
        (tmp_path / "token").write_text(token("second"))
        assert kube.list(JOBS)
    finally:
        transport.close()


def test_who_is_not_let_in_is_told_to_log_in(cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = json.loads(subprocess.check_output(["kubectl", "config", "view", "--raw", "-o", "json"]))
    config["users"] = [{"name": user["name"], "user": {"token": "old"}} for user in config["users"]]
    (folder / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    with pytest.raises(Unauthorized) as refused:
        run(notebook(folder, "x = 1"), target="kubernetes")
    assert "Log in to the cluster again" in refused.value.hint
