from __future__ import annotations

import pytest

from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.pace import Backoff, Pace
from jupyter_mlops.kube.patience import Patient
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.kube.stop import Stop


class Waits(Stop):
    """A stop whose waits take no time, and are counted."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def wait(self, timeout=None):
        self.now += timeout
        return self.is_set()


class Turns:
    """Answers in turn; errors are raised."""

    def __init__(self, *turns):
        self.turns, self.asked, self.closed = list(turns), 0, False

    def send(self, _):
        self.asked += 1
        found = self.turns.pop(0)
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Response) else Response(found, {}, b"")

    def close(self):
        self.closed = True


def patient(turns, seconds=60.0):
    waits = Waits()
    pace = Pace(first=1, most=8, random=lambda: 1.0)
    return Patient(turns, seconds, stop=waits, pace=pace, clock=lambda: waits.now), waits


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_server_with_too_much_to_do_is_asked_again(method):
    asking, waits = patient(turns := Turns(429, 429, 200))
    assert asking.send(Request(method, "/")).status == 200
    assert (turns.asked, waits.now) == (3, 3.0)


def test_it_waits_as_long_as_the_server_says():
    asking, waits = patient(Turns(Response(429, {"retry-after": "20"}, b""), 200))
    assert asking.send(Request("GET", "/")).status == 200
    assert waits.now == 20


@pytest.mark.parametrize("fault", [500, 502, 503, 504, Unreachable("x", sent=True)], ids=str)
def test_what_may_have_been_done_is_not_done_twice(fault):
    asking, _ = patient(turns := Turns(fault, 200))
    try:
        assert asking.send(Request("POST", "/")).status == fault
    except Unreachable:
        assert isinstance(fault, Unreachable)
    assert turns.asked == 1
    asking, _ = patient(Turns(fault, 200))
    assert asking.send(Request("GET", "/")).status == 200


def test_what_was_surely_not_done_is_done_when_the_server_is_back():
    asking, _ = patient(Turns(Unreachable("x"), Unreachable("x"), 201))
    assert asking.send(Request("POST", "/")).status == 201


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422])
def test_an_answer_is_an_answer(status):
    asking, waits = patient(Turns(status))
    assert (asking.send(Request("GET", "/")).status, waits.now) == (status, 0)


def test_patience_ends():
    asking, waits = patient(Turns(*[Unreachable("x")] * 99), seconds=20)
    with pytest.raises(Unreachable):
        asking.send(Request("GET", "/"))
    assert 10 < waits.now <= 20
    asking, _ = patient(Turns(*[503] * 99), seconds=20)
    assert asking.send(Request("GET", "/")).status == 503


def test_closing_ends_the_wait():
    asking, _waits = patient(turns := Turns(*[Unreachable("x")] * 99))
    asking.close()
    with pytest.raises(Unreachable):
        asking.send(Request("GET", "/"))
    assert (turns.asked, turns.closed) == (1, True)


def test_waits_grow_and_are_jittered():
    backoff = Backoff(Pace(first=1, most=5, random=lambda: 0.0))
    assert [backoff.next() for _ in range(4)] == [0.75, 1.5, 3.0, 3.75]
    backoff.reset()
    assert backoff.next(at_least=2) == 2
