from __future__ import annotations

import threading
import time
import uuid

import pytest

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.store.run_ids import is_run_id, new_run_id, resolve, run_ids

A = "0192aaaa-0000-7000-8000-00000000aaaa"
B = "0192aaaa-0001-7000-8000-00000000bbbb"
C = "0193cccc-0000-7000-8000-00000000cccc"


def test_ids_are_uuids_of_version_7_with_the_time_in_front():
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_run_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before - 1 <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_later_ids_are_greater_also_within_a_millisecond():
    made = [new_run_id() for _ in range(5000)]
    assert made == sorted(set(made))


def test_threads_never_get_the_same_id():
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(new_run_id() for _ in range(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000
    assert all(map(is_run_id, made))


@pytest.mark.parametrize(
    "text", ["", "..", "last", A.upper(), A[:-1], A + "/x", A + "\n", "0192aaaa-0000-4000-8000-00000000aaaa"]
)
def test_only_a_whole_id_is_one(text):
    assert not is_run_id(text)


@pytest.fixture
def three(project):
    for run in (B, A, C):
        (project.runs / run).mkdir()
    (project.runs / ".deleted-x").mkdir()
    (project.runs / "notes").write_text("")
    return project


@pytest.mark.parametrize(
    ("text", "run"),
    [(A, A), ("0193", C), ("last", C), ("latest", C), ("0192aaaa-0001", B), ("bbbb", B), (" 0193CCCC ", C)],
)
def test_a_run_is_found_by_its_id_a_beginning_or_an_end_of_it(three, text, run):
    assert resolve(three, text) == run


def test_the_last_run_is_one_that_has_begun(three):
    for run, events in ((A, "{}\n"), (B, "{}\n"), (C, "")):
        (three.runs / run / "events-1.jsonl").write_text(events)
    assert resolve(three, "last") == B
    assert resolve(three, C) == C


def test_an_ambiguous_beginning_names_the_runs_it_fits(three):
    with pytest.raises(Usage, match="fits 2 runs") as caught:
        resolve(three, "0192")
    assert A in str(caught.value)
    assert B in str(caught.value)


@pytest.mark.parametrize("text", ["0194", "", "notes", ".", "../runs", "%"])
def test_what_fits_no_run_is_not_found(three, text):
    with pytest.raises(NotFound, match="no run"):
        resolve(three, text)


def test_a_project_without_runs_says_so(project):
    with pytest.raises(NotFound, match="There are no runs"):
        resolve(project, "last")


def test_runs_are_listed_oldest_first_and_nothing_else_is(three):
    assert run_ids(three) == [A, B, C]
