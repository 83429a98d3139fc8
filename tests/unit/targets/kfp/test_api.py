"""Refusals of Kubeflow Pipelines in plain words, the token that is read again, and settings that make no sense."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import MlopsError, NotFound, Refused, Unavailable, Usage
from jupyter_mlops.kube.failures import Unauthorized
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.targets.kfp.api import KfpApi, TokenLogin, service_path
from jupyter_mlops.targets.kfp.settings import read_settings
from tests.kfp_server import KfpServer, Look, node, serving


@pytest.fixture
def opened() -> Iterator[Callable[..., KfpApi]]:
    """Opens the interface at an address."""
    made: list[KfpApi] = []

    def opened(url: str, **more: str) -> KfpApi:
        transport = HttpTransport(TokenLogin(read_settings({"url": url, **more})))
        made.append(KfpApi(transport, "", f"Kubeflow Pipelines at {url}"))
        return made[-1]

    yield opened
    for api in made:
        api.transport.close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, {"error": "no user identity"}, Refused, "refused to show the run: no user identity"),
        (403, {"error": "not authorized for ns"}, Refused, "not authorized for ns"),
        (404, {"error": "Run x not found."}, NotFound, "Run x not found."),
        (429, {}, Unavailable, "it answered 429"),
        (500, {"message": "database is gone"}, Unavailable, "database is gone"),
        (302, b"<html>", Refused, "wants a login first"),
        (200, b"<html>log in</html>", Refused, "wants a login first"),
    ],
)
def test_refusals(opened: Any, status: int, body: Any, kind: type, words: str) -> None:
    server = KfpServer(refuse={("GET", "/runs"): (status, body)})
    with serving(server) as url, pytest.raises(MlopsError) as said:
        opened(url).run("x")
    assert isinstance(said.value, kind)
    assert words in said.value.message
    assert url in said.value.message


def test_the_token_is_read_again_when_it_changes(opened: Any, tmp_path: Path) -> None:
    server, file = KfpServer(token="second"), tmp_path / "token"
    file.write_text("first\n")
    with serving(server) as url:
        api = opened(url, token_file=str(file))
        with pytest.raises(Unauthorized, match="no user identity"):
            api.health()
        file.write_text("second\n")
        assert api.health() == {"multi_user": False}


def test_nobody_answers_is_said_within_ten_seconds(opened: Any) -> None:
    with serving(KfpServer()) as url:
        pass
    began = time.monotonic()
    with pytest.raises(Unavailable) as said:
        opened(url).health()
    assert time.monotonic() - began < 10
    assert said.value.message == f"Kubeflow Pipelines at {url} does not answer: nothing listens there."
    assert "url under [kfp]" in said.value.hint


def test_tasks_that_a_newer_server_lists_apart_are_asked_for(opened: Any) -> None:
    server = KfpServer(looks=[Look("RUNNING", (node("load", "RUNNING", 1),))], native=True)
    with serving(server) as url:
        api = opened(url)
        run = api.create_run({"display_name": "x", "pipeline_spec": {"pipeline_spec": {}}})
        assert [item["display_name"] for item in api.run(run)["run_details"]["task_details"]] == ["load"]


def test_an_experiment_is_made_once_and_found_then(opened: Any) -> None:
    server = KfpServer()
    with serving(server) as url:
        api = opened(url)
        assert api.experiment("wine", "") == api.experiment("wine", "") != api.experiment("beer", "")
    assert [item["display_name"] for item in server.experiments.values()] == ["wine", "beer"]


class Cluster:
    """A Kubernetes that does not pass requests on."""

    def __init__(self, status: int, message: str) -> None:
        self._answer = Response(status, {}, f'{{"kind": "Status", "code": {status}, "message": "{message}"}}'.encode())
        self.asked: list[str] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request.path)
        return self._answer

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(("status", "message"), [(404, "services 'ml-pipeline' not found"), (503, "no endpoints")])
def test_a_cluster_without_the_service_is_said_to_have_none(status: int, message: str) -> None:
    cluster = Cluster(status, message)
    api = KfpApi(cluster, service_path(read_settings({})), "Kubeflow Pipelines")  # type: ignore[arg-type]
    with pytest.raises(MlopsError) as said:
        api.health()
    assert said.value.message == f"Kubeflow Pipelines is not there: {message}."
    assert "url under [kfp]" in said.value.hint
    path = "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy/apis/v2beta1/healthz"
    assert cluster.asked == [path]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url": "https://user:secret@kfp.example"}, "without a name, password"),
        ({"url": "ftp://kfp.example"}, "has to be like"),
        ({"url": "https://kfp.example:port"}, "no address"),
        ({"url": "http://kfp.example", "token_file": "t"}, "for all to read"),
        ({"token_file": "t"}, "is for a url"),
        ({"service": "../secrets"}, "NAME:PORT"),
        ({"colour": "red"}, "no setting 'colour'"),
        ({"image": 3}, "has to be text"),
    ],
)
def test_settings_that_make_no_sense(table: Any, words: str) -> None:
    with pytest.raises(Usage) as said:
        read_settings(table)
    assert words in str(said.value)
