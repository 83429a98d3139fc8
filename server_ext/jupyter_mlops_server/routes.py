"""Every route with its handler. The patterns come from the contract's paths."""

from __future__ import annotations

import re
from typing import Any

from jupyter_mlops_server.contract import API
from jupyter_mlops_server.handlers import about, notebooks, runs, stream, targets, tasks

# What stands for a part of a path; all else is no route.
_PARTS = {
    "run": r"([\w-]{1,64})",
    "other": r"([\w-]{1,64})",
    "task": r"([^/]{1,600})",
    "digest": r"([0-9a-f]{16,128})",
    "target": r"([\w.-]{1,100})",
}

HANDLERS: tuple[Any, ...] = (
    about.HealthHandler,
    about.ContractHandler,
    targets.TargetsHandler,
    targets.ContextsHandler,
    targets.DoctorHandler,
    targets.RightsHandler,
    notebooks.AnalysisHandler,
    notebooks.ConversionHandler,
    runs.RunsHandler,
    runs.RunHandler,
    runs.CancelHandler,
    runs.RetryHandler,
    runs.RunGraphHandler,
    runs.DiffHandler,
    tasks.LogHandler,
    tasks.PodsHandler,
    tasks.UseHandler,
    tasks.NotebookHandler,
    tasks.MetricsHandler,
    tasks.ArtifactsHandler,
    tasks.ArtifactHandler,
    stream.StreamHandler,
)


def pattern(route: str) -> str:
    """The regular expression of a path of the contract, below the server's base URL."""
    parts = re.split(r"\{(\w+)\}", route)
    return API + "".join(_PARTS[part] if number % 2 else re.escape(part) for number, part in enumerate(parts))


ROUTES = [
    *((pattern(handler.route), handler) for handler in HANDLERS),
    (f"{API}/.*", about.UnknownHandler),
]
