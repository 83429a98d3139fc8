"""`target`: where runs can go, what each place can do and why not, its health, and the rights that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

from jupyter_mlops.errors import MlopsError, Refused, Unavailable, Usage
from jupyter_mlops.kube.access import Connection
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.base import default_target, target_names, target_settings
from jupyter_mlops.verbs.target_answers import (
    ContextsData,
    DoctorData,
    FindingData,
    RightsData,
    TargetData,
    TargetsData,
)

LIMIT_S = 5.0
"""The longest that a question about a target takes, in seconds; credential plugins and name servers may add to it."""


def targets(project: Project, *, given: Mapping[str, str] | None = None, limit: float = LIMIT_S) -> TargetsData:
    """The targets that there are, and what each can do. Asks the cluster, if there is one, for at most `limit` s.

    `given` are context, namespace and image of those in a cluster, over what the project says. Nothing that is wrong
    with a target is raised: its `missing` says it.
    """
    from jupyter_mlops.verbs.capabilities import answered_within

    names = sorted(target_names(), key=lambda name: (name != "local", name))
    late = Unavailable(f"It did not answer within {limit:.0f} s.", hint="Try again.")
    # What a target is made of is imported here: threads that import the same modules get in each other's way.
    askers = {name: _asker(project, name, given or {}) for name in names}
    answers = answered_within(askers, limit)
    found = ((name, answers[name] or late) for name in names)
    return {
        "targets": [
            _target(name, missing=said.message, hint=said.hint) if isinstance(said, MlopsError) else said
            for name, said in found
        ],
        "default": default_target(project),
    }


def target_doctor(
    project: Project,
    name: str = "kubernetes",
    *,
    context: str = "",
    namespace: str = "",
    image: str = "",
    limit: float = LIMIT_S,
) -> DoctorData:
    """Check a target: connection, rights, quota, storage, image. Changes nothing there, and takes at most `limit` s.

    Raises:
        Usage: there is no such target, a setting is wrong, or `context` is not in the kubeconfig.
    """
    began = monotonic()
    settings = with_own_image(
        target_settings(name, project, {"context": context, "namespace": namespace, "image": image})
    )
    found = _doctor_here(project) if name == "local" else _doctor_there(settings, limit, asked=bool(context))
    return {"target": name, "seconds": round(monotonic() - began, 3), "findings": found}


def target_rbac(
    project: Project,
    name: str = "kubernetes",
    *,
    purposes: Sequence[str] = (),
    context: str = "",
    namespace: str = "",
    subject: str = "",
) -> RightsData:
    """The least rights for `purposes` (default: runs on this target) in a namespace, as YAML for who may grant them.

    `subject` is `user:NAME`, `group:NAME` or `serviceaccount:[NAMESPACE:]NAME`; by default who the cluster says we are.

    Raises:
        Usage: there is no such purpose, or a name that cannot be.
        Refused: the target takes no rights.
        Unavailable: the namespace or the subject was not given, and the cluster cannot be asked.
    """
    from jupyter_mlops.kube.rbac import as_yaml
    from jupyter_mlops.verbs.subjects import read_subject, shown, who_am_i

    settings = target_settings(name, project, {"context": context, "namespace": namespace})
    if name == "local":
        raise Refused("The target local needs no rights of a cluster.", hint="jupyter mlops target rbac kubernetes")
    place = str(settings.get("namespace") or "")
    who = read_subject(subject) if subject else None
    if not place or who is None:
        with connected(settings) as connection:
            place = place or connection.namespace
            who = who or who_am_i(Kube(connection.transport, place), connection.user)
    wanted = list(dict.fromkeys(purposes)) or [name if name in ("argo", "kfp") else "run"]
    text = as_yaml(wanted, place, who)
    return {"yaml": text, "purposes": wanted, "namespace": place, "subject": shown(who)}


def contexts() -> ContextsData:
    """The contexts of the kubeconfig.

    Raises:
        BadKubeconfig: there is none, or it cannot be read.
    """
    from jupyter_mlops.kube.contexts import contexts as read

    return {
        "contexts": [
            {
                "name": item.name,
                "namespace": item.namespace,
                "cluster": item.server,
                "user": item.user,
                "current": item.current,
            }
            for item in read()
        ]
    }


@contextmanager
def connected(settings: Mapping[str, Any]) -> Iterator[Connection]:
    """A connection as a target's settings say, with their namespace; closed at the end.

    Raises:
        BadKubeconfig: there is no kubeconfig, or it has no such context.
    """
    from jupyter_mlops.kube.kubeconfig import connect

    found = connect(str(settings.get("context") or ""))
    try:
        yield replace(found, namespace=str(settings.get("namespace") or found.namespace))
    finally:
        found.transport.close()


def with_own_image(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with the image of the pod that we run in where they name none."""
    from jupyter_mlops.kube.own_pod import own_image

    return {**settings, "image": settings.get("image") or own_image()}


