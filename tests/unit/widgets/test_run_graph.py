"""The live graph: what travels to the browser, what stays in the file, and events from any thread."""

from __future__ import annotations

import threading

import pytest

from jupyter_mlops.store import events as ev
from jupyter_mlops.widgets.live_run import LiveRun
from jupyter_mlops.widgets.run_picture import picture_of

anywidget = pytest.importorskip("anywidget")


@pytest.fixture
def run_graph():
    from jupyter_mlops.widgets.run_graph import RunGraph

    made = []

    def make(picture, graph):
        made.append(RunGraph(picture, graph))
        return made[-1]

    yield make
    for widget in made:
        widget.close()


def test_a_static_picture_stands_beside_the_live_view(run_graph, graph, run_events) -> None:
    data, _ = run_graph(picture_of(run_events), graph)._repr_mimebundle_()
    assert set(data) >= {"application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/plain"}
    assert data["image/svg+xml"].startswith("<svg")
    assert "[failed] train" in data["text/plain"]


def test_showing_a_new_state_sends_states_and_leaves_the_drawing(run_graph, graph, run_events) -> None:
    widget = run_graph(picture_of(run_events[:1]), graph)
    changed = []
    widget.observe(lambda change: changed.append(change["name"]), names=["drawing", "states", "headline"])
    widget.show(picture_of(run_events))
    assert changed == ["states", "headline"]
    assert widget.states["load"]["state"] == "succeeded"


def test_the_browser_code_sets_text_and_never_markup(run_graph, graph, run_events) -> None:
    code = run_graph(picture_of(run_events), graph)._esm
    assert "innerHTML" not in str(code)
    assert "insertAdjacentHTML" not in str(code)
    assert len(str(code)) < 100_000


class Screen:
    """Stands for the browser: keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list = []
        self.seen = threading.Event()
        self.wanted = ""
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def show(self, picture) -> None:
        self.shown.append(picture)
        if picture.state == self.wanted:
            self.seen.set()


def test_events_of_several_threads_end_up_in_one_picture(run_events) -> None:
    with LiveRun() as live:
        for event in run_events[1:3]:
            live.on_event(event)
        finishers = [
            threading.Thread(
                target=live.on_event, args=(ev.TaskFinished(5.0, f"t{number}", f"t{number}", 1, "succeeded"),)
            )
            for number in range(20)
        ]
        for thread in finishers:
            thread.start()
        for thread in finishers:
            thread.join()
    assert {task.state for name, task in live.picture.tasks.items() if name.startswith("t")} == {"succeeded"}


def test_a_view_is_brought_up_to_date_while_the_run_goes_on(run_events) -> None:
    screen = Screen()
    screen.wanted = "running"
    with LiveRun(view=screen) as live:
        live.on_event(run_events[1])
        assert screen.seen.wait(5)
        assert not screen.closed
    assert screen.closed


def test_nothing_is_left_running_when_the_run_is_over() -> None:
    before = threading.active_count()
    with LiveRun():
        assert threading.active_count() <= before + 1
    assert threading.active_count() <= before
