"""Sessions: the place where a verb was typed stops it, and says what goes on to a person only."""

from __future__ import annotations

import os
import pty
import signal
import sys
from contextlib import contextmanager

import pytest

from jupyter_mlops.cli.kernel import KernelSession
from jupyter_mlops.cli.terminal import HardStop, TerminalSession
from jupyter_mlops.errors import Usage


@contextmanager
def errors_on_a_terminal(monkeypatch):
    reader, writer = pty.openpty()
    with open(writer, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        yield lambda: os.read(reader, 4096).decode()
        monkeypatch.undo()
    os.close(reader)


@pytest.mark.parametrize("make", [TerminalSession, lambda: KernelSession(None)], ids=["terminal", "kernel"])
def test_an_interrupt_asks_the_verb_to_stop_and_says_how_to_end_it(make, capsys) -> None:
    session = make()
    with session.stoppable():
        assert not session.stop.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert session.stop.wait(5)
    said = capsys.readouterr()
    assert "again" in said.out + said.err
    assert (said.err == "") == (make is not TerminalSession)


def test_the_second_interrupt_ends_the_verb_with_a_sentence() -> None:
    session = TerminalSession()

    def work() -> None:
        with session.stoppable():
            os.kill(os.getpid(), signal.SIGINT)
            assert session.stop.wait(5)
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()

    with pytest.raises(HardStop) as caught:
        work()
    assert caught.value.exit_code == 130
    assert caught.value.hint


def test_what_goes_on_is_told_to_a_person(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with errors_on_a_terminal(monkeypatch) as shown:
        TerminalSession().tell("Running it ...")
        assert shown().strip() == "Running it ..."


def test_what_goes_on_is_not_told_to_a_pipe_or_kept_in_a_notebook(capsys) -> None:
    TerminalSession().tell("Running it ...")
    KernelSession(None).tell("Running it ...")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_no_notebook_of_its_own() -> None:
    assert TerminalSession().notebook("a.ipynb") == "a.ipynb"
    for nothing in (None, ""):
        with pytest.raises(Usage, match="Which notebook"):
            TerminalSession().notebook(nothing)


def test_leaving_a_session_stops_what_still_follows_it() -> None:
    with TerminalSession() as session:
        assert not session.stop.is_set()
    assert session.stop.is_set()
