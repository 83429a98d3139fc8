"""Where a run's objects are: namespace, volume, code; and the manifests of the pods that work for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlops.kube.code_bundle import FOLDER as CODE
from jupyter_mlops.kube.code_bundle import reader
from jupyter_mlops.kube.job import job
from jupyter_mlops.kube.labels import PREFIX, full_names, labels
from jupyter_mlops.kube.names import dns_name, label_value
from jupyter_mlops.kube.pod_settings import Claim, ConfigFiles, PodSettings, Scratch, Work
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.targets.attempt_files import thread_variables
from jupyter_mlops.targets.kubernetes.settings import pods_from_data, pods_to_data
from jupyter_mlops.targets.kubernetes.storage import Storage

STORE, ORDER, PARCEL = "/mlops/store", "/mlops/order", "/mlops/parcel"
ORDER_FILE, SCHEDULE_FILE = "order.json", "schedule.json"
# Seconds that a task has to write its executed notebook after it was asked to end.
GRACE_S = 30
# Objects of a run that nobody deletes go by themselves, seconds after their end.
KEPT_S = 7 * 24 * 3600
STORE_LABEL = PREFIX + "store"
"""On pods that have to be on one node, as they share a volume that only one can mount."""
# The only thing that a shell does here, where no command is set: `$0` is the image, the arguments stay as they are.
_FIND_PYTHON = """\
for found in python3 /opt/venv/bin/python3 /opt/conda/bin/python3 /usr/local/bin/python3 /usr/bin/python3; do
command -v "$found" >/dev/null 2>&1 && exec "$found" "$@"
done
python -c 'import sys; sys.exit(sys.version_info < (3,))' >/dev/null 2>&1 && exec python "$@"
echo "The image $0 has no python3: a step needs Python 3.9 or newer. Where it has another name, set it: \
python = \"/path/of/python3\" under [kubernetes] in jupyter_mlops.toml." >&2
exit 78
"""


@dataclass(frozen=True)
class RunPlace:
    """What all Jobs of a run share.

    `code` are the ConfigMaps of the code, `digest` is what they hold; `owner` is the anchor, as the API server has it;
    `python` is a command of the images (empty: it is looked for). `pieces` are the ConfigMaps of what the run takes
    along, `parcel` is their digest. `one_node`: the volume is mounted by one node at a time, so all pods go there.
    `storage` is where values are kept if not on the volume of the `claim`, which only the driver has then, if there is
    one. `work` is the working folder, below that of all runs.
    """

    run: str
    image: str
    claim: str
    code: tuple[str, ...]
    digest: str
    owner: Mapping[str, Any]
    python: str = ""
    settings: PodSettings = field(default_factory=PodSettings)
    service_account: str = ""
    driver_queue: str = ""
    pieces: tuple[str, ...] = ()
    parcel: str = ""
    one_node: bool = False
    storage: Storage | None = None
    work: str = ""

    def to_data(self) -> dict[str, Any]:
        """As plain JSON data, for the driver's order."""
        own = {name: getattr(self, name) for name in (*_TEXTS, "one_node", "work")}
        lists = {"code": list(self.code), "pieces": list(self.pieces)}
        storage = self.storage and self.storage.to_data()
        return {**own, **lists, "owner": dict(self.owner), "pods": pods_to_data(self.settings), "storage": storage}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RunPlace:
        """Read what `to_data` gave."""
        return cls(
            **{name: str(data[name]) for name in _TEXTS},
            code=tuple(data["code"]),
            pieces=tuple(data["pieces"]),
            owner=dict(data["owner"]),
            settings=pods_from_data(data["pods"]),
            one_node=data["one_node"] is True,
            storage=Storage.from_data(data.get("storage")),
            work=str(data.get("work", "")),
        )

    @property
    def access(self) -> Options:
        """What pods that look after values need to get at them."""
        return self.storage.access if self.storage else Options()

    @property
    def shared_store(self) -> Claim | Scratch:
        """What pods have as their store: the volume of all, or a folder that goes with the pod."""
        return Scratch() if self.storage else Claim(self.claim)

    @property
    def kept_store(self) -> Claim | Scratch:
        """What a pod has that looks at what the driver has left."""
        return Claim(self.claim) if self.claim else Scratch()


_TEXTS = ("run", "image", "claim", "digest", "python", "service_account", "driver_queue", "parcel")


def step_job(place: RunPlace, task: str, step: str, attempt: int, options: Options, spec: str) -> dict[str, Any]:
    """The Job of one attempt: it runs the task whose spec is the file `spec` on the volume."""
    return _step_job(place, StepName(task, step, attempt), options, ("task", spec), {})


@dataclass(frozen=True)
class StepName:
    """Which attempt of which task of which step."""

    task: str
    step: str
    attempt: int


def told_step_job(
    place: RunPlace, name: StepName, options: Options, orders: tuple[str, ...], digest: str
) -> dict[str, Any]:
    """The Job of one attempt that is told what to do by ConfigMaps (`digest` is what they hold), and tells all that
    becomes of it: its engine cannot see the volume.
    """
    return _step_job(place, name, options, ("step", digest, ORDER), {ORDER: ConfigFiles(orders)})


