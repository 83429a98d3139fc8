"""The first event of a run that is made from a plan, whoever drives it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.store.events import RunCreated


def created(plan: Plan, run: str, target: str, experiment: str, at: float, libraries: Mapping[str, Any]) -> RunCreated:
    """The event, of who runs this process; `libraries` is its environment, empty if that is not known yet."""
    pipeline = plan.pipeline
    return RunCreated(
        at=at,
        run=run,
        pipeline=pipeline.name,
        experiment=experiment or pipeline.experiment,
        params=plan.params,
        target=target,
        notebook=pipeline.notebook,
        plan=plan.to_data(),
        environment=libraries,
        user=_user(),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
