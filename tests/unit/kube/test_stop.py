from __future__ import annotations

from jupyter_mlops.kube.stop import Stop


def test_it_ends_what_waits_once():
    stop, ended = Stop(), []
    with stop.ends(lambda: ended.append(1)):
        stop.set()
        stop.set()
    assert ended == [1]


def test_it_ends_at_once_what_comes_too_late():
    stop, ended = Stop(), []
    stop.set()
    with stop.ends(lambda: ended.append(1)):
        assert ended == [1]


def test_it_leaves_alone_what_is_over():
    stop, ended = Stop(), []
    with stop.ends(lambda: ended.append(1)):
        pass
    stop.set()
    assert ended == []
