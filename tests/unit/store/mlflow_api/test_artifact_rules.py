from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.runtime.artifacts import stage
from jupyter_mlops.store.mlflow_api import Request, Tracker, answer
from jupyter_mlops.store.mlflow_api.artifact_rules import _safe
from jupyter_mlops.store.mlflow_api.request import Problem
from jupyter_mlops.store.mlflow_api.routes import API, FILES
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_state import load_run
from tests.unit.store.conftest import Written
from tests.unit.store.mlflow_api.calls import Calls, taken_in


@pytest.fixture
def run(script: Calls) -> str:
    return str(script.post("runs/create")["run"]["info"]["run_id"])


def test_a_file_comes_back_as_it_was(script: Calls, run: str, project: Project) -> None:
    data = bytes(range(256)) * 5000

    assert script.upload(run, "data/all bytes.bin", data).status == 200

    assert script.download(run, "data/all bytes.bin") == data
    (kept,) = load_run(project.run_directory(run)).artifacts
    assert (kept.name, kept.digest, kept.bytes) == ("data/all bytes.bin", hashlib.sha256(data).hexdigest(), len(data))
    assert project.artifacts.verify(kept.digest)
    assert not list(project.run_directory(run).glob(".*"))


def test_folders_are_listed_level_by_level(script: Calls, run: str) -> None:
    for path in ("a.txt", "plots/one.png", "plots/two.png", "plots/deep/three.png", "plotsome.txt"):
        script.upload(run, path, path.encode())

    assert script.files(run) == ["a.txt", "plots/", "plotsome.txt"]
    assert script.files(run, "plots") == ["deep/", "one.png", "two.png"]
    assert script.files(run, "plots/deep") == ["three.png"]
    assert script.files(run, "plots/one.png") == ["one.png"]  # the client takes it as "this is a file"
    assert script.files(run, "nothing") == []
    listed = script.get("artifacts/list", run_id=run, path="plots")["files"]
    assert [entry["path"] for entry in listed] == ["plots/deep", "plots/one.png", "plots/two.png"]
    assert listed[1]["file_size"] == len("plots/one.png")


def test_a_later_file_of_the_same_path_replaces_the_earlier_one(script: Calls, run: str) -> None:
    script.upload(run, "a.txt", b"old")
    script.upload(run, "a.txt", b"newer")

    assert script.download(run, "a.txt") == b"newer"
    assert script.files(run) == ["a.txt"]


def test_an_empty_file_is_a_file(script: Calls, run: str) -> None:
    script.upload(run, "empty", b"")

    assert script.download(run, "empty") == b""


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "figure"), ("b.SVG", "figure"), ("c.json", "json"), ("d.csv", "file"), ("e", "file")]
)
def test_the_type_of_a_file_is_seen_from_its_name(
    script: Calls, run: str, project: Project, name: str, kind: str
) -> None:
    script.upload(run, name, b"x")

    assert load_run(project.run_directory(run)).artifacts[0].type == kind


def test_a_tasks_file_waits_in_its_attempt_until_the_engine_takes_it(
    task: Calls, pipeline: Written, project: Project
) -> None:
    task.upload(pipeline.run, "plots/curve.png", b"png")
    digest = hashlib.sha256(b"png").hexdigest()
    assert task.caller.directory is not None
    assert (task.caller.directory / "artifacts" / digest).read_bytes() == b"png"
    assert task.files(pipeline.run) == ["plots/"]
    assert task.download(pipeline.run, "plots/curve.png") == b"png"

    project.artifacts.take_over(task.caller.directory / "artifacts" / digest, digest)
    taken_in(pipeline, task)

    assert task.download(pipeline.run, "plots/curve.png") == b"png"
    (kept,) = load_run(pipeline.directory).artifacts
    assert (kept.name, kept.task, kept.type) == ("plots/curve.png", "train", "figure")
    assert kept.metadata == {"file": "curve.png"}