def _target(name: str, connection: Connection | None = None, *, missing: str = "", hint: str = "") -> TargetData:
    return {
        "name": name,
        "available": not missing,
        "missing": missing,
        "hint": hint,
        "context": connection.context if connection else "",
        "namespace": connection.namespace if connection else "",
        "image": "",
        "capabilities": [],
    }


def _asker(project: Project, name: str, given: Mapping[str, str]) -> Callable[[], TargetData]:
    from jupyter_mlops.verbs.capabilities import PROBES

    wrong: MlopsError | None = None
    settings: dict[str, Any] = {}
    try:
        settings = target_settings(name, project, given if name in PROBES else {})
    except MlopsError as error:
        wrong = error
    except Exception as error:  # noqa: BLE001 a target of another package may fail as it likes: it is not there, then
        wrong = Unavailable(f"It cannot be loaded: {error}", hint="Install the package that offers it again.")

    def ask() -> TargetData:
        if wrong is not None:
            raise wrong
        if name not in PROBES:
            return _target(name)
        there = with_own_image(settings)
        with connected(there) as connection:
            asked = PROBES[name](Kube(connection.transport, connection.namespace), there)
        first, hint = asked[0], "`jupyter mlops target rbac` prints the rights, for who may grant them."
        found = _target(name, connection, missing=first.missing, hint=hint if first.missing else "")
        found["image"] = str(there["image"] or "")
        found["capabilities"] = [
            {"name": item.name, "available": item.available, "missing": item.missing, "unknown": item.unknown}
            for item in asked
        ]
        return found

    return ask


def _doctor_here(project: Project) -> list[FindingData]:
    from jupyter_mlops.verbs.doctor import doctor

    states = {True: "ok", False: "failed", None: "unknown"}
    return [
        {"name": item.check, "state": states[item.ok], "said": item.message, "hint": "" if item.ok else item.hint}
        for item in doctor(project.start or project.root)
    ]


def _doctor_there(settings: Mapping[str, Any], limit: float, *, asked: bool) -> list[FindingData]:
    from jupyter_mlops.kube.doctor import Place, doctor
    from jupyter_mlops.kube.request import Request, Response
    from jupyter_mlops.targets.kubernetes.settings import ClusterSettings
    from jupyter_mlops.targets.kubernetes.storage import read_url

    try:
        with connected(settings) as connection:

            def ask(method: str, path: str, body: Mapping[str, Any] | None) -> Response:
                return connection.transport.send(Request(method, path, body=body, timeout=limit))

            claim = str(settings.get("claim") or ClusterSettings.claim)
            storage = read_url(str(settings["storage"])) if settings.get("storage") else ""
            place = Place(
                namespace=connection.namespace,
                server=connection.server,
                user=connection.user,
                image=str(with_own_image(settings)["image"]),
                claim="" if storage and settings.get("attached") is True else claim,
                storage=storage,
            )
            found = doctor(ask, place, limit)
    except MlopsError as error:
        if asked and isinstance(error, Usage):
            raise
        return [{"name": "connection", "state": "failed", "said": error.message, "hint": error.hint}]
    return [{"name": item.name, "state": item.state, "said": item.said, "hint": item.hint} for item in found]