def _step_job(
    place: RunPlace, name: StepName, options: Options, arguments: tuple[str, ...], mounts: Mapping[str, ConfigFiles]
) -> dict[str, Any]:
    task, step, attempt = name.task, name.step, name.attempt
    marks = labels("step", run=place.run, step=step, task=task, attempt=attempt)
    work = Work(
        image=place.image,
        command=command(place, options.image or place.image, *arguments),
        options=options,
        mounts={STORE: place.shared_store, CODE: ConfigFiles(place.code), **mounts},
        env={**thread_variables(options, options.env), "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"},
        labels=marks,
        annotations=full_names(run=place.run, step=step, task=task),
        folder=STORE,
        grace=GRACE_S,
    )
    return _job(place, dns_name("mlops", place.run[-8:], task, str(attempt)), work)


def arrival_job(place: RunPlace, folder: str, kept: str) -> dict[str, Any]:
    """The Job that unpacks what the run takes along into `folder` of the volume, or for the storage, where no driver
    does.
    """
    storage = (place.run, json.dumps(place.storage.to_data())) if place.storage else ()
    work = Work(
        image=place.image,
        command=command(place, place.image, "arrive", PARCEL, place.parcel, folder, kept, *storage),
        options=place.access,
        mounts={STORE: place.shared_store, CODE: ConfigFiles(place.code), PARCEL: ConfigFiles(place.pieces)},
        env={"PYTHONUNBUFFERED": "1"},
        labels=labels("courier", run=place.run),
        annotations=full_names(run=place.run),
        folder=STORE,
        grace=GRACE_S,
    )
    return _job(place, dns_name("mlops", place.run[-8:], "arrival"), work)


def driver_job(place: RunPlace, number: int, order: str) -> dict[str, Any]:
    """The Job of the engine; `order` is the ConfigMap with its order, `number` which driver of the run it is."""
    # Once a driver has unpacked what the run takes along, its pieces are removed.
    parcel = {PARCEL: ConfigFiles(place.pieces, optional=True)} if place.pieces else {}
    place = replace(place, settings=replace(place.settings, queue=place.driver_queue))
    work = Work(
        image=place.image,
        command=command(place, place.image, "drive", f"{ORDER}/{ORDER_FILE}"),
        mounts={STORE: Claim(place.claim), CODE: ConfigFiles(place.code), ORDER: ConfigFiles((order,)), **parcel},
        env={"PYTHONUNBUFFERED": "1"},
        labels=labels("driver", run=place.run, attempt=number),
        annotations=full_names(run=place.run),
        folder=STORE,
        token=True,
        service_account=place.service_account,
        grace=3 * GRACE_S,
    )
    made = _job(place, dns_name("mlops", place.run[-8:], "driver", str(number)), work)
    # A pod that the cluster took away is no failure: the Job starts the driver again, and it goes on with its run.
    # A step's Job does not: its engine begins another attempt, in another folder.
    taken_away = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    made["spec"]["podFailurePolicy"] = {"rules": [taken_away]}
    return made


def tick_job(place: RunPlace, schedule: str, order: str) -> dict[str, Any]:
    """The Job of a schedule's pod, which makes a run; `order` is the ConfigMap with its order."""
    work = Work(
        image=place.image,
        command=command(place, place.image, "tick", f"{ORDER}/{SCHEDULE_FILE}"),
        mounts={CODE: ConfigFiles(place.code), ORDER: ConfigFiles((order,)), PARCEL: ConfigFiles(place.pieces)},
        env={"PYTHONUNBUFFERED": "1"},
        labels=labels("tick", schedule=schedule),
        token=True,
        service_account=place.service_account,
    )
    return _job(replace(place, settings=replace(place.settings, queue=place.driver_queue)), order, work)


def command(place: RunPlace, image: str, *arguments: str) -> tuple[str, ...]:
    """What a pod runs: the code, once its digest is checked, with these arguments."""
    python = (place.python,) if place.python else ("/bin/sh", "-c", _FIND_PYTHON, image)
    return (*python, "-c", reader(), place.digest, CODE, *arguments)


def together(place: RunPlace, work: Work) -> tuple[Work, PodSettings]:
    """The work and the settings of a pod that goes where the volume is, if only one node has it."""
    if not place.one_node or not any(isinstance(source, Claim) for source in work.mounts.values()):
        return work, place.settings
    mark = {STORE_LABEL: label_value(place.claim)}
    settings = replace(place.settings, affinity=_beside(place.settings.affinity, mark))
    return replace(work, labels={**work.labels, **mark}), settings


def _job(place: RunPlace, name: str, work: Work) -> dict[str, Any]:
    work, settings = together(place, work)
    return job(name, work, settings, owner=place.owner, keep=KEPT_S)


def _beside(affinity: Mapping[str, Any], mark: Mapping[str, str]) -> dict[str, Any]:
    """The affinity, and besides: on the node of the pods with this label. The first of them may go anywhere."""
    term = {"labelSelector": {"matchLabels": dict(mark)}, "topologyKey": "kubernetes.io/hostname"}
    known = dict(affinity.get("podAffinity") or {})
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    return {**affinity, "podAffinity": {**known, required: [*(known.get(required) or ()), term]}}
