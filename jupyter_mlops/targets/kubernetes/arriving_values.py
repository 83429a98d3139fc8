"""Values and files of a run on their way between stores: frames with names of their own, checked before they count."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.keeping import FILES_FACT
from jupyter_mlops.runtime.digests import file_sha256
from jupyter_mlops.runtime.layout import is_intact
from jupyter_mlops.store.artifacts import ArtifactStore, is_digest
from jupyter_mlops.store.events import ArtifactLogged, Event, TaskFinished, known_events
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.mirror import Frame, Held, Receiver, lacking
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import only_one

# Values of at most so many bytes come home with the frames, so that they can be looked at at once.
SMALL = 1 << 20
# So often a value is looked for after the run has told of it.
_LOOKS = 5
_LOOK_EVERY_S = 0.2
_PREFIX = "~values/"
_FOLDER = "arriving"


class ArrivingValues:
    """Takes frames of values, and keeps in the project's store those that arrived whole. Not for several threads.

    What arrives is believed to be the value of its digest when it is that digest's content, or, of a bundle, when its
    `seal` is the one that the run has recorded. `seals` are those, by digest.

    What has not arrived whole is kept to go on with, in a folder that one uses at a time: whoever brings the run home
    (`bringing_home`), or, as its `part`, whoever brings that value (`bringing_value`).
    """

    def __init__(self, project: Project, run: str, part: str = "") -> None:
        self._project = project
        self._receiver = Receiver(project.home / _FOLDER / (f"{run}.{part[:16]}" if part else run))
        self.seals: dict[str, str] = {}
        self.refused: set[str] = set()

    @staticmethod
    def takes(frame: Frame) -> bool:
        """Whether the frame is of a value."""
        return frame.name.startswith(_PREFIX)

    def take(self, frame: Frame) -> None:
        """Write a frame; the last one of a value brings it into the store."""
        digest = frame.name[len(_PREFIX) :]
        if not is_digest(digest) or self._project.artifacts.exists(digest):
            return
        folder = self._receiver.folder
        folder.mkdir(parents=True, exist_ok=True)
        if self._receiver.take(Frame(digest, frame.at, frame.data, frame.whole, frame.more)) and not frame.more:
            self._admit(digest, folder / digest)

    def held(self, digest: str) -> Held | None:
        """What of a value has arrived so far."""
        found = self._receiver.holds(lambda name: name == digest)
        return found.get(digest)

    def clear(self) -> None:
        """Remove what has not arrived whole."""
        shutil.rmtree(self._receiver.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._receiver.folder.parent.rmdir()

    def kept(self, digest: str) -> bool:
        """Whether the store here has it."""
        return self._project.artifacts.exists(digest)

    def _admit(self, digest: str, path: Path) -> None:
        seal = self.seals.get(digest)
        if file_sha256(str(path)) == digest or (seal and is_intact(str(path), seal)):
            self._project.artifacts.take_over(path, digest)
        elif digest in self.seals:
            path.unlink(missing_ok=True)
            self.refused.add(digest)
        # Else it is the bundle of a task whose end was not heard of yet: it waits.

    def settle(self, seals: Mapping[str, str]) -> None:
        """Take in what waits, now that these seals are known; what is not what it should be is removed."""
        self.seals.update(seals)
        for digest in seals:
            path = self._receiver.folder / digest
            if path.is_file():
                self._admit(digest, path)


@contextlib.contextmanager
def bringing_value(project: Project, run: str, digest: str) -> Iterator[None]:
    """Be the one who brings this value of a run, once all others who do so are through: it may be here then."""
    while True:
        with only_one(project.run_directory(run) / f"value-{digest[:16]}.lock") as mine:
            if mine:
                yield
                return
        time.sleep(_LOOK_EVERY_S)


def stored_values(events: Any) -> Iterator[tuple[str, str]]:
    """(digest in the store, seal if it is a bundle) of what a run has made, from its events."""
    for event in events:
        if isinstance(event, ArtifactLogged) and event.role == "output" and is_digest(event.digest):
            yield event.digest, ""
        elif isinstance(event, TaskFinished) and isinstance(event.result, Mapping):
            bundle, facts = event.result.get("bundle"), event.result.get("facts")
            if isinstance(bundle, Mapping) and is_digest(bundle.get("path")):
                yield str(bundle["path"]), str(bundle.get("seal") or "")
            files = facts.get(FILES_FACT) if isinstance(facts, Mapping) else None
            for digest in files.values() if isinstance(files, Mapping) else ():
                if is_digest(digest):
                    yield digest, ""


def seals_of(directory: Path) -> dict[str, str]:
    """The seals of a run's bundles, by digest."""
    return {digest: seal for digest, seal in stored_values(_known(directory)) if seal}


class SmallValues:
    """Finds values of a run that are small enough to go with its frames."""

    def __init__(self, project: Project, run: str, most: int = SMALL) -> None:
        self._project, self._directory, self._most = project, project.run_directory(run), most
        self._offsets: Mapping[str, int] = {}
        self._wanted: dict[str, int] = {}
        self._done: set[str] = set()

    def look(self) -> Iterator[Frame]:
        """Those that were made since the last look."""
        found = read_run(self._directory, self._offsets)
        self._offsets = found.offsets
        new = {digest for digest, _ in stored_values(found.events)} - self._done
        self._wanted.update(dict.fromkeys(new, _LOOKS))
        for digest, left in sorted(self._wanted.items()):
            size = self._project.artifacts.size(digest)
            if size is None and left > 1:  # it comes later, or is the digest of a value within a bundle
                self._wanted[digest] = left - 1
                continue
            del self._wanted[digest]
            if size is None:
                continue
            self._done.add(digest)
            if size <= self._most:
                yield from value_frames(self._project.artifacts, digest, None)


def value_frames(artifacts: ArtifactStore, digest: str, held: Held | None) -> Iterator[Frame]:
    """What a receiver lacks of a value."""
    if artifacts.exists(digest):
        yield from lacking(_PREFIX + digest, artifacts.path(digest), held)


def _known(directory: Path) -> list[Event]:
    return known_events(read_run(directory).events)


__all__ = ["SMALL", "ArrivingValues", "SmallValues", "bringing_value", "seals_of", "stored_values", "value_frames"]
