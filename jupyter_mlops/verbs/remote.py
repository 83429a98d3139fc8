"""Runs that are driven elsewhere: going on to follow them, catching up with them, and fetching what they keep there."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import MlopsError, NotFound, Usage
from jupyter_mlops.store.events import Event
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import bringing_home, is_remote, read_remote
from jupyter_mlops.store.run_ids import resolve, run_ids
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.base import RemoteTarget, default_target, open_target, target_of_run
from jupyter_mlops.verbs.summary import summary

# Between two looks of one process at the same run, in seconds.
_AGAIN_S = 2.0
# A list of runs waits so many seconds at most for a cluster that does not answer.
_MOST_S = 5.0
# A value up to this size comes home when somebody looks at it; a larger one when somebody asks for it.
AT_ONCE = 20 << 20
# Where runs are looked for that are not known here, though the project's own go nowhere else: the first is meant, or
# the one that the project has settings of.
ELSEWHERE = ("kubernetes", "argo")
# Runs that one process follows for all who look.
_AT_ONCE_RUNS = 20

_looked: dict[str, float] = {}


def attach(
    run: str = "last",
    *,
    given: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
    folder: str | Path = ".",
) -> dict[str, Any]:
    """Follow a run that is driven elsewhere to its end, and bring home what is missing here; answers as `run`.

    A run that is not known here is looked for where the project's runs go; a schedule may have started it. `given` (of
    context and namespace) says where else. Setting `stop` cancels the run.

    Raises:
        NotFound: there is no such run, neither here nor there.
        Usage: the run is not driven elsewhere.
        WorkFailed: its driver died.
    """
    project = Project.find(folder)
    full = _known_or_found(project, run, given or {})
    directory = project.run_directory(full)
    if not is_remote(directory):
        raise Usage(f"The run {full} is not driven elsewhere.", hint=f"`jupyter mlops logs {full} -f` follows it.")
    options = RunOptions(stop=stop or threading.Event(), listeners=(on_event,) if on_event else ())
    with elsewhere(project, full, given) as target:
        target.attach(full, project, options)
    return summary(load_run(directory), project)


def _known_or_found(project: Project, run: str, given: Mapping[str, str]) -> str:
    """The full id of a run that is here, or else of one where the project's runs go."""
    try:
        return resolve(project, run)
    except NotFound:
        name = default_target(project)
        if name == "local":
            known = [other for other in ELSEWHERE if other in project.config]
            name = next(iter(known), ELSEWHERE[0] if given else name)
        if name == "local" or run in ("last", "latest"):
            raise
    with contextlib.closing(open_target(name, project, given=given)) as target:
        if not isinstance(target, RemoteTarget):
            raise NotFound(f"There is no run {run!r} here.", hint="`jupyter mlops runs` lists them.")
        return target.find(run, project)


def catch_up(project: Project, run: str, *, thorough: bool = True) -> None:
    """Bring home what there is of a run by now, if it is driven elsewhere and not all is here.

    That the place does not answer is no error here: the run is shown as it was last heard of.
    """
    directory = project.run_directory(run)
    if not _lacks(directory) or time.monotonic() - _looked.get(str(directory), -_AGAIN_S) < _AGAIN_S:
        return
    _looked[str(directory)] = time.monotonic()
    with contextlib.suppress(MlopsError), elsewhere(project, run) as target:
        target.catch_up(run, project, thorough=thorough)


def catch_up_all(project: Project) -> None:
    """The same for all runs, as far as it comes within a few seconds."""
    runs = open_runs(project)
    if not runs:
        return

    def look() -> None:
        for run in runs:
            catch_up(project, run, thorough=False)

    looking = threading.Thread(target=look, name="mlops-catch-up", daemon=True)
    looking.start()
    looking.join(_MOST_S)


def open_runs(project: Project) -> list[str]:
    """Runs that are driven elsewhere and are live as far as is known here, newest first."""
    found = []
    for run in reversed(run_ids(project)):
        with contextlib.suppress(Usage):
            remote = read_remote(project.run_directory(run))
            if remote is not None and remote.live:
                found.append(run)
    return found


def keep_following(project: Project, run: str = "") -> bool:
    """See to it that a process brings the live runs of the project home (or just one); whether one was started."""
    runs = [run] if run else open_runs(project)[:_AT_ONCE_RUNS]
    now = time.monotonic()
    due = [name for name in runs if now - _looked.get(f"follow {project.run_directory(name)}", -60.0) > 30.0]
    # Asking takes the lock for a moment, in which nobody else could: so not at each look.
    idle = [name for name in due if _is_worth_it(project.run_directory(name)) and _nobody_follows(project, name)]
    if not idle:
        return False
    _looked.update({f"follow {project.run_directory(name)}": now for name in idle})
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "jupyter_mlops.verbs.remote", str(project.start or project.root), *idle],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=project.root,
    )
    # Its end must be waited for by somebody, or it stays a zombie for as long as this process lives.
    threading.Thread(target=process.wait, name="mlops-following", daemon=True).start()
    return True


