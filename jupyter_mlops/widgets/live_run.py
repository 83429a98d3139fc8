"""A run shown in a notebook while it goes on: a widget that follows it, and a picture that stays."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from typing import Any, Protocol, Self

from jupyter_mlops.store.events import Event
from jupyter_mlops.widgets.graph_picture import GraphPicture, graph_of_plan
from jupyter_mlops.widgets.run_picture import RunPicture, advance, picture_of

# A browser redraws no faster than a person reads; a run of many short steps must not wait for it.
_INTERVAL = 0.1


class View(Protocol):
    """What shows a run: called from one thread at a time, and closed at the end."""

    def show(self, picture: RunPicture) -> None:
        """Show the run in a new state."""
        ...

    def close(self) -> None:
        """Free what it holds, here and in the browser."""
        ...


class LiveRun:
    """Within the block, `on_event` takes the run's events (from any thread) and a display follows them.

    The display is made when the run begins: `view`, or a widget where there is anywidget. `before` is what an
    earlier engine did of the run.
    When the block ends the display becomes a static picture: a saved notebook that is opened without
    its kernel then still shows the run.
    """

    def __init__(self, before: Iterable[Event] = (), *, view: View | None = None) -> None:
        self.picture = picture_of(before)
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._over = threading.Event()
        self._view = view
        self._handle: Any = None
        self._graph: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._follow, name="mlops-run-graph", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()
        if self._handle is not None:
            self._handle.update(GraphPicture(self._graph, self.picture.tasks))
        if self._view is not None:
            self._view.close()

    def on_event(self, event: Event) -> None:
        """Take one event of the run."""
        with self._lock:
            self.picture = advance(self.picture, event)
        if self._handle is None and self.picture.plan:
            self._begin()
        self._changed.set()

    def announce_stop(self) -> None:
        """Say that the run was asked to stop."""
        sys.stdout.write("Stopping the run; interrupt again to end it at once.\n")

    def _begin(self) -> None:
        from IPython.display import display

        self._graph = graph_of_plan(self.picture.plan)
        self._view = self._view or self._widget()
        self._handle = display(self._view or GraphPicture(self._graph, self.picture.tasks), display_id=True)

    def _widget(self) -> View | None:
        """The live widget; None where anywidget is not installed or the widget's browser part is not built."""
        try:
            from jupyter_mlops.widgets.run_graph import RunGraph

            return RunGraph(self.picture, self._graph)
        except ImportError:
            return None

    def _follow(self) -> None:
        while not self._over.is_set():
            self._changed.wait()
            self._changed.clear()
            if self._view is not None:
                self._view.show(self.picture)
            self._over.wait(_INTERVAL)
