"""The client against a real API server."""

from __future__ import annotations

import base64
import contextlib
import io
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.discovery import Right, has_field, may, rights, schema_of, served
from jupyter_mlops.kube.failures import (
    Absent,
    AlreadyThere,
    Forbidden,
    Gone,
    Invalid,
    QuotaExceeded,
    Unauthorized,
    Unreachable,
)
from jupyter_mlops.kube.logs import follow_log
from jupyter_mlops.kube.pace import Pace
from jupyter_mlops.kube.resource import CONFIG_MAPS, CRON_JOBS, JOBS, NODES, PODS, QUOTAS, SECRETS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import Selection, changes, one_watch
from tests.cluster.conftest import OVER
from tests.unit.kube.tunnel import Tunnel

PATIENCE_S = 60
QUICK = Pace(first=0.05, most=0.5)


def config_map(name, **data):
    return {"metadata": {"name": name, "labels": {"test": name.partition("-")[0]}}, "data": data}


class TestObjects:
    def test_an_object_lives_from_create_to_delete(self, cluster):
        kube = cluster.kube
        made = kube.create(CONFIG_MAPS, config_map("life", a="1", b="2"))
        assert kube.get(CONFIG_MAPS, "life")["metadata"]["uid"] == made["metadata"]["uid"]
        assert kube.patch(CONFIG_MAPS, "life", {"data": {"a": None, "c": "3"}})["data"] == {"b": "2", "c": "3"}
        kube.delete(CONFIG_MAPS, "life")
        kube.delete(CONFIG_MAPS, "life")
        with pytest.raises(Absent, match="life"):
            kube.get(CONFIG_MAPS, "life")

    def test_applying_makes_changes_and_leaves_others_fields_alone(self, cluster):
        kube = cluster.kube
        kube.apply(CONFIG_MAPS, config_map("apply", a="1", b="2"))
        kube.patch(CONFIG_MAPS, "apply", {"data": {"theirs": "x"}})
        assert kube.apply(CONFIG_MAPS, config_map("apply", a="5"))["data"] == {"a": "5", "theirs": "x"}

    def test_a_list_in_pages_has_every_object_once(self, cluster, monkeypatch):
        monkeypatch.setattr("jupyter_mlops.kube.client.PAGE", 3)
        for number in range(8):
            cluster.kube.apply(CONFIG_MAPS, config_map(f"page-{number}"))
        listed = cluster.kube.list(CONFIG_MAPS, labels="test=page")
        assert [item["metadata"]["name"] for item in listed.items] == [f"page-{number}" for number in range(8)]
        assert int(listed.version) > 0

    def test_refusals_are_told_apart(self, cluster):
        kube = cluster.kube
        kube.apply(CONFIG_MAPS, config_map("twice"))
        with pytest.raises(AlreadyThere):
            kube.create(CONFIG_MAPS, config_map("twice"))
        with pytest.raises(Invalid, match=r"metadata\.name"):
            kube.create(CONFIG_MAPS, config_map("Not_A_Name"))
        with pytest.raises(Absent, match="no-such-namespace"):
            kube.within("no-such-namespace").create(CONFIG_MAPS, config_map("a"))

    def test_pod_security_says_what_must_change(self, cluster):
        pod = cluster.pod("root", "pass")
        del pod["spec"]["securityContext"]
        with pytest.raises(Forbidden, match="runAsNonRoot") as caught:
            cluster.kube.create(PODS, pod, dry_run=True)
        assert "Pod Security" in caught.value.hint

    def test_a_full_quota_is_told(self, cluster):
        cluster.kube.apply(QUOTAS, {"metadata": {"name": "few"}, "spec": {"hard": {"count/cronjobs.batch": "0"}}})
        deadline = time.monotonic() + PATIENCE_S
        while not cluster.kube.get(QUOTAS, "few").get("status", {}).get("hard"):
            assert time.monotonic() < deadline
        template = {"spec": {"template": {"spec": cluster.pod("x", "pass")["spec"]}}}
        body = {"metadata": {"name": "no"}, "spec": {"schedule": "0 0 1 1 *", "jobTemplate": template}}
        with contextlib.suppress(QuotaExceeded):
            while time.monotonic() < deadline:  # what admits objects learns of a quota a moment later
                cluster.kube.create(CRON_JOBS, body, dry_run=True)
                time.sleep(0.2)
        with pytest.raises(QuotaExceeded, match=r"cronjobs\.batch"):
            cluster.kube.create(CRON_JOBS, body)


