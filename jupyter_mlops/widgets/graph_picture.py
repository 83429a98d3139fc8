"""A graph as an object that shows itself: SVG where there is a browser, text elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.widgets.run_picture import RunPicture, StepPicture, step_states
from jupyter_mlops.widgets.svg import graph_svg
from jupyter_mlops.widgets.text import graph_lines


@dataclass(frozen=True)
class GraphPicture:
    """A graph (shape of `graph --json`), with the states of a run's tasks where there is a run."""

    graph: Mapping[str, Any]
    tasks: Mapping[str, StepPicture] = field(default_factory=dict)

    def svg(self, *, theme: str = "auto") -> str:
        """The picture as SVG text; `theme` is `auto`, `light` or `dark`."""
        return graph_svg(self.graph, self.tasks, theme=theme)

    def text(self) -> str:
        """The picture as plain text."""
        return "\n".join(graph_lines(self.graph, states=step_states(self.tasks)))

    def mimebundle(self) -> dict[str, str]:
        """Both, by media type."""
        return {"image/svg+xml": self.svg(), "text/plain": self.text()}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.mimebundle()


def graph_of_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The graph of a plan (a pipeline as JSON data)."""
    from jupyter_mlops.pipeline.model import Pipeline
    from jupyter_mlops.verbs.graph import describe

    return describe(Pipeline.from_data(plan))


def run_picture(picture: RunPicture) -> GraphPicture:
    """The graph of a run in its present state."""
    return GraphPicture(graph_of_plan(picture.plan), picture.tasks)
