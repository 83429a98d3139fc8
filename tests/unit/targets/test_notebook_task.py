"""Whole notebooks as tasks of the local target."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from jupyter_mlops.runtime.bundle import read_bundle
from jupyter_mlops.targets.local.target import LocalTarget
from tests.unit.targets.attempts import SAY_PID, WAIT, Bench, bench


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("runs")
    with bench(LocalTarget(slots=2), folder) as made:
        yield made


def notebook(folder: Path, name: str, *cells: str, kernel: str = "python3", **metadata: object) -> str:
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    made[0].metadata["tags"] = ["parameters"]
    metadata = metadata or {"kernelspec": {"name": kernel, "language": "python", "display_name": kernel}}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), folder / name)
    return str(folder / name)


def test_it_takes_parameters_and_leaves_values_metrics_and_its_executed_notebook(runs: Bench) -> None:
    log = "import jupyter_mlops as mlops\nmlops.log_metric('acc', 0.5)\nprint(mlops.param('n'))"
    path = notebook(runs.folder, "a.ipynb", "n = 1", log, "twice = 2 * n\nparts = [twice]")

    outcome = runs.run(task="a", notebook=path, params={"n": 21}, exports=("twice",), outputs=("parts",))

    assert (outcome.state, outcome.reason) == ("succeeded", "")
    assert outcome.result is not None
    assert outcome.result.exports == {"twice": 42}
    assert outcome.result.bundle is not None
    assert read_bundle(outcome.result.bundle, namespace={}) == {"parts": [42]}
    assert outcome.result.outputs["parts"].type == "list"
    assert runs.wait_metric_after("a#1", "acc") == 0.5
    assert runs.log("a") == "21\n"
    executed = nbformat.read(runs.folder / "a" / "executed.ipynb", 4)
    assert executed.metadata.papermill.parameters == {"n": 21}


def test_its_cells_are_told_of_by_their_place_in_the_source(runs: Bench) -> None:
    path = notebook(runs.folder, "b.ipynb", "n = 1", "x = n", "y = 1 / 0")

    outcome = runs.run(task="b", notebook=path, params={"n": 2})

    cells = [(event["cell"], event["fate"]) for event in runs.events["b#1"] if event["type"] == "cell.finished"]
    assert cells == [(0, "succeeded"), (1, "succeeded"), (2, "failed")]
    assert outcome.state == "failed"
    assert outcome.reason == "ZeroDivisionError: division by zero"
    assert outcome.result is not None
    assert outcome.result.error is not None
    assert outcome.result.error.cell == 2
    assert "ZeroDivisionError" in runs.log("b")
    assert "ZeroDivisionError" in (runs.folder / "b" / "executed.ipynb").read_text()


def test_a_crash_of_its_process_is_a_failure_that_says_so(runs: Bench) -> None:
    path = notebook(runs.folder, "c.ipynb", "import ctypes\nctypes.string_at(0)")

    outcome = runs.run(task="c", notebook=path)

    assert outcome.state == "failed"
    assert "SIGSEGV" in outcome.reason
    assert "Segmentation fault" in runs.log("c")


def test_files_it_makes_have_digests(runs: Bench) -> None:
    path = notebook(runs.folder, "d.ipynb", "open('made.txt', 'w').write('x')")

    outcome = runs.run(task="d", notebook=path, files_out=("made.txt", "missing.txt"))

    assert outcome.result is not None
    assert list(outcome.result.files) == ["made.txt"]


def test_a_notebook_that_is_not_there_says_so(runs: Bench) -> None:
    outcome = runs.run(task="e", notebook=str(runs.folder / "nowhere.ipynb"))

    assert outcome.state == "failed"
    assert "nowhere.ipynb is not there" in outcome.reason


SPARSE = {
    "no kernel": {"title": "of a script"},
    "a kernel without its language": {"kernelspec": {"name": "python3", "display_name": "Python"}},
    "a language without a kernel": {"language_info": {"name": "python"}},
}


@pytest.mark.parametrize("said", SPARSE)
def test_one_that_says_little_of_its_kernel_runs_as_python(runs: Bench, said: str) -> None:
    path = notebook(runs.folder, "g.ipynb", "n = 1", "print(n)", **SPARSE[said])

    outcome = runs.run(task=f"g {said}", notebook=path, params={"n": 8})

    assert (outcome.state, outcome.reason) == ("succeeded", "")
    assert runs.log(f"g {said}") == "8\n"


def test_one_whose_kernel_is_missing_says_how_to_install_it(runs: Bench) -> None:
    outcome = runs.run(task="h", notebook=notebook(runs.folder, "h.ipynb", "n = 1", kernel="nosuch"))

    assert outcome.state == "failed"
    assert "The kernel 'nosuch' is not installed here." in outcome.reason
    assert outcome.result is not None
    assert outcome.result.error is not None
    assert "ipykernel install --user --name nosuch" in outcome.result.error.hint


def test_it_can_be_stopped(runs: Bench) -> None:
    source = f"print('so far')\n{SAY_PID}{WAIT}"
    attempt = runs.start(task="f", notebook=notebook(runs.folder, "f.ipynb", source))
    runs.wait_metric(attempt, "pid")

    runs.target.stop(attempt, "user")

    assert runs.wait(attempt).state == "canceled"
    assert "so far" in (runs.folder / "f" / "executed.ipynb").read_text()


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel that is not ours: here the same Python, behind a script, as another language would be."""
    script = tmp_path / "stranger"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    folder = tmp_path / "kernels" / "stranger"
    folder.mkdir(parents=True)
    argv = [str(script), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "language": "python", "display_name": "stranger"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return "stranger"


def test_other_kernels_run_it_and_report_all_the_same(stranger: str, tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        "a.ipynb",
        "n = 1",
        "import jupyter_mlops as mlops\nmlops.log_metric('n', n)\nprint(n)",
        kernel=stranger,
    )
    with bench(LocalTarget(), tmp_path) as runs:
        outcome = runs.run(task="a", notebook=path, kernel=stranger, params={"n": 7})

        assert (outcome.state, outcome.reason) == ("succeeded", "")
        assert runs.wait_metric_after("a#1", "n") == 7
        assert [event["cell"] for event in runs.events["a#1"] if event["type"] == "cell.finished"] == [0, 1]
        assert "7\n" in runs.log("a")


def test_other_kernels_cannot_hand_over_values(stranger: str, tmp_path: Path) -> None:
    path = notebook(tmp_path, "a.ipynb", "n = 1", kernel=stranger)
    with bench(LocalTarget(), tmp_path) as runs:
        outcome = runs.run(task="a", notebook=path, kernel=stranger, exports=("n",))

    assert outcome.state == "failed"
    assert "cannot be taken out of a notebook that runs in another kernel" in outcome.reason