class TestWatch:
    def test_changes_arrive_as_they_happen_and_survive_cuts(self, cluster, enter):
        proxy, stop, seen = Tunnel(), Stop(), []
        synced, arrived = threading.Event(), threading.Condition()
        kube = enter(replace(cluster.access, proxy=proxy.url), cluster.namespace)

        def follow():
            for change in changes(kube, CONFIG_MAPS, "test=watch", stop, pace=QUICK):
                if change.kind == "synced":
                    synced.set()
                    continue
                with arrived:
                    seen.append((change.kind, change.object["metadata"]["name"], change.object.get("data")))
                    arrived.notify_all()

        def see(*what):
            with arrived:
                assert arrived.wait_for(lambda: what in seen, PATIENCE_S), (what, seen)

        follower = threading.Thread(target=follow)
        follower.start()
        assert synced.wait(PATIENCE_S)
        for turn in "abc":
            cluster.kube.create(CONFIG_MAPS, config_map(f"watch-{turn}", turn="1"))
            see("added", f"watch-{turn}", {"turn": "1"})
            proxy.cut()
            cluster.kube.patch(CONFIG_MAPS, f"watch-{turn}", {"data": {"turn": "2"}})
            see("modified", f"watch-{turn}", {"turn": "2"})
        cluster.kube.delete(CONFIG_MAPS, "watch-a")
        see("deleted", "watch-a", {"turn": "2"})
        stop.set()
        follower.join(5)
        assert not follower.is_alive()
        proxy.close()
        assert len(seen) == len({(kind, name) for kind, name, _ in seen}) == 7

    def test_an_old_version_is_gone_or_still_known(self, cluster):
        # A server that has just begun has forgotten nothing; then the watch starts with the oldest there is.
        watched = one_watch(cluster.kube, Selection(CONFIG_MAPS), "1", Stop(), QUICK)
        with contextlib.suppress(Gone):
            assert next(watched).object["kind"] == "ConfigMap"


class TestLogs:
    def test_a_log_is_followed_over_cuts_to_its_end(self, cluster, enter):
        code = "import time\nfor i in range(40): print(i); time.sleep(.05)\nprint('x' * 40_000)\nprint('end', end='')"
        cluster.kube.create(PODS, cluster.pod("talks", code))
        proxy, got = Tunnel(), []
        kube = enter(replace(cluster.access, proxy=proxy.url), cluster.namespace)
        for line in follow_log(kube, "talks", Stop(), container="main", pace=QUICK):
            got.append(line.data)
            if len(got) % 12 == 0:
                proxy.cut()
        proxy.close()
        assert got == [*(b"%d\n" % i for i in range(40)), b"x" * 40_000 + b"\n", b"end"]
        assert b"".join(cluster.kube.log("talks", tail=1)) == b"end"
        cluster.kube.delete(PODS, "talks", grace=0)

    def test_the_log_of_a_container_that_was_restarted_is_whole(self, cluster):
        code = (
            "import os, sys\nfirst = not os.path.exists('/state/x')\nopen('/state/x', 'a').close()\n"
            "print('first' if first else 'second')\nsys.exit(first)"
        )
        state = {"volumes": [{"name": "state", "emptyDir": {}}], "restartPolicy": "OnFailure"}
        mount = {"volumeMounts": [{"name": "state", "mountPath": "/state"}]}
        cluster.kube.create(PODS, cluster.pod("again", code, container=mount, **state))
        lines = follow_log(cluster.kube, "again", Stop(), container="main", pace=QUICK)
        assert [line.data for line in lines] == [b"first\n", b"second\n"]
        cluster.kube.delete(PODS, "again", grace=0)

    def test_a_container_that_does_not_exist_is_told(self, cluster):
        cluster.kube.create(PODS, cluster.pod("one", "pass"))
        with pytest.raises(Invalid, match="not valid for pod"):
            list(follow_log(cluster.kube, "one", Stop(), container="nope", pace=QUICK))
        cluster.kube.delete(PODS, "one", grace=0)


