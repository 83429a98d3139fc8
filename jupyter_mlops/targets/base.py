"""The seam of targets, what a target says it can do, and how one is found by its name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason, Target
from jupyter_mlops.errors import NotFound, Refused, Usage
from jupyter_mlops.kube.capability import Capability
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import read_remote

__all__ = [
    "BUILTIN",
    "GROUP",
    "Attempt",
    "Capabilities",
    "Capability",
    "Outcome",
    "RemoteTarget",
    "Report",
    "RunTarget",
    "StopReason",
    "Target",
    "default_target",
    "load_target",
    "open_target",
    "target_names",
    "target_settings",
]

GROUP = "jupyter_mlops.targets"
BUILTIN: Mapping[str, str] = {
    "local": "jupyter_mlops.targets.local.target:LocalTarget",
    "kubernetes": "jupyter_mlops.targets.kubernetes.cluster:KubernetesCluster",
    "argo": "jupyter_mlops.targets.argo.cluster:ArgoWorkflows",
    "kfp": "jupyter_mlops.targets.kfp.cluster:KubeflowPipelines",
}


@dataclass(frozen=True)
class Capabilities:
    """All that a target was asked about, in the order to show it."""

    target: str
    items: tuple[Capability, ...]

    def need(self, name: str) -> None:
        """Go on only if the target can do this.

        Raises:
            Refused: it cannot; the message says why.
        """
        found = next((item for item in self.items if item.name == name), Capability(name, "it does not know of it"))
        if not found.available:
            raise Refused(f"The target {self.target} cannot do {name}: {found.missing}.")


@runtime_checkable
class RunTarget(Protocol):
    """A place that drives whole runs itself: they go on when who started them is gone."""

    name: str

    def refusal(self, options: Options) -> str:
        """Why this target cannot honour the options; empty when it can."""
        ...

    def drive(self, plan: Plan, project: Project, options: RunOptions) -> Path:
        """Have a plan run, bring home what becomes of it until it is over, and give the run's folder.

        Setting `options.stop` cancels the run; `options.listeners` get its events, from the calling thread. With
        `options.attached` it is driven from here, and ends with this process.
        """
        ...

    def resume(self, run: str, project: Project, options: RunOptions) -> Path:
        """Go on with a run that failed, was canceled or whose driver died, and bring it home as `drive` does.

        Raises:
            Conflict: it is driven now.
        """
        ...

    def forget(self, run: str) -> None:
        """Remove all that is left of a run there."""
        ...

    def close(self) -> None:
        """Free everything here; runs go on."""
        ...


@dataclass(frozen=True)
class Sweep:
    """What of left-over runs goes: of a project's own those older than so many seconds also if they are not over;
    with `everyone` also those of others that are both. `dry_run`: nothing goes.
    """

    older_than: float | None = None
    everyone: bool = False
    dry_run: bool = False


@runtime_checkable
class RemoteTarget(RunTarget, Protocol):
    """A place whose runs write down, in their folder here, where they are (`store.remote`): any process can go on."""

    def attach(self, run: str, project: Project, options: RunOptions) -> Path:
        """Follow a run that goes on there to its end; the listeners get all its events, from the first."""
        ...

    def find(self, run: str, project: Project) -> str:
        """The full id of a run there that the project knows nothing of, by a part of it; from now on it does.

        Raises:
            NotFound, Usage: no run fits, or several do.
        """
        ...

    def catch_up(self, run: str, project: Project, *, thorough: bool = True) -> None:
        """Bring home what there is by now. Not `thorough`: only what comes at once."""
        ...

    def cancel(self, run: str) -> None:
        """Ask for the run to stop."""
        ...

    def fetch(self, run: str, digest: str, project: Project) -> Path:
        """Bring a value into the store here, and give its file."""
        ...

    def sweep(self, project: Project, asked: Sweep) -> dict[str, Any]:
        """Remove what runs that the project does not have any more have left: `{"runs", "objects", "folders", "bytes",
        "dry_run"}`.
        """
        ...


def load_target(name: str, **settings: Any) -> Target | RunTarget:
    """Make a target: a built-in one, or one that an installed package offers under the entry point group `GROUP`.

    Raises:
        NotFound: there is none of that name.
    """
    module, _, attribute = _place_of(name).partition(":")
    made: Target | RunTarget = getattr(importlib.import_module(module), attribute)(**settings)
    return made


def open_target(
    name: str, project: Project, *, parallel: int | None = None, given: Mapping[str, str] | None = None
) -> Target | RunTarget:
    """Make a target as the project's settings have it: the table `[NAME]` of its file, and over it what was `given`.

    Raises:
        NotFound: there is none of that name.
        Usage: the settings are not its own.
    """
    settings = target_settings(name, project, given or {})
    return load_target(name, **{**settings, **({"slots": parallel} if parallel and name == "local" else {})})


def target_settings(name: str, project: Project, given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The settings of a target: what is in the project's table `[NAME]`, and over it what was `given` and is not "".

    Raises:
        NotFound: there is none of that name.
        Usage: the table is none, a key is not one of the target's, or the target takes nothing of what was given.
    """
    place = _place_of(name)
    found = project.config.get(name, {})
    if not isinstance(found, Mapping):
        raise Usage(f"The setting {name!r} of the project has to be a table.", hint=f"Write [{name}] above its keys.")
    asked = {key: value for key, value in (given or {}).items() if value}
    if asked and place == BUILTIN["local"]:
        option = next(iter(asked))
        raise Usage(f"The target local has no {option}.", hint=f"Leave out --{option}, or name another --target.")
    known = _known_settings(place)
    for key in found if known else ():
        if key not in known:
            raise Usage(f"The target {name} has no setting {key!r}.", hint=_nearest(key, known))
    return {**found, **asked}


