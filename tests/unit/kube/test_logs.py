"""A log is followed to its end: no line is lost, none comes twice, whatever breaks."""

from __future__ import annotations

import calendar
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Broken, Forbidden, Invalid, Unreachable
from jupyter_mlops.kube.logs import LogLine, follow_log
from jupyter_mlops.kube.pace import Pace
from jupyter_mlops.kube.stop import Stop
from tests.unit.kube.api_double import CUT, END, HALF_OPEN, begun, chunk, refusal, whole
from tests.unit.kube.fake import FakeTransport

QUICK = Pace(first=0.0, most=0.0)
START = 1_767_225_600  # 2026-01-01T00:00:00Z


def stamp(tenths):
    """A time in RFC 3339 as nodes write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + tenths // 10)) + f".{tenths % 10}00000000Z"


def instance(*writes):
    """What one container wrote: pairs of a time in tenths of a second and a line without its end."""
    return [f"{stamp(when)} {text}\n".encode() for when, text in writes]


class Container:
    """A container whose log is read over connections that break; `breaks` say after how many lines, and how."""

    def __init__(self, instances, breaks=(), policy="Never", waits=0):
        self.instances, self.breaks, self.policy, self.waits = instances, list(breaks), policy, waits
        self.current, self.asked = 0, []

    def __call__(self, request):
        if not request.path.endswith("/log"):
            return 200, self.pod()
        self.asked.append(request.query)
        if self.waits:
            self.waits -= 1
            return 400, refusal(400, "BadRequest", 'container "c" is waiting to start: ContainerCreating')
        if "previous" in request.query:
            return 200, self.since(self.instances[self.current - 1], request)
        lines = self.since(self.instances[self.current], request)
        if "follow" in request.query and self.breaks:
            length, how = self.breaks.pop(0)
            if length < len(lines):
                torn = [lines[length][:25]] if how == "torn" else []
                return 200, lines[:length] + torn + ([] if how == "end" else [Unreachable("x", sent=True)])
            if how == "restart" and self.current < len(self.instances) - 1:
                self.current += 1
                return 200, lines[: length // 2]
        elif "follow" in request.query and self.current < len(self.instances) - 1:
            self.current += 1
        return 200, lines

    @staticmethod
    def since(lines, request):
        """As the kubelet does it: line by line, whole seconds."""
        wanted = request.query.get("sinceTime", "")
        if not wanted:
            return list(lines)
        first = calendar.timegm(time.strptime(wanted, "%Y-%m-%dT%H:%M:%SZ"))
        times = [calendar.timegm(time.strptime(line[:19].decode(), "%Y-%m-%dT%H:%M:%S")) for line in lines]
        return [line for line, when in zip(lines, times, strict=True) if when >= first]

    def pod(self):
        over = self.current == len(self.instances) - 1 and not self.breaks and not self.waits
        state = {"terminated": {"exitCode": 0}} if over else {"running": {}}
        status = {"name": "c", "state": state, "restartCount": self.current}
        return {"spec": {"restartPolicy": self.policy}, "status": {"phase": "Running", "containerStatuses": [status]}}


def follow(answer, **options):
    stop = options.pop("stop", Stop())
    lines = follow_log(Kube(FakeTransport(answer), "here"), "p", stop, container="c", pace=QUICK, **options)
    return [line.data for line in lines]


def written(*instances):
    return [line.partition(b" ")[2] for lines in instances for line in lines]


def test_a_log_is_told_with_times_and_content():
    kube = Kube(FakeTransport(Container([instance((0, "a"), (11, ""), (12, "  b  "))])), "here")
    assert list(follow_log(kube, "p", Stop(), container="c")) == [
        LogLine(stamp(0), b"a\n"),
        LogLine(stamp(11), b"\n"),
        LogLine(stamp(12), b"  b  \n"),
    ]


BREAKS = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["cut", "torn", "end"])), max_size=6)
# Times go back a little: stdout and stderr are stamped by two writers.
WRITES = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 12), st.sampled_from(["", "x", "y y"])), max_size=12)


@given(writes=WRITES, breaks=BREAKS)
def test_whatever_breaks_every_line_comes_once_and_in_order(writes, breaks):
    now, lines = 20, []
    for step, back, text in writes:
        now += step
        lines.append((now - back, text))
    log = instance(*lines)
    assert follow(Container([log], breaks)) == written(log)


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_container_that_is_restarted_is_told_on(sizes):
    logs = [instance(*((number * 100 + i, f"{number}.{i}") for i in range(size))) for number, size in enumerate(sizes)]
    assert follow(Container(logs, policy="OnFailure")) == written(*logs)


def test_what_a_restarted_container_wrote_last_comes_from_its_previous_log():
    logs = [instance(*((i, str(i)) for i in range(6))), instance((100, "again"))]
    container = Container(logs, [(6, "restart")], policy="OnFailure")
    assert follow(container) == written(*logs)
    assert any("previous" in query for query in container.asked)


def test_a_last_line_without_an_end_is_told():
    assert follow(Container([[*instance((0, "a")), f"{stamp(1)} b".encode()]])) == [b"a\n", b"b"]


def test_a_container_that_has_not_started_is_waited_for():
    container = Container([instance((0, "a"))], waits=3)
    assert follow(container) == [b"a\n"]
    assert len(container.asked) == 4


def test_times_with_an_offset_are_understood():
    log = [b"2026-01-01T02:30:00.5+02:30 a\n", b"2026-01-01T02:30:01.5+02:30 b\n"]
    container = Container([log])
    follow(container)
    assert container.asked[-1]["sinceTime"] == "2025-12-31T23:59:59Z"


def test_a_pod_that_is_gone_ends_it():
    def answer(request):
        return 404, refusal(404, "NotFound", "pods p not found")

    assert follow(answer) == []


def test_no_right_to_read_logs_raises():
    with pytest.raises(Forbidden):
        follow(lambda _: (403, refusal(403, "Forbidden")))


@pytest.mark.parametrize(
    "said",
    [
        "a container name must be specified for pod p, choose one of: [a b]",
        "container nope is not valid for pod p",
    ],
)
def test_a_container_that_does_not_exist_raises(said):
    with pytest.raises(Invalid, match=said[:20]):
        follow(lambda request: (400, refusal(400, "BadRequest", said)) if "log" in request.path else (200, {}))


def test_a_server_that_is_away_is_waited_for_and_told():
    container, troubles = Container([instance((0, "a"), (1, "b"))], [(1, "cut"), (0, "cut")]), []
    down = iter([503, 503])

    def answer(request):
        if container.asked and (code := next(down, None)):
            return code, refusal(code, "ServiceUnavailable")
        return container(request)

    assert follow(answer, trouble=troubles.append) == [b"a\n", b"b\n"]
    assert {type(item) for item in troubles} == {Unreachable, Broken}


def test_what_the_node_writes_into_a_log_is_told_as_trouble():
    log, troubles = [*instance((0, "a")), b"unable to retrieve container logs for containerd://51"], []
    assert follow(Container([log]), trouble=troubles.append) == [b"a\n"]
    assert "unable to retrieve" in str(troubles[0])


def test_stop_ends_it_at_once_while_the_container_is_silent():
    reached, stop = threading.Event(), Stop()
    pod = Container([[], []]).pod()
    stopper = threading.Thread(target=lambda: (reached.wait(20), stop.set()))
    stopper.start()
    got = follow(lambda request: (200, [*instance((0, "a")), reached] if "log" in request.path else pod), stop=stop)
    stopper.join()
    assert got == [b"a\n"]


def test_a_log_over_sockets_survives_every_fault(serve, kube_of):
    log = instance(*((i, f"line {i}") for i in range(40)))
    faults = [
        lambda lines: iter([begun(), *map(chunk, lines[:5]), CUT]),
        lambda lines: iter([begun(), *map(chunk, lines[:9]), b"30\r\n2026-01", CUT]),
        lambda lines: iter([whole(429, refusal(429, "TooManyRequests"))]),
        lambda lines: iter([whole(500, b"kubelet is away")]),
        lambda lines: iter([begun(), *map(chunk, lines[:20]), END]),
        lambda lines: iter([CUT]),
        lambda lines: iter([begun(), *map(chunk, [line[:30] for line in lines[:1]]), END]),
    ]
    container = Container([log])

    def script(asked):
        lines = container.since(log, asked)
        if not asked.path.endswith("/log"):
            container.breaks = [(0, "cut")] if faults else []
            yield whole(200, container.pod())
        elif faults:
            yield from faults.pop(0)(lines)
        else:
            yield begun() + b"".join(map(chunk, lines)) + END

    lines = follow_log(kube_of(serve(script)), "p", Stop(), container="c", pace=QUICK)
    assert [line.data for line in lines] == written(log)


def test_silence_of_a_container_is_no_trouble(serve, kube_of, monkeypatch):
    monkeypatch.setattr("jupyter_mlops.kube.client.LOG_SILENCE_S", 0.2)
    log, silences, troubles = instance((0, "a"), (1, "b")), [1, 1], []
    container = Container([log])

    def script(asked):
        if not asked.path.endswith("/log"):
            container.breaks = [(0, "cut")] if silences else []
            yield whole(200, container.pod())
            return
        yield begun() + chunk(log[0])
        if silences:
            silences.pop()
            yield HALF_OPEN
        yield chunk(log[1]) + END

    lines = follow_log(kube_of(serve(script)), "p", Stop(), container="c", pace=QUICK, trouble=troubles.append)
    assert [line.data for line in lines] == [b"a\n", b"b\n"]
    assert troubles == []