def fetch(run: str, name: str, *, folder: str | Path = ".") -> dict[str, Any]:
    """Bring a value or file of a run into the store here: `{"run", "name", "digest", "path", "bytes"}`.

    `name` is the name of an artifact, or the beginning of a digest.

    Raises:
        NotFound: the run has none of that name.
        WorkFailed: it is not there any more.
    """
    from jupyter_mlops.store.links import links

    project = Project.find(folder)
    full = resolve(project, run)
    found = [link for link in links(load_run(project.run_directory(full))) if link.stored]
    chosen = next((link for link in found if name == link.name), None) or next(
        (link for link in found if len(name) > 5 and (link.digest.startswith(name) or link.stored.startswith(name))),
        None,
    )
    if chosen is None:
        known = ", ".join(dict.fromkeys(link.name for link in found)) or "none"
        raise NotFound(f"The run {full} has no artifact {name!r}.", hint=f"It has: {known}.")
    path = local_file(project, full, chosen.stored)
    size = path.stat().st_size
    return {"run": full, "name": chosen.name, "digest": chosen.stored, "path": str(path), "bytes": size}


def local_file(project: Project, run: str, digest: str, *, size: int | None = None) -> Path:
    """The file of an artifact of a run (full id), brought here if it is elsewhere.

    With `size`, its bytes as far as they are known, one that is large is not brought.

    Raises:
        NotFound: it is not in the store, or is elsewhere and large.
    """
    if project.artifacts.exists(digest):
        return project.artifacts.path(digest)
    driven_there = is_remote(project.run_directory(run))
    volume = {} if driven_there else _volume_of(project, run)
    if not (driven_there or volume):
        return project.artifacts.path(digest)
    if size is not None and size > AT_ONCE:
        raise NotFound(
            f"It is where the run was, and has {size / 1e6:.0f} MB.",
            hint=f"Fetch it with: jupyter mlops show {run} --value {digest[:12]}",
        )
    with elsewhere(project, run, keeps=volume) as target:
        return target.fetch(run, digest, project)


@contextlib.contextmanager
def elsewhere(
    project: Project, run: str, given: Mapping[str, str] | None = None, *, keeps: Mapping[str, str] | None = None
) -> Iterator[RemoteTarget]:
    """The place where a run is driven, or that `keeps` its values (namespace, and claim or storage), opened.

    Raises:
        Usage: the run is not driven elsewhere, or its place cannot be opened.
    """
    if keeps:
        target = open_target("kubernetes", project, given=keeps)
    else:
        target = target_of_run(run, "", project, given=given)
    try:
        if not isinstance(target, RemoteTarget):
            raise Usage(f"The run {run} is not driven elsewhere.")
        yield target
    finally:
        target.close()


def _volume_of(project: Project, run: str) -> dict[str, str]:
    """Where in a cluster the values are of a run that was driven from here; nothing if they are here."""
    from jupyter_mlops.targets.kubernetes.claims import place_of_volume
    from jupyter_mlops.targets.kubernetes.told_step import VOLUME_FACT

    for task in load_run(project.run_directory(run)).tasks.values():
        facts = (task.result or {}).get("facts")
        if place := place_of_volume(facts.get(VOLUME_FACT) if isinstance(facts, Mapping) else None):
            return place
    return {}


def _lacks(directory: Path) -> bool:
    try:
        remote = read_remote(directory)
    except Usage:
        return False
    return remote is not None and not remote.complete


def _is_worth_it(directory: Path) -> bool:
    """Whether something is missing, and who would bring it has not just failed."""
    remote = read_remote(directory) if _lacks(directory) else None
    return remote is not None and not remote.failed_lately


def _nobody_follows(project: Project, run: str) -> bool:
    with bringing_home(project.run_directory(run)) as mine:
        return mine


def main() -> int:
    """Follow runs of a project to their ends: `python -m jupyter_mlops.verbs.remote FOLDER RUN...`."""
    folder, *runs = sys.argv[1:]
    threads = [threading.Thread(target=_follow, args=(run, folder), name="mlops-attach") for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def _follow(run: str, folder: str) -> None:
    with contextlib.suppress(MlopsError):
        attach(run, folder=folder)


if __name__ == "__main__":
    raise SystemExit(main())
