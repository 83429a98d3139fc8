"""Of two that want a name, one has it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from jupyter_mlops.errors import Conflict
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.lease import Lease
from tests.small_cluster import SmallCluster

OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}}
STOP = threading.Event()


@pytest.fixture
def cluster() -> SmallCluster:
    made = SmallCluster(Path("nothing"))
    for name in ("one", "two"):
        made._put("pods", {"metadata": {"name": name}, "status": {"phase": "Running"}})
    return made


@pytest.fixture
def lease(cluster: SmallCluster):
    """Makes leases, and lets them go in the end."""
    made = []

    def make(pod: str, lost=lambda _: None, expires: float = 0.4, way=None) -> Lease:
        made.append(Lease(Kube(way or cluster, "here"), "lease", pod, lost, expires=expires))
        return made[-1]

    yield make
    for item in made:
        item.release()


def test_while_one_beats_another_is_refused_and_told_who(lease) -> None:
    one, two = lease("one"), lease("two")
    assert one.take("run", OWNER, STOP)
    with pytest.raises(Conflict, match="driven by the pod one"):
        two.take("run", OWNER, STOP)


def test_what_was_released_is_free_at_once(lease) -> None:
    one, two = lease("one", expires=600), lease("two", expires=600)
    assert one.take("run", OWNER, STOP)
    one.release()
    assert two.take("run", OWNER, STOP)


@pytest.mark.parametrize("phase", ["Failed", None])
def test_a_holder_whose_pod_has_ended_makes_room_at_once(lease, cluster: SmallCluster, phase: str | None) -> None:
    one, two = lease("one", expires=600), lease("two", expires=600)
    assert one.take("run", OWNER, STOP)
    if phase is None:
        cluster._delete("pods", "one")
    else:
        cluster.objects[("pods", "one")]["status"]["phase"] = phase
    assert two.take("run", OWNER, STOP)


def test_a_holder_that_is_silent_loses_it_and_learns_so_when_it_is_back(lease, cluster: SmallCluster) -> None:
    lost: list[str] = []
    learned = threading.Event()

    def note(other: str) -> None:
        lost.append(other)
        learned.set()

    away = Silenced(cluster)
    one, two = lease("one", note, way=away), lease("two")
    assert one.take("run", OWNER, STOP)
    away.silent.set()
    assert two.take("run", OWNER, STOP)
    assert not lost
    away.silent.clear()
    assert learned.wait(30)
    assert lost == ["two"]


def test_of_two_that_take_over_at_once_one_wins(lease) -> None:
    old = lease("gone", expires=600)
    assert old.take("run", OWNER, STOP)
    old._over.set()
    won: list[str] = []
    begin = threading.Barrier(2)

    def try_it(pod: str) -> None:
        wanted = lease(pod)
        begin.wait()
        try:
            if wanted.take("run", OWNER, STOP):
                won.append(pod)
        except Conflict:
            pass

    threads = [threading.Thread(target=try_it, args=(pod,)) for pod in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_without_the_right_it_says_so(lease, cluster: SmallCluster) -> None:
    cluster.refuse["configmaps"] = 403, "no"
    assert not lease("one").take("run", OWNER, STOP)


def test_a_server_that_was_away_for_long_says_nothing_of_the_holder(lease, cluster: SmallCluster) -> None:
    class Away(Silenced):
        """Its first answer takes as long as a hold lasts without a beat."""

        def send(self, request):
            if not self.silent.is_set():
                self.silent.set()
                time.sleep(0.9)
            return self._cluster.send(request)

    one, two = lease("one", expires=0.8), lease("two", expires=0.8, way=Away(cluster))
    assert one.take("run", OWNER, STOP)
    with pytest.raises(Conflict, match="driven by the pod one"):
        two.take("run", OWNER, STOP)


class Silenced:
    """A way to the cluster that can be cut."""

    def __init__(self, cluster: SmallCluster) -> None:
        self._cluster, self.silent = cluster, threading.Event()

    def send(self, request):
        if self.silent.is_set():
            raise Unreachable("no way")
        return self._cluster.send(request)

    def close(self) -> None: ...


@pytest.mark.parametrize("marks", [{}, {"app": "theirs"}, labels("lease", run="another"), labels("anchor")])
def test_what_only_has_the_name_is_left_alone_and_named(cluster: SmallCluster, lease, marks: dict[str, str]) -> None:
    theirs = {"metadata": {"name": "lease", "labels": marks}, "data": {"token": "", "pod": ""}}
    cluster._put("configmaps", theirs)
    before = json.dumps(cluster.objects["configmaps", "lease"])
    with pytest.raises(Conflict, match=r"another ConfigMap of the name lease, which is not of this run"):
        lease("one").take("run", OWNER, STOP)
    assert json.dumps(cluster.objects["configmaps", "lease"]) == before
