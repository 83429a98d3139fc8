"""Odd places to work in: no home, no folder, a closed screen, a language that has no letters for what is printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.command_line import Desk, in_shell, step

TEXT = "été 😀 日本"


@pytest.fixture
def nb(desk: Desk) -> str:
    return desk.notebook("nb.ipynb", step("a", f"x = {TEXT!r}\nprint(x)"), step("b", "print(x)")).name


PLACES: dict[str, dict[str, str | None]] = {
    "no home": {"HOME": None},
    "a home that is not there": {"HOME": "/proc/nowhere", "IPYTHONDIR": None, "XDG_CACHE_HOME": None},
    "ASCII": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1 output": {"PYTHONIOENCODING": "latin-1"},
    "no path": {"PATH": "/usr/bin:/bin"},
    "no terminal type": {"TERM": None, "COLUMNS": "0"},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_run_succeeds_and_its_log_is_whole(desk: Desk, nb: str, place: str) -> None:
    more = " && $MLOPS show && $MLOPS logs >/dev/null" if place in ("ASCII", "Latin-1 output") else ""
    answer = in_shell(f"$MLOPS run {nb}{more}", desk.folder, **PLACES[place])
    assert answer.code == 0, answer
    assert answer.err == ""
    assert "succeeded" in answer.out
    assert desk.logs(desk.json("show")) == {"a": f"{TEXT}\n", "b": f"{TEXT}\n"}


@pytest.mark.parametrize("verb", ["run", "check", "graph", "convert", "verify"])
def test_a_path_that_this_language_has_no_letters_for_is_refused(desk: Desk, verb: str) -> None:
    desk.notebook("été.ipynb", step("a", "x = 1"))
    in_shell(f"$MLOPS {verb} été.ipynb", desk.folder, **PLACES["ASCII"]).refuses(2, "LC_ALL=C.UTF-8")
    assert desk.runs() == []


SCREENS = {
    "closed output": "$MLOPS run nb.ipynb >&-",
    "closed errors": "$MLOPS run nb.ipynb 2>&- >/dev/null",
    "closed input": "$MLOPS run nb.ipynb <&- >/dev/null",
    "all closed": "$MLOPS run nb.ipynb <&- >&- 2>&-",
    "a reader that leaves": "set -o pipefail; $MLOPS run nb.ipynb | head -1 >/dev/null",
    "a reader that is gone": "set -o pipefail; $MLOPS run nb.ipynb | true",
    "JSON for a reader that is gone": "set -o pipefail; $MLOPS run nb.ipynb --json | true",
}


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_that_goes_away_does_not_stop_the_run(desk: Desk, nb: str, screen: str) -> None:
    answer = in_shell(SCREENS[screen], desk.folder)
    assert (answer.code, answer.err) == (0, "")
    assert desk.runs() == ["succeeded"]


def test_long_output_into_head_is_quiet(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", "for i in range(20_000):\n    print(i)"))
    desk("run", "nb.ipynb")
    answer = in_shell("set -o pipefail; $MLOPS logs | head -2", desk.folder)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-1] == "1" or answer.out.startswith("0\n1"), answer


def test_errors_on_a_closed_screen_keep_their_exit_code(desk: Desk) -> None:
    assert in_shell("$MLOPS run nowhere.ipynb 2>&-", desk.folder).code == 2
    assert in_shell("$MLOPS run nowhere.ipynb >&- 2>&-", desk.folder).code == 2


def test_a_working_folder_that_was_deleted_is_a_sentence(desk: Desk, nb: str) -> None:
    (desk.folder / "gone").mkdir()
    for verb in ("run ../nb.ipynb", "runs"):
        answer = in_shell(f"cd gone && rmdir ../gone && $MLOPS {verb}; code=$?; mkdir ../gone; exit $code", desk.folder)
        answer.refuses(2, "folder that you are in", "cd")


def test_a_notebook_whose_folder_cannot_be_written_runs_with_its_store_elsewhere(
    desk: Desk, nb: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also from a folder that is not the notebook's, and with the variable naming the store itself."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for place in (elsewhere, elsewhere / ".jupyter_mlops"):
        answer = in_shell(f"cd / && $MLOPS run {desk.folder / nb} --json", desk.folder, JUPYTER_MLOPS_HOME=str(place))
        assert Path(answer.data["notebook"]).is_relative_to(elsewhere / ".jupyter_mlops")
    assert desk.runs() == []


def test_a_module_beside_the_notebook_may_be_called_like_ours_or_pythons(desk: Desk) -> None:
    for name in ("jupyter_mlops", "json", "random", "secrets", "types"):
        (desk.folder / f"{name}.py").write_text("raise RuntimeError('taken for a library')\n")
    desk.notebook("nb.ipynb", step("a", "x = 1"), step("b", "print(x)"))
    answer = in_shell("python_path=1 $MLOPS check nb.ipynb", desk.folder, PYTHONSAFEPATH="1")
    assert answer.code == 0, answer
    answer = in_shell("$MLOPS run nb.ipynb --json", desk.folder, PYTHONSAFEPATH="1")
    assert answer.data["state"] == "succeeded", answer


def test_a_notebook_that_changes_while_it_runs_stays_as_the_person_left_it(desk: Desk) -> None:
    path = desk.notebook("nb.ipynb", step("a", "open('nb.ipynb', 'a').write(' ')\nx = 1"), step("b", "print(x)"))
    before = path.read_text()
    run = desk.json("run", "nb.ipynb")
    assert run["state"] == "succeeded"
    assert path.read_text() == before + " "


def test_a_step_that_deletes_the_store_fails_the_run_with_a_sentence(desk: Desk) -> None:
    desk.notebook(
        "nb.ipynb", step("a", f"import shutil\nshutil.rmtree({str(desk.store)!r})\nx = 1"), step("b", "print(x)")
    )
    answer = desk("run", "nb.ipynb")
    assert answer.code == 1
    answer.is_for_people()
    assert answer.err or "failed" in answer.out
    desk.notebook("good.ipynb", step("a", "print(1)"))
    assert desk("run", "good.ipynb").code == 0


def test_a_step_that_removes_or_leaves_its_folder_does_no_harm_to_others(desk: Desk) -> None:
    source = "import os, tempfile\nos.chdir(tempfile.mkdtemp())\nos.rmdir(os.getcwd())\nx = 1"
    desk.notebook("nb.ipynb", step("a", source), step("b", "import os\nprint(os.getcwd())"))
    run = desk.json("run", "nb.ipynb")
    states = {task["step"]: task["state"] for task in run["tasks"]}
    assert states["a"] == "succeeded"
    assert Path(desk.logs(run)["b"].strip() or "/").exists()
    assert os.getcwd() == str(desk.folder)
