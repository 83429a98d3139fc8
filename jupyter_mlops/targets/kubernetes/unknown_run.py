"""Runs of a namespace that a project knows nothing of: those of schedules, and those that others have started."""

from __future__ import annotations

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent
from jupyter_mlops.kube.labels import ATTEMPT, RUN, labels, named, selector
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.targets.kubernetes.submit import order_name


def run_there(kube: Kube, text: str) -> str:
    """The full id of the run of the namespace that `text` means, of those that drivers in the cluster drive.

    Raises:
        NotFound, Usage: as `fitting_run`; or no driver drives it.
    """
    full = fitting_run(kube, text)
    try:
        kube.get(CONFIG_MAPS, order_name(full))
    except Absent:
        if _is_argos(kube, full):
            said = f"The run {full} is driven by Argo Workflows."
            raise NotFound(said, hint='With target = "argo" in jupyter_mlops.toml, `attach` finds it.') from None
        said = f"The run {full} is driven by whoever has started it."
        raise NotFound(said, hint="It was started with --attached: follow it there.") from None
    return full


def _is_argos(kube: Kube, run: str) -> bool:
    """Whether Argo drives it: its orders, one a Workflow, are numbered."""
    orders = kube.list(CONFIG_MAPS, labels=selector(labels("plan", run=run))).items
    return any(named(item, ATTEMPT) and named(item, RUN) == run for item in orders)


def fitting_run(kube: Kube, text: str) -> str:
    """The full id of the run of the namespace that `text` means: an id, or the beginning or the end of one.

    Raises:
        NotFound: there is none.
        Usage: several fit.
    """
    wanted = text.strip().lower()
    anchors = kube.list(CONFIG_MAPS, labels=selector(labels("anchor"))).items
    runs = sorted(run for run in {named(anchor, RUN) for anchor in anchors} if is_run_id(run))
    fits = [run for run in runs if wanted and (run.startswith(wanted) or run.endswith(wanted))]
    if not fits:
        said = f"There is no run {text!r} here, nor in the namespace {kube.namespace}."
        raise NotFound(said, hint="`jupyter mlops runs` lists those that are here, `schedules` those of schedules.")
    if len(fits) > 1:
        raise Usage(f"{text!r} fits {len(fits)} runs: {', '.join(fits[-3:])}.", hint="Give more characters.")
    return fits[0]
