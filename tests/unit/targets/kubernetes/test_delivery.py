"""What a courier removes from the volume: what nobody keeps, and working folders of runs that are gone."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.targets.kubernetes.delivery import _deliver

DAY_S = 24 * 3600.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path).ensure()


def place(project: Project, run: str, *, age: float, pipeline: str = "work") -> Path:
    """A working folder with a file of 5 bytes, last changed so many seconds ago."""
    folder = project.root / "work" / pipeline / run
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "left.csv").write_text("a\n1\n2")
    return aged(folder, age)


def aged(folder: Path, age: float) -> Path:
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (time.time() - age,) * 2, follow_symlinks=False)
    return folder


def sweep(project: Project, *keep: str, dry_run: bool = False) -> dict[str, Any]:
    asked = {"keep": list(keep), "age": DAY_S, "dry_run": dry_run}
    order = {"run": "", "held": {}, "values": {}, "remove": [], "sweep": asked}
    answer: dict[str, Any] = _deliver(order, project, io.StringIO())["sweep"]
    return answer


def test_working_folders_of_runs_that_are_gone_go_once_they_are_old(project: Project) -> None:
    orphan, young, kept = (new_run_id() for _ in range(3))
    old, other = place(project, orphan, age=2 * DAY_S), place(project, orphan, age=3 * DAY_S, pipeline="other")
    stay = [place(project, young, age=60.0), place(project, kept, age=2 * DAY_S)]
    assert sweep(project, kept, dry_run=True) == {"runs": [orphan], "bytes": 10}
    assert old.exists()
    assert sweep(project, kept) == {"runs": [orphan], "bytes": 10}
    assert [folder.exists() for folder in (old, other)] == [False, False]
    assert all(folder.exists() for folder in stay)
    assert sweep(project, kept) == {"runs": [], "bytes": 0}


def test_a_run_goes_with_its_working_folder_and_stays_while_either_is_new(project: Project) -> None:
    gone, at_work = (new_run_id() for _ in range(2))
    for run in (gone, at_work):
        folder = project.run_directory(run)
        (folder / "tasks").mkdir(parents=True)
        aged(folder, 2 * DAY_S)
    folders = [place(project, gone, age=2 * DAY_S), place(project, at_work, age=60.0)]
    assert sweep(project)["runs"] == [gone]
    assert [folder.exists() for folder in folders] == [False, True]
    assert project.run_directory(at_work).exists()
    assert not project.run_directory(gone).exists()


def test_what_is_no_run_and_what_only_leads_elsewhere_stays(project: Project, tmp_path: Path) -> None:
    notes = project.root / "work" / "work" / "notes"
    notes.mkdir(parents=True)
    aged(notes, 9 * DAY_S)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "precious").write_text("1")
    aged(theirs, 9 * DAY_S)
    (project.root / "work" / "work" / new_run_id()).symlink_to(theirs)
    assert sweep(project) == {"runs": [], "bytes": 0}
    assert notes.exists()
    assert (theirs / "precious").exists()
