"""The list of what a volume has says what was needed last, and never grows beyond what a ConfigMap holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.targets.kubernetes import kept
from jupyter_mlops.targets.kubernetes.kept import MOST, kept_name, kept_on, note_kept
from tests.small_cluster import SmallCluster

CLAIM = {"metadata": {"name": "store", "uid": "u"}}
NAME = kept_name(CLAIM)
DAY = 24 * 3600.0


def digests(start: int, end: int) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(start, end)]


@pytest.fixture
def cluster() -> SmallCluster:
    return SmallCluster(Path("no-code"))


@pytest.fixture
def kube(cluster: SmallCluster) -> Kube:
    return Kube(cluster, "here")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 4)


def test_what_is_on_the_volume_is_listed_and_what_is_gone_is_not(kube: Kube) -> None:
    note_kept(kube, NAME, ["a", "b"], [])
    note_kept(kube, NAME, ["c"], ["a", "never"])
    assert kept_on(kube, CLAIM) == {"b", "c"}


def test_what_was_gone_and_has_come_again_is_there(kube: Kube) -> None:
    note_kept(kube, NAME, ["a"], [])
    note_kept(kube, NAME, ["a"], ["a"])
    assert kept_on(kube, CLAIM) == {"a"}


@pytest.mark.usefixtures("small")
def test_a_full_list_makes_room_for_new_ones(kube: Kube) -> None:
    note_kept(kube, NAME, ["d", "c"], [], now=1 * DAY)
    note_kept(kube, NAME, ["b", "a"], [], now=2 * DAY)
    note_kept(kube, NAME, ["e", "f"], [], now=3 * DAY)
    assert kept_on(kube, CLAIM) == {"a", "b", "e", "f"}


@pytest.mark.usefixtures("small")
def test_what_is_needed_again_and_again_stays(kube: Kube) -> None:
    for day in range(1, 9):
        note_kept(kube, NAME, ["often", f"once{day}"], [], now=day * DAY)
    assert kept_on(kube, CLAIM) == {"often", "once6", "once7", "once8"}


@pytest.mark.usefixtures("small")
def test_a_list_of_an_earlier_version_loses_what_it_does_not_need(cluster: SmallCluster, kube: Kube) -> None:
    note_kept(kube, NAME, ["x"], [])
    cluster.objects[("configmaps", NAME)]["data"] = dict.fromkeys("abcdefgh", "")
    note_kept(kube, NAME, ["h", "i"], [])
    assert len(kept_on(kube, CLAIM)) == 4
    assert {"h", "i"} <= kept_on(kube, CLAIM)


@pytest.mark.usefixtures("small")
def test_of_more_than_it_holds_some_are_listed(kube: Kube) -> None:
    note_kept(kube, NAME, list("abcdefgh"), [])
    assert len(kept_on(kube, CLAIM)) == 4


def test_nothing_is_written_twice_on_a_day(cluster: SmallCluster, kube: Kube) -> None:
    note_kept(kube, NAME, ["a"], [], now=5 * DAY)
    before = len(cluster.asked)
    note_kept(kube, NAME, ["a"], [], now=5.5 * DAY)
    assert {request.method for request in cluster.asked[before:]} == {"GET"}


def test_a_full_list_fits_into_a_config_map(cluster: SmallCluster, kube: Kube) -> None:
    note_kept(kube, NAME, digests(0, MOST), [])
    note_kept(kube, NAME, digests(MOST - 10, 2 * MOST - 10), [])
    data = cluster.objects[("configmaps", NAME)]["data"]
    fields = {f"f:{digest}": {} for digest in data}  # as `managedFields` has them
    assert len(data) == MOST
    assert len(json.dumps(data)) + len(json.dumps(fields)) < 1 << 20
