from __future__ import annotations

import pytest

from jupyter_mlops.store.mlflow_api import Caller
from jupyter_mlops.store.mlflow_api.variables import task_variables, variables

URL = "http://127.0.0.1:5000"


def test_a_client_gets_the_address_and_its_token_in_every_way_that_it_may_use() -> None:
    found = variables(URL, "secret", {"PATH": "/bin"})

    assert found["MLFLOW_TRACKING_URI"] == URL
    assert found["MLFLOW_TRACKING_TOKEN"] == found["MLFLOW_TRACKING_PASSWORD"] == "secret"
    assert found["MLFLOW_TRACKING_USERNAME"]
    assert found["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"
    assert "NO_PROXY" not in found


def test_what_the_user_said_of_retries_stays() -> None:
    assert variables(URL, "t", {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9"})["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "9"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HTTP_PROXY": "http://proxy"}, "127.0.0.1"),
        ({"all_proxy": "http://proxy", "NO_PROXY": "a,b"}, "a,b,127.0.0.1"),
        ({"http_proxy": "http://proxy", "no_proxy": "c", "NO_PROXY": "a"}, "c,127.0.0.1"),
    ],
)
def test_a_proxy_is_passed_by(environ: dict[str, str], expected: str) -> None:
    found = variables(URL, "t", environ)

    assert found["NO_PROXY"] == found["no_proxy"] == expected


def test_a_task_is_told_its_run_and_its_experiment() -> None:
    assert task_variables(Caller("r"), "7", {}) == {"MLFLOW_RUN_ID": "r", "MLFLOW_EXPERIMENT_ID": "7"}


def test_an_experiment_that_the_user_named_stays() -> None:
    assert task_variables(Caller("r"), "7", {"MLFLOW_EXPERIMENT_NAME": "churn"}) == {"MLFLOW_RUN_ID": "r"}
