"""The last words of a run whose disk is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.store.events import RunFinished, RunStarted
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.reserve import RESERVE, Reserve
from jupyter_mlops.store.run_ids import new_run_id


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("root without mounts, or not root: no disk of our own to fill")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Not one block is left. Ends: the disk is small."""
    with place.joinpath("filler").open("ab", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def journal_on(disk: Path) -> StoreJournal:
    project = Project(disk)
    project.ensure()
    return StoreJournal(project, new_run_id(), "p")


def test_the_end_of_a_run_is_written_although_the_disk_is_full(disk: Path) -> None:
    journal = journal_on(disk)
    journal.append(RunStarted(1.0, {"pid": 1}))
    fill(disk)
    journal.append(RunFinished(2.0, "failed", "x" * 20_000))
    fill(disk)
    journal.append(RunFinished(3.0, "failed", "y" * 20_000))
    assert [event.at for event in read_run(journal.directory).events] == [1.0, 2.0, 3.0]


def test_an_event_that_is_larger_than_the_reserve_is_refused_and_nothing_is_torn(disk: Path) -> None:
    journal = journal_on(disk)
    journal.append(RunStarted(1.0, {"pid": 1}))
    fill(disk)
    with pytest.raises(StoreUnwritable, match="disk is full"):
        journal.append(RunFinished(2.0, "failed", "x" * 2 * RESERVE))
    found = read_run(journal.directory)
    assert ([event.at for event in found.events], found.damaged) == ([1.0], 0)


def test_the_room_is_given_back_when_the_run_is_over(tmp_path: Path) -> None:
    journal = journal_on(tmp_path)
    journal.append(RunStarted(1.0, {"pid": 1}))
    reserve = journal.directory / ".reserve"
    assert reserve.stat().st_size == RESERVE
    journal.close()
    assert not reserve.exists()


def test_a_reserve_that_cannot_be_taken_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reserve = Reserve(tmp_path / "file" / "below")
    reserve.keep()
    assert not reserve.release()
