from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import uuid

import pytest

from jupyter_mlops.errors import NotFound, StoreUnwritable, Usage
from jupyter_mlops.store.artifacts import FileArtifacts
from jupyter_mlops.store.artifacts_fsspec import FsspecArtifacts
from jupyter_mlops.store.artifacts_retry import RetryingArtifacts

DIGEST = "cd" * 32


@pytest.fixture
def store(tmp_path):
    return FileArtifacts(tmp_path / "artifacts")


def test_taking_over_mends_what_was_damaged_in_place(project, tmp_path):
    store = project.artifacts
    digest = "ab" * 32
    for text in ("damaged", "correct"):
        (tmp_path / "made").write_text(text)
        store.take_over(tmp_path / "made", digest)
    assert store.path(digest).read_text() == "correct"
    assert not (tmp_path / "made").exists()


def test_a_file_moves_in_without_being_copied(store, tmp_path):
    (tmp_path / "bundle").write_bytes(b"values")
    inode = (tmp_path / "bundle").stat().st_ino
    store.take_over(tmp_path / "bundle", DIGEST)
    assert store.path(DIGEST).stat().st_ino == inode
    assert store.path(DIGEST) == store.folder / "cd" / DIGEST


def test_a_file_of_another_file_system_is_copied(store, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    source = tmp_path / "bundle"
    source.write_bytes(b"values")
    monkeypatch.setattr(os, "rename", refuse)
    store.take_over(source, DIGEST)
    assert not source.exists()
    assert store.path(DIGEST).read_bytes() == b"values"
    assert list(store.unfinished()) == []


def test_readers_keep_what_they_have_open_when_it_is_deleted_or_put_again(store):
    digest = store.put_bytes(b"values")
    with store.open(digest) as file:
        store.put_bytes(b"values")
        store.delete(digest)
        assert file.read() == b"values"


def test_a_file_that_a_power_loss_cut_short_is_written_again(store):
    digest = store.put_bytes(b"values")
    os.chmod(store.path(digest), 0o644)
    store.path(digest).write_bytes(b"val")
    assert not store.verify(digest)
    store.put_bytes(b"values")
    assert store.verify(digest)


def test_putting_again_marks_it_as_wanted_now(store):
    digest = store.put_bytes(b"x")
    os.utime(store.path(digest), (1, 1))
    assert store.touched(digest) == 1
    store.put_bytes(b"x")
    assert store.touched(digest) > 1
    assert store.touched(DIGEST) == 0.0


def test_a_full_disk_is_an_error_and_leaves_nothing(store, tmp_path, full_disk):
    (tmp_path / "big").write_bytes(bytes(5000))
    with full_disk(1000):
        with pytest.raises(StoreUnwritable, match="disk is full"):
            store.put_bytes(bytes(4000))
        with pytest.raises(StoreUnwritable, match="disk is full"):
            store.put_file(tmp_path / "big")
    assert list(store.digests()) == []
    assert list(store.unfinished()) == []


def test_a_place_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME"):
        FileArtifacts(tmp_path / "file" / "artifacts").put_bytes(b"x")
    with pytest.raises(NotFound):
        FileArtifacts(tmp_path / "nowhere").open(DIGEST)


PUT_FOR_EVER = """
import sys
from pathlib import Path
from jupyter_mlops.store.artifacts import FileArtifacts
store = FileArtifacts(Path(sys.argv[1]))
number = 0
while True:
    print(store.put_bytes(bytes([number % 7]) * 3_000_000), flush=True)
    number += 1
"""


def test_two_writers_killed_at_any_moment_leave_whole_files_or_none(store):
    for kill in range(3):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", PUT_FOR_EVER, str(store.folder)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(2)
        ]
        acknowledged = set()
        for writer in writers:
            assert writer.stdout is not None
            acknowledged |= {writer.stdout.readline().decode().strip() for _ in range(1 + kill)}
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        assert acknowledged <= set(store.digests())
        assert all(store.verify(digest) for digest in store.digests())
        for digest in list(store.digests()):
            store.delete(digest)


class Failing:
    def __init__(self, times: int, error: Exception) -> None:
        self.times, self.error, self.calls = times, error, 0

    def exists(self, digest: str) -> bool:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return True


def test_a_failing_call_is_tried_again_after_growing_pauses():
    pauses: list[float] = []
    failing = Failing(3, OSError("try again"))
    assert RetryingArtifacts(failing, attempts=4, delay=0.5, sleep=pauses.append).exists(DIGEST)
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("error", "calls"), [(OSError("for good"), 4), (NotFound("no"), 1), (Usage("no"), 1), (FileNotFoundError(), 1)]
)
def test_what_does_not_pass_is_raised_in_the_end_and_an_answer_at_once(error, calls):
    failing = Failing(99, error)
    with pytest.raises(type(error)):
        RetryingArtifacts(failing, attempts=4, sleep=lambda _: None).exists(DIGEST)
    assert failing.calls == calls


def test_a_remote_artifact_is_fetched_once(tmp_path):
    store = FsspecArtifacts(f"memory://{uuid.uuid4().hex}", FileArtifacts(tmp_path / "cache"))
    digest = store.put_bytes(b"remote")
    assert not store.cache.exists(digest)
    first = store.path(digest).stat().st_mtime_ns
    assert store.path(digest).stat().st_mtime_ns == first
    assert hashlib.sha256(store.path(digest).read_bytes()).hexdigest() == digest


def test_other_objects_beside_the_artifacts_are_not_listed(tmp_path):
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / "readme.txt").write_text("x")
    store = FsspecArtifacts(f"file://{tmp_path}/remote", FileArtifacts(tmp_path / "cache"))
    assert list(store.digests()) == []


def test_a_url_that_nothing_can_serve_is_named(tmp_path):
    with pytest.raises(Usage, match="cannot be kept at nonsense://x"):
        FsspecArtifacts("nonsense://x", FileArtifacts(tmp_path))
