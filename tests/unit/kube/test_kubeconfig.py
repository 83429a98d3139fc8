from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.contexts import contexts, default_paths
from jupyter_mlops.kube.failures import BadKubeconfig, Unauthorized, Unreachable
from jupyter_mlops.kube.kubeconfig import transport_for
from jupyter_mlops.kube.resource import PODS
from tests.unit.kube.api_double import refusal, whole


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path):
    """Write a kubeconfig with one context `here`, changed by the arguments; gives its path."""

    def start(server="http://127.0.0.1:1", user=None, cluster=None, name="kubeconfig", **changes):
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
            "users": [{"name": "u", "user": user or {}}],
            **changes,
        }
        path = tmp_path / name
        path.write_text(yaml.safe_dump(content))
        return str(path)

    return start


@pytest.fixture
def ask(serve):
    """Ask a double through a kubeconfig; gives the connection, and the header each request brought."""
    opened = []

    def start(path, double, times=1):
        connection = transport_for(kubeconfig=path)
        opened.append(connection.transport)
        for _ in range(times):
            Kube(connection.transport, connection.namespace).list(PODS)
        return [asked.headers.get("authorization") for asked in double.asked]

    yield start
    for transport in opened:
        transport.close()


def anyone(_):
    yield whole(200, {"items": []})


def plugin(folder, *answers, code=0, said=""):
    """A credential plugin that gives one answer after the other, then the last one."""
    path = Path(folder) / "plugin.py"
    path.write_text(
        "import json, pathlib, sys\n"
        f"count = pathlib.Path({str(Path(folder) / 'count')!r})\n"
        "number = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(number + 1))\n"
        f"answers = {list(answers)!r}\n"
        "status = answers[min(number, len(answers) - 1)] if answers else {}\n"
        f"print({said!r}, file=sys.stderr)\n"
        "json.dump({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential', 'status': status},"
        " sys.stdout)\n"
        f"sys.exit({code})\n"
    )
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(path)]}}


def test_the_connection_says_what_it_is(write):
    connection = transport_for(kubeconfig=write())
    shown = (connection.namespace, connection.context, connection.server, connection.user)
    assert shown == ("team", "here", "http://127.0.0.1:1", "u")


def test_a_token_is_sent(serve, write, ask):
    double = serve(anyone)
    assert ask(write(double.url, {"token": "abc"}), double) == ["Bearer abc"]
    assert double.asked[0].path == "/api/v1/namespaces/team/pods"


def test_a_password_is_sent(serve, write, ask):
    double = serve(anyone)
    login = base64.b64encode(b"me:secret").decode()
    assert ask(write(double.url, {"username": "me", "password": "secret"}), double) == [f"Basic {login}"]


def test_a_path_in_the_servers_address_is_kept(serve, write, ask):
    double = serve(anyone)
    ask(write(double.url + "/k8s/clusters/c-1/"), double)
    assert double.asked[0].path == "/k8s/clusters/c-1/api/v1/namespaces/team/pods"


def test_a_token_file_is_read_again_when_it_changes(serve, write, ask, tmp_path):
    def script(asked):
        token.write_text("second")
        yield whole(200, {"items": []})

    token = tmp_path / "token"
    token.write_text("first\n")
    double = serve(script)
    assert ask(write(double.url, {"tokenFile": "token"}), double, times=2) == ["Bearer first", "Bearer second"]


def test_a_plugin_gives_the_token(serve, write, ask, tmp_path):
    double = serve(anyone)
    path = write(double.url, plugin(tmp_path, {"token": "from-plugin"}))
    assert ask(path, double, times=2) == ["Bearer from-plugin"] * 2
    assert (tmp_path / "count").read_text() == "1"


def test_a_plugin_runs_again_when_its_token_has_expired(serve, write, ask, tmp_path):
    double = serve(anyone)
    old = {"token": "old", "expirationTimestamp": "2020-01-01T00:00:00Z"}
    path = write(double.url, plugin(tmp_path, old, {"token": "new", "expirationTimestamp": "2999-01-01T00:00:00Z"}))
    assert ask(path, double, times=2) == ["Bearer new"] * 2


def test_a_plugin_runs_again_when_its_token_is_not_taken(serve, write, ask, tmp_path):
    def script(asked):
        good = asked.headers["authorization"] == "Bearer new"
        yield whole(200, {"items": []}) if good else whole(401, refusal(401, "Unauthorized"))

    double = serve(script)
    path = write(double.url, plugin(tmp_path, {"token": "old"}, {"token": "new"}))
    assert ask(path, double, times=2) == ["Bearer old", "Bearer new", "Bearer new"]


