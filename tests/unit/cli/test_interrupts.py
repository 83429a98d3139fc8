"""Ctrl-C: once asks, twice ends; what was ignored stays ignored."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from jupyter_mlops.cli.interrupts import stopping


@pytest.fixture(autouse=True)
def _handlers_are_put_back():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    threads = threading.active_count()
    yield
    assert [signal.getsignal(number) for number in numbers] == before
    assert threading.active_count() <= threads


@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_asks_the_run_to_stop_and_says_so(number) -> None:
    stop, said = threading.Event(), threading.Event()
    with stopping(stop, said.set):
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        assert said.wait(5)


def test_the_second_signal_ends_the_work_at_once() -> None:
    stop = threading.Event()

    def work() -> None:
        with stopping(stop, lambda: None):
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(5)
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()

    with pytest.raises(KeyboardInterrupt):
        work()


def test_a_signal_while_the_stop_event_is_in_use_does_not_hang() -> None:
    """The handler may run while the main thread holds the event's lock; another thread sets it."""
    stop = threading.Event()
    with stopping(stop, lambda: None):
        with stop._cond:
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)


def test_what_is_ignored_stays_ignored() -> None:
    stop = threading.Event()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping(stop, lambda: None):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert not stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_installed() -> None:
    seen = []

    def work() -> None:
        with stopping(threading.Event(), lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
