"""The working folder of a run begins as the folder at home would."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jupyter_mlops.targets.kubernetes import workplace
from jupyter_mlops.targets.kubernetes.parcel import FILES_ENTRY
from jupyter_mlops.targets.kubernetes.workplace import clear, close, place_of, reopen, take_over


def made(root: Path, run: str, *, over: str = "succeeded", brought: str = "[]", **files: str) -> Path:
    place = root / run
    (place / "files").mkdir(parents=True)
    (place / FILES_ENTRY).write_text(brought)
    for name, text in files.items():
        path = place / "files" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if over:
        close(place, over)
    return place


def files(place: Path) -> dict[str, str]:
    return {
        path.relative_to(place / "files").as_posix(): path.read_text()
        for path in (place / "files").rglob("*")
        if path.is_file()
    }


def test_what_the_last_run_left_is_taken_over_but_not_what_it_had_brought(tmp_path: Path) -> None:
    made(tmp_path, "1", old="older")
    made(tmp_path, "2", brought='["data"]', data="sent then", out__x="left", both="left")
    new = made(tmp_path, "3", over="", both="sent now")
    assert take_over(new) == 1
    assert files(new) == {"out/x": "left", "both": "sent now"}


def test_a_run_that_goes_on_is_not_looked_at(tmp_path: Path) -> None:
    made(tmp_path, "1", a="1")
    going = made(tmp_path, "2", a="2")
    reopen(going)
    new = made(tmp_path, "3", over="")
    take_over(new)
    assert files(new) == {"a": "1"}


def test_large_files_and_links_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workplace, "LEFT_MOST", 3)
    monkeypatch.setattr(workplace, "LEFT_MOST_ALL", 5)
    last = made(tmp_path, "1", a="123", b="1234", c="12", d="1")
    (last / "files" / "link").symlink_to("/etc/passwd")
    new = made(tmp_path, "2", over="")
    take_over(new)
    assert files(new) == {"a": "123", "c": "12"}


def test_the_first_run_of_a_pipeline_begins_with_nothing(tmp_path: Path) -> None:
    assert take_over(made(tmp_path, "1", over="")) == 0


def test_old_folders_go_and_those_that_may_be_retried_stay(tmp_path: Path) -> None:
    for number in range(6):
        made(tmp_path, str(number), over="failed" if number == 1 else "succeeded")
    ancient = made(tmp_path, "00", over="failed")
    os.utime(ancient / "over", (time.time() - 40 * 24 * 3600,) * 2)
    new = made(tmp_path, "9", over="")
    clear(new)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "3", "4", "5", "9"]


def test_two_pipelines_have_two_places() -> None:
    assert place_of("A b", "r").endswith("/r")
    assert place_of("A b", "r") != place_of("a-b", "r")
