"""What a schedule starts each time, as data that lies in the cluster until then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.kube.names import CRON_JOB_MOST, dns_name, is_dns_label
from jupyter_mlops.targets.kubernetes.submit import Prepared, SentCode

Overlap = Literal["forbid", "allow", "replace"]
OVERLAPS: tuple[Overlap, ...] = ("forbid", "allow", "replace")
MOST_BYTES = 1_000_000
LONGEST_NAME = 40


@dataclass(frozen=True)
class ScheduleOrder:
    """A plan, and how it is to be run each time.

    `settings` are those of the target, as the project's file has them. `overlap` says what happens if the run before is
    not over; the objects of the newest `keep` runs that are over stay in the cluster.
    """

    name: str
    plan: Plan
    settings: Mapping[str, Any]
    shared: Prepared
    experiment: str = ""
    parallel: int | None = None
    overlap: Overlap = "forbid"
    keep: int = 10

    def to_json(self) -> str:
        """As text.

        Raises:
            Refused: it is too large for the cluster's own store.
        """
        shared = self.shared
        data = {
            "name": self.name,
            "plan": self.plan.to_data(),
            "params": dict(self.plan.params),
            "settings": dict(self.settings),
            "code": {"names": list(shared.code.names), "digest": shared.code.digest},
            "service_account": shared.service_account,
            "experiment": self.experiment,
            "parallel": self.parallel,
            "overlap": self.overlap,
            "keep": self.keep,
        }
        text = json.dumps(data, ensure_ascii=False)
        if len(text.encode("utf-8", "backslashreplace")) > MOST_BYTES:
            raise Refused(
                f"The plan is {len(text) / 1e6:.1f} MB, and a schedule keeps at most {MOST_BYTES / 1e6:.0f} MB.",
                hint="Move large texts out of the cells, onto a volume.",
            )
        return text

    @classmethod
    def from_json(cls, text: str) -> ScheduleOrder:
        """Read what `to_json` gave.

        Raises:
            Usage: it is something else.
        """
        try:
            data = json.loads(text)
            code = SentCode(tuple(map(str, data["code"]["names"])), str(data["code"]["digest"]))
            parallel, overlap = data["parallel"], data["overlap"]
            if overlap not in OVERLAPS or not (parallel is None or isinstance(parallel, int)):
                raise ValueError(overlap)
            return cls(
                name=str(data["name"]),
                plan=Plan.from_data(data["plan"], data["params"]),
                settings=dict(data["settings"]),
                shared=Prepared(code, str(data["service_account"])),
                experiment=str(data["experiment"]),
                parallel=parallel,
                overlap=overlap,
                keep=int(data["keep"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Usage(
                f"The order of the schedule cannot be read: {error!r}.", hint="Make the schedule anew."
            ) from error


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
