from __future__ import annotations

import errno
import os

import pytest

from jupyter_mlops.errors import StoreUnwritable
from jupyter_mlops.store import events as e
from jupyter_mlops.store.events_file import EventWriter, read_run

DURABLE = e.RunStarted(1.0, {"pid": 1})


@pytest.fixture
def refusing(monkeypatch):
    """A disk whose syncs fail with this errno."""

    def refuse(number):
        def failing(descriptor):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", failing)
        monkeypatch.setattr(os, "fdatasync", failing, raising=False)

    return refuse


@pytest.mark.parametrize("name", ["EINVAL", "ENOTSUP", "ENOSYS"])
def test_a_file_system_that_knows_no_sync_is_written_all_the_same(tmp_path, refusing, name):
    refusing(getattr(errno, name))
    with EventWriter(tmp_path / "run") as writer:
        writer.append(DURABLE)
    assert read_run(tmp_path / "run").events == (DURABLE,)


@pytest.mark.parametrize(
    ("name", "said", "way_out"),
    [
        ("EIO", "the disk did not confirm it: Input/output error", "Check the disk"),
        ("ENOSPC", "The disk is full", "Free some space"),
        ("EDQUOT", "The disk is full", "Free some space"),
    ],
)
def test_a_disk_that_fails_to_sync_is_an_error_with_a_way_out(tmp_path, refusing, name, said, way_out):
    refusing(getattr(errno, name))
    with EventWriter(tmp_path / "run") as writer, pytest.raises(StoreUnwritable, match=said) as refused:
        writer.append(DURABLE)
    assert way_out in refused.value.hint


def test_what_may_lose_its_last_second_is_not_synced(tmp_path, refusing):
    refusing(errno.EIO)
    with EventWriter(tmp_path / "run") as writer:
        writer.append(e.MetricLogged(1.0, "acc", 0.5))
    assert len(read_run(tmp_path / "run").events) == 1
