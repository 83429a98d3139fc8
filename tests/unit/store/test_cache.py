from __future__ import annotations

import contextlib
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import StoreUnwritable, Usage
from jupyter_mlops.store.artifacts import is_digest
from jupyter_mlops.store.cache import FORMAT, Cache, CacheEntry, LastKey, entry_from_data, entry_to_data

KEY = "0f" * 32


@pytest.fixture
def cache(project):
    return Cache(project.cache, project.artifacts)


@pytest.fixture
def entry(project):
    value, file = project.artifacts.put_bytes(b"value"), project.artifacts.put_bytes(b"file")
    return CacheEntry(KEY, "r", "train", {"fate": "succeeded"}, {value: 0}, {"out/a.csv": file}, at=5.0)


def test_what_was_remembered_is_a_hit(cache, entry):
    cache.remember(entry)
    found = cache.lookup(KEY)
    assert found
    assert found.entry is not None
    assert (found.entry.run, found.entry.task, found.entry.result) == ("r", "train", {"fate": "succeeded"})
    assert found.entry.files == entry.files
    assert set(found.entry.artifacts.values()) == {4, 5}  # the sizes of both were filled in


def test_an_unknown_key_is_a_miss_with_the_reason(cache):
    found = cache.lookup(KEY)
    assert not found
    assert found.reason == "not run before with this key"


@pytest.mark.parametrize("which", ["artifacts", "files"])
def test_a_hit_whose_artifact_is_gone_is_a_miss_with_the_reason(cache, entry, project, which):
    cache.remember(entry)
    digest = next(iter(entry.artifacts if which == "artifacts" else entry.files.values()))
    project.artifacts.delete(digest)
    found = cache.lookup(KEY)
    assert not found
    assert "gone" in found.reason
    assert digest[:12] in found.reason


def test_a_hit_whose_artifact_was_cut_short_is_a_miss_with_the_reason(cache, entry, project):
    cache.remember(entry)
    path = project.artifacts.path(next(iter(entry.artifacts)))
    os.chmod(path, 0o644)
    path.write_bytes(b"v")
    assert "cut short" in cache.lookup(KEY).reason


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}', "null"])
def test_a_damaged_record_is_a_miss_with_the_reason(cache, entry, project, text):
    cache.remember(entry)
    (project.cache / "0f" / f"{KEY}.json").write_text(text)
    assert cache.lookup(KEY).reason == "the record of the earlier result is damaged"
    assert cache.entries() == []


def test_a_record_under_a_wrong_name_is_a_miss(cache, entry, project):
    cache.remember(entry)
    other = "0e" * 32
    (project.cache / "0e").mkdir()
    (project.cache / "0e" / f"{other}.json").write_bytes((project.cache / "0f" / f"{KEY}.json").read_bytes())
    assert not cache.lookup(other)


def test_a_result_that_misses_an_artifact_is_not_recorded(cache):
    cache.remember(CacheEntry(KEY, "r", "train", {}, {"ab" * 32: 0}))
    assert not cache.lookup(KEY)
    assert cache.entries() == []


def test_a_later_result_replaces_an_earlier_one(cache, entry):
    cache.remember(entry)
    cache.remember(CacheEntry(KEY, "later", "train", {}))
    found = cache.lookup(KEY).entry
    assert found is not None
    assert found.run == "later"
    assert len(cache.entries()) == 1


def test_a_forgotten_key_is_a_miss(cache, entry):
    cache.remember(entry)
    cache.forget(KEY)
    cache.forget(KEY)
    assert not cache.lookup(KEY)


@pytest.mark.parametrize("key", ["", "../x", "KEY", "0f" * 8])
def test_a_key_that_is_no_digest_never_becomes_a_path(cache, key):
    with pytest.raises(Usage):
        cache.lookup(key)


def test_the_last_key_of_a_task_says_what_it_was_made_of(cache):
    assert cache.last_key("iris", "train") is None
    cache.remember_key("iris", "train", LastKey({"source": "a", "params": "b"}, "r1", 1.0))
    cache.remember_key("iris", "train", LastKey({"source": "a", "params": "c"}, "r2", 2.0))
    cache.remember_key("iris", "été/../[0]", LastKey({"source": "z"}, "r3", 3.0))
    assert cache.last_key("iris", "train") == LastKey({"source": "a", "params": "c"}, "r2", 2.0)
    assert cache.last_key("iris", "été/../[0]") == LastKey({"source": "z"}, "r3", 3.0)
    assert cache.last_key("other", "train") is None


def test_keys_of_tasks_are_no_records_of_results(cache, project):
    cache.remember_key("iris", "train", LastKey({}, "r", 1.0))
    assert cache.entries() == []
    for path in project.cache.glob("last/*.json"):
        path.write_text(json.dumps({"unexpected": 1}))
    assert cache.last_key("iris", "train") is None


def test_a_full_disk_is_an_error_and_the_earlier_record_stays(cache, entry, full_disk):
    cache.remember(entry)
    with full_disk(10), pytest.raises(StoreUnwritable, match="disk is full"):
        cache.remember(CacheEntry(KEY, "later", "train", {}))
    found = cache.lookup(KEY).entry
    assert found is not None
    assert found.run == "r"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("0f" * 32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("0f" * 32), inner),
    max_leaves=8,
)


@given(data=JSON | st.fixed_dictionaries(dict.fromkeys(("run", "task", "result", "artifacts", "files", "at"), JSON)))
def test_data_from_elsewhere_is_an_entry_or_said_to_be_none(data):
    if isinstance(data, dict):
        data = {**data, "format": FORMAT, "key": KEY}
    with contextlib.suppress(ValueError):
        entry = entry_from_data(KEY, data)
        assert all(map(is_digest, (*entry.artifacts, *entry.files.values())))
        assert entry_from_data(KEY, entry_to_data(entry)) == entry
