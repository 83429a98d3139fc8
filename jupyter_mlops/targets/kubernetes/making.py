"""Make the Job of an attempt: a request that may be lost, refused for now, or meet a Job of that name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, AlreadyThere, Conflict, QuotaExceeded
from jupyter_mlops.kube.labels import PART, RUN, is_ours, named
from jupyter_mlops.kube.reason import Reason, part
from jupyter_mlops.kube.resource import JOBS

MARK = "jupyter-mlops.io/start"
_SOON_S, _LATER_S = 1.0, 10.0


@dataclass(frozen=True)
class Made:
    """What became of it: the `job`, or that it is `refused`, or that it `waits` and is to be tried `again` in seconds.

    With `again` and no `waits` nobody has to be told: what is in the way is on its way out.
    """

    job: Mapping[str, Any] = field(default_factory=dict)
    refused: Reason | None = None
    waits: Reason | None = None
    again: float | None = None


def make_job(kube: Kube, manifest: Mapping[str, Any], mark: str) -> Made:
    """Make a Job that has `mark`. To ask twice does no harm: of one name there is one Job, and the mark tells whose."""
    try:
        try:
            return Made(kube.create(JOBS, manifest))
        except AlreadyThere:
            return _in_the_way(kube, manifest, mark)
    except (Absent, Conflict):  # it has just gone, or a quota was changed by others at the same moment
        return Made(again=_SOON_S)
    except QuotaExceeded as error:
        return Made(waits=Reason("quota", error.message, error.hint), again=_LATER_S)
    except MlopsError as error:
        why_not = Reason("not_made", f"Its Job could not be made: {error.message}", error.hint)
        return Made(waits=why_not, again=_LATER_S) if error.http_status == 503 else Made(refused=why_not)


def _in_the_way(kube: Kube, manifest: Mapping[str, Any], mark: str) -> Made:
    """What the Job of that name is: the one that was asked for, what an engine that died has left, or not ours."""
    name = str(manifest["metadata"]["name"])
    found = kube.get(JOBS, name)
    if part(found, "metadata", "annotations").get(MARK) == mark:
        return Made(found)
    if not (is_ours(found) and all(named(found, key) == named(manifest, key) for key in (RUN, PART))):
        said = f"There is another Job of the name {name}, which is not of this run."
        hint = f"See what it is (`kubectl describe job {name}`), and remove it."
        return Made(refused=Reason("name_taken", said, hint))
    if not part(found, "metadata").get("deletionTimestamp"):
        kube.delete(JOBS, name)
    return Made(again=_SOON_S)
