"""Metrics, parameters and artifacts reach the event file of the task, or are printed where there is none."""

from __future__ import annotations

import json
import math
import tarfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_mlops.runtime import tracking
from jupyter_mlops.runtime.errors import MlopsError


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in tracking.environment("run-1", "train", str(tmp_path), {"n": 3, "none": None}).items():
        monkeypatch.setenv(name, value)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]

    return read


class OneNumber:
    """As a tensor of one element."""

    def item(self) -> float:
        return 0.25


@pytest.mark.parametrize(
    ("value", "logged"),
    [
        (1, 1),
        (0.5, 0.5),
        (True, 1),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.array(3.0), 3.0),
        (np.array([3.0]), 3.0),
        (OneNumber(), 0.25),
        (Fraction(1, 2), 0.5),
        (Decimal("0.5"), 0.5),
        (math.inf, math.inf),
        (10**30, 10**30),
    ],
)
def test_a_metric_is_a_number(events: Any, value: Any, logged: float) -> None:
    tracking.log_metric("acc", value, step=np.int64(2))
    (event,) = events()
    assert (event["type"], event["name"], event["value"], event["step"]) == ("metric", "acc", logged, 2)
    assert event["task"] == "train"
    assert event["at"] > 1e9


def test_nan_is_a_number_too(events: Any) -> None:
    tracking.log_metric("loss", float("nan"))
    assert math.isnan(events()[0]["value"])


@pytest.mark.parametrize("value", ["0.5", None, [1, 2], {}, np.zeros(2), object()])
def test_what_is_no_number_is_refused(events: Any, value: Any) -> None:
    with pytest.raises(MlopsError, match="'acc' must be a number"):
        tracking.log_metric("acc", value)


def test_names_and_steps_are_checked(events: Any) -> None:
    with pytest.raises(MlopsError, match="needs a name"):
        tracking.log_metric("", 1)
    with pytest.raises(MlopsError, match="whole number"):
        tracking.log_metric("a", 1, step=1.5)  # type: ignore[arg-type]


def test_parameters_of_any_kind_are_kept_readable(events: Any) -> None:
    tracking.log_params({"lr": np.float64(0.1)}, layers=[np.int64(1)], when=pd.Timestamp("2020-01-01"), d={1: None})
    assert events()[0]["params"] == {"lr": 0.1, "layers": [1], "when": "2020-01-01 00:00:00", "d": {"1": None}}


def test_parameters_of_the_run_are_read(events: Any) -> None:
    assert tracking.param("n") == 3
    assert tracking.param("none", 1) is None
    assert tracking.param("missing", 5) == 5
    assert tracking.run_id() == "run-1"
    with pytest.raises(MlopsError, match="no parameter 'missing'") as caught:
        tracking.param("missing")
    assert "n, none" in caught.value.hint


def test_last_metrics_are_read_from_the_event_file(events: Any, tmp_path: Path) -> None:
    tracking.log_metric("acc", 1)
    tracking.log_metric("acc", 2)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"type": "metric", "torn')
    assert tracking.last_metrics(str(tmp_path / "events.jsonl")) == {"acc": 2}
    assert tracking.last_metrics("") == {}


def _figure() -> Any:
    from matplotlib.figure import Figure

    return Figure()


ARTIFACTS: dict[str, tuple[Any, str, str]] = {
    "bytes": (lambda: b"abc", "file", "file"),
    "dict": (lambda: {"a": 1}, "json", "json.json"),
    "frame": (lambda: pd.DataFrame({"x": [1]}), "dataframe", "dataframe.parquet"),
    "series": (lambda: pd.Series([1], name="s"), "dataframe", "dataframe.parquet"),
    "array": (lambda: np.ones(2), "array", "array.npy"),
    "figure": (_figure, "figure", "figure.png"),
    "axes": (lambda: _figure().add_subplot(), "figure", "figure.png"),
    "object": (lambda: Fraction(1, 2), "pickle", "Fraction.pkl"),
}


@pytest.mark.parametrize("case", ARTIFACTS)
def test_objects_become_files(events: Any, tmp_path: Path, case: str) -> None:
    make, kind, file = ARTIFACTS[case]
    tracking.log_artifact(make())
    (event,) = events()
    assert (event["type"], event["role"], event["metadata"]["file"]) == ("artifact", "output", file)
    staged = tmp_path / "artifacts" / event["digest"]
    assert staged.stat().st_size == event["bytes"] > 0
    assert [path.name for path in staged.parent.iterdir()] == [event["digest"]]
    assert (event["kind"], event["path"]) == (kind, str(staged))


def test_a_file_is_kept_under_its_name(events: Any, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("x")
    tracking.log_artifact(tmp_path / "m.txt", name="model", type="model")
    (event,) = events()
    assert (event["name"], event["bytes"]) == ("model", 1)


def test_a_folder_is_one_archive_with_the_same_bytes_each_time(events: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a").write_text("a")
    (folder / "b").write_text("b")
    tracking.log_artifact(str(folder))
    (folder / "b").write_text("b")
    tracking.log_artifact(str(folder))
    first, second = events()
    assert first["digest"] == second["digest"]
    with tarfile.open(tmp_path / "artifacts" / first["digest"]) as archive:
        assert archive.getnames() == ["b", "sub/a"]


def test_a_path_that_does_not_exist_is_a_clear_error(events: Any) -> None:
    with pytest.raises(MlopsError, match="there is no file"):
        tracking.log_artifact("nowhere.txt")


def test_an_object_that_cannot_be_written_is_a_clear_error(events: Any, tmp_path: Path) -> None:
    with pytest.raises(MlopsError, match="a generator cannot be kept"):
        tracking.log_artifact(i for i in ())
    assert not list((tmp_path / "artifacts").iterdir())
