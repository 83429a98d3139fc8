from __future__ import annotations

import json

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, Forbidden, Gone, Invalid, Unreachable
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, NAMESPACES, PODS
from tests.unit.kube.api_double import refusal
from tests.unit.kube.fake import FakeTransport


def client(answer):
    return Kube(FakeTransport(answer if callable(answer) else lambda _: answer), "here")


def page(names, following="", version="7"):
    meta = {"resourceVersion": version, "continue": following}
    return {"kind": "PodList", "metadata": meta, "items": [{"metadata": {"name": name}} for name in names]}


def test_paths_are_those_of_the_api():
    assert JOBS.path("here", "a") == "/apis/batch/v1/namespaces/here/jobs/a"
    assert PODS.path("here", "a", "log") == "/api/v1/namespaces/here/pods/a/log"
    assert PODS.path() == "/api/v1/pods"
    assert NAMESPACES.path("here", "other") == "/api/v1/namespaces/other"


@pytest.mark.parametrize("name", ["..", ".", "a/../../secrets/b", "a?x=1", "a#b", "ä b"])
def test_a_name_cannot_lead_elsewhere(name):
    kube = client((200, {"kind": "Pod"}))
    try:
        kube.get(PODS, name)
    except Usage:
        return
    path = kube.transport.asked[0].path
    assert path.startswith("/api/v1/namespaces/here/pods/")
    assert path.count("/") == 6
    assert not set("?# ").intersection(path)


@pytest.mark.parametrize("do", ["get", "delete", "patch", "apply", "log"])
def test_without_a_name_not_everything_is_meant(do):
    kube = client((200, {}))
    with pytest.raises(Invalid, match="needs a name"):
        {
            "get": lambda: kube.get(PODS, ""),
            "delete": lambda: kube.delete(PODS, ""),
            "patch": lambda: kube.patch(PODS, "", {}),
            "apply": lambda: kube.apply(PODS, {"metadata": {}}),
            "log": lambda: kube.log(""),
        }[do]()
    assert kube.transport.asked == []


def test_a_list_is_read_in_pages():
    pages = {"": page("ab", "x"), "x": page("cd", "y"), "y": page("e")}
    kube = client(lambda request: (200, pages[request.query.get("continue", "")]))
    listed = kube.list(PODS, labels="a=b", fields="c=d")
    assert [item["metadata"]["name"] for item in listed.items] == list("abcde")
    assert listed.version == "7"
    assert all(item["kind"] == "Pod" and item["apiVersion"] == "v1" for item in listed.items)
    for request in kube.transport.asked:
        assert (request.query["labelSelector"], request.query["fieldSelector"]) == ("a=b", "c=d")
        assert request.query["limit"] == "500"


def test_a_page_that_comes_too_late_leads_to_one_list_of_all():
    def answer(request):
        if "limit" not in request.query:
            return 200, page("abc", version="9")
        return (410, refusal(410, "Expired")) if "continue" in request.query else (200, page("a", "x"))

    listed = client(answer).list(PODS)
    assert ([item["metadata"]["name"] for item in listed.items], listed.version) == (["a", "b", "c"], "9")


def test_a_list_that_is_gone_for_good_raises():
    with pytest.raises(Gone):
        client((410, refusal(410, "Expired"))).list(PODS)


@pytest.mark.parametrize("items", [None, {}, [None, 1, "x"], "abc"])
def test_a_list_of_nonsense_is_empty(items):
    assert client((200, {"kind": "PodList", "items": items, "metadata": 3})).list(PODS).items == ()


def test_what_is_sent_says_what_it_is():
    kube = client((200, {"kind": "ConfigMap"}))
    kube.create(CONFIG_MAPS, {"metadata": {"name": "a"}}, dry_run=True)
    kube.apply(CONFIG_MAPS, {"metadata": {"name": "a"}}, manager="me")
    kube.patch(CONFIG_MAPS, "a", {"data": None})
    create, apply, patch = kube.transport.asked
    assert (create.method, create.query["dryRun"]) == ("POST", "All")
    assert create.body == apply.body == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert (apply.method, apply.content_type) == ("PATCH", "application/apply-patch+yaml")
    assert apply.query == {"fieldManager": "me", "force": "true"}
    assert (patch.content_type, patch.body) == ("application/merge-patch+json", {"data": None})


def test_deleting_what_is_not_there_is_fine_and_all_else_is_not():
    client((404, refusal(404, "NotFound"))).delete(PODS, "a")
    with pytest.raises(Forbidden):
        client((403, refusal(403, "Forbidden"))).delete(PODS, "a")


def test_a_deletion_says_how():
    kube = client((200, {"kind": "Status"}))
    kube.delete(JOBS, "a", propagation="Foreground", grace=0)
    assert kube.transport.asked[0].body == {"propagationPolicy": "Foreground", "gracePeriodSeconds": 0}


def test_a_login_page_in_the_clusters_place_is_told():
    with pytest.raises(Unreachable, match="no Kubernetes"):
        client((200, b"<html>Log in</html>")).get(PODS, "a")


def test_a_log_is_asked_for_as_wanted():
    kube = client((200, [b"x"]))
    assert list(kube.log("p", container="c", follow=True, tail=0, since="2026-01-01T00:00:00Z")) == [b"x"]
    assert kube.transport.asked[0].query == {
        "container": "c",
        "follow": "true",
        "sinceTime": "2026-01-01T00:00:00Z",
        "tailLines": "0",
    }


def test_a_refused_stream_raises_at_its_first_read():
    stream = client((404, [json.dumps(refusal(404, "NotFound", "pods x not found"))[:20].encode(), b""])).log("x")
    with pytest.raises(Absent):
        next(stream)


def test_an_empty_log_is_an_empty_stream():
    assert list(client((200, [])).log("x")) == []


def test_a_stream_that_is_closed_before_it_began_is_over():
    kube = client((200, [b"x"]))
    stream = kube.log("x")
    stream.close()
    assert (list(stream), kube.transport.asked) == ([], [])
