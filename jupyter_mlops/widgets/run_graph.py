"""The live run graph: an anywidget that leaves SVG and text in the saved notebook.

Importing this module imports anywidget; everything that may run without it imports `graph_picture`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from jupyter_mlops.widgets.graph_data import changes_of, graph_data, headline
from jupyter_mlops.widgets.graph_picture import GraphPicture, graph_of_plan
from jupyter_mlops.widgets.run_picture import RunPicture

STATIC = Path(__file__).parent / "static"


class RunGraph(anywidget.AnyWidget):  # type: ignore[misc]
    """A run as a graph in the browser. Call `show` with each new picture; `selected` is the step chosen there.

    Its methods may be called from any one thread at a time. `static` has the browser's part, `run_graph.js` and
    `run_graph.css`.

    Raises:
        ImportError: the browser's part is not there.
    """

    data = traitlets.Dict().tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)
    headline = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, picture: RunPicture, graph: Mapping[str, Any] | None = None, *, static: Path = STATIC) -> None:
        self._graph = graph or graph_of_plan(picture.plan)
        self._picture = picture
        # anywidget makes traits of these two.
        self._esm, self._css = _built(static / "run_graph.js"), _built(static / "run_graph.css")
        super().__init__(
            data=graph_data(self._graph, picture.tasks),
            changes=changes_of(self._graph, picture.tasks),
            headline=headline(picture),
        )

    def show(self, picture: RunPicture) -> None:
        """Show the run in a new state; only what changed travels to the browser."""
        self._picture = picture
        self.changes = changes_of(self._graph, picture.tasks)
        self.headline = headline(picture)

    def picture(self) -> GraphPicture:
        """What is shown now, as a picture that needs no widget."""
        return GraphPicture(self._graph, self._picture.tasks)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The live view, with the static picture beside it for screens without widgets."""
        live = super()._repr_mimebundle_(**options)
        data, metadata = live if isinstance(live, tuple) else (live or {}, {})
        return {**data, **self.picture().mimebundle()}, metadata


def _built(path: Path) -> str:
    """A file that is built with the JupyterLab extension: a checkout has none until then."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ImportError(
            f"{path.name} of the live run graph is not built. Run `npm ci` and `npm run build:widget` in labextension/."
        ) from None