def test_what_our_own_functions_log_is_listed_with_its_suffix(task: Calls, pipeline: Written, tmp_path: Path) -> None:
    assert task.caller.directory is not None
    folder = task.caller.directory / "artifacts"
    folder.mkdir()
    event = {"type": "artifact", "at": 1.0, "task": "train", "role": "output"}
    lines = [{**event, **stage({"a": 1}, name, None, str(folder))} for name in ("report", "deep/facts.json")]
    (task.caller.directory / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert task.files(pipeline.run) == ["deep/", "report.json"]
    assert json.loads(task.download(pipeline.run, "report.json")) == {"a": 1}
    assert json.loads(task.download(pipeline.run, "deep/facts.json")) == {"a": 1}


def test_values_that_were_handed_on_are_no_files(script: Calls, make_run: Callable[..., Written]) -> None:
    run = make_run().created().started().artifact("ab" * 32, name="frame").finished()

    assert script.files(run.run) == []
    assert script.ask("GET", f"{FILES}/{run.run}/artifacts/frame").status == 404


EVIL = [
    "../x",
    "a/../../x",
    "a/..",
    "./x",
    "a//b",
    "a/ /b",
    "a\\..\\b",
    "C:/x",
    "a\x00b",
    "a\nb",
    "\x1b]0;x",
    "a" * 1001,
    "",
    "a/.. /b",
]


@pytest.mark.parametrize("path", EVIL, ids=lambda path: repr(path[:12]))
def test_a_path_that_would_leave_its_run_is_refused(script: Calls, run: str, project: Project, path: str) -> None:
    before = sorted(project.root.rglob("*"))

    found = script.upload(run, path, b"evil")

    assert (found.status, found.data["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert sorted(project.root.rglob("*")) == before
    if path:
        listed = script.ask("GET", API + "artifacts/list", query={"run_id": run, "path": path})
        assert listed.status == 400


@pytest.mark.parametrize(
    "place",
    ["x", "", "{run}", "{run}/other/a", "../{run}/artifacts/a", "{run}/../{run}/artifacts/a", "last/artifacts/a"],
)
def test_a_place_that_is_of_no_run_is_refused(script: Calls, run: str, place: str) -> None:
    found = script.ask("PUT", f"{FILES}/{place.format(run=run)}", b"evil")

    assert found.status in (400, 404)
    assert script.files(run) == []


@given(st.text(max_size=40))
def test_a_path_that_is_taken_stays_where_it_is_joined(path: str) -> None:
    try:
        kept = _safe(path)
    except Problem:
        return
    base = Path("/some/base")
    assert (base / kept).resolve().is_relative_to(base)
    assert kept.isprintable()


def test_an_upload_that_breaks_off_leaves_nothing(tracker: Tracker, script: Calls, run: str, project: Project) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise Problem("INVALID_PARAMETER_VALUE", "The request ended too soon.")
            return data

    found = answer(tracker, script.caller, Request("PUT", f"{FILES}/{run}/artifacts/a.txt", {}, Broken(b"half")))

    assert found.status == 400
    assert script.files(run) == []
    assert not list(project.run_directory(run).glob(".*"))
    assert list(project.artifacts.digests()) == []


def test_files_are_not_taken_away(script: Calls, run: str) -> None:
    script.upload(run, "a.txt", b"a")

    assert script.ask("DELETE", f"{FILES}/{run}/artifacts/a.txt").data["error_code"] == "ENDPOINT_NOT_FOUND"
    assert script.download(run, "a.txt") == b"a"


# Models.


def test_a_model_is_known_by_its_number_its_name_and_its_run(task: Calls, pipeline: Written) -> None:
    made = task.post(
        "logged-models",
        experiment_id="0",
        name="forest",
        source_run_id=pipeline.run,
        params=[{"key": "a", "value": "1"}],
    )["model"]["info"]
    id = made["model_id"]
    task.post(f"logged-models/{id}/params", params=[{"key": "b", "value": "2"}])
    task.patch(f"logged-models/{id}/tags", tags=[{"key": "t", "value": "x"}])
    task.patch(f"logged-models/{id}", status="LOGGED_MODEL_READY")
    task.upload(pipeline.run, made["artifact_uri"].partition("/artifacts/")[2] + "/MLmodel", b"flavors: {}")

    model = task.get(f"logged-models/{id}")["model"]

    assert (model["info"]["status"], model["info"]["source_run_id"]) == ("LOGGED_MODEL_READY", pipeline.run)
    assert model["data"]["params"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert task.files(pipeline.run, f"models/{id}") == ["MLmodel"]
    assert task.run(pipeline.run)["data"]["tags"] == []
    taken_in(pipeline, task)
    for filter in (
        "",
        "name = 'forest'",
        f"source_run_id = '{pipeline.run}'",
        f"name='forest' AND source_run_id=\"{pipeline.run}\"",
    ):
        assert task.post("logged-models/search", experiment_ids=["0"], filter=filter)["models"] == [model], filter
    assert task.post("logged-models/search", experiment_ids=["0"], filter="name = 'tree'")["models"] == []
    assert task.post("logged-models/search", experiment_ids=["5"])["models"] == []


def test_a_model_that_is_none_is_refused(script: Calls, run: str) -> None:
    script.post("runs/set-tag", run_id=run, key=f"mlflow.model.m-{run}-00000000", value='{"model_id": []}')
    forged = {"model_id": f"m-{run}-11111111", "tags": 5, "params": {}, "status": "", "name": "x"}
    script.post("runs/set-tag", run_id=run, key=f"mlflow.model.m-{run}-11111111", value=json.dumps(forged))

    for id in ("m-1", f"m-{run}-00000000", f"m-{run}-11111111", f"m-{run}-ffffffff", "../x"):
        assert script.ask("GET", f"{API}logged-models/{id}").status == 404, id
    assert script.refused("logged-models", name="m")[0] == 404
    assert script.refused("logged-models/search", experiment_ids=["0"], filter="metrics.a > 1")[0] == 400
    assert script.post("logged-models/search", experiment_ids=["0"])["models"] == []
