"""A courier: a Job that looks at the volume when no driver is there to ask, and prints what is missing at home."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlops.errors import MlopsError, Unavailable, WorkFailed
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.code_bundle import FOLDER as CODE
from jupyter_mlops.kube.job import job
from jupyter_mlops.kube.labels import full_names, labels, owned
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.kube.pod_settings import ConfigFiles, Work
from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS
from jupyter_mlops.kube.stop import Stop
from jupyter_mlops.store.mirror import Frame, Held
from jupyter_mlops.targets.kubernetes.following import FollowedJob, Landing
from jupyter_mlops.targets.kubernetes.places import ORDER, ORDER_FILE, STORE, RunPlace, command, together
from jupyter_mlops.targets.kubernetes.storage import Storage

# Seconds. A courier that nobody reads ends and goes by itself.
_DEADLINE_S, _KEPT_S = 3600, 300
# Characters of an order that fit into a ConfigMap.
_LONGEST = 900_000
# So many couriers in a row may bring nothing new.
_VAIN = 2


@dataclass(frozen=True)
class Order:
    """What a courier is to do: bring what of a run is not `held` here, bring `values` (by digest), remove `remove`.

    `sweep`: list what no run of `keep` needs, and remove it unless `dry_run`; what is younger than `age` seconds stays.
    `storage`: where values are, if not on the volume.
    """

    run: str = ""
    held: Mapping[str, Held] = field(default_factory=dict)
    values: Mapping[str, Held | None] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    sweep: Mapping[str, Any] = field(default_factory=dict)
    storage: Storage | None = None

    def to_text(self) -> str:
        """As JSON. Of what is held as much as fits is said: the rest comes once more."""
        said = {
            "run": self.run,
            "values": {digest: held and held.to_data() for digest, held in self.values.items()},
            "remove": list(self.remove),
            "sweep": dict(self.sweep),
            "storage": self.storage and self.storage.to_data(),
        }
        room, told = _LONGEST - len(json.dumps(said)), {}
        for name, held in sorted(self.held.items(), key=lambda item: -item[1].size):
            room -= len(json.dumps([name, held.to_data()])) + 4
            if room < 0:
                break
            told[name] = held.to_data()
        return json.dumps({**said, "held": told})


@dataclass(frozen=True)
class Couriers:
    """Sends couriers to the volume of `place`; its `owner` may be an object that is gone, then nothing owns them."""

    kube: Kube
    place: RunPlace
    stop: Stop = field(default_factory=Stop)
    tell: Callable[[str], None] = lambda _: None

    def bring(self, landing: Landing) -> None:
        """Bring all that the volume has of the run and this side has not.

        Raises:
            Unavailable: no courier came through.
        """
        vain = 0
        while not self.stop.is_set():
            held = landing.files.holds(lambda name: name != "mirrored.json")
            landing.files.begin()
            answer = self._go_on(Order(self.place.run, held), landing.take)
            if landing.complete and not answer.get("more"):
                return
            vain = vain + 1 if landing.files.holds() == held else 0
            if vain > _VAIN:
                raise Unavailable("What is missing of the run does not come through.", hint="Try again later.")

    def fetch(self, digest: str, landing: Landing) -> None:
        """Bring one value into the store here.

        Raises:
            WorkFailed: it is not there any more, or is not what the run has recorded.
            Unavailable: no courier came through.
        """
        vain = 0
        while not self.stop.is_set():
            held = landing.values.held(digest)
            answer = self._go_on(Order(self.place.run, values={digest: held}), landing.take)
            if digest in answer.get("absent", ()):
                raise WorkFailed(
                    "The value is not in the cluster any more.", hint="Run the step that made it again (`--no-cache`)."
                )
            if digest in landing.values.refused:
                raise WorkFailed("The value in the cluster is not the one that the run has recorded.")
            if landing.values.kept(digest):
                return
            vain = vain + 1 if landing.values.held(digest) == held else 0
            if vain > _VAIN:
                raise Unavailable("The value does not come through.", hint="Try again later.")

    def _go_on(self, order: Order, take: Callable[[Frame], None]) -> dict[str, Any]:
        """As `go`; what a courier has said last may be lost with the end of its log: then the next one says it."""
        try:
            return self.go(order, take)
        except _Cut:
            return {"more": True}

    def go(self, order: Order, take: Callable[[Frame], None]) -> dict[str, Any]:
        """Send one courier, take its frames, and give its answer.

        Raises:
            Refused: it cannot begin in the cluster.
            Unavailable: it ended without an answer.
        """
        token = secrets.token_hex(4)
        name = dns_name("mlops", self.place.run[-8:], "courier", token)
        marks = labels("courier", run=self.place.run, step=token)
        text = replace(order, storage=self.place.storage).to_text()
        told = {"metadata": {"name": name, "labels": marks}, "data": {ORDER_FILE: text}}
        answer: dict[str, Any] | None = None
        try:
            self.kube.create(CONFIG_MAPS, owned(told, self.place.owner) if self.place.owner else told)
            self.kube.create(JOBS, self._job(name, marks))
            followed = FollowedJob(self.kube, self.place.run, marks, self.stop, self.tell)
            for line in followed.lines():
                frame = Frame.from_line(line)
                if frame is not None:
                    take(frame)
                elif (found := _answer(line)) is not None:
                    answer = found
                    break
            if answer is None and not self.stop.is_set():
                kind = _Cut if followed.worked() else Unavailable
                raise kind(f"A courier in the cluster brought no answer. {followed.death() or ''}".rstrip())
        finally:
            with suppress(MlopsError):
                self.kube.delete(JOBS, name)
                self.kube.delete(CONFIG_MAPS, name)
        if answer and answer.get("error"):
            raise WorkFailed(f"A courier in the cluster could not do its work: {answer['error']}")
        return answer or {}

    def _job(self, name: str, marks: Mapping[str, str]) -> dict[str, Any]:
        place = self.place
        work = Work(
            image=place.image,
            command=command(place, place.image, "courier", f"{ORDER}/{ORDER_FILE}"),
            options=place.access,
            mounts={STORE: place.kept_store, CODE: ConfigFiles(place.code), ORDER: ConfigFiles((name,))},
            env={"PYTHONUNBUFFERED": "1"},
            labels=marks,
            annotations=full_names(run=place.run),
            folder=STORE,
            grace=5,
        )
        small = replace(place.settings, requests={"cpu": "50m", "memory": "128Mi"})
        work, settings = together(replace(place, settings=small), work)
        return job(name, work, settings, owner=place.owner or None, deadline=_DEADLINE_S, keep=_KEPT_S)


class _Cut(Unavailable):
    """A courier has done its work, and not all of its log came here: nodes cut those that are long."""


def _answer(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and said.get("mlops") == "answer" else None
