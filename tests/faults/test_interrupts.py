"""Ctrl-C while a verb works: it ends soon, says so in a sentence, and leaves nothing behind."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.faults.command_line import Answer, Desk, in_shell, step

# The step itself presses Ctrl-C, once it runs: no clock decides.
PRESS = "import os, signal, time\nos.kill(int(os.environ['TYPED']), signal.SIGINT)\ntime.sleep(600)"
LINEAR_ONLY = f"import jupyter_mlops as mlops\nif mlops.run_id == 'notebook':\n    exec({PRESS!r})"
ONCE = f"import os\nif not os.path.exists('go'):\n    exec({PRESS!r})"
SOON = 60.0


def pressed(desk: Desk, words: str, source: str = PRESS) -> Answer:
    cells = step("a", "x = 1\nprint('made', x)"), step("b", f"y = x\n{source}"), step("c", "print(y)")
    desk.notebook("nb.ipynb", *cells)
    (desk.folder / "tmp").mkdir()
    begun = time.monotonic()
    answer = in_shell(f"export TYPED=$$; exec $MLOPS {words}", desk.folder, TMPDIR=str(desk.folder / "tmp"))
    assert time.monotonic() - begun < SOON
    return answer


def states(run: dict[str, Any]) -> dict[str, str]:
    return {task["step"]: task["state"] for task in run["tasks"]}


def test_a_run_is_canceled_and_a_retry_goes_on_with_it(desk: Desk) -> None:
    answer = pressed(desk, "run nb.ipynb", ONCE)
    answer.fails("Stopping the run; Ctrl-C again ends it at once.")
    assert states(desk.json("show")) == {"a": "succeeded", "b": "canceled", "c": "canceled"}
    (desk.folder / "go").touch()
    again = desk.json("retry")
    assert states(again) == dict.fromkeys("abc", "succeeded")
    assert [task["attempt"] for task in again["tasks"]] == [1, 2, 1]


def test_a_run_with_json_still_answers_with_one_object(desk: Desk) -> None:
    answer = pressed(desk, "run nb.ipynb --json")
    assert answer.code == 1
    assert answer.data["state"] == "canceled"
    assert answer.out.count("\n") == 1


@pytest.mark.parametrize("source", [PRESS, LINEAR_ONLY], ids=["as a pipeline", "from top to bottom"])
def test_a_verification_stops_in_either_way_and_tells_no_difference(desk: Desk, source: str) -> None:
    answer = pressed(desk, "verify nb.ipynb", source)
    assert answer.code == 1
    assert "Stopped before the two ways could be compared." in answer.err
    assert answer.out == ""
    answer.is_for_people()
    assert [path.name for path in (desk.folder / "tmp").glob("mlops-verify-*")] == []
    assert desk.runs() == []
