"""What a step reports while it runs: metrics, parameters, artifacts, figures.

In a task they are lines of its event file, named by the environment: processes that a cell starts can report, too.
Outside of a task (a plain cell in a kernel) a session run of the store takes them.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import numbers
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Optional

from jupyter_mlops.runtime.errors import MlopsError

EVENTS, RUN, TASK, ARTIFACTS, PARAMS = (
    f"JUPYTER_MLOPS_{name}" for name in ("EVENTS", "RUN_ID", "TASK", "ARTIFACTS", "PARAMS")
)
_MISSING = object()


def log_metric(name: str, value: Any, step: Optional[int] = None) -> None:
    """Record a number under `name`; with `step`, a point of its curve. NaN and infinities are allowed.

    Raises `MlopsError` if the value is not a single number, or the name is not text.
    """
    event = {
        "type": "metric",
        "name": _name(name, "a metric"),
        "value": _number(name, value),
        "step": None if step is None else _whole(step),
    }
    _report(event)


def log_params(params: Optional[Mapping[str, Any]] = None, **more: Any) -> None:
    """Record parameters that the code chose itself: `log_params({"lr": 0.1})` or `log_params(lr=0.1)`."""
    given = {**(params or {}), **more}
    _report({"type": "params", "params": {_name(name, "a parameter"): _plain(value) for name, value in given.items()}})


def log_artifact(item: Any, name: Optional[str] = None, type: Optional[str] = None) -> None:
    """Keep a file, a folder, or an object (a frame, array, figure, dict, bytes, anything that pickles) by its content.

    Raises `MlopsError` if a path does not exist or an object cannot be written.
    """
    artifacts = importlib.import_module("jupyter_mlops.runtime.artifacts")
    made = artifacts.stage(item, name, type, _artifact_folder())
    _report({"type": "artifact", "role": "output", **made})


def log_figure(figure: Any, name: str = "figure") -> None:
    """Keep a figure (matplotlib, plotly, PIL, or anything with `savefig`, `write_html` or `save`)."""
    log_artifact(figure, name=name, type="figure")


def param(name: str, default: Any = _MISSING) -> Any:
    """The value of a pipeline parameter of this run, `default` where there is none (or no run)."""
    known = json.loads(os.environ.get(PARAMS) or "{}")
    if name in known:
        return known[name]
    if default is _MISSING:
        raise MlopsError(
            f"there is no parameter {name!r} here.",
            hint=f"Known: {', '.join(sorted(known)) or 'none'}. Or give a default.",
        )
    return default


def run_id() -> Optional[str]:
    """The run that this code is part of; None outside of a run."""
    return os.environ.get(RUN) or None


def environment(run: str, task: str, directory: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Variables that make this process, and what it starts, report to a task's event file."""
    return {
        RUN: run,
        TASK: task,
        EVENTS: os.path.join(directory, "events.jsonl"),
        ARTIFACTS: os.path.join(directory, "artifacts"),
        PARAMS: json.dumps(dict(params)),
    }


def last_metrics(path: str) -> dict[str, float]:
    """The last value of every metric in an event file."""
    found: dict[str, float] = {}
    if not os.path.exists(path):
        return found
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line) if line.endswith("\n") else {}
            if event.get("type") == "metric":
                found[event["name"]] = event["value"]
    return found


def append_event(path: str, event: Mapping[str, Any]) -> None:
    """Append one event as a line, with a single write, so that lines of several processes never mix."""
    data = (json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "backslashreplace")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _report(event: dict[str, Any]) -> None:
    event = {"type": event.pop("type"), "at": time.time(), **event}
    path = os.environ.get(EVENTS)
    if path:
        append_event(path, {**event, "task": os.environ.get(TASK, "")})
        return
    tracker = _session()
    if tracker is not None:
        tracker(event)
    else:
        sys.stdout.write(f"JM_{event['type'].upper()} {json.dumps(event, ensure_ascii=False)}\n")


def _session() -> Any:
    """The store's tracker of plain cells: called with the event. None where only the runtime is installed."""
    try:
        return importlib.import_module("jupyter_mlops.store.session").session_tracker()
    except ImportError:
        return None


def _artifact_folder() -> str:
    folder = os.environ.get(ARTIFACTS)
    if not folder:
        import tempfile

        folder = tempfile.mkdtemp(prefix="jupyter-mlops-")
    os.makedirs(folder, exist_ok=True)
    return folder


def _name(name: Any, what: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise MlopsError(f"{what} needs a name, not {name!r}.")
    return name


def _number(name: str, value: Any) -> float:
    if hasattr(value, "item") and not isinstance(value, numbers.Number):  # 0-d arrays and tensors, on any device
        with contextlib.suppress(TypeError, ValueError, RuntimeError):
            value = value.item()
    if isinstance(value, numbers.Real) or (hasattr(value, "__float__") and not hasattr(value, "__len__")):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    hint = "Log numbers one by one." if hasattr(value, "__len__") else ""
    raise MlopsError(f"the metric {name!r} must be a number, not {type(value).__name__}.", hint=hint)


def _whole(step: Any) -> int:
    if isinstance(step, numbers.Real) and float(step).is_integer():
        return int(float(step))
    raise MlopsError(f"the step of a metric must be a whole number, not {step!r}.")


def _plain(value: Any) -> Any:
    """As JSON where there is a form, as text otherwise: parameters are for people."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return str(value)
