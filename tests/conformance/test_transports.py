from __future__ import annotations

import base64
import json
import ssl
import subprocess
from urllib.parse import urlsplit

import pytest

from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.in_cluster import in_cluster
from jupyter_mlops.kube.kubeconfig import transport_for
from jupyter_mlops.kube.patience import Patient
from jupyter_mlops.kube.transport import HttpTransport
from tests.conformance.transport_suite import TransportSuite
from tests.unit.kube.api_double import Fixed
from tests.unit.kube.tunnel import Tunnel


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, path = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=double"
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:cluster.test", "-keyout", str(key), "-out", str(path)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return path, key


class _Tls(TransportSuite):
    @pytest.fixture
    def tls(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        return context


class TestHttpTransport(TransportSuite):
    @pytest.fixture
    def open_transport(self):
        return lambda url: HttpTransport(Fixed(Access(url)))


class TestPatientTransport(TransportSuite):
    @pytest.fixture
    def open_transport(self):
        return lambda url: Patient(HttpTransport(Fixed(Access(url))), seconds=0.0)


class TestTransportOfAKubeconfig(_Tls):
    @pytest.fixture
    def open_transport(self, tmp_path, certificate):
        authority = base64.b64encode(certificate[0].read_bytes()).decode()

        def start(url):
            config = {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "double", "user": "me"}}],
                "clusters": [{"name": "double", "cluster": {"server": url, "certificate-authority-data": authority}}],
                "users": [{"name": "me", "user": {"token": "secret"}}],
            }
            path = tmp_path / "kubeconfig"
            path.write_text(json.dumps(config))
            return transport_for(kubeconfig=str(path)).transport

        return start


class TestTransportOfAPod(_Tls):
    @pytest.fixture
    def open_transport(self, tmp_path, certificate):
        (tmp_path / "token").write_text("secret\n")
        (tmp_path / "ca.crt").write_bytes(certificate[0].read_bytes())

        def start(url):
            place = urlsplit(url)
            found = {"KUBERNETES_SERVICE_HOST": place.hostname, "KUBERNETES_SERVICE_PORT": str(place.port)}
            return in_cluster(found, tmp_path).transport

        return start


class TestTransportThroughAProxy(_Tls):
    """TLS through a tunnel that a proxy opens."""

    @pytest.fixture
    def open_transport(self, certificate):
        proxies = []

        def start(url):
            proxies.append(Tunnel())
            return HttpTransport(Fixed(Access(url, ca_file=str(certificate[0]), proxy=proxies[-1].url)))

        yield start
        for proxy in proxies:
            proxy.close()
