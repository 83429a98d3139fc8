"""What every `ArtifactStore` must do. An implementation is a fixture `store`; `restart` opens the same place again."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.store.artifacts import ArtifactStore

ABSENT = "ab" * 32
MALFORMED = [
    "",
    "..",
    "../../etc/passwd",
    "ABCDEF" * 10,
    "xyz",
    "ab" * 15,
    "ab" * 65,
    "ab/" * 20,
    f"{ABSENT}\n",
    f"{ABSENT}/x",
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(store: ArtifactStore, digest: str) -> bytes:
    with store.open(digest) as file:
        return file.read()


class ArtifactStoreSuite:
    @pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000], ids=len)
    def test_bytes_come_back_under_their_digest(self, store, data):
        digest = store.put_bytes(data)
        assert digest == sha256(data)
        assert read(store, digest) == data
        assert store.size(digest) == len(data)
        assert store.exists(digest)
        assert store.verify(digest)

    def test_the_same_content_is_kept_once(self, store, tmp_path):
        (tmp_path / "file").write_bytes(b"same")
        assert store.put_bytes(b"same") == store.put_file(tmp_path / "file") == store.put_bytes(b"same")
        assert list(store.digests()) == [sha256(b"same")]

    def test_a_file_is_copied_and_stays_where_it_is(self, store, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"first")
        digest = store.put_file(source)
        source.write_bytes(b"changed")
        assert digest == sha256(b"first")
        assert read(store, digest) == b"first"

    def test_a_file_that_is_taken_over_leaves_its_place(self, store, tmp_path):
        source = tmp_path / "file"
        source.write_bytes(b"values")
        store.take_over(source, ABSENT)
        assert not source.exists()
        assert read(store, ABSENT) == b"values"
        assert not store.verify(ABSENT)  # the digest is the caller's, not of the bytes

    def test_taking_over_what_is_there_already_removes_the_file(self, store, tmp_path):
        digest = store.put_bytes(b"same")
        source = tmp_path / "file"
        source.write_bytes(b"same")
        store.take_over(source, digest)
        assert not source.exists()
        assert read(store, digest) == b"same"

    def test_a_local_path_has_the_content(self, store):
        digest = store.put_bytes(b"local")
        path = store.path(digest)
        assert isinstance(path, Path)
        assert path.read_bytes() == b"local"
        assert not path.stat().st_mode & 0o222

    def test_what_is_deleted_is_gone_and_may_come_back(self, store):
        digest = store.put_bytes(b"x")
        store.delete(digest)
        store.delete(digest)
        assert not store.exists(digest)
        assert store.size(digest) is None
        assert list(store.digests()) == []
        assert store.put_bytes(b"x") == digest
        assert read(store, digest) == b"x"

    def test_what_is_not_there_is_not_found(self, store):
        assert not store.exists(ABSENT)
        assert not store.verify(ABSENT)
        with pytest.raises(NotFound):
            store.open(ABSENT)
        with pytest.raises(NotFound):
            store.path(ABSENT)

    @pytest.mark.parametrize("digest", MALFORMED)
    @pytest.mark.parametrize("method", ["open", "path", "size", "exists", "delete", "verify"])
    def test_a_malformed_digest_never_becomes_a_path(self, store, method, digest):
        with pytest.raises(Usage, match="not a digest"):
            getattr(store, method)(digest)

    @pytest.mark.parametrize("digest", MALFORMED)
    def test_nothing_is_taken_over_under_a_malformed_digest(self, store, tmp_path, digest):
        (tmp_path / "file").write_bytes(b"x")
        with pytest.raises(Usage, match="not a digest"):
            store.take_over(tmp_path / "file", digest)
        assert (tmp_path / "file").exists()

    def test_a_file_that_is_not_there_cannot_be_put(self, store, tmp_path):
        with pytest.raises(FileNotFoundError):
            store.put_file(tmp_path / "nothing")
        assert list(store.digests()) == []

    def test_all_that_is_kept_is_listed(self, store):
        kept = {store.put_bytes(bytes([number])) for number in range(20)}
        assert set(store.digests()) == kept

    def test_it_is_there_after_a_restart(self, store, restart):
        digest = store.put_bytes(b"stays")
        assert read(restart(), digest) == b"stays"

    def test_many_threads_put_and_read_the_same_content(self, store):
        data = b"shared" * 100_000
        digest, seen = sha256(data), []

        def work() -> None:
            for _ in range(5):
                assert store.put_bytes(data) == digest
                seen.append(read(store, digest) == data)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [True] * 30
