"""What a task uses is written while it runs, and once at its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.runtime import use
from jupyter_mlops.runtime.use import USE, Amount, Limits, Sampler, group_of_container, of_processes

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / USE).read_text(encoding="utf-8").splitlines()]


def _wait_for(folder: Path, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (folder / USE).exists() and len(_lines(folder)) >= count:
            return _lines(folder)
        time.sleep(0.01)
    raise AssertionError("no sample came")


def test_a_task_that_is_over_at_once_has_one_sample(tmp_path: Path) -> None:
    amounts = iter([Amount(1.0, 10), Amount(1.5, 30)])
    told = Sampler(str(tmp_path), lambda: next(amounts)).start().stop()
    (only,) = _lines(tmp_path)
    assert (only["kind"], only["cpu"], only["memory"]) == ("use", 0.5, 30)
    assert told["cpu_seconds"] == 0.5
    assert told["peak_memory"] >= 30


def test_samples_come_while_it_runs_and_stop_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "FIRST_S", 0.01)
    sampler = Sampler(str(tmp_path), lambda: Amount(time.monotonic(), 10)).start()
    before = _wait_for(tmp_path, 3)
    sampler.stop()
    count = len(_lines(tmp_path))
    assert [line["cpu"] for line in before] == sorted(line["cpu"] for line in before)
    assert "peak" not in before[0]
    sampler._look_until_over()  # as a look that was late
    assert len(_lines(tmp_path)) == count


def test_figures_that_cannot_be_had_stop_nobody(tmp_path: Path) -> None:
    def broken() -> Amount:
        raise OSError("gone")

    assert Sampler(str(tmp_path), broken).start().stop()["cpu_seconds"] == 0
    assert not (tmp_path / USE).exists()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    assert Sampler(str(tmp_path / "missing"), lambda: Amount(0, 7)).start().stop()["peak_memory"] >= 7


def test_the_time_of_an_ended_child_is_not_taken_back(tmp_path: Path) -> None:
    amounts = iter([Amount(0.0, 1), Amount(5.0, 1), Amount(3.0, 1)])
    sampler = Sampler(str(tmp_path), lambda: next(amounts))
    sampler._sample(0)
    assert sampler.stop()["cpu_seconds"] == 5.0


@LINUX
def test_children_count() -> None:
    code = "data = bytearray(60 << 20); print('there', flush=True); input()"
    before = of_processes().memory
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert of_processes().memory - before > 50 << 20
        assert of_processes(child.pid).memory > 60 << 20
        child.communicate(b"\n")


@LINUX
def test_work_takes_time() -> None:
    before, deadline = of_processes().cpu, time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    assert of_processes().cpu - before >= 0.15


@LINUX
def test_a_look_takes_a_small_part_of_a_core() -> None:
    begun = time.process_time()
    for _ in range(50):
        of_processes()
    assert (time.process_time() - begun) / 50 < 0.005 * use.FIRST_S


def _version_2(root: Path, **files: str) -> Path:
    known = {
        "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
        "memory.current": "1000\n",
        "memory.stat": "anon 500\ninactive_file 300\n",
        "cpu.max": "150000 100000\n",
        "memory.max": "4096\n",
    }
    for name, text in {**known, **files}.items():
        (root / name).write_text(text, encoding="ascii")
    return root


def test_a_container_is_read_from_its_group(tmp_path: Path) -> None:
    group = group_of_container(str(_version_2(tmp_path)))
    assert group is not None
    assert group.amount() == Amount(2.5, 700)
    assert group.limits() == Limits(1.5, 4096)


def test_a_container_without_limits(tmp_path: Path) -> None:
    group = group_of_container(str(_version_2(tmp_path, **{"cpu.max": "max 100000", "memory.max": "max"})))
    assert group is not None
    assert group.limits() == Limits(None, None)


def test_groups_of_version_1(tmp_path: Path) -> None:
    files = {
        "cpuacct/cpuacct.usage": "2500000000\n",
        "memory/memory.usage_in_bytes": "1000\n",
        "memory/memory.stat": "cache 1\ninactive_file 1\ntotal_inactive_file 400\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "cpu/cpu.cfs_quota_us": "50000\n",
        "cpu/cpu.cfs_period_us": "100000\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    group = group_of_container(str(tmp_path))
    assert group is not None
    assert group.amount() == Amount(2.5, 600)
    assert group.limits() == Limits(0.5, None)


def test_no_group_where_its_files_are_not_there(tmp_path: Path) -> None:
    assert group_of_container(str(tmp_path)) is None


@pytest.mark.parametrize("asked", ["getpid", "getppid"])
def test_the_first_process_of_a_container_and_what_it_began_tell_its_limits_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    root = tmp_path / "group"
    root.mkdir()
    monkeypatch.setattr(use, "GROUPS", str(_version_2(root)))
    monkeypatch.setattr(os, asked, lambda: 1)
    told = Sampler(str(tmp_path)).stop()
    limits, last = _lines(tmp_path)
    assert (limits["kind"], limits["cpu"], limits["memory"]) == ("limits", 1.5, 4096)
    assert (last["cpu"], last["memory"]) == (2.5, 700)
    assert (told["cpu_limit"], told["memory_limit"]) == (1.5, 4096)