def test_a_plugin_that_fails_is_told_with_its_words(write, tmp_path):
    with pytest.raises(Unauthorized, match="please log in first"):
        transport_for(kubeconfig=write("https://x.test", plugin(tmp_path, code=1, said="please log in first")))


def test_a_plugin_that_is_not_installed_is_told(write):
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}}
    with pytest.raises(Unauthorized, match="no-such-plugin"):
        transport_for(kubeconfig=write("https://x.test", user))


def test_a_token_that_is_never_taken_is_unauthorized(serve, write, ask):
    double = serve(lambda _: iter([whole(401, refusal(401, "Unauthorized", "Unauthorized"))]))
    with pytest.raises(Unauthorized):
        ask(write(double.url, {"token": "abc"}), double)
    assert len(double.asked) == 1


class TestTls:
    @pytest.fixture
    def files(self, tmp_path):
        """An authority; a server and a client that it signed; names as in a cluster."""
        make_certificates(tmp_path)
        return tmp_path

    @pytest.fixture
    def double(self, files, serve):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files / "server.crt", files / "server.key")
        context.load_verify_locations(files / "ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        return serve(anyone, tls=context)

    @pytest.mark.parametrize("as_data", [True, False], ids=["as data", "as files"])
    def test_authority_and_client_certificate_are_used(self, files, double, write, ask, as_data):
        double._tls.verify_mode = ssl.CERT_REQUIRED
        assert ask(self.config(write, double, files, as_data), double) == [None]

    def test_key_files_that_were_tidied_away_are_not_missed(self, files, double, write, ask, tmp_path):
        path = self.config(write, double, files, as_data=False)
        connection = transport_for(kubeconfig=path)
        kube = Kube(connection.transport, "team")
        kube.list(PODS)
        for name in ("ca.crt", "client.crt", "client.key"):
            (tmp_path / name).unlink()
        double.restart()
        assert kube.list(PODS).items == ()
        connection.transport.close()

    def test_an_authority_that_did_not_sign_is_told(self, double, write, ask):
        with pytest.raises(Unreachable, match="certificate is not trusted") as caught:
            ask(write(double.url), double)
        assert "certificate authority" in caught.value.hint

    def test_skipping_the_check_is_possible(self, double, write, ask):
        assert ask(write(double.url, cluster={"insecure-skip-tls-verify": True}), double) == [None]

    def test_another_name_than_the_address_is_told_and_can_be_set(self, files, double, write, ask):
        by_name = double.url.replace("127.0.0.1", "localhost")
        authority = {"certificate-authority": "ca.crt"}
        with pytest.raises(Unreachable, match="not trusted"):
            ask(write(by_name, cluster=authority), double)
        assert ask(write(by_name, cluster={**authority, "tls-server-name": "cluster.test"}), double)[-1] is None

    def test_a_broken_key_is_told(self, files, double, write, ask):
        (files / "client.key").write_text("nonsense")
        with pytest.raises(BadKubeconfig, match="certificates"):
            ask(self.config(write, double, files, as_data=False), double)

    def test_a_key_with_a_password_asks_nobody(self, files, double, write, ask):
        command = ["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", "client.key", "-out", "locked.key"]
        subprocess.run(command, cwd=files, check=True, capture_output=True)
        (files / "locked.key").replace(files / "client.key")
        with pytest.raises(BadKubeconfig, match="certificates"):
            ask(self.config(write, double, files, as_data=False), double)

    def test_a_plugin_gives_certificates(self, files, double, write, ask, tmp_path):
        double._tls.verify_mode = ssl.CERT_REQUIRED
        pair = {
            "clientCertificateData": (files / "client.crt").read_text(),
            "clientKeyData": (files / "client.key").read_text(),
        }
        path = write(double.url, plugin(tmp_path, pair), {"certificate-authority": "ca.crt"})
        assert ask(path, double) == [None]

    @staticmethod
    def config(write, double, files, as_data):
        def value(key, name):
            if not as_data:
                return {key: name}
            return {f"{key}-data": base64.b64encode((files / name).read_bytes()).decode()}

        user = {**value("client-certificate", "client.crt"), **value("client-key", "client.key")}
        return write(double.url, user, value("certificate-authority", "ca.crt"))


class TestProxy:
    def test_plain_http_goes_to_the_proxy_with_the_whole_address(self, serve, write, ask):
        proxy = serve(anyone)
        ask(write("http://cluster.invalid:8001/x", cluster={"proxy-url": proxy.url}), proxy)
        assert proxy.asked[0].target.startswith("http://cluster.invalid:8001/x/api/v1/")

    def test_the_environment_names_a_proxy(self, serve, write, ask, monkeypatch):
        proxy = serve(anyone)
        monkeypatch.setenv("http_proxy", proxy.url)
        ask(write("http://cluster.invalid"), proxy)
        assert proxy.asked[0].target.startswith("http://cluster.invalid/api/v1/")

    def test_the_environment_names_exceptions(self, serve, write, ask, monkeypatch):
        double = serve(anyone)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert ask(write(double.url), double) == [None]

    def test_a_proxy_that_refuses_is_named_without_its_password(self, serve, write, ask):
        proxy = serve(lambda _: iter([whole(407, b"")]))
        address = proxy.url.replace("http://", "http://me:secret@")
        with pytest.raises(Unreachable, match="the proxy answered 407") as caught:
            ask(write("https://cluster.invalid", cluster={"proxy-url": address}), proxy)
        assert proxy.url in str(caught.value)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "https://proxy.test", "http://"])
    def test_a_proxy_of_another_kind_is_refused(self, write, address):
        with pytest.raises(Refused, match="not supported"):
            transport_for(kubeconfig=write("https://x.test", cluster={"proxy-url": address}))


