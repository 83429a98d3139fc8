from __future__ import annotations

import uuid

import pytest

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
