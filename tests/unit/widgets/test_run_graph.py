"""The live graph: what travels to the browser, what stays in the file, and events from any thread."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_mlops.store import events as ev
from jupyter_mlops.widgets.graph_picture import GraphPicture
from jupyter_mlops.widgets.live_run import LiveRun
from jupyter_mlops.widgets.run_picture import picture_of

anywidget = pytest.importorskip("anywidget")

EMPTY = {"name": "iris", "steps": []}


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Stands for what is built with the extension."""
    (tmp_path / "run_graph.js").write_text("export default { render() {} };\n")
    (tmp_path / "run_graph.css").write_text(".jp-mlops-graph {}\n")
    return tmp_path


@pytest.fixture
def run_graph(static):
    from jupyter_mlops.widgets.run_graph import RunGraph

    made = []

    def make(picture, graph):
        made.append(RunGraph(picture, graph, static=static))
        return made[-1]

    yield make
    for widget in made:
        widget.close()


def test_a_static_picture_stands_beside_the_live_view(run_graph, graph, run_events) -> None:
    data, _ = run_graph(picture_of(run_events), graph)._repr_mimebundle_()
    assert set(data) >= {"application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/plain"}
    assert data["image/svg+xml"].startswith("<svg")
    assert "[failed] train" in data["text/plain"]


def test_showing_a_new_state_sends_changes_and_leaves_the_graph(run_graph, graph, run_events) -> None:
    widget = run_graph(picture_of(run_events[:1]), graph)
    changed = []
    widget.observe(lambda change: changed.append(change["name"]), names=["data", "changes", "headline"])
    widget.show(picture_of(run_events))
    assert changed == ["changes", "headline"]
    assert widget.changes["load"]["state"] == "succeeded"


def test_the_browser_gets_the_code_and_the_style_that_were_built(run_graph, graph, run_events) -> None:
    state = run_graph(picture_of(run_events), graph).get_state()
    assert state["_esm"] == "export default { render() {} };\n"
    assert state["_css"] == ".jp-mlops-graph {}\n"


def test_without_the_built_part_it_says_what_to_run(graph, run_events, tmp_path) -> None:
    from jupyter_mlops.widgets.run_graph import RunGraph

    with pytest.raises(ImportError, match=r"run_graph\.js .* is not built\. Run .*npm run build:widget"):
        RunGraph(picture_of(run_events), graph, static=tmp_path)


def test_a_run_is_shown_as_a_static_picture_where_the_widget_is_not_built(tmp_path, monkeypatch) -> None:
    from jupyter_mlops.widgets import run_graph as module

    monkeypatch.setitem(module.RunGraph.__init__.__kwdefaults__, "static", tmp_path)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda what, **_: shown.append(what))
    with LiveRun() as live:
        live.on_event(ev.RunCreated(0.0, "r1", "iris", "default", {}, "local", "nb.ipynb", EMPTY, {}))
    assert [type(what) for what in shown] == [GraphPicture]


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