class TestDiscovery:
    def test_what_is_served_is_found(self, cluster):
        found, capability = served(cluster.kube).find(cluster.kube, "batch", "CronJob")
        assert (found, capability.answer) == (CRON_JOBS, "yes")
        missing = served(cluster.kube).find(cluster.kube, "no.such.group", "Thing")[1]
        assert missing.missing == "the cluster has no Thing of no.such.group"

    def test_the_schema_of_a_kind_has_its_fields(self, cluster):
        schema = schema_of(cluster.kube, JOBS)
        assert has_field(schema, "spec.template.spec.containers[].resources")
        assert not has_field(schema, "spec.template.spec.containers[].nonsense")

    def test_rights_are_those_of_the_role(self, cluster, enter):
        rules = [
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        ]
        kube = enter(cluster.account("modest", rules), cluster.namespace)
        known = rights(kube)
        assert may(kube, known, "run", [Right("create", JOBS), Right("get", PODS, "log")]).answer == "yes"
        no = may(kube, known, "secrets", [Right("get", SECRETS), Right("list", NODES)])
        assert no.missing == f"in the namespace {cluster.namespace} you may not get secrets, list nodes"
        with pytest.raises(Forbidden, match='cannot get resource "secrets"') as caught:
            kube.get(SECRETS, "x")
        assert "rbac" in caught.value.hint

    def test_a_token_that_is_not_valid_is_unauthorized(self, cluster, enter):
        access = Access(cluster.access.server, "Bearer nonsense", ca_file=cluster.access.ca_file)
        with pytest.raises(Unauthorized):
            enter(access, cluster.namespace).list(PODS)

    def test_a_wrong_port_answers_soon(self, cluster, enter):
        started = time.monotonic()
        with pytest.raises(Unreachable):
            enter(Access("https://127.0.0.1:1"), cluster.namespace).list(PODS)
        assert time.monotonic() - started < 10


POD_CODE = """
import sys
assert not any('site-packages' in name for name in sys.path), sys.path
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.in_cluster import in_cluster, in_pod
from jupyter_mlops.kube.resource import CONFIG_MAPS, SECRETS
assert in_pod()
connection = in_cluster()
kube = Kube(connection.transport, connection.namespace)
print(kube.get(CONFIG_MAPS, 'code')['metadata']['name'], connection.namespace)
try:
    kube.list(SECRETS)
except Exception as failure:
    print(type(failure).__name__)
"""


def test_in_a_pod_the_client_needs_nothing_but_python(cluster: object, root: Path) -> None:
    """From a zip in a ConfigMap, without site-packages, as the pod's own service account."""
    kube: Kube = cluster.kube
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for pattern in ("__init__.py", "errors.py", "kube/*.py", "runtime/__init__.py", "runtime/errors.py"):
            for path in (root / "jupyter_mlops").glob(pattern):
                archive.write(path, path.relative_to(root))
    code = {"metadata": {"name": "code"}, "binaryData": {"code.zip": base64.b64encode(packed.getvalue()).decode()}}
    kube.apply(CONFIG_MAPS, code)
    cluster.account("reader", [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}])
    container = {
        "command": ["/bin/sh", "-c", 'PATH="/opt/venv/bin:$PATH" PYTHONPATH=/code/code.zip exec python3 -S -c "$CODE"'],
        "volumeMounts": [{"name": "code", "mountPath": "/code"}],
    }
    more = {
        "volumes": [{"name": "code", "configMap": {"name": "code"}}],
        "serviceAccountName": "reader",
        "automountServiceAccountToken": True,
    }
    kube.create(PODS, cluster.pod("inside", POD_CODE, container=container, **more))
    cluster.wait_for("inside", OVER)
    assert b"".join(kube.log("inside")).decode() == f"code {cluster.namespace}\nForbidden\n"
