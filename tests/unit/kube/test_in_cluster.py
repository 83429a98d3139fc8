from __future__ import annotations

import pytest

from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.in_cluster import ServiceAccount, in_cluster, in_pod

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


@pytest.fixture
def mounted(tmp_path):
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "ca.crt").write_text("")
    (tmp_path / "namespace").write_text("team")
    return tmp_path


def test_the_connection_is_that_of_the_pod(mounted):
    connection = in_cluster(POD, mounted)
    assert (connection.namespace, connection.server) == ("team", "https://10.0.0.1:6443")
    assert in_pod(POD, mounted)


def test_an_ipv6_address_is_written_as_one(mounted):
    assert in_cluster({**POD, "KUBERNETES_SERVICE_HOST": "fd00::1"}, mounted).server == "https://[fd00::1]:6443"


def test_the_token_is_read_again_when_it_changes(mounted):
    login = ServiceAccount("https://x", mounted)
    assert login.current().authorization == "Bearer first"
    (mounted / "new").write_text("second, and longer")
    (mounted / "new").replace(mounted / "token")
    assert login.current().authorization == "Bearer second, and longer"


def test_there_is_no_newer_access_than_the_file_has(mounted):
    login = ServiceAccount("https://x", mounted)
    assert login.renew(login.current()) == login.current()


@pytest.mark.parametrize("environment", [{}, {"KUBERNETES_SERVICE_HOST": "x", "KUBERNETES_SERVICE_PORT": "tcp://y"}])
def test_outside_of_a_pod_that_is_told(mounted, environment):
    with pytest.raises(Unreachable, match="as its pod"):
        in_cluster(environment, mounted)
    assert not in_pod({}, mounted)


def test_a_pod_without_a_token_is_told(mounted):
    (mounted / "token").unlink()
    with pytest.raises(Unreachable, match="token") as caught:
        in_cluster(POD, mounted)
    assert "mounted" in caught.value.hint
    assert not in_pod(POD, mounted)
