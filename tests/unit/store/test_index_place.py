from __future__ import annotations

import os

import pytest

from jupyter_mlops.store.index_place import index_path, is_shared


def test_the_cache_folder_can_be_named(tmp_path):
    path = index_path(tmp_path / "home", environ={"JUPYTER_MLOPS_CACHE": str(tmp_path / "c")})
    assert path is not None
    assert path.parent == tmp_path / "c"
    assert path.parent.is_dir()


def test_the_users_cache_folder_is_the_default(tmp_path):
    path = index_path(tmp_path / "home", environ={"XDG_CACHE_HOME": str(tmp_path / "x")})
    assert path is not None
    assert path.parent == tmp_path / "x" / "jupyter_mlops"
    path = index_path(tmp_path / "home", environ={"HOME": str(tmp_path)})
    assert path is not None
    assert path.parent == tmp_path / ".cache" / "jupyter_mlops"


def test_each_store_has_an_index_of_its_own(tmp_path):
    environ = {"JUPYTER_MLOPS_CACHE": str(tmp_path)}
    assert index_path(tmp_path / "a", environ=environ) == index_path(tmp_path / "a", environ=environ)
    assert index_path(tmp_path / "a", environ=environ) != index_path(tmp_path / "b", environ=environ)


def test_a_store_reached_by_a_link_has_one_index(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    environ = {"JUPYTER_MLOPS_CACHE": str(tmp_path)}
    assert index_path(tmp_path / "link", environ=environ) == index_path(tmp_path / "a", environ=environ)


def test_the_temporary_folder_helps_out_and_is_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    path = index_path(tmp_path / "home", environ={"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert path is not None
    assert path.parent == tmp_path / "tmp" / f"jupyter_mlops-{os.getuid()}"
    assert path.parent.stat().st_mode & 0o077 == 0


def test_where_no_folder_can_be_written_there_is_no_place(tmp_path):
    (tmp_path / "file").write_text("")
    assert index_path(tmp_path / "home", environ={"JUPYTER_MLOPS_CACHE": str(tmp_path / "file" / "x")}) is None


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:44 / /home rw shared:2 - nfs4 server:/home rw
31 30 0:45 / /home/me/local rw - xfs /dev/vdb rw
32 22 0:46 / /mnt/with\\040space rw - fuse.sshfs host:/ rw
33 22 0:47 / /homestead rw - btrfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("/var/cache", False),
        ("/home/me/.cache", True),
        ("/home/me/local/x", False),
        ("/mnt/with space/x", True),
        ("/homestead/x", False),
    ],
)
def test_the_kind_of_the_nearest_mount_decides(tmp_path, path, shared):
    from pathlib import Path

    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert is_shared(Path(path), mounts=str(tmp_path / "mountinfo")) is shared


def test_where_mounts_cannot_be_listed_a_path_counts_as_local(tmp_path):
    assert not is_shared(tmp_path, mounts=str(tmp_path / "nothing"))
