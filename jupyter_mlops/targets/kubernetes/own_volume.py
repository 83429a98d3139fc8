"""Whether the volume of a run is still the one it began with: a claim that is made anew has its name, and is empty.

The run's anchor says which claim it was. Of runs of schedules it does not: these are made where nobody may look at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlops.errors import MlopsError, NotFound
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent
from jupyter_mlops.kube.resource import PVCS

CLAIM, STORAGE = "claim", "storage"
"""In a run's anchor: where its values are, for who looks after them when settings are others."""
_VOLUME = "volume"


class VolumeGone(NotFound):
    """The volume that a run has had is there no more, and with it what only the run has left on it."""

    code = "volume_gone"


def volume_said(claim: Mapping[str, Any]) -> dict[str, str]:
    """What the anchor of a run says of its claim."""
    uid = str((claim.get("metadata") or {}).get("uid") or "")
    return {_VOLUME: uid} if uid else {}


def refuse_other_volume(kube: Kube, run: str, claim: str, anchor: Mapping[str, Any]) -> None:
    """Go on, as far as may be seen, only if the claim is the one that the run of this anchor began with. `claim` is its
    name, if the anchor does not say it; "": there is none. Values at a URL are not lost with it.

    Raises:
        VolumeGone: it is another one, or none.
    """
    known: Mapping[str, Any] = anchor.get("data") or {}
    claim, before = str(known.get(CLAIM, claim)), str(known.get(_VOLUME) or "")
    if not claim or known.get(STORAGE, "null") != "null":
        return
    try:
        now = str(kube.get(PVCS, claim)["metadata"].get("uid") or "")
    except Absent:
        said = f"The claim {claim}, on which the run {run} has left its values and files, was deleted."
        raise VolumeGone(said, hint="Run the notebook again.") from None
    except MlopsError:  # it may not be for us to see
        return
    if before and now and before != now:
        raise VolumeGone(
            f"The claim {claim} is not the one that the run {run} has left its values and files on: that was deleted, "
            "and another one was made with its name.",
            hint="Run the notebook again.",
        )
