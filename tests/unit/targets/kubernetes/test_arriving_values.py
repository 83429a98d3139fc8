"""Which values go with the frames of a run, and how they arrive while others bring some, too."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

from jupyter_mlops.store.events import TaskFinished
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.mirror import PART, Frame, frames_of
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.kubernetes import arriving_values
from jupyter_mlops.targets.kubernetes.arriving_values import ArrivingValues, SmallValues, bringing_value

DIGEST = "ab" * 32


def test_what_is_not_in_the_store_is_not_looked_for_as_long_as_the_run_lasts(tmp_path: Path, monkeypatch) -> None:
    project, run, asked = Project(tmp_path).ensure(), new_run_id(), []
    monkeypatch.setattr(project.artifacts, "size", lambda digest: asked.append(digest))
    project.run_directory(run).mkdir()
    with EventWriter(project.run_directory(run)) as file:
        file.append(TaskFinished(1.0, "a", "a", 1, "succeeded", result={"bundle": {"path": DIGEST, "seal": "s"}}))
    values = SmallValues(project, run)
    for _ in range(20):
        assert list(values.look()) == []
    assert asked == [DIGEST] * arriving_values._LOOKS


def frames(data: bytes) -> list[Frame]:
    """A value on its way, in the order of a sender."""
    digest = hashlib.sha256(data).hexdigest()
    return [Frame(f"~values/{digest}", frame.at, frame.data, frame.whole, frame.more) for frame in frames_of("", data)]


def test_two_who_bring_the_same_value_do_not_disturb_each_other(tmp_path: Path) -> None:
    project, run, data = Project(tmp_path).ensure(), new_run_id(), os.urandom(3 * PART)
    digest = hashlib.sha256(data).hexdigest()
    follower, fetcher = ArrivingValues(project, run), ArrivingValues(project, run, digest)
    follower.take(frames(data)[0])
    for frame in frames(data)[:-1]:
        fetcher.take(frame)
    follower.clear()
    fetcher.take(frames(data)[-1])
    assert project.artifacts.path(digest).read_bytes() == data
    fetcher.clear()
    assert not (project.home / "arriving").exists()


def test_of_those_who_want_a_value_at_once_one_brings_it(tmp_path: Path) -> None:
    project, run = Project(tmp_path).ensure(), new_run_id()
    project.run_directory(run).mkdir()
    brought: list[str] = []
    inside: list[int] = []

    def fetch(name: str) -> None:
        with bringing_value(project, run, DIGEST):
            inside.append(1)
            assert len(inside) == 1
            if not project.artifacts.exists(DIGEST):
                time.sleep(0.3)
                brought.append(name)
                with project.artifacts.arriving(DIGEST) as new:
                    new.write_text("x")
            inside.pop()

    threads = [threading.Thread(target=fetch, args=(name,), daemon=True) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(brought) == 1
    assert not any(thread.is_alive() for thread in threads)
