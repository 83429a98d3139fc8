"""The rings of a watch against a transport without a network, and against sockets with every fault there is."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Broken, Forbidden, Gone, TooMany, Unreachable
from jupyter_mlops.kube.pace import Pace
from jupyter_mlops.kube.resource import PODS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.kube.watch import changes
from tests.unit.kube.api_double import CUT, END, HALF_OPEN, begun, chunk, refusal, whole
from tests.unit.kube.fake import FakeTransport

QUICK = Pace(watch=4.0, slack=0.3, first=0.001, most=0.01, brief=0.0)


def pod(name, version, uid=""):
    return {"metadata": {"name": name, "namespace": "here", "resourceVersion": str(version), "uid": uid or name}}


def listing(version, *pods):
    return {"kind": "PodList", "metadata": {"resourceVersion": str(version)}, "items": list(pods)}


def event(kind, thing):
    return {"type": kind, "object": thing}


class Scripted:
    """Answers lists and watches in turn; after the last one a watch stays silent, and `reached` is set."""

    def __init__(self, lists, watches):
        self.lists, self.watches, self.reached = list(lists), list(watches), threading.Event()
        self.versions = []

    def __call__(self, request):
        if "watch" not in request.query:
            found = self.lists.pop(0)
            return found if isinstance(found, tuple) else (200, found)
        self.versions.append(request.query["resourceVersion"])
        if not self.watches:
            return 200, [self.reached]
        found = self.watches.pop(0)
        return found if isinstance(found, tuple) else (200, found)


def follow(script, pace=QUICK):
    """All changes until the script is at its end; the failures that were gone over; the versions asked for."""
    stop, troubles, seen = Stop(), [], []
    ender = threading.Thread(target=lambda: (script.reached.wait(20), stop.set()))
    ender.start()
    try:
        for change in changes(Kube(FakeTransport(script), "here"), PODS, "", stop, trouble=troubles.append, pace=pace):
            seen.append((change.kind, (change.object or {}).get("metadata", {}).get("name", "")))
    finally:
        script.reached.set()
        ender.join()
    return seen, [type(item) for item in troubles], script.versions


def test_what_is_there_is_told_then_synced_then_every_change():
    script = Scripted(
        [listing(5, pod("a", 3))],
        [[event("ADDED", pod("b", 6)), event("MODIFIED", pod("a", 7)), event("DELETED", pod("b", 8))]],
    )
    seen, troubles, versions = follow(script)
    assert seen == [("added", "a"), ("synced", ""), ("added", "b"), ("modified", "a"), ("deleted", "b")]
    assert troubles == []
    assert versions == ["5", "8"]


def test_a_bookmark_brings_the_version_and_nothing_else():
    seen, _, versions = follow(Scripted([listing(5)], [[event("BOOKMARK", pod("", 90))]]))
    assert (seen, versions) == ([("synced", "")], ["5", "90"])


@pytest.mark.parametrize("as_event", [True, False], ids=["as an event", "as an answer"])
def test_after_410_it_lists_again_and_tells_the_difference(as_event):
    gone = refusal(410, "Expired", "too old resource version")
    script = Scripted(
        [
            listing(5, pod("a", 1), pod("b", 2), pod("c", 3), pod("d", 4)),
            listing(50, pod("a", 1), pod("b", 40), pod("d", 44, uid="another"), pod("e", 45)),
        ],
        [[event("ERROR", gone)] if as_event else (410, gone)],
    )
    seen, troubles, versions = follow(script)
    assert seen[5:] == [
        ("deleted", "c"),
        ("deleted", "d"),
        ("modified", "b"),
        ("added", "d"),
        ("added", "e"),
        ("synced", ""),
    ]
    assert troubles == [Gone]
    assert versions == ["5", "50"]


@pytest.mark.parametrize(
    "fault",
    [
        (429, refusal(429, "TooManyRequests")),
        (503, refusal(503, "ServiceUnavailable")),
        (500, b"etcd is away"),
        [Unreachable("lost", sent=True)],
        [b"{this is no json}\n"],
        [b"[]\n"],
        [b'{"type": "ADDED", "object": 3}\n'],
        [event("ERROR", refusal(500, "InternalError"))],
    ],
    ids=["429", "503", "500", "lost", "nonsense", "a list", "no object", "an error event"],
)
def test_a_watch_that_fails_goes_on_from_the_last_version(fault):
    script = Scripted([listing(5)], [[event("ADDED", pod("a", 6))], fault, [event("ADDED", pod("b", 7))]])
    seen, troubles, versions = follow(script)
    assert seen == [("synced", ""), ("added", "a"), ("added", "b")]
    assert len(troubles) == 1
    assert versions == ["5", "6", "6", "7"]


def test_a_torn_event_is_not_told_but_comes_again():
    torn = b'{"type": "ADDED", "object": {"metadata": {"na'
    script = Scripted([listing(5)], [[torn, Unreachable("lost", sent=True)], [event("ADDED", pod("a", 6))]])
    assert follow(script)[0] == [("synced", ""), ("added", "a")]


def test_a_first_list_that_is_refused_raises():
    with pytest.raises(Forbidden):
        follow(Scripted([(403, refusal(403, "Forbidden"))], []))


def test_a_server_that_is_not_up_yet_is_waited_for():
    script = Scripted([(503, refusal(503, "ServiceUnavailable")), (429, refusal(429, "")), listing(1, pod("a", 1))], [])
    seen, troubles, _ = follow(script)
    assert (seen, troubles) == ([("added", "a"), ("synced", "")], [Broken, TooMany])


def test_a_right_that_is_lost_for_a_moment_does_not_end_it():
    gone, no = (410, refusal(410, "Gone")), (403, refusal(403, "Forbidden"))
    seen, troubles, _ = follow(Scripted([listing(1), no, listing(9, pod("a", 9))], [gone]))
    assert seen == [("synced", ""), ("added", "a"), ("synced", "")]
    assert troubles == [Gone, Forbidden]


def test_the_server_is_told_how_long_to_keep_it_open_and_not_all_come_at_once():
    seconds = set()
    for chance in (0.0, 0.5, 1.0):
        transport = FakeTransport(script := Scripted([listing(1)], []))
        stop = Stop()
        ender = threading.Thread(target=lambda script=script, stop=stop: (script.reached.wait(20), stop.set()))
        ender.start()
        pace = Pace(random=lambda chance=chance: chance)
        list(changes(Kube(transport, "here"), PODS, "x=y", stop, pace=pace))
        ender.join()
        request = transport.asked[1]
        assert request.query["allowWatchBookmarks"] == "true"
        assert request.query["labelSelector"] == "x=y"
        assert request.timeout == int(request.query["timeoutSeconds"]) + 30
        seconds.add(request.query["timeoutSeconds"])
    assert seconds == {"225", "262", "300"}


class Cluster:
    """A truth that changes in steps; lists and watches show it, and any watch can break anywhere."""

    def __init__(self, history, breaks):
        self.history, self.breaks, self.reached = history, list(breaks), threading.Event()

    def state(self, version):
        state = {}
        for number, (name, alive) in enumerate(self.history[:version], 1):
            state.pop(name, None)
            if alive:
                state[name] = pod(name, number)
        return state

    def __call__(self, request):
        end = len(self.history)
        if "watch" not in request.query:
            shown = self.breaks[0][0] if self.breaks else end
            return 200, listing(min(shown, end), *self.state(min(shown, end)).values())
        version = int(request.query["resourceVersion"])
        if not self.breaks:
            return 200, [*self.events(version, end), self.reached]
        length, how = self.breaks.pop(0)
        events = self.events(version, min(end, version + length))
        return 200, [*events, *([Unreachable("x")] if how == "cut" else [])] + (
            [event("ERROR", refusal(410, "Gone"))] if how == "gone" else []
        )

    def events(self, after, to):
        for number in range(after + 1, to + 1):
            name, alive = self.history[number - 1]
            before = name in self.state(number - 1)
            if alive or before:
                kind = ("MODIFIED" if before else "ADDED") if alive else "DELETED"
                yield event(kind, pod(name, number))


@given(
    history=st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=12),
    breaks=st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["cut", "end", "gone"])), max_size=5),
)
def test_whatever_breaks_the_changes_lead_to_what_is_there(history, breaks):
    cluster, stop, known = Cluster(history, breaks), Stop(), {}
    ender = threading.Thread(target=lambda: (cluster.reached.wait(20), stop.set()))
    ender.start()
    pace = Pace(watch=1, first=0.0, most=0.0, brief=0.0)
    for change in changes(Kube(FakeTransport(cluster), "here"), PODS, "", stop, pace=pace):
        name = change.object.get("metadata", {}).get("name")
        if change.kind == "added":
            assert name not in known
        if change.kind in ("modified", "deleted"):
            assert name in known
        if change.kind == "deleted":
            del known[name]
        elif change.kind != "synced":
            known[name] = change.object
    ender.join()
    assert {name: thing["metadata"] for name, thing in known.items()} == {
        name: thing["metadata"] for name, thing in cluster.state(len(history)).items()
    }


class Faulty:
    """Serves lists and watches over sockets; each watch plays the next fault, the last one is silent until stopped."""

    def __init__(self, faults):
        self.faults, self.version, self.done = list(faults), 1, threading.Event()

    def __call__(self, asked):
        if "watch" not in asked.query:
            yield whole(200, listing(self.version, pod("a", self.version)))
            return
        if not self.faults:
            yield begun()
            self.done.set()
            yield HALF_OPEN
            return
        self.version += 1
        yield from self.faults.pop(0)(self.version)


def _events(version):
    yield begun() + chunk(event("MODIFIED", pod("a", version)))


def half_open(version):
    yield from _events(version)
    yield HALF_OPEN


def silent_at_once(_):
    yield HALF_OPEN


def cut_in_a_chunk(version):
    yield from _events(version)
    yield b"40\r\n{" + b'"type"'
    yield CUT


def cut_between_chunks(version):
    yield from _events(version)
    yield CUT


def gone(version):
    yield from _events(version)
    yield chunk(event("ERROR", refusal(410, "Expired"))) + END


def too_many(_):
    yield whole(429, refusal(429, "TooManyRequests"), **{"Retry-After": "0"})


def restarting(_):
    yield whole(503, b"starting")


def ends(version):
    yield from _events(version)
    yield END


FAULTS = [half_open, silent_at_once, cut_in_a_chunk, cut_between_chunks, gone, too_many, restarting, ends]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_watch_over_sockets_survives(serve, kube_of, fault):
    script = Faulty([fault, ends])
    versions = watch_until_done(script, kube_of(serve(script)))
    assert versions[-1] == script.version
    assert versions == sorted(versions)


def test_a_watch_over_sockets_survives_all_of_it_and_a_restart_of_the_server(serve, kube_of):
    script = Faulty([*FAULTS, *FAULTS[::-1]])
    double = serve(script)
    script.faults.insert(3, lambda version: iter([double.restart() or b""]))
    assert watch_until_done(script, kube_of(double))[-1] == script.version


def watch_until_done(script, kube):
    stop, versions = Stop(), []
    ender = threading.Thread(target=lambda: (script.done.wait(60), stop.set()))
    ender.start()
    pace = Pace(watch=1, slack=-0.7, first=0.001, most=0.01, brief=0.0)
    troubles: list[MlopsError] = []
    for change in changes(kube, PODS, "", stop, trouble=troubles.append, pace=pace):
        if change.object:
            versions.append(int(change.object["metadata"]["resourceVersion"]))
    ender.join()
    assert script.faults == []
    return versions


def test_stop_ends_a_silent_watch_at_once(serve, kube_of):
    script = Faulty([])
    stop = Stop()
    follower = threading.Thread(target=lambda: list(changes(kube_of(serve(script)), PODS, "", stop)))
    follower.start()
    assert script.done.wait(20)
    stop.set()
    follower.join(5)
    assert not follower.is_alive()


def test_stop_before_the_start_asks_for_nothing():
    transport, stop = FakeTransport(lambda _: (500, {})), Stop()
    stop.set()
    assert list(changes(Kube(transport, "here"), PODS, "", stop)) == []
    assert transport.asked == []
