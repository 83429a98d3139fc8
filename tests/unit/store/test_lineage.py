from __future__ import annotations

import pytest

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.store import events as e
from jupyter_mlops.store.index import Index
from jupyter_mlops.store.lineage import made_from, resolve_artifact, used_for
from jupyter_mlops.store.links import Link, links
from jupyter_mlops.store.run_state import read_record


def digest(number: int) -> str:
    return f"{number:064x}"


def handed(bundle: int = 900, **outputs: int) -> dict:
    return {
        "outputs": {name: {"type": "int", "digest": digest(number), "bytes": 8} for name, number in outputs.items()},
        "bundle": {"path": f"/store/artifacts/00/{digest(bundle)}", "seal": digest(1000)},
        "files": {},
    }


def takes(name: str, *sources: str) -> dict:
    return {"name": name, "sources": [[source, name] for source in sources]}


# load -> raw; clean (when) raw -> raw; train (per item) raw -> model; report takes all models
PLAN = {
    "steps": [
        {"name": "load"},
        {"name": "clean", "inputs": [takes("raw", "load")]},
        {"name": "train", "inputs": [takes("raw", "clean", "load")], "files_in": ["raw.csv"]},
        {"name": "report", "inputs": [takes("model", "train")]},
    ]
}


@pytest.fixture
def written(make_run):
    written = make_run().created(plan=PLAN).started()
    written.task("load", result={**handed(901, raw=1), "files": {"raw.csv": digest(50)}})
    written.task("clean", "skipped")
    written.write(e.TaskExpanded(written.now(), "train", ("a", "b")))
    written.task("train[0]", result=handed(902, model=10)).task("train[1]", "cached", result=handed(903, model=11))
    written.artifact(digest(70), task="train[0]", name="plot.png")
    return written.task("report", result=handed(904, text=20)).finished()


@pytest.fixture
def index(project, written):
    with Index(project) as opened:
        opened.refresh()
        yield opened


def names(lineage) -> set[tuple[str, str, str]]:
    return {(edge.task.task, edge.role, edge.name) for edge in lineage.edges}


def test_links_follow_what_tasks_handed_to_each_other(written):
    found = {(link.task, link.role, link.name, link.source): link for link in links(read_record(written.directory))}
    assert set(found) == {
        ("load", "output", "raw", ""),
        ("load", "output", "file:raw.csv", ""),
        ("train[0]", "output", "model", ""),
        ("train[1]", "output", "model", ""),
        ("report", "output", "text", ""),
        ("train[0]", "input", "raw", "load"),  # `clean`, which is nearer, was skipped
        ("train[0]", "input", "file:raw.csv", "load"),
        ("train[1]", "input", "raw", "load"),
        ("train[1]", "input", "file:raw.csv", "load"),
        ("report", "input", "model", "train[0]"),
        ("report", "input", "model", "train[1]"),
        ("train[0]", "output", "plot.png", ""),
    }
    assert found["report", "input", "model", "train[1]"].digest == digest(11)
    assert found["report", "input", "model", "train[1]"].stored == digest(903)  # the bundle that holds it


def test_a_value_that_the_engine_logged_too_is_linked_once(make_run):
    written = make_run().created(plan=PLAN).task("load", result=handed(raw=1))
    written.artifact(digest(1), task="load", name="raw")
    assert list(links(read_record(written.directory))) == [
        Link(digest(1), "load", "raw", "output", "int", 8, stored=digest(900))
    ]


def test_a_task_that_failed_used_its_inputs_and_made_nothing(make_run):
    written = (
        make_run().created(plan=PLAN).task("load", result=handed(raw=1)).task("clean", "failed", result=handed(raw=2))
    )
    found = {(link.task, link.role) for link in links(read_record(written.directory))}
    assert found == {("load", "output"), ("clean", "input")}


def test_what_made_an_artifact_goes_back_to_the_beginning(index, written):
    found = made_from(index, digest(20))
    assert [task.task for task in found.tasks] == ["report", "train[0]", "train[1]", "load"]
    assert all(task.run == written.run for task in found.tasks)
    assert {task.task: task.state for task in found.tasks}["train[1]"] == "cached"
    assert ("train[0]", "input", "raw") in names(found)
    assert ("train[0]", "output", "plot.png") not in names(found)
    assert {item.digest for item in found.artifacts} == {digest(n) for n in (20, 10, 11, 1, 50)}
    assert found.artifacts[0].stored == digest(904)


def test_what_was_made_from_an_artifact_goes_on_to_the_end(index):
    found = used_for(index, digest(50))
    assert {task.task for task in found.tasks} == {"train[0]", "train[1]", "report"}
    assert ("train[0]", "output", "plot.png") in names(found)
    assert ("report", "output", "text") in names(found)
    assert ("load", "output", "raw") not in names(found)


@pytest.mark.parametrize(("depth", "tasks"), [(1, 1), (2, 3), (3, 4), (None, 4)])
def test_the_walk_may_be_cut_short(index, depth, tasks):
    assert len(made_from(index, digest(20), depth=depth).tasks) == tasks


def test_equal_content_of_another_task_is_not_mistaken_for_the_source(project, make_run):
    plan = {"steps": [{"name": "a"}, {"name": "b"}, {"name": "c", "inputs": [takes("x", "a")]}]}
    run = make_run().created(plan=plan).task("a", result=handed(x=3)).task("b", result=handed(y=3))
    run.task("c", result=handed(z=4))
    with Index(project) as index:
        index.refresh()
        assert {task.task for task in made_from(index, digest(4)).tasks} == {"c", "a"}
        assert {task.task for task in made_from(index, digest(3)).tasks} == {"a", "b"}  # both made a 3


def test_lineage_passes_from_run_to_run_through_logged_inputs(project, make_run):
    first = make_run().created().task("train").artifact(digest(5), task="train", name="model")
    second = make_run().created().task("predict").artifact(digest(5), task="predict", role="input", name="model")
    second.artifact(digest(6), task="predict", name="predictions")
    with Index(project) as index:
        index.refresh()
        made, used = made_from(index, digest(6)), used_for(index, digest(5))
    assert [(task.run, task.task) for task in made.tasks] == [(second.run, "predict"), (first.run, "train")]
    assert [(task.run, task.task) for task in used.tasks] == [(second.run, "predict")]


def test_a_task_that_uses_what_it_made_ends_the_walk(project, make_run):
    make_run().created().task("t").artifact(digest(5), task="t").artifact(digest(5), task="t", role="input")
    with Index(project) as index:
        index.refresh()
        assert len(made_from(index, digest(5)).tasks) == 1
        assert len(used_for(index, digest(5)).tasks) == 1


def test_an_artifact_outside_of_tasks_has_its_run(project, make_run):
    written = make_run().created("interactive").artifact(digest(5))
    with Index(project) as index:
        index.refresh()
        [task] = made_from(index, digest(5)).tasks
    assert (task.run, task.task, task.pipeline) == (written.run, "", "interactive")


def test_a_digest_may_be_shortened(index):
    assert resolve_artifact(index, digest(20)) == digest(20)
    assert resolve_artifact(index, digest(20).upper()) == digest(20)
    with pytest.raises(Usage, match="several"):
        resolve_artifact(index, "00")
    for text in ("ff", "", "zz", "%"):
        with pytest.raises((NotFound, Usage)):
            resolve_artifact(index, text)
