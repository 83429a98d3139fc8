from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from jupyter_mlops.store.artifacts import FileArtifacts
from jupyter_mlops.store.artifacts_fsspec import FsspecArtifacts
from jupyter_mlops.store.artifacts_retry import RetryingArtifacts
from tests.conformance.artifact_store_suite import ArtifactStoreSuite


class Shaky:
    """A store whose every method fails once before each success, as a network home does."""

    def __init__(self, store: FileArtifacts) -> None:
        self._store, self._failed = store, False

    def __getattr__(self, name: str):
        def method(*arguments: object) -> object:
            self._failed = not self._failed
            if self._failed:
                raise OSError("stale file handle")
            return getattr(self._store, name)(*arguments)

        return method


class TestFileArtifacts(ArtifactStoreSuite):
    @pytest.fixture
    def restart(self, tmp_path):
        return lambda: FileArtifacts(tmp_path / "artifacts")

    @pytest.fixture
    def store(self, restart):
        return restart()


class TestRetryingArtifacts(TestFileArtifacts):
    @pytest.fixture
    def restart(self, tmp_path):
        return lambda: RetryingArtifacts(FileArtifacts(tmp_path / "artifacts"))


class TestRetryingArtifactsOverAShakyStore(ArtifactStoreSuite):
    @pytest.fixture
    def restart(self, tmp_path):
        return lambda: RetryingArtifacts(Shaky(FileArtifacts(tmp_path / "artifacts")), sleep=lambda _: None)

    @pytest.fixture
    def store(self, restart):
        return restart()


class TestFsspecArtifactsInMemory(ArtifactStoreSuite):
    @pytest.fixture
    def url(self, tmp_path):
        return f"memory://bucket-{uuid.uuid4().hex}/artifacts"

    @pytest.fixture
    def restart(self, url, tmp_path):
        return lambda: FsspecArtifacts(url, FileArtifacts(tmp_path / "cache"))

    @pytest.fixture
    def store(self, restart):
        return restart()


class TestFsspecArtifactsInAFolder(TestFsspecArtifactsInMemory):
    @pytest.fixture
    def url(self, tmp_path):
        return f"file://{tmp_path}/remote"

    @pytest.mark.parametrize("put", ["put_bytes", "put_file"])
    def test_content_is_not_seen_before_it_is_whole(self, store, tmp_path, monkeypatch, put):
        data, seen = b"content" * 1000, []
        local, digest = tmp_path / "local", hashlib.sha256(data).hexdigest()
        local.write_bytes(data)

        def write_half(place, *_, **__):
            Path(place).write_bytes(data[:100])
            seen.append(store.exists(digest))
            raise OSError("connection lost")

        files = fsspec.filesystem("file")
        monkeypatch.setattr(type(files), "pipe_file", lambda _, place, __: write_half(place))
        monkeypatch.setattr(type(files), "put_file", lambda _, __, place: write_half(place))
        with pytest.raises(OSError, match="connection lost"):
            getattr(store, put)(data if put == "put_bytes" else local)
        assert seen == [False]
        assert not store.exists(digest)
        assert [path for path in (tmp_path / "remote").rglob("*") if path.is_file()] == []

    def test_what_another_writer_put_first_is_kept(self, store, tmp_path, monkeypatch):
        def taken(_, new, place):
            Path(place).write_bytes(Path(new).read_bytes())
            raise FileExistsError(place)

        monkeypatch.setattr(type(fsspec.filesystem("file")), "mv", taken)
        assert store.verify(store.put_bytes(b"once"))


class ObjectStore(LocalFileSystem):
    """A file system that says that it is an object store and cannot rename."""

    protocol = "s3"

    def mv(self, path1, path2, **options):
        raise AssertionError("renaming is copying there")


def test_an_object_store_is_written_in_place(tmp_path, monkeypatch):
    files = ObjectStore(auto_mkdir=True, skip_instance_cache=True)
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda url: (files, str(tmp_path / "b")))
    store = FsspecArtifacts("s3://b", FileArtifacts(tmp_path / "cache"))
    assert store.verify(store.put_bytes(b"whole"))
