"""Kale's tags and settings, today's and those from before 2.0."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.kale import KaleCell, is_kale_tag, read_cell, read_notebook


def tagged(*tags: str) -> KaleCell | None:
    return read_cell(Cell(0, "", "code", "", {"tags": list(tags)}))


CELLS = {
    ("imports",): KaleCell("setup"),
    ("functions", "step:x"): KaleCell("setup"),
    ("skip", "block:x"): KaleCell("skip"),
    ("pipeline-parameters",): KaleCell("parameters"),
    ("step:load",): KaleCell("step", "load"),
    ("block:load", "prev:a", "prev:b", "prev:a"): KaleCell("step", "load", ("a", "b")),
    ("step:x", "limit:nvidia.com/gpu:2"): KaleCell("step", "x", options={"gpu": 2}),
    ("step:x", "limit:amd.com/gpu:1"): KaleCell("step", "x", options={"gpu": 1}),
    ("step:x", "limit:cpu:500m", "limit:memory:4Gi"): KaleCell("step", "x", options={"cpu": 0.5, "memory": "4Gi"}),
    ("step:x", "image:host:5000/a/b:1.2"): KaleCell("step", "x", options={"image": "host:5000/a/b:1.2"}),
    ("step:x", "label:a:b", "annotation:c/d:e:f"): KaleCell(
        "step", "x", options={"labels": {"a": "b"}, "annotations": {"c/d": "e:f"}}
    ),
    ("step:x", "secret:n:k:ENV"): KaleCell("step", "x", options={"secrets": ["n:k:ENV"]}),
    ("step:x", "cache:disabled"): KaleCell("step", "x", options={"cache": False}),
    ("step:x", "cache:enabled", "other"): KaleCell("step", "x", options={"cache": True}),
}


@pytest.mark.parametrize("tags", CELLS)
def test_tags_say_what_a_cell_is(tags: tuple[str, ...]) -> None:
    assert tagged(*tags) == CELLS[tags]


def test_tags_of_others_say_nothing() -> None:
    assert tagged() is None
    assert tagged("parameters", "raises-exception", "prev:x") is None


def test_printed_metrics_become_a_step_with_a_note() -> None:
    found = tagged("pipeline-metrics")
    assert found is not None
    assert found.step == "pipeline_metrics"
    assert "log_metric" in found.notes[0]


@pytest.mark.parametrize("tag", ["secret:n:k", "label:x", "annotation:", "cache:maybe", "image:", "limit:cpu:many"])
def test_tags_that_cannot_be_read_are_told(tag: str) -> None:
    found = tagged("step:x", tag)
    assert found is not None
    assert not found.options
    assert len(found.wrong) == 1


@pytest.mark.parametrize("tag", ["report:enabled", "limit:example.com/fpga:1"])
def test_tags_without_a_counterpart_are_noted(tag: str) -> None:
    found = tagged("step:x", tag)
    assert found is not None
    assert not found.options
    assert not found.wrong
    assert tag in found.notes[0]


NOTEBOOKS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({"pipeline_name": "p", "experiment_name": "e", "pipeline_description": "d"},
     {"name": "p", "experiment": "e", "description": "d"}, []),
    ({"docker_image": "old:1", "autosnapshot": True, "snapshot_volumes": False},
     {"defaults": {"image": "old:1"}}, ["autosnapshot"]),
    ({"base_image": "new:1", "docker_image": "old:1", "enable_caching": False, "timeout": 60},
     {"defaults": {"image": "new:1", "cache": False, "timeout": 60.0}}, []),
    ({"steps_defaults": ["label:a:b", "cache:disabled", "report:enabled", "odd:"], "docker_image": ""},
     {"defaults": {"labels": {"a": "b"}, "cache": False}}, ["report:", "Kale's tag 'odd:'"]),
    ({"volumes": [{"type": "pvc", "name": "data", "mount_point": "/data", "size": 1},
                  {"type": "new_pvc", "name": "made", "mount_point": "/m"}, "odd",
                  {"name": "bad", "mount_point": "m"}]},
     {"defaults": {}}, ["volume made of type new_pvc", "volume ? of type odd", "volumes: "]),
    ({"katib_run": True, "katib_metadata": {}}, {}, ["katib"]),
    ({"future_key": 1, "kfp_host": "http://x"}, {}, ["future_key: unknown", "kfp_host"]),
    ({"pipeline_name": " ", "description": 3, "timeout": "soon"}, {"defaults": {}}, ["timeout: "]),
]  # fmt: skip


@pytest.mark.parametrize("key", ["kubeflow_notebook", "kubeflow_noteobok"])
@pytest.mark.parametrize(("settings", "pipeline", "notes"), NOTEBOOKS)
def test_settings_become_ours(key: str, settings: dict[str, Any], pipeline: dict[str, Any], notes: list[str]) -> None:
    found = read_notebook({key: settings, "kernelspec": {}})
    assert found.pipeline == {key: value for key, value in pipeline.items() if value != {}}
    assert len(found.notes) == len(notes)
    assert all(map(str.startswith, found.notes, notes))


def test_settings_that_are_no_object_are_ignored() -> None:
    assert read_notebook({"kubeflow_notebook": "x"}).pipeline == {}


def test_kale_tags_are_known() -> None:
    assert is_kale_tag("prev:x")
    assert is_kale_tag("imports")
    assert not is_kale_tag("parameters")
