from __future__ import annotations

import json
import os
import time

import pytest

from jupyter_mlops.errors import Conflict, NewerStore, NotFound, StoreUnwritable, Usage
from jupyter_mlops.store.cache import Cache, CacheEntry
from jupyter_mlops.store.garbage import delete_run, gc, rebuild
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.liveness import driving, engine_identity
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id, run_ids
from jupyter_mlops.store.search import search

DEAD = {**engine_identity(), "started": "1"}


@pytest.fixture
def put(project):
    def put(text: str, *, age: float = 0.0) -> str:
        digest = project.artifacts.put_bytes(text.encode())
        when = time.time() - age
        os.utime(project.artifacts.path(digest), (when, when))
        return digest

    return put


@pytest.fixture
def over(make_run):
    """A run that ended `days` ago and logged artifacts."""

    def make(*digests: str, days: float = 0.0):
        written = make_run(at=time.time() - days * 86_400 - 10).created().started()
        for digest in digests:
            written.artifact(digest)
        return written.finished()

    return make


def test_values_of_a_run_whose_events_are_elsewhere_stay_as_long_as_what_its_tasks_left(project, put):
    digest, run = put("of an attached run"), new_run_id()
    left = project.run_directory(run) / "tasks" / "load" / "1"
    left.mkdir(parents=True)
    (left / "result.json").write_text(json.dumps({"bundle": {"path": str(project.artifacts.path(digest))}}))
    assert gc(project).artifacts == ()
    delete_run(project, run, dead=True)
    assert gc(project).artifacts == (digest,)


def test_artifacts_that_no_run_names_go_and_the_others_stay(project, put, over):
    wanted, unused = put("wanted"), put("unused")
    over(wanted)
    found = gc(project)
    assert (found.artifacts, found.runs, found.bytes) == ((unused,), (), len("unused"))
    assert list(project.artifacts.digests()) == [wanted]


def test_any_digest_in_the_events_counts_whatever_the_event_is(project, put, make_run):
    written = make_run().created().started()
    deep, strange = put("deep"), put("strange")
    written.task("train", result={"bundle": {"path": f"/s/artifacts/{deep[:2]}/{deep}"}})
    written.write({"type": "of.the.future", "at": 1.0, "thing": [{"sha": strange}]}).finished()
    assert gc(project).artifacts == ()


def test_without_limits_no_run_goes(project, over):
    over(days=1000)
    assert gc(project).runs == ()


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        ({"keep": 2}, [0, 1]),
        ({"keep": 0}, [0, 1, 2, 3]),
        ({"keep": 9}, []),
        ({"older_than": 2.5 * 86_400}, [0, 1]),
        ({"older_than": 0}, [0, 1, 2, 3]),
        ({"keep": 3, "older_than": 1.5 * 86_400}, [0]),
        ({"keep": 1, "older_than": 3.5 * 86_400}, [0]),
    ],
)
def test_old_runs_go_beyond_the_newest_and_older_than(project, over, limits, gone):
    runs = [over(days=days).run for days in (4, 3, 2, 1)]
    planned = gc(project, **limits, dry_run=True)
    assert run_ids(project) == runs
    found = gc(project, **limits)
    assert sorted(found.runs) == [runs[place] for place in gone]
    assert (found.runs, found.bytes) == (planned.runs, planned.bytes)
    assert run_ids(project) == [run for place, run in enumerate(runs) if place not in gone]


def test_artifacts_go_with_the_last_run_that_names_them(project, put, over):
    shared, own = put("shared"), put("own")
    over(shared, own, days=9)
    over(shared)
    assert gc(project, keep=1).artifacts == (own,)
    assert project.artifacts.exists(shared)


def test_a_dry_run_changes_nothing(project, put, over):
    unused = put("unused")
    over(days=9)
    before = sorted(str(path) for path in project.home.rglob("*"))
    found = gc(project, keep=0, dry_run=True)
    assert found.dry_run
    assert found.artifacts == (unused,)
    assert sorted(str(path) for path in project.home.rglob("*") if path.name != "store.lock") == before


def test_a_run_in_motion_stays_whatever_the_limits(project, put, make_run):
    mine = put("mine")
    written = make_run().created().started().artifact(mine)
    assert gc(project, keep=0, older_than=0).runs == ()
    assert project.artifacts.exists(mine)
    assert run_ids(project) == [written.run]


