"""The live run graph: an anywidget that leaves SVG and text in the saved notebook.

Importing this module imports anywidget; everything that may run without it imports `graph_picture`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from jupyter_mlops.widgets.drawing import drawing_of, headline, states_of
from jupyter_mlops.widgets.graph_picture import GraphPicture, graph_of_plan
from jupyter_mlops.widgets.palette import CSS
from jupyter_mlops.widgets.run_picture import RunPicture

_STATIC = Path(__file__).parent / "static"


class RunGraph(anywidget.AnyWidget):  # type: ignore[misc]
    """A run as a graph in the browser. Call `show` with each new picture; `selected` is the step chosen there.

    Its methods may be called from any one thread at a time.
    """

    _esm = (_STATIC / "run_graph.js").read_text(encoding="utf-8")
    _css = CSS["auto"] + (_STATIC / "run_graph.css").read_text(encoding="utf-8")

    drawing = traitlets.Dict().tag(sync=True)
    states = traitlets.Dict().tag(sync=True)
    headline = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, picture: RunPicture, graph: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._graph = graph or graph_of_plan(picture.plan)
        self._picture = picture
        super().__init__(
            drawing=drawing_of(self._graph, picture.tasks),
            states=states_of(self._graph, picture.tasks),
            headline=headline(picture),
            **options,
        )

    def show(self, picture: RunPicture) -> None:
        """Show the run in a new state; only what changed travels to the browser."""
        self._picture = picture
        self.states = states_of(self._graph, picture.tasks)
        self.headline = headline(picture)

    def picture(self) -> GraphPicture:
        """What is shown now, as a picture that needs no widget."""
        return GraphPicture(self._graph, self._picture.tasks)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The live view, with the static picture beside it for screens without widgets."""
        live = super()._repr_mimebundle_(**options)
        data, metadata = live if isinstance(live, tuple) else (live or {}, {})
        return {**data, **self.picture().mimebundle()}, metadata
