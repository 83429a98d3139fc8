"""A run that is driven elsewhere: what its folder says of that, and who brings it home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlops.errors import Conflict, Usage
from jupyter_mlops.store.events import Note, RunCreated, RunFinished, RunStarted
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.garbage import delete_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.remote import (
    RemoteRun,
    belongs_home,
    bringing_home,
    change_remote,
    read_remote,
    write_remote,
)
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.store.runs import Runs

PLACE = RemoteRun("kubernetes", {"image": "i", "namespace": "n"})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path).ensure()


@pytest.fixture
def folder(project: Project) -> Path:
    made = project.run_directory(new_run_id())
    made.mkdir()
    write_remote(made, PLACE)
    return made


def created(run: str, at: float, *, user: str = "ada", environment: object = None) -> RunCreated:
    return RunCreated(at, run, "p", "e", {}, "kubernetes", "", {}, environment or {}, user)


def write(folder: Path, *events: object, writer: str = "pod") -> None:
    with EventWriter(folder, writer) as file:
        file.append(*events)


def test_what_is_written_is_read_and_changes(folder: Path) -> None:
    assert read_remote(folder) == PLACE
    change_remote(folder, driver=2, state="ended", complete=True)
    assert read_remote(folder) == RemoteRun("kubernetes", PLACE.settings, 2, "ended", True)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"format": 1, "target": 1}', '{"format": 2}'])
def test_a_file_that_is_damaged_is_said_to_be(folder: Path, text: str) -> None:
    (folder / "remote.json").write_text(text)
    with pytest.raises(Usage, match="cannot be read"):
        read_remote(folder)


def test_a_run_elsewhere_lives_until_that_place_says_otherwise(folder: Path) -> None:
    nobody = {"pid": 1, "host": "a-pod", "started": "0", "boot": "b", "namespace": "n"}
    write(folder, created(folder.name, 1.0), RunStarted(2.0, nobody))
    for path in folder.glob("events-*"):
        os.utime(path, (1, 1))  # no sign of life for years
    assert load_run(folder).state == "running"
    change_remote(folder, state="ended")
    assert (load_run(folder).state, load_run(folder).interrupted) == ("failed", True)


@pytest.mark.parametrize("skew", [-5.0, 5.0])
def test_a_run_that_is_created_here_and_there_is_one(folder: Path, skew: float) -> None:
    write(folder, created(folder.name, 10.0), Note(11.0, "no node has room"), writer="home")
    assert (load_run(folder).state, load_run(folder).reason) == ("pending", "no node has room")
    write(folder, Note(11.5, ""), writer="home")
    assert load_run(folder).reason == ""
    there = created(folder.name, 10.0 + skew, user="root", environment={"python": "3.11"})
    write(folder, there, RunStarted(12.0 + skew, {}), RunFinished(13.0 + skew, "failed", "why"))
    record = load_run(folder)
    assert (record.user, record.environment, record.created) == ("ada", {"python": "3.11"}, 10.0)
    assert (record.state, record.reason) == ("failed", "why")


def test_one_process_brings_a_run_home_at_a_time(folder: Path) -> None:
    other = (
        "import sys; from pathlib import Path; from jupyter_mlops.store.remote import bringing_home\n"
        "with bringing_home(Path(sys.argv[1])) as mine: print(mine)"
    )

    def elsewhere() -> str:
        done = subprocess.run([sys.executable, "-c", other, str(folder)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with bringing_home(folder) as mine:
        assert mine
        with bringing_home(folder) as again:
            assert not again
        assert elsewhere() == "False"
    assert elsewhere() == "True"


def test_a_wish_to_cancel_is_written_where_nothing_from_elsewhere_can_be(project: Project, folder: Path) -> None:
    write(folder, created(folder.name, 1.0))
    with Runs(project) as runs:
        runs.request_cancel(folder.name)
    [mine] = [path.name for path in folder.glob("events-home*")]
    assert belongs_home(mine)
    assert belongs_home("remote.json")
    assert not belongs_home("events-mlops-driver-1.jsonl")
    assert load_run(folder).cancel_requested


def test_a_live_run_elsewhere_is_not_removed_unless_somebody_knows_better(project: Project, folder: Path) -> None:
    write(folder, created(folder.name, 1.0))
    with pytest.raises(Conflict, match="in motion"):
        delete_run(project, folder.name)
    delete_run(project, folder.name, dead=True)
    assert not folder.exists()
