"""Progress: plain lines in a pipe, a tree on a terminal, and no harm from a reader that goes away."""

from __future__ import annotations

import io
import os
import pty
import threading
import time

from jupyter_mlops.cli.progress import LiveProgress, PlainProgress
from jupyter_mlops.cli.render.tree import tree_lines
from jupyter_mlops.cli.style import Style
from jupyter_mlops.store import events as ev
from jupyter_mlops.widgets.run_picture import picture_of


def plain_lines(run_events) -> list[str]:
    stream = io.StringIO()
    progress = PlainProgress(stream, local_time=time.gmtime)
    for event in run_events:
        progress.on_event(event)
    return stream.getvalue().splitlines()


def test_a_pipe_gets_one_line_a_change_of_state(run_events) -> None:
    assert plain_lines(run_events) == [
        "00:00:00 run r1  iris  3 steps",
        "00:00:01 load              cached",
        "00:00:02 train[0]          running",
        "00:00:02 train[1]          running",
        "00:00:03 train[0]          succeeded  1.0 s",
        "00:00:03 train[1]          failed, will be tried again  1.0 s  killed",
        "00:00:03 train[1]          running  attempt 2",
        "00:00:04 train[1]          failed  500 ms  ValueError: bad depth",
        "00:00:04 report            skipped  needs train, which failed",
        "00:00:04 run               failed  train[1] failed",
    ]


def test_a_long_reason_is_cut_and_not_said_again_of_the_run() -> None:
    reason = "ValueError: " + "no such depth " * 50
    events = [
        *started("a"),
        ev.TaskFinished(2.0, "a", "a", 1, "failed", 0.5, reason),
        ev.RunFinished(2.0, "failed", f"`a` failed: {reason}"),
    ]
    task, run = plain_lines(events)[-2:]
    assert task.startswith("00:00:02 a                 failed  500 ms  ValueError: no such depth")
    assert len(task) < 150
    assert run == "00:00:02 run               failed  `a` failed"


def test_a_run_that_ends_without_a_failed_task_says_why() -> None:
    events = [*started("a"), ev.RunFinished(2.0, "failed", "the disk is full: it cannot go on")]
    assert plain_lines(events)[-1] == "00:00:02 run               failed  the disk is full: it cannot go on"


def started(*names: str) -> list:
    plan = {"name": "p", "steps": [{"name": name} for name in names]}
    events = [ev.RunCreated(0.0, "r1", "p", "default", {}, "local", "nb.ipynb", plan, {})]
    return events + [ev.TaskStarted(1.0, name, name, 1, "d") for name in names]


def test_lines_stand_below_each_other_whatever_the_names() -> None:
    lines = plain_lines(started("a", "nearest_neighbours", "été", "模型训练"))[1:]
    assert lines == [
        "00:00:01 a                   running",
        "00:00:01 nearest_neighbours  running",
        "00:00:01 été                 running",
        "00:00:01 模型训练            running",
    ]


def test_a_very_long_name_does_not_push_the_others_off_the_screen() -> None:
    lines = plain_lines(started("a", "x" * 100))[1:]
    assert lines == ["00:00:01 a" + " " * 41 + "running", f"00:00:01 {'x' * 100}  running"]


def test_a_name_cannot_move_the_cursor(run_events) -> None:
    lines = plain_lines([ev.TaskStarted(0.0, "\x1b[2Jevil\n", "evil", 1, "d")])
    assert lines == ["00:00:00 [2Jevil           running"]


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_goes_away_does_not_stop_the_run(run_events) -> None:
    progress = PlainProgress(Gone())
    for event in run_events:
        progress.on_event(event)
    assert progress.picture.state == "failed"


def test_the_tree_shows_what_every_task_does(run_events) -> None:
    lines = tree_lines(picture_of(run_events[:9]), Style(), now=4.0)
    assert lines == [
        "▶ iris  r1  2 of 4 done  4.0 s",
        "├─ ◆ load    cached",
        "├─ train",
        "│  ├─ ✓ [0]  succeeded     1.0 s  acc=0.875",
        "│  └─ ▶ [1]  running       2.0 s  cell 1/2",
        "└─ ○ report  pending",
    ]


def test_the_tree_can_be_drawn_in_ascii(run_events) -> None:
    text = "\n".join(tree_lines(picture_of(run_events), Style(unicode=False), now=4.0))
    assert text.isascii()
    assert "`- - report  skipped" in text


def test_groups_are_one_level_in() -> None:
    plan = {"steps": [{"name": "a", "group": ""}, {"name": "b", "group": "prep"}, {"name": "c", "group": ""}]}
    created = ev.RunCreated(0.0, "r", "p", "e", {}, "local", "", plan, {})
    assert tree_lines(picture_of([created]), Style(), now=0.0)[1:] == [
        "├─ ○ a     pending",
        "├─ prep",
        "│  └─ ○ b  pending",
        "└─ ○ c     pending",
    ]


def test_a_run_of_any_size_fits_the_screen_and_shows_what_matters() -> None:
    plan = {"steps": [{"name": f"s{number}"} for number in range(500)]}
    events = [ev.RunCreated(0.0, "r", "p", "e", {}, "local", "", plan, {})]
    events += [ev.TaskFinished(1.0, f"s{number}", f"s{number}", 1, "succeeded", seconds=1) for number in range(400)]
    events += [ev.TaskStarted(1.0, "s450", "s450", 1, "d")]
    lines = tree_lines(picture_of(events), Style(), now=2.0, height=10)
    assert len(lines) <= 10
    assert any("s450" in line for line in lines)
    assert "400 succeeded" in lines[-1]
    assert "99 pending" in lines[-1]


def read_all(reader: int, kept: list[bytes]) -> None:
    try:
        while piece := os.read(reader, 4096):
            kept.append(piece)
    except OSError:
        pass


def shown_on_a_terminal(events, *, patience: float) -> str:
    reader, writer = pty.openpty()
    kept: list[bytes] = []
    thread = threading.Thread(target=read_all, args=(reader, kept))
    thread.start()
    with open(writer, "w", encoding="utf-8") as terminal:
        progress = LiveProgress(terminal, Style(color=False), patience=patience)
        with progress:
            for event in events:
                progress.on_event(event)
            progress.announce_stop()
            deadline = time.monotonic() + 10
            while patience == 0 and b"Stopping" not in b"".join(kept) and time.monotonic() < deadline:
                time.sleep(0.01)
    thread.join()
    os.close(reader)
    return b"".join(kept).decode()


def test_a_terminal_gets_a_live_tree(run_events) -> None:
    text = shown_on_a_terminal(run_events[:5], patience=0)
    assert "train" in text
    assert "Stopping the run; Ctrl-C again ends it at once." in text


def test_a_run_that_is_over_at_once_draws_nothing(run_events) -> None:
    assert shown_on_a_terminal(run_events, patience=30) == ""
