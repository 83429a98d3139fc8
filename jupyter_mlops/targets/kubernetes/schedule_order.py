"""What a schedule starts each time, as data that lies in the cluster until then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.names import CRON_JOB_MOST, dns_name, is_dns_label
from jupyter_mlops.targets.kubernetes.packing import Luggage
from jupyter_mlops.targets.kubernetes.parcel import inside, pack
from jupyter_mlops.targets.kubernetes.submit import Prepared

Overlap = Literal["forbid", "allow", "replace"]
OVERLAPS: tuple[Overlap, ...] = ("forbid", "allow", "replace")
LONGEST_NAME = 40


@dataclass(frozen=True)
class ScheduleOrder:
    """How the plan of a schedule is to be run each time; the plan and its files are in an archive beside it.

    `settings` are those of the target, as the project's file has them; `parcel` is the archive's digest. `overlap` says
    what happens if the run before is not over; the objects of the newest `keep` runs that are over stay.
    """

    name: str
    settings: Mapping[str, Any]
    shared: Prepared
    parcel: str
    experiment: str = ""
    parallel: int | None = None
    overlap: Overlap = "forbid"
    keep: int = 10

    def to_json(self) -> str:
        """As text."""
        claim = self.shared.claim
        metadata = {key: claim["metadata"][key] for key in ("name", "uid")}
        spec = {"accessModes": list((claim.get("spec") or {}).get("accessModes") or ())}
        shared = {**vars(self.shared), "code": list(self.shared.code), "claim": {"metadata": metadata, "spec": spec}}
        return json.dumps({**vars(self), "settings": dict(self.settings), "shared": shared}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ScheduleOrder:
        """Read what `to_json` gave.

        Raises:
            Usage: it is something else.
        """
        try:
            data = json.loads(text)
            shared, claim = data["shared"], data["shared"]["claim"]
            parallel, overlap = data["parallel"], data["overlap"]
            if overlap not in OVERLAPS or not (parallel is None or isinstance(parallel, int)):
                raise ValueError(overlap)
            code = tuple(map(str, shared["code"]))
            return cls(
                name=str(data["name"]),
                settings=dict(data["settings"]),
                shared=Prepared(code, str(shared["digest"]), str(shared["service_account"]), dict(claim)),
                parcel=str(data["parcel"]),
                experiment=str(data["experiment"]),
                parallel=parallel,
                overlap=overlap,
                keep=int(data["keep"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            said = f"The order of the schedule cannot be read: {error!r}."
            raise Usage(said, hint="Make the schedule anew, with --replace.") from error


def pack_plan(plan: Plan, luggage: Luggage) -> bytes:
    """The plan of a schedule and the files that it takes along, as an archive."""
    order = {"plan": plan.to_data(), "params": dict(plan.params), "folder": luggage.folder}
    return pack(order, luggage.files, luggage.contents)


def read_plan(archive: bytes) -> tuple[Plan, Luggage]:
    """Read what `pack_plan` gave.

    Raises:
        Usage: it is something else.
    """
    order, files, contents = inside(archive)
    return Plan.from_data(order["plan"], order["params"]), Luggage(files, contents, str(order.get("folder") or ""))


def check_name(name: str) -> str:
    """The name of a schedule, if it can be one.

    Raises:
        Usage: it cannot.
    """
    if not is_dns_label(name) or len(name) > LONGEST_NAME:
        hint = f"At most {LONGEST_NAME} lower-case letters, digits and '-' are allowed, as in nightly-report."
        raise Usage(f"{name!r} cannot be the name of a schedule.", hint=hint)
    return name


def object_name(schedule: str) -> str:
    """The CronJob of a schedule, and the ConfigMap with its order."""
    return dns_name("mlops", schedule, most=CRON_JOB_MOST)
