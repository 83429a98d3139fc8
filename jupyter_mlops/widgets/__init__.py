"""What a person sees of a run in a notebook: a live graph, its static twins in SVG and text, and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlops.pipeline.model import Pipeline


def pipeline_mimebundle(pipeline: Pipeline, **_: Any) -> dict[str, str]:
    """How a pipeline shows itself in a notebook: its graph as SVG and as text."""
    from jupyter_mlops.verbs.graph import describe
    from jupyter_mlops.widgets.graph_picture import GraphPicture

    return GraphPicture(describe(pipeline)).mimebundle()