def _known_settings(place: str) -> tuple[str, ...]:
    """The settings that a target says it has (its `SETTINGS`); empty if it says nothing."""
    module, _, attribute = place.partition(":")
    return tuple(getattr(getattr(importlib.import_module(module), attribute), "SETTINGS", ()))


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.55)
    return f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(known)}."


def refuse_attached(target: str) -> Usage:
    """The error for a target that drives every run from here, where nothing else can be asked for."""
    return Usage(f"Runs on the target {target!r} are always driven from here.", hint="Leave out --attached.")


def target_of_run(
    run: str,
    target: str,
    project: Project,
    *,
    parallel: int | None = None,
    given: Mapping[str, str] | None = None,
) -> Target | RunTarget:
    """Make the target of a run that was: one that is driven elsewhere is where it was begun, whatever is set now;
    `given` comes first.

    Raises:
        NotFound, Usage: as `open_target`.
    """
    remote = read_remote(project.run_directory(run))
    if remote is None:
        return open_target(target or "local", project, parallel=parallel, given=given)
    asked = {key: value for key, value in (given or {}).items() if value}
    return load_target(remote.target, **{**remote.settings, **asked})


def target_names() -> tuple[str, ...]:
    """The targets that can be loaded here."""
    return tuple(sorted({*BUILTIN, *(point.name for point in _offered())}))


def default_target(project: Project) -> str:
    """Where a project's runs go if nobody says: its setting `target`, else `local`."""
    name = project.config.get("target", "local")
    if not isinstance(name, str) or name not in target_names():
        raise Usage(
            f"The project's setting target = {name!r} names no target.", hint=f"There are: {', '.join(target_names())}."
        )
    return name


def _place_of(name: str) -> str:
    if name in BUILTIN:
        return BUILTIN[name]
    for point in _offered():
        if point.name == name:
            return point.value
    raise NotFound(f"There is no target {name!r}.", hint=f"There are: {', '.join(target_names())}.")


def _offered() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))