def test_a_run_that_is_over_but_held_by_an_engine_stays(project, over):
    written = over(days=9)
    with driving(written.directory):
        assert gc(project, keep=0).runs == ()


def test_a_run_whose_engine_died_may_go(project, make_run):
    written = make_run().created().started(DEAD)
    assert gc(project, keep=0).runs == (written.run,)


def test_what_a_run_in_motion_may_yet_use_stays(project, put, make_run):
    """It may find anything in the cache, and what it just put is not yet in its events."""
    cached, forgotten = put("cached", age=1e6), put("forgotten", age=1e6)
    Cache(project.cache, project.artifacts).remember(CacheEntry("0f" * 32, "r", "t", {}, {cached: 0}))
    written = make_run(at=time.time() - 100).created().started()
    fresh = put("fresh")
    assert gc(project).artifacts == (forgotten,)
    assert Cache(project.cache, project.artifacts).lookup("0f" * 32)
    written.finished()
    assert set(gc(project).artifacts) == {cached, fresh}


def test_cache_records_go_with_their_artifacts(project, put, over):
    cache = Cache(project.cache, project.artifacts)
    kept, lost = put("kept"), put("lost")
    over(kept)
    cache.remember(CacheEntry("0a" * 32, "r", "t", {}, {kept: 0}))
    cache.remember(CacheEntry("0b" * 32, "r", "t", {}, {kept: 0, lost: 0}))
    assert gc(project, dry_run=True).cache == 1
    assert gc(project).cache == 1
    assert [entry.key for entry in cache.entries()] == ["0a" * 32]


def test_a_cached_result_can_be_used_after_its_run_went_if_another_run_needs_it(project, put, over):
    cache = Cache(project.cache, project.artifacts)
    value = put("value")
    first = over(value, days=9)
    over(value)
    cache.remember(CacheEntry("0a" * 32, first.run, "t", {}, {value: 0}))
    assert gc(project, keep=1).runs == (first.run,)
    assert cache.lookup("0a" * 32)


def test_what_killed_writers_left_goes(project, over):
    folder = project.artifacts.folder / ".new"
    folder.mkdir(parents=True)
    (folder / "old").write_text("x")
    (folder / "young").write_text("x")
    os.utime(folder / "old", (1, 1))
    half = project.runs / ".deleted-x"
    (half / "tasks").mkdir(parents=True)
    gc(project)
    assert [path.name for path in folder.iterdir()] == ["young"]
    assert not half.exists()


def test_a_run_that_cannot_be_read_is_left_alone_with_its_artifacts(project, put, make_run):
    value = put("value")
    written = make_run().created(format=99).artifact(value)
    assert gc(project, keep=0) == gc(project, keep=0)
    assert run_ids(project) == [written.run]
    assert project.artifacts.exists(value)


def test_a_project_without_a_store_has_no_garbage(tmp_path):
    assert gc(Project(tmp_path)).runs == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limits", [{"keep": -1}, {"older_than": -1.0}])
def test_negative_limits_are_refused(project, limits):
    with pytest.raises(Usage):
        gc(project, **limits)


def test_a_newer_store_is_left_alone(project, put):
    put("x")
    (project.home / "format").write_text("2")
    with pytest.raises(NewerStore):
        gc(project)
    assert len(list(project.artifacts.digests())) == 1


def test_a_run_is_deleted_and_forgotten_by_the_index(project, over):
    gone, kept = over(), over()
    delete_run(project, gone.run)
    assert run_ids(project) == [kept.run]
    assert [run.run for run in search(project)] == [kept.run]
    with pytest.raises(NotFound):
        delete_run(project, gone.run)


def test_a_run_in_motion_cannot_be_deleted(project, make_run):
    written = make_run().created().started()
    with pytest.raises(Conflict, match="cancel"):
        delete_run(project, written.run)
    assert written.directory.exists()


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(project, over):
    over(days=9)
    (project.home / "store.lock").unlink(missing_ok=True)
    (project.home / "store.lock").mkdir()
    with pytest.raises(StoreUnwritable, match="JUPYTER_MLOPS_HOME"):
        gc(project, keep=0)


def test_rebuilding_counts_the_runs(project, over):
    for _ in range(3):
        over()
    assert rebuild(project) == 3
    with Index(project) as index:
        assert index.query("SELECT count(*) FROM runs")[0][0] == 3
