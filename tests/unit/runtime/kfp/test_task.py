"""Components as tasks: what they made is taken, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp.task import Component
from jupyter_mlops.runtime.spec import TaskSpec

DATASET = {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}


def component(folder: Path, confined: bool = True, **program: Any) -> Component:
    made = {
        "kind": "command",
        "command": ["true"],
        "inputs": {"parameters": {}, "artifacts": {}},
        "outputs": {"parameters": {"n": "NUMBER_INTEGER"}, "artifacts": {"data": DATASET}},
        **program,
    }
    spec = TaskSpec("run", "s", "s", 1, str(folder / "attempt"), str(folder), container=made)
    found = Component(spec, confined=confined)
    assert found.begin()
    return found


def outputs(found: Component) -> tuple[Path, Path, Path]:
    """Where the parameter, the artifact and the executor's output go."""
    given = found.given["outputs"]
    return (
        Path(given["parameters"]["n"]["outputFile"]),
        Path(given["artifacts"]["data"]["artifacts"][0]["uri"]),
        Path(given["outputFile"]),
    )


def test_what_a_command_wrote_is_handed_on(tmp_path: Path) -> None:
    found = component(tmp_path)
    number, data, _ = outputs(found)
    number.write_text("5\n")
    data.write_text("rows")
    made = found.exports()
    assert made["n"] == 5
    assert (tmp_path / "attempt" / "artifacts" / made["data"]["digest"]).read_text() == "rows"


@pytest.mark.parametrize("which", ["parameter", "artifact", "told"])
def test_files_of_others_are_not_taken_for_outputs(tmp_path: Path, which: str) -> None:
    secret = tmp_path / "token"
    secret.write_text("7")
    found = component(tmp_path)
    number, data, told = outputs(found)
    number.symlink_to(secret) if which == "parameter" else number.write_text("5")
    data.symlink_to(secret) if which == "artifact" else data.write_text("rows")
    if which == "told":
        told.write_text(json.dumps({"artifacts": {"data": {"artifacts": [{"name": "data", "uri": str(secret)}]}}}))
    with pytest.raises(MlopsError, match="not in its own folder"):
        found.exports()


def test_an_output_that_was_not_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(MlopsError, match="did not write its output 'n'"):
        component(tmp_path).exports()


def test_the_name_of_an_artifact_is_no_path(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("x")
    artifact = {"$artifact": True, "name": "../../../out", "type": DATASET, "digest": "d", "path": str(kept)}
    source = {"const": artifact}
    found = component(tmp_path, inputs={"parameters": {}, "artifacts": {"data": {"type": "", "source": source}}})
    place = found.given["inputs"]["artifacts"]["data"]["artifacts"][0]["uri"]
    assert os.path.dirname(place) == str(tmp_path / "attempt" / "inputs" / "data")


def test_a_condition_on_the_item_of_a_loop_skips_it(tmp_path: Path) -> None:
    guard = {"condition": "item > 1", "values": {"item": {"row": []}}}
    spec = TaskSpec("run", "s", "s[0]", 1, str(tmp_path), str(tmp_path), bind={"item": 1})
    made = {
        "kind": "command",
        "variable": "item",
        "guards": [guard],
        "outputs": {"parameters": {"n": ""}, "artifacts": {}},
    }
    found = Component(TaskSpec(**{**spec.__dict__, "container": made}))
    assert not found.begin()
    assert found.skipped() == {"n": {"$skipped": True}}


def test_a_program_that_is_not_here_is_named_with_its_image(tmp_path: Path) -> None:
    found = component(tmp_path, command=["surely-no-such-program"], image="i:1")
    with pytest.raises(MlopsError, match=r"image i:1.*'surely-no-such-program'"):
        found.run_command()
    found = component(tmp_path, command=[], args=["x"], image="i:1")
    with pytest.raises(MlopsError, match="image i:1, and a command"):
        found.run_command()