class TestBadInput:
    def test_no_file(self, tmp_path):
        with pytest.raises(BadKubeconfig, match="no kubeconfig"):
            transport_for(kubeconfig=str(tmp_path / "none"))

    def test_a_context_that_is_not_there_is_told_with_those_that_are(self, write):
        with pytest.raises(BadKubeconfig, match="no context 'there'") as caught:
            transport_for("there", write())
        assert "here" in caught.value.hint

    def test_no_current_context(self, write):
        with pytest.raises(BadKubeconfig, match="no current context"):
            transport_for(kubeconfig=write(**{"current-context": ""}))

    @pytest.mark.parametrize("server", ["", "nonsense", "ftp://x", "https://", "file:///etc/passwd"])
    def test_no_server(self, write, server):
        with pytest.raises(BadKubeconfig, match="no server"):
            transport_for(kubeconfig=write(server))

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "a: [", "1", "\x00", "contexts: 3", "contexts: {a: b}", "!!python/object/apply:os.system [ls]"],
    )
    def test_a_file_that_is_no_kubeconfig(self, tmp_path, text):
        (tmp_path / "bad").write_text(text)
        with pytest.raises(BadKubeconfig):
            transport_for(kubeconfig=str(tmp_path / "bad"))

    @pytest.mark.parametrize(
        "changes",
        [
            {"contexts": [3, {"name": "here"}]},
            {"contexts": [{"name": "here", "context": [1]}]},
            {"clusters": None},
            {"clusters": [{"name": "c", "cluster": "x"}]},
            {"users": 4},
            {"users": [{"name": "u", "user": {"exec": {}}}]},
            {"users": [{"name": "u", "user": {"tokenFile": "none"}}]},
            {"users": [{"name": "u", "user": {"client-certificate": "none"}}]},
        ],
        ids=str,
    )
    def test_values_of_the_wrong_kind_are_told(self, write, changes):
        with pytest.raises((BadKubeconfig, Unauthorized)):
            transport_for(kubeconfig=write("https://x.test", **changes))

    def test_an_unknown_user_has_no_credentials(self, serve, write, ask):
        double = serve(anyone)
        assert ask(write(double.url, users=[]), double) == [None]


def test_several_files_are_one(serve, write, ask):
    double = serve(anyone)
    first = write(double.url, contexts=[], users=[], name="one", **{"current-context": ""})
    second = write("http://other.invalid", {"token": "abc"}, name="two")
    paths = os.pathsep.join([first, "/no/such/file", second])
    assert [(item.name, item.server, item.current) for item in contexts(paths)] == [("here", double.url, True)]
    assert ask(paths, double) == ["Bearer abc"]


def test_kubeconfig_names_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", "/a:/b")
    assert default_paths() == "/a:/b"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_paths() == str(tmp_path / ".kube/config")


def make_certificates(folder):
    """With openssl: ca, server (127.0.0.1 and cluster.test), client. Without key identifiers, as many clusters have."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key",
            "-out", "ca.crt")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:cluster.test\nauthorityKeyIdentifier=none\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", f"{name}.crt")  # fmt: skip


def test_what_is_shown_of_an_access_has_no_secrets(write):
    connection = transport_for(kubeconfig=write("https://x.test", {"token": "very-secret"}))
    assert "very-secret" not in repr(connection) + repr(connection.transport._login.current())
    assert json.dumps(connection.server)
