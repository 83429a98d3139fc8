"""Pipelines in Python, run by processes: values, classes and conditions reach from step to step."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

import jupyter_mlops as mlops
from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.engine.run import Finished, RunOptions, start_run
from jupyter_mlops.pipeline.api import load_pipeline_file
from jupyter_mlops.pipeline.model import Pipeline
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.local import LocalTarget

FLOW = """
    import jupyter_mlops as mlops
    import statistics

    SCALE = 2

    class Model:
        def __init__(self, weight):
            self.weight = weight

    def scaled(value):
        return value * SCALE

    @mlops.step
    def load(n: int):
        print("loading", n)
        return list(range(n))

    @mlops.step(outputs=("model", "acc"))
    def train(data, depth):
        acc = 0.5 + depth / 10
        mlops.log_metric("acc", acc)
        return Model(scaled(statistics.mean(data))), acc

    @mlops.step
    def weigh(model):
        assert isinstance(model, Model)
        return model.weight

    @mlops.step
    def best(weights, accs):
        return max(accs)

    @mlops.step
    def deploy(acc, where):
        print("deployed", where, acc)

    @mlops.step(exit=True)
    def bye():
        print("bye")

    @mlops.pipeline
    def main(n: int = 4):
        data = load(n)
        with mlops.for_each([2, 5], name="depth") as depth:
            model, acc = train(data, depth=depth)
            weight = weigh(model)
        top = best(weight, acc)
        with mlops.when(top > 0.9) as good:
            deploy(top, "here")
        with mlops.when(~good):
            deploy(top, "there")
        bye()

    if __name__ == "__main__":
        raise SystemExit("the main block must not run")
"""


@pytest.fixture(scope="module")
def target() -> Iterator[LocalTarget]:
    target = LocalTarget(slots=2)
    yield target
    target.close()


def run(pipeline: Pipeline, project: Project, target: LocalTarget, **params: object) -> Finished:
    return start_run(make_plan(pipeline, params), project, target)


def states(finished: Finished) -> dict[str, str]:
    return {name: task.state for name, task in finished.state.tasks.items()}


def test_a_file_of_functions_runs_and_runs_again_from_the_cache(project: Project, target: LocalTarget) -> None:
    path = project.root / "flow.py"
    path.write_text(textwrap.dedent(FLOW))
    first = run(load_pipeline_file(path), project, target, n=5)
    assert first.state.outcome == "succeeded", first.state.reason
    assert states(first)["deploy"] == "succeeded"
    assert first.state.tasks["deploy-2"].reason == "`not (best > 0.9)` is false"
    path.write_text(path.read_text() + "\n# a comment\ndef never_used(): ...\n")
    second = run(load_pipeline_file(path), project, target, n=5)
    assert {name for name, state in states(second).items() if state == "succeeded"} == {"train", "weigh", "bye"}
    assert states(second)["weigh[1]"] == "cached"
    assert second.notebook is not None
    assert "deployed here 1.0" in second.notebook.read_text()


def test_functions_of_a_session_bring_what_they_use(project: Project, target: LocalTarget) -> None:
    class Box:
        def __init__(self, value: int) -> None:
            self.value = value

    factor = 3

    def times(value: int) -> int:
        return value * factor

    @mlops.step
    def pack(value: int):
        return Box(times(value))

    @mlops.step
    def unpack(box):
        assert isinstance(box, Box), type(box)
        return box.value

    @mlops.step(exit=True)
    def check(value):
        assert value == 12, value

    @mlops.pipeline
    def main(n: int = 4):
        check(unpack(pack(n)))

    finished = run(main(), project, target)
    assert finished.state.outcome == "succeeded", [task.reason for task in finished.state.tasks.values()]


def test_equal_steps_are_two_pieces_of_work(project: Project, target: LocalTarget) -> None:
    @mlops.step
    def count(folder: str):
        from pathlib import Path

        path = Path(folder) / "count"
        path.write_text(str(int(path.read_text()) + 1 if path.exists() else 1))

    @mlops.pipeline
    def main(folder: str = str(project.root)):
        first = count(folder)
        count(folder, after=first)
        with mlops.for_each([7, 7, 7]):
            count(folder, after="count-2")

    finished = start_run(make_plan(main()), project, target, RunOptions(parallel=1))
    assert finished.state.outcome == "succeeded", finished.state.reason
    assert (project.root / "count").read_text() == "5"


def test_a_function_that_raises_shows_where(project: Project, target: LocalTarget) -> None:
    path = project.root / "flow.py"
    path.write_text(
        "import jupyter_mlops as mlops\n\n@mlops.step\ndef bad(): return 1 / 0\n\n@mlops.pipeline\ndef main(): bad()\n"
    )
    finished = run(load_pipeline_file(path), project, target)
    assert "ZeroDivisionError" in finished.state.tasks["bad"].reason
    log = next(finished.directory.glob("tasks/bad/1/log")).read_text()
    assert "1 / 0" in log
