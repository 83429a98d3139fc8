"""The backend of `figures` for matplotlib, which alone imports it: that of Agg, which draws in memory."""

from __future__ import annotations

import importlib
from typing import Any

from jupyter_mlops.runtime.figures import begun, show

__all__ = ["FigureCanvas", "new_figure_manager", "new_figure_manager_given_figure", "show"]

_AGG: Any = importlib.import_module("matplotlib.backends.backend_agg")
FigureCanvas = _AGG.FigureCanvasAgg


def new_figure_manager(num: Any, *args: Any, FigureClass: Any = None, **kwargs: Any) -> Any:  # noqa: N803
    """For pyplot: a new figure."""
    made = FigureClass or importlib.import_module("matplotlib.figure").Figure
    return new_figure_manager_given_figure(num, made(*args, **kwargs))


def new_figure_manager_given_figure(num: Any, figure: Any) -> Any:
    """For pyplot: a figure that is there, as one that was handed over."""
    begun()
    return _AGG.new_figure_manager_given_figure(num, figure)
