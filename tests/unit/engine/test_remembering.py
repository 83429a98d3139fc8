"""Results of a run that was elsewhere, kept in the cache here."""

from __future__ import annotations

import json
from dataclasses import asdict

from jupyter_mlops.engine.attempts import attempt_folder
from jupyter_mlops.engine.cache_key import key_of
from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.remembering import remember_all
from jupyter_mlops.engine.resume import replayed
from jupyter_mlops.engine.state import new_state
from jupyter_mlops.runtime.spec import TaskResult
from jupyter_mlops.store.events import RunFinished, RunStarted, TaskFinished, TaskStarted
from jupyter_mlops.store.following import PLACE_FACT
from tests.unit.engine.runs import chain


def test_of_a_task_that_failed_and_was_cached_then_what_the_cache_had_logged_is_kept(journal: StoreJournal) -> None:
    parts, result = {"source": "ab" * 32}, asdict(TaskResult("succeeded", 0.1))
    for attempt, loss in ((0, 0.5), (1, 99.0)):
        folder = journal.directory / attempt_folder("s0", attempt)
        folder.mkdir(parents=True)
        (folder / "events.jsonl").write_text(json.dumps({"type": "metric", "name": "loss", "value": loss}) + "\n")
    events = (
        RunStarted(1.0, {}),
        TaskStarted(2.0, "s0", "s0", 1, attempt_folder("s0", 1), parts),
        TaskFinished(3.0, "s0", "s0", 1, "failed"),
        RunFinished(4.0, "failed"),
        RunStarted(5.0, {}),
        TaskFinished(6.0, "s0", "s0", 0, "cached", result=result, cached_from="other/s0", key=parts),
    )
    state = replayed(new_state(chain("pass"), 1), events)
    assert (state.tasks["s0"].state, state.tasks["s0"].attempt) == ("cached", 1)
    remember_all(state, events, journal, reused=True)
    found = journal.cached(key_of(parts))
    assert found is not None
    assert [line["value"] for line in found.logged] == [0.5]
    assert found.result.facts[PLACE_FACT] == attempt_folder("s0", 0)
