"""Figures of cells that run without IPython: they become outputs, as IPython's inline backend shows them.

In a process that runs no cells nothing is shown.
"""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Mapping
from typing import Any, Callable, Optional

Sink = Callable[[Mapping[str, Any], Mapping[str, Any]], None]
BACKEND = "module://jupyter_mlops.runtime.figure_backend"
"""What chooses it, as the variable MPLBACKEND."""
_to: list[Sink] = []
_drawn: list[bool] = []


def send_to(sink: Optional[Sink]) -> None:
    """From now on, the beginning of a cell, figures go there."""
    _drawn.clear()
    _to[:] = [] if sink is None else [sink]


def begun() -> None:
    """A figure was begun, or taken over from elsewhere: it is shown at the end of the cell."""
    _drawn.append(True)


def show(*_: Any, **__: Any) -> None:
    """Show all open figures and close them, as `plt.show()` does in a notebook."""
    managers = importlib.import_module("matplotlib._pylab_helpers").Gcf.get_all_fig_managers()
    for manager in managers:
        figure = manager.canvas.figure
        drawn = png(figure)
        for sink in _to:
            sink({"text/plain": repr(figure), **({"image/png": drawn} if drawn else {})}, {})
    _drawn.clear()
    if managers:
        importlib.import_module("matplotlib.pyplot").close("all")


def flush() -> None:
    """At the end of a cell that has begun a figure: show what is open."""
    if _drawn and _to:
        show()


def png(value: Any) -> bytes:
    """A figure as PNG, cut to what is drawn; nothing if that is nothing, or if it is no figure."""
    figures = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(value, figures.Figure) or not (value.axes or value.lines):
        return b""
    written = io.BytesIO()
    value.canvas.print_figure(
        written,
        format="png",
        facecolor=value.get_facecolor(),
        edgecolor=value.get_edgecolor(),
        dpi=value.dpi,
        bbox_inches="tight",
    )
    return written.getvalue()
