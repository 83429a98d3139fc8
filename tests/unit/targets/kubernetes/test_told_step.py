"""What a step is told, and what of it stays on the volume."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from jupyter_mlops.runtime.spec import BundleRef, CellSource, ErrorInfo, InputValues, TaskResult, TaskSpec
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes import told_step
from jupyter_mlops.targets.kubernetes.told_step import StepOrder, order_maps


def order(folder: Path, text: str = "x = 1", **spec) -> StepOrder:
    cells = (CellSource(0, "c", text, 1),)
    made = TaskSpec("run", "s", "s", 1, str(folder / "attempt"), str(folder), cells=cells, **spec)
    (folder / "attempt").mkdir(exist_ok=True)
    return StepOrder(made, str(folder / "volume"), "/home/me", "team/claim/1")


def mount(maps: list[dict], folder: Path) -> str:
    folder.mkdir()
    for body in maps:
        for key, value in body["binaryData"].items():
            (folder / key).write_bytes(base64.b64decode(value))
    return str(folder)


def result(told: StepOrder, **more) -> TaskResult:
    (Path(told.spec.directory) / "result.json").write_text(TaskResult("succeeded", 1.0, **more).to_json())
    told_step._keep(told, Path(told.spec.directory), {})
    return TaskResult.from_json((Path(told.spec.directory) / "result.json").read_text())


def test_an_order_of_any_size_arrives_as_it_was_and_each_attempt_has_its_own(tmp_path: Path) -> None:
    told = order(tmp_path, base64.b64encode(os.urandom(2_000_000)).decode() + "\n'\udc80 ä'")
    bundle = told.to_bundle()
    maps = order_maps(bundle, "mlops-order-s-1", "run")
    assert len(maps) > 1
    assert len({body["metadata"]["name"] for body in maps}) == len(maps)
    assert all(len(json.dumps(body)) < 1_500_000 for body in maps)
    assert StepOrder.read(bundle.digest, mount(maps, tmp_path / "order")) == told


def test_an_order_that_was_changed_is_not_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = order(tmp_path).to_bundle()
    folder = mount(order_maps(bundle, "o", "run"), tmp_path / "order")
    other = order(tmp_path, "import os; os.abort()").to_bundle()
    (Path(folder) / "000").write_bytes(other.pieces[0])
    with pytest.raises(SystemExit):
        told_step.step(bundle.digest, folder)
    assert "not what was sent" in capsys.readouterr().err


def test_an_attempt_that_has_begun_in_another_pod_is_not_run_again(tmp_path: Path) -> None:
    bundle = order(tmp_path).to_bundle()
    (tmp_path / "attempt" / "begun.lock").touch()
    assert told_step.step(bundle.digest, mount(order_maps(bundle, "o", "run"), tmp_path / "order")) == 1
    assert not (tmp_path / "attempt" / "log").exists()


def test_values_that_cannot_be_kept_fail_the_step_with_the_reason(tmp_path: Path) -> None:
    told = order(tmp_path)
    (tmp_path / "volume").write_text("no folder")
    bundle = tmp_path / "attempt" / "outputs.bundle"
    bundle.write_bytes(b"values")
    found = result(told, bundle=BundleRef(str(bundle), "seal"))
    assert (found.fate, found.bundle, dict(found.outputs)) == ("failed", None, {})
    assert found.error is not None
    assert "could not be kept" in found.error.message


def test_a_value_that_is_gone_is_named_to_the_engine(tmp_path: Path) -> None:
    digest = "ab" * 32
    told = order(tmp_path, inputs=(InputValues({"x": "x"}, (BundleRef(str(tmp_path / digest), "seal"),)),))
    found = result(told, error=ErrorInfo("BundleRefused", "it is not there"))
    assert found.facts["damaged"] == [digest]
    assert "damaged" not in result(told, error=ErrorInfo("ValueError", "no")).facts


def test_a_large_file_that_was_logged_stays_with_the_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_step, "COMES_HOME", 10)
    told = order(tmp_path)
    logged = tmp_path / "attempt" / "artifacts"
    logged.mkdir()
    large, small = b"x" * 11, b"y"
    for data in (large, small):
        (logged / hashlib.sha256(data).hexdigest()).write_bytes(data)
    result(told)
    assert set(Project(tmp_path / "volume").artifacts.digests()) == {hashlib.sha256(large).hexdigest()}
    assert [path.name for path in logged.iterdir()] == [hashlib.sha256(small).hexdigest()]


def test_the_last_values_are_found_where_the_engine_has_them(tmp_path: Path) -> None:
    final = {"path": "/mlops/store/x/final.bundle", "seal": "s", "names": []}
    assert result(order(tmp_path), facts={"final": final}).facts["final"]["path"] == "/home/me/final.bundle"


def test_a_task_that_cannot_begin_says_why_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run_step(_: str) -> int:
        raise ValueError("no spec")

    monkeypatch.setattr(told_step, "run_step", run_step)
    bundle = order(tmp_path).to_bundle()
    assert told_step.step(bundle.digest, mount(order_maps(bundle, "o", "run"), tmp_path / "order")) == told_step._NOBODY
    assert "ValueError: no spec" in capfd.readouterr().err
