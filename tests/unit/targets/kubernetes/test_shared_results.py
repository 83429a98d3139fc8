"""The cache at home and that of a volume share results whose keys agree, on a small cluster; and what is no result."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.engine import cache_key
from jupyter_mlops.engine.environment import runtime_digest
from jupyter_mlops.engine.plan import Plan, Selection, make_plan
from jupyter_mlops.engine.run import RunOptions, start_run
from jupyter_mlops.pipeline.model import Component, Input, Options, Pipeline, Secret, Step, Volume
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.store.cache import Cache
from jupyter_mlops.store.following import place_of
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.kubernetes import arriving_values, shared_results
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.targets.kubernetes.shared_results import ENTRIES, VALUE, Offer, take_in
from jupyter_mlops.targets.local.target import LocalTarget
from jupyter_mlops.verbs import remote as verbs
from tests.unit.targets.kubernetes.test_home import code, project, target, there
from tests.volume_cluster import VolumeCluster

__all__ = ["code", "project", "target", "there"]

SOURCES = ("import os\nx = os.urandom(100)", "y = len(x)\nopen('note.txt', 'w').write(str(y))", "print(y + 1)")


def plan(folder: Path, sources: tuple[str, ...] = SOURCES, options: Options | None = None) -> Plan:
    """A chain: each step takes what the one before gives."""
    names, steps = ("x", "y", "z"), []
    for at, source in enumerate(sources):
        given = (Input(names[at - 1], ((f"s{at - 1}", names[at - 1]),)),) if at else ()
        cells = Component("cells", (CellSource(at, f"c{at}", source, at + 1),))
        out = ("note.txt",) if "note.txt" in source else ()
        steps.append(
            Step(
                f"s{at}",
                cells,
                inputs=given,
                outputs=(names[at],) if at < 2 else (),
                files_out=out,
                options=options or Options(),
            )
        )
    return make_plan(Pipeline("work", tuple(steps), cwd=str(folder)), {})


@pytest.fixture
def local() -> Iterator[LocalTarget]:
    found = LocalTarget()
    yield found
    found.close()


def states(folder: Path) -> list[str]:
    return [task.state for task in load_run(folder).tasks.values()]


def test_what_the_laptop_has_made_is_cached_in_the_cluster(
    there: VolumeCluster, target: KubernetesCluster, project: Project, local: LocalTarget
) -> None:
    made = start_run(plan(project.root), project, local).run
    (project.root / "note.txt").unlink()
    folder = target.drive(plan(project.root), project, RunOptions())
    record = load_run(folder)
    assert states(folder) == ["cached"] * 3, record.reason
    assert {task.cached_from for task in record.tasks.values()} == {f"{made}/s{at}" for at in range(3)}
    assert not list(there.of("jobs", **{"jupyter-mlops.io/part": "step"}))
    [note] = there.project.root.glob("work/**/note.txt")
    assert note.read_text() == "100"
    assert not (project.root / "note.txt").exists()  # nothing is put in its place here


def test_what_the_cluster_has_made_is_cached_here(
    there: VolumeCluster, target: KubernetesCluster, project: Project, local: LocalTarget
) -> None:
    made = target.drive(plan(project.root), project, RunOptions())
    assert states(made) == ["succeeded"] * 3
    finished = start_run(plan(project.root), project, local)
    assert states(finished.directory) == ["cached"] * 3
    assert (project.root / "note.txt").read_text() == "100"
    executed = finished.directory / "tasks" / "s2" / "0" / "executed.ipynb"
    assert "101" in executed.read_text()


@pytest.mark.parametrize(
    "settings", [{"volumes": ["data:/data"]}, {"secrets": ["db:password:DB_PASSWORD"]}, {"share_cache": False}]
)
def test_what_a_volume_or_a_setting_rules_out_stays_there(
    settings: dict, target: KubernetesCluster, project: Project, local: LocalTarget
) -> None:
    target = KubernetesCluster(image="image", **settings)
    assert states(target.drive(plan(project.root), project, RunOptions())) == ["succeeded"] * 3
    assert Cache(project.cache, project.artifacts).entries() == []


def test_what_the_cluster_had_already_is_cached_here_with_what_it_logged(
    target: KubernetesCluster, project: Project, local: LocalTarget, tmp_path: Path
) -> None:
    sources = ("import jupyter_mlops as mlops\nx = [1]\nmlops.log_metric('loss', 0.5)",)
    elsewhere = Project(tmp_path / "elsewhere").ensure()
    target.drive(plan(elsewhere.root, sources), elsewhere, RunOptions())
    found = target.drive(plan(project.root, sources), project, RunOptions())
    assert states(found) == ["cached"]
    record = load_run(start_run(plan(project.root, sources), project, local).directory)
    assert record.tasks["s0"].cached_from == f"{found.name}/s0"
    assert [series[-1].value for series in record.series.values()] == [0.5]
    assert place_of(project.run_directory(record.run), record.tasks["s0"]) == found / "tasks" / "s0" / "0"


def test_a_value_that_stayed_there_is_a_miss_until_it_is_fetched(
    there: VolumeCluster,
    target: KubernetesCluster,
    project: Project,
    local: LocalTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = ("import os\nx = os.urandom(3_000)", "y = len(x)")
    monkeypatch.setattr(arriving_values.SmallValues.__init__, "__defaults__", (2_000,))
    run = target.drive(plan(project.root, sources), project, RunOptions()).name
    first = start_run(plan(project.root, sources), project, local)
    assert states(first.directory)[0] == "succeeded"
    Cache(project.cache, project.artifacts).forget(_key(first.directory, "s0"))
    verbs.fetch(run, "x", folder=project.root)
    again = start_run(plan(project.root, sources), project, local)
    assert load_run(again.directory).tasks["s0"].cached_from == f"{run}/s0"


def _key(folder: Path, task: str) -> str:
    events = [json.loads(line) for path in folder.glob("events-*.jsonl") for line in path.read_text().splitlines()]
    [parts] = [event["key"] for event in events if event["type"] == "task.started" and event["task"] == task]
    return cache_key.key_of(parts)


def test_what_the_volume_has_is_not_sent_again(
    there: VolumeCluster, target: KubernetesCluster, project: Project, local: LocalTarget
) -> None:
    start_run(plan(project.root), project, local)
    target.drive(plan(project.root), project, RunOptions())
    sent: list[int] = []
    packed = Offer.packed
    try:
        Offer.packed = lambda self, known: _noted(sent, packed(self, known))  # type: ignore[method-assign]
        assert states(target.drive(plan(project.root), project, RunOptions())) == ["cached"] * 3
    finally:
        Offer.packed = packed  # type: ignore[method-assign]
    assert sent == [0]


def _noted(sent: list[int], archive: dict[str, bytes]) -> dict[str, bytes]:
    sent.append(len(archive))
    return archive


def test_what_was_made_on_the_volume_and_what_is_large_is_not_offered(
    target: KubernetesCluster, project: Project, local: LocalTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.drive(plan(project.root), project, RunOptions())
    assert target._offer(project, "run", plan(project.root), RunOptions()) == Offer(project)
    other = plan(project.root, ("import os\nx = os.urandom(50)", SOURCES[1]))
    start_run(other, project, local)
    keys = [entry.task for entry in target._offer(project, "run", other, RunOptions()).entries]
    assert keys == ["s0", "s1"]
    monkeypatch.setattr(shared_results, "MOST_EACH", 10)
    assert target._offer(project, "run", other, RunOptions()) == Offer(project)


@pytest.mark.parametrize("left", ["note.txt", "./note.txt"])
def test_what_a_step_made_of_files_that_never_travel_stays_here(
    left: str, target: KubernetesCluster, project: Project, local: LocalTarget
) -> None:
    start_run(plan(project.root), project, local)
    target = KubernetesCluster(image="image", leave_out=[left])
    offer = target._offer(project, "run", plan(project.root), RunOptions())
    assert [entry.task for entry in offer.entries] == ["s0", "s2"]
    target = KubernetesCluster(image="image", leave_out=["note.txt.bak", "data"])
    offer = target._offer(project, "run", plan(project.root), RunOptions())
    assert [entry.task for entry in offer.entries] == ["s0", "s1", "s2"]


@pytest.mark.parametrize("change", ["selection", "verify", "setting", "image", "volume", "secret", "environment"])
def test_what_cannot_agree_or_is_not_wanted_is_not_offered(
    change: str,
    target: KubernetesCluster,
    project: Project,
    local: LocalTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted, options = plan(project.root), RunOptions()
    if change == "image":  # at home it ran in another one
        wanted = plan(project.root, options=Options(image="other"))
    elif change == "volume":  # a folder here stood for it
        wanted = plan(project.root, options=Options(volumes=(Volume("data", str(project.root)),)))
    elif change == "secret":  # a variable here stood for it
        wanted = plan(project.root, options=Options(secrets=(Secret("db", "password", "HOME"),)))
    start_run(wanted, project, local)
    if change == "selection":
        wanted = replace(wanted, selection=Selection(no_cache=True))
    elif change == "verify":
        options = RunOptions(final=True)
    elif change == "setting":
        target = KubernetesCluster(image="image", share_cache=False)
    elif change == "environment":
        shared_results._note_environment(project, target._given, {"environment": "ab" * 32})
    offer = target._offer(project, "run", wanted, options)
    assert offer is None or not offer.entries


def test_results_of_another_python_stay_there_and_none_is_offered_to_it(
    target: KubernetesCluster, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**cache_key.surroundings(), "environment": "ab" * 32}
    monkeypatch.setattr(shared_results, "surroundings", lambda: other)
    monkeypatch.setattr(shared_results, "environment_digest", lambda: other["environment"])
    target.drive(plan(project.root), project, RunOptions())
    assert Cache(project.cache, project.artifacts).entries() == []
    monkeypatch.setattr(shared_results, "foresee", lambda *_: pytest.fail("the cache was looked through"))
    assert target._offer(project, "run", plan(project.root), RunOptions()) == Offer(project)


def offered(project: Project, target: KubernetesCluster, local: LocalTarget) -> dict[str, bytes]:
    """An archive of one result."""
    start_run(plan(project.root, SOURCES[:1]), project, local)
    offer = shared_results.useful_there(
        project, "run", plan(project.root, SOURCES[:1]), target._settings, target._given
    )
    return offer.packed(())


def test_a_result_counts_only_if_all_of_it_is_what_its_digests_say(
    target: KubernetesCluster, project: Project, local: LocalTarget, tmp_path: Path
) -> None:
    archive = offered(project, target, local)
    values = [name for name in archive if name.startswith(VALUE)]
    assert len(values) == 2  # the bundle and the executed notebook
    for at, name in enumerate(values):
        for content in (None, archive[name][:-1], archive[name] + b" ", b"", b"\0" * len(archive[name])):
            place = Project(tmp_path / f"{at}-{content and len(content)}-{content and content[:1]!r}").ensure()
            changed = {**archive, name: content} if content is not None else {**archive}
            if content is None:
                del changed[name]
            taken = take_in(changed, place)
            if taken:  # what follows a bundle is not of it
                assert content == archive[name] + b" "
            else:
                assert Cache(place.cache, place.artifacts).entries() == []
    whole = Project(tmp_path / "whole").ensure()
    [key] = take_in(archive, whole)
    assert Cache(whole.cache, whole.artifacts).lookup(key)
    assert take_in(archive, whole) == (key,)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "../../x"},
        {"key": 5},
        {"format": 99},
        {"artifacts": {"../x": 1}},
        {"artifacts": []},
        {"files": {"../../x": "y"}},
        {"result": {}},
        {"result": []},
        {"run": None},
        {"at": "now"},
        {"result": "bundle"},
    ],
)
def test_what_is_no_entry_is_passed_over(
    change: dict, target: KubernetesCluster, project: Project, local: LocalTarget, tmp_path: Path
) -> None:
    archive = offered(project, target, local)
    [entry] = json.loads(archive[ENTRIES])
    if change == {"result": "bundle"}:  # a bundle that is not the one of these values
        outputs = {name: {**info, "digest": "0" * 64} for name, info in entry["result"]["outputs"].items()}
        change = {"result": {**entry["result"], "outputs": outputs}}
    place = Project(tmp_path / "place").ensure()
    archive[ENTRIES] = json.dumps([7, None, {**entry, **change}]).encode()
    assert take_in(archive, place) == ()
    assert take_in({ENTRIES: b"[" * 100_000}, place) == take_in({ENTRIES: b"{}"}, place) == take_in({}, place) == ()
    assert Cache(place.cache, place.artifacts).entries() == []


def test_the_runtime_has_the_same_digest_in_the_zip_that_pods_run(code: Path) -> None:
    said = "from jupyter_mlops.engine.environment import runtime_digest; print(runtime_digest())"
    program = f"import sys; sys.path.insert(0, {str(code)!r}); {said}"
    found = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == runtime_digest()
