"""A full disk and a folder that cannot be written: said in words, and what was there before is still there."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.command_line import Desk, code, in_shell, step

SIZE = 3 << 20
WORDS = "the disk is full"
FILLERS = {
    "log": "for i in range(60_000):\n    print('y' * 99)",
    "bundle": "import os\nblob = os.urandom(20_000_000)",
    "executed notebook": "from IPython.display import HTML\nfor i in range(60):\n    display(HTML('z' * 100_000))",
    "artifact": "import jupyter_mlops as mlops\nmlops.log_artifact({'text': 'x' * 20_000_000}, name='text')",
}


def mounted(*words: str) -> bool:
    """Whether this machine lets us mount (a container often does not)."""
    return os.geteuid() == 0 and subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of ours, or of the processes that we start, can grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def small(desk: Desk) -> Iterator[Desk]:
    """The store alone is on a disk of 3 MiB where we can mount; else files are limited to that."""
    if mounted("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(desk.store)):
        yield desk
        subprocess.run(["umount", "--lazy", desk.store], check=True)
    else:
        with file_size_limit(SIZE):
            yield desk


@pytest.mark.parametrize("what", FILLERS)
def test_a_disk_that_fills_up_during_a_run_is_named_and_earlier_steps_are_kept(small: Desk, what: str) -> None:
    path = small.notebook(
        "nb.ipynb",
        step("before", "x = 1"),
        step("fill", "y = x + 1\n" + FILLERS[what]),
        step("after", f"print(y, {'len(blob)' if what == 'bundle' else 'x'})"),
    )
    before = path.read_bytes()
    answer = small("run", "nb.ipynb")
    assert answer.code == 1
    said = (answer.out + answer.err).lower()
    assert WORDS in said or "no space left" in said or "file too large" in said, answer
    answer.is_for_people()
    assert path.read_bytes() == before

    # The store can be read, and holds what was done.
    assert small.runs() == ["failed"]
    states = {task["step"]: task["state"] for task in small.json("show")["tasks"]}
    assert states["before"] == "succeeded"
    assert states["fill"] == "failed"
    assert small("store", "gc").code == 0


def test_after_space_was_made_retry_goes_on(small: Desk) -> None:
    source = "import os\nif not os.path.exists('enough'):\n    blob = os.urandom(20_000_000)\nelse:\n    blob = b'x'"
    small.notebook(
        "nb.ipynb", step("before", "x = 1\nprint('once')"), step("fill", source), step("z", "print(x, blob)")
    )
    assert small("run", "nb.ipynb").code == 1
    (small.folder / "enough").touch()
    again = small.json("retry")
    assert [(task["step"], task["state"], task["attempt"]) for task in again["tasks"]] == [
        ("before", "succeeded", 1),
        ("fill", "succeeded", 2),
        ("z", "succeeded", 1),
    ]


def test_a_disk_that_is_full_before_the_run_is_named_with_the_way_out(small: Desk) -> None:
    small.notebook("nb.ipynb", step("a", "print(1)"))
    with no_room(small):
        small("run", "nb.ipynb").refuses(1, str(small.store), "cannot be written", "JUPYTER_MLOPS_HOME")
        assert small.runs() == []
    assert small("run", "nb.ipynb").code == 0


@contextmanager
def no_room(desk: Desk) -> Iterator[None]:
    """Not one byte more can be written to the store."""
    if os.path.ismount(desk.store):
        filler = os.open(desk.store / "filler", os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while os.write(filler, bytes(4096)):
                pass
        os.close(filler)
        yield
        (desk.store / "filler").unlink()
    else:
        with file_size_limit(0):
            yield


def test_a_converted_notebook_that_cannot_be_written_leaves_the_old_one(small: Desk) -> None:
    target = small.store / "out.ipynb"
    target.write_text("kept")
    small.notebook("nb.ipynb", {"cell_type": "markdown", "metadata": {}, "source": "# Head"}, code("x = 1"))
    with no_room(small):
        small("convert", "nb.ipynb", "-o", target).refuses(2, "out.ipynb", "cannot be written")
    assert target.read_text() == "kept"
    assert sorted(path.name for path in small.store.iterdir()) == ["out.ipynb"]


@pytest.fixture
def read_only(desk: Desk) -> Iterator[Desk]:
    """The folder of the notebook cannot be written; by a mount for root, whom permissions do not stop."""
    desk.notebook("nb.ipynb", step("a", "print(1)"))
    if os.geteuid() == 0:
        place = str(desk.folder)
        if not (mounted("--bind", place, place) and mounted("-o", "remount,ro,bind", place)):
            pytest.skip("root without mounts can write everywhere")
        os.chdir(place)
        yield desk
        os.chdir("/")
        subprocess.run(["umount", "--lazy", place], check=True)
    else:
        for path in (desk.store, desk.folder):
            path.chmod(0o555)
        yield desk
        for path in (desk.folder, desk.store):
            path.chmod(0o755)


def test_a_read_only_folder_is_named_with_the_way_out(
    read_only: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only("run", "nb.ipynb").refuses(1, ".jupyter_mlops cannot be written", "JUPYTER_MLOPS_HOME")
    read_only("convert", "nb.ipynb").refuses(2, "nb.ipynb", "-o FILE")
    assert read_only("check", "nb.ipynb").code == 0
    assert read_only("graph", "nb.ipynb").code == 0
    assert read_only("verify", "nb.ipynb").code == 0

    monkeypatch.setenv("JUPYTER_MLOPS_HOME", str(tmp_path_factory.mktemp("elsewhere")))
    assert read_only.json("run", "nb.ipynb")["state"] == "succeeded"
    assert read_only.runs() == ["succeeded"]


def test_a_store_in_the_place_of_a_file_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.notebook("nb.ipynb", step("a", "print(1)"))
    (desk.folder / "file").touch()
    for place in (desk.folder / "file", Path("/proc/nowhere")):
        monkeypatch.setenv("JUPYTER_MLOPS_HOME", str(place))
        desk("run", "nb.ipynb").refuses(1, str(place), "cannot be written", "JUPYTER_MLOPS_HOME")


def test_output_to_a_full_device_is_a_sentence(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", "print(1)"))
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    answer = in_shell("$MLOPS run nb.ipynb >/dev/full", desk.folder)
    assert answer.code == 1
    answer.refuses(1, "output", "No space left")
    assert desk.runs() == ["succeeded"], "the run itself was not lost"
