"""Where a run's objects are: namespace, volume, code; and the manifests of the pods that work for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.kube.code_bundle import FOLDER as CODE
from jupyter_mlops.kube.code_bundle import reader
from jupyter_mlops.kube.job import job
from jupyter_mlops.kube.labels import full_names, labels
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.pod_settings import Claim, ConfigFiles, PodSettings, Work
from jupyter_mlops.pipeline.model import Options

STORE, ORDER = "/mlops/store", "/mlops/order"
ORDER_FILE = "order.json"
# Seconds that a task has to write its executed notebook after it was asked to end.
GRACE_S = 30
# Objects of a run that nobody deletes go by themselves, seconds after their end.
KEPT_S = 7 * 24 * 3600


@dataclass(frozen=True)
class RunPlace:
    """What all Jobs of a run share.

    `code` are the ConfigMaps of the code, `digest` is what they hold; `owner` is the anchor, as the API server has it;
    `python` is a command of the images.
    """

    run: str
    image: str
    claim: str
    code: tuple[str, ...]
    digest: str
    owner: Mapping[str, Any]
    python: str = "python3"
    settings: PodSettings = field(default_factory=PodSettings)
    service_account: str = ""

    def to_data(self) -> dict[str, Any]:
        """As plain JSON data, for the driver's order."""
        own = {name: getattr(self, name) for name in ("run", "image", "claim", "digest", "python", "service_account")}
        return {**own, "code": list(self.code), "owner": dict(self.owner), "user": self.settings.user}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RunPlace:
        """Read what `to_data` gave."""
        known = {name: str(data[name]) for name in ("run", "image", "claim", "digest", "python", "service_account")}
        settings = PodSettings(user=data["user"])
        return cls(**known, code=tuple(data["code"]), owner=dict(data["owner"]), settings=settings)


def step_job(place: RunPlace, task: str, step: str, attempt: int, options: Options, spec: str) -> dict[str, Any]:
    """The Job of one attempt: it runs the task whose spec is the file `spec` on the volume."""
    marks = labels("step", run=place.run, step=step, task=task, attempt=attempt)
    work = Work(
        image=place.image,
        command=command(place, "task", spec),
        options=options,
        mounts={STORE: Claim(place.claim), CODE: ConfigFiles(place.code)},
        env={"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"},
        labels=marks,
        annotations=full_names(run=place.run, step=step, task=task),
        folder=STORE,
        grace=GRACE_S,
    )
    return _job(place, dns_name("mlops", place.run[-8:], task, str(attempt)), work)


def driver_job(place: RunPlace, number: int, order: str) -> dict[str, Any]:
    """The Job of the engine; `order` is the ConfigMap with its order, `number` which driver of the run it is."""
    work = Work(
        image=place.image,
        command=command(place, "drive", f"{ORDER}/{ORDER_FILE}"),
        mounts={
            STORE: Claim(place.claim),
            CODE: ConfigFiles(place.code),
            ORDER: ConfigFiles((order,)),
        },
        env={"PYTHONUNBUFFERED": "1"},
        labels=labels("driver", run=place.run, attempt=number),
        annotations=full_names(run=place.run),
        folder=STORE,
        token=True,
        service_account=place.service_account,
        grace=3 * GRACE_S,
    )
    return _job(place, dns_name("mlops", place.run[-8:], "driver", str(number)), work)


def command(place: RunPlace, *arguments: str) -> tuple[str, ...]:
    """What a pod runs: the code, once its digest is checked, with these arguments."""
    return (place.python, "-I", "-c", reader(), place.digest, CODE, *arguments)


def _job(place: RunPlace, name: str, work: Work) -> dict[str, Any]:
    made = job(name, work, place.settings, owner=place.owner, keep=KEPT_S)
    # A pod that the cluster took away is no failure of the code: the Job starts it again.
    taken_away = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    made["spec"]["podFailurePolicy"] = {"rules": [taken_away]}
    return made
