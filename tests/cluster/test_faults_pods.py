"""Pods of steps that are taken away, end before their time, or do not end: what becomes of their attempts."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from jupyter_mlops.kube.resource import JOBS, PODS
from jupyter_mlops.targets.kubernetes.places import GRACE_S
from jupyter_mlops.verbs.run import run
from tests.cluster.test_runs import notebook, states, store
from tests.cluster.watched import (
    WAITS,
    Watching,
    first_time,
    folder,
    until,
    wait_for_word,
    watching,
)

__all__ = ["folder", "store", "watching"]


@pytest.mark.parametrize("how", ["evicted", "deleted"])
def test_a_step_that_is_taken_away_begins_again_without_using_up_a_retry(
    folder: Path, watching: Watching, how: str
) -> None:
    def take() -> None:
        pod = watching.pod()
        wait_for_word(folder, watching, "work", "the first")
        watching.evict(pod) if how == "evicted" else watching.kube.delete(PODS, pod)

    watching.at_start_of("work", take)
    answer = run(notebook(folder, f"%%step work --no-cache\n{first_time(how)}"), target="kubernetes", on_event=watching)
    watching.done()
    assert answer["state"] == "succeeded", answer["tasks"]
    [task] = answer["tasks"]
    said = {"evicted": "Its node was drained.", "deleted": "Its pod was deleted."}[how]
    assert [attempt["state"] for attempt in task["attempts"]] == ["failed", "succeeded"]
    assert [note for note in task["notes"] if f"Attempt 1 was started again: {said}" in note]
    runs = folder / ".jupyter_mlops" / "runs" / answer["run"] / "tasks" / "work"
    assert "the first" in (runs / "1" / "executed.ipynb").read_text()
    assert (runs / "2" / "log").read_text().strip() == "the second"


def test_a_step_that_takes_too_long_keeps_what_it_has_printed(folder: Path) -> None:
    answer = run(
        notebook(folder, "%%step slow --timeout 4\nprint('so far', flush=True)\nimport time; time.sleep(600)"),
        target="kubernetes",
    )
    [task] = answer["tasks"]
    assert (task["state"], task["reason"]) == ("failed", "took longer than its timeout of 4 s")
    assert "so far" in Path(task["notebook"]).read_text()


def test_a_canceled_run_stops_its_steps_and_keeps_what_they_have_printed(folder: Path, watching: Watching) -> None:
    stop = threading.Event()

    def cancel() -> None:
        wait_for_word(folder, watching, "slow", "so far")
        stop.set()

    watching.at_start_of("slow", cancel)
    answer = run(
        notebook(folder, f"%%step slow\nprint('so far', flush=True)\n{WAITS}", "%%step after\nx = 1"),
        target="kubernetes",
        on_event=watching,
        stop=stop,
    )
    watching.done()
    assert answer["state"] == "canceled"
    assert states(answer)["slow"] == "canceled"
    assert "so far" in Path(answer["tasks"][0]["notebook"]).read_text()


DEAF = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n"
    "while True: time.sleep(0.2)"
)


def test_steps_that_do_not_listen_are_killed_after_their_grace(folder: Path, watching: Watching) -> None:
    """Their pods have the grace period of all steps, so this waits for it: once for both ways to be asked to end."""
    stop = threading.Event()

    def cancel() -> None:
        for task in ("slow", "endless"):
            wait_for_word(folder, watching, task, "deaf")
        asked = f"jupyter-mlops.io/run={watching.run},jupyter-mlops.io/step=slow"
        until(
            lambda: [p for p in watching.kube.list(PODS, labels=asked).items if "deletionTimestamp" in p["metadata"]],
            "the end of the time of the step `slow`",
        )
        stop.set()

    watching.at_start_of("endless", cancel)
    path = notebook(folder, f"%%step slow --timeout 3\n{DEAF}", f"%%step endless\n{DEAF}")
    answer = run(path, target="kubernetes", on_event=watching, stop=stop)
    watching.done()
    assert answer["state"] == "canceled"
    assert states(answer) == {"slow": "failed", "endless": "canceled"}
    assert answer["tasks"][0]["reason"] == "took longer than its timeout of 3 s"
    for task in states(answer):
        place = folder / ".jupyter_mlops" / "runs" / watching.run / "tasks" / task / "1"
        assert "deaf" in (place / "log").read_text()
        seen = [json.loads(line) for line in (place / "cluster.jsonl").read_text().splitlines()]
        pods = [line for line in seen if line["kind"] == "pod"]
        killed = next(pod for pod in pods if pod["exit_code"] == 128 + signal.SIGKILL)
        running = [pod["at"] for pod in pods if pod["state"] == "running"]
        assert killed["at"] - max(running) > 0.9 * GRACE_S  # told to end, it ran on
    mine = f"jupyter-mlops.io/part=step,jupyter-mlops.io/run={watching.run}"
    until(lambda: not watching.kube.list(JOBS, labels=mine).items, "the end of its Jobs")


def test_a_process_that_crashes_is_named_so_and_uses_up_a_retry(folder: Path) -> None:
    # The first process of a container cannot send itself SIGKILL.
    crash = "import ctypes, os\nmark = '/mlops/store/died'\nos.path.exists(mark) or {}ctypes.string_at(0)"
    always, once = crash.format(""), crash.format("open(mark, 'w').close() or ")
    [task] = run(notebook(folder, f"%%step dies --no-cache\n{always}"), target="kubernetes")["tasks"]
    assert (task["state"], "SIGSEGV" in task["reason"]) == ("failed", True), task["reason"]
    answer = run(notebook(folder, f"%%step dies --no-cache --retries 1\n{once}"), target="kubernetes")
    assert answer["state"] == "succeeded"
    assert [attempt["state"] for attempt in answer["tasks"][0]["attempts"]] == ["failed", "succeeded"]


def test_a_step_with_too_little_memory_is_named_so(folder: Path) -> None:
    path = notebook(folder, "%%step eats --memory 64Mi\nheld = []\nwhile True: held.append(bytearray(8 << 20))")
    [task] = run(path, target="kubernetes")["tasks"]
    assert "more memory than its limit of 64Mi (OOMKilled)" in task["reason"].replace(" MiB", "Mi")
