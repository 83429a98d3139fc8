"""Outputs of a cell as a notebook has them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.runtime.outputs import CellOutputs, overwrite
from jupyter_mlops.runtime.rich_output import CELL_CAP, COUNT_CAP, OUTPUT_CAP, as_json_data, fit, size_of


def _text(outputs: CellOutputs) -> str:
    return "".join(output["text"] for output in outputs.as_list())


def test_text_of_one_stream_is_joined_and_streams_stay_apart() -> None:
    outputs = CellOutputs()
    for name, text in (("stdout", "a"), ("stdout", "b\n"), ("stderr", "e"), ("stdout", "c")):
        outputs.stream(name, text)
    assert [(o["name"], o["text"]) for o in outputs.as_list()] == [("stdout", "ab\n"), ("stderr", "e"), ("stdout", "c")]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("abc\rx", "xbc"),
        ("10%\r20%\r100%", "100%"),
        ("abc\r", "abc"),
        ("ab\bc", "ac"),
        ("\bx", "x"),
        ("a\r\rb", "b"),
        ("plain", "plain"),
    ],
)
def test_a_line_is_what_a_screen_would_show(line: str, shown: str) -> None:
    assert overwrite(line) == shown


@pytest.mark.parametrize("pieces", [["a\r", "b\n"], ["a", "\rb", "\n"], ["a\rb\n"]])
def test_pieces_overwrite_like_the_whole(pieces: list[str]) -> None:
    outputs = CellOutputs()
    for piece in pieces:
        outputs.stream("stdout", piece)
    assert _text(outputs) == "b\n"


def test_a_windows_line_end_does_not_erase_the_line() -> None:
    outputs = CellOutputs()
    outputs.stream("stdout", "abc\r\ndef\r")
    outputs.stream("stdout", "\n")
    assert _text(outputs) == "abc\ndef\n"


def test_text_beyond_the_cap_is_cut_once_with_a_note() -> None:
    outputs = CellOutputs(cap=10)
    for _ in range(5):
        outputs.stream("stdout", "123456\n")
    assert _text(outputs) == "123456\n123\n... cut after 10 characters: the log has all of it.\n"


def test_a_long_progress_bar_does_not_use_up_the_cap() -> None:
    outputs = CellOutputs(cap=100)
    for number in range(1000):
        outputs.stream("stderr", f"\r{number:4d}/1000")
    outputs.stream("stdout", "done")
    assert _text(outputs) == " 999/1000done"


def test_clearing_waits_for_the_next_output_if_asked() -> None:
    outputs = CellOutputs()
    outputs.stream("stdout", "a")
    outputs.clear(wait=True)
    assert _text(outputs) == "a"
    outputs.stream("stdout", "b")
    assert _text(outputs) == "b"
    outputs.clear()
    assert outputs.as_list() == []


def test_a_display_is_updated_by_its_id() -> None:
    outputs = CellOutputs()
    outputs.display({"text/plain": "a"}, {}, "id1")
    assert outputs.update({"text/plain": "b"}, {}, "id1")
    assert not outputs.update({"text/plain": "b"}, {}, "other")
    assert outputs.as_list() == [{"output_type": "display_data", "data": {"text/plain": "b"}, "metadata": {}}]


def test_a_widget_degrades_to_its_text() -> None:
    outputs = CellOutputs()
    outputs.result({"text/plain": "w", "application/vnd.jupyter.widget-view+json": {"model_id": "1"}}, {}, 3)
    assert outputs.as_list()[0]["data"] == {"text/plain": "w"}


def test_data_is_made_fit_for_json() -> None:
    data = as_json_data({"image/png": b"\x00", "application/json": {"a": [1, {2}]}, "n": None})
    assert data == {"image/png": "AA==", "application/json": {"a": [1, "{2}"]}, "n": None}


def _kinds(outputs: CellOutputs) -> list[str]:
    return [output["output_type"] for output in outputs.as_list()]


@pytest.mark.parametrize("show", ["display", "result", "update"])
def test_an_output_that_no_editor_opens_leaves_its_text_and_a_note(show: str) -> None:
    outputs = CellOutputs()
    data = {"text/html": "x" * (OUTPUT_CAP + 1), "image/png": b"small", "text/plain": "<a table>"}
    if show == "display":
        outputs.display(data, {})
    elif show == "result":
        outputs.result(data, {}, 1)
    else:
        outputs.display({"text/plain": "before"}, {}, "id")
        outputs.update(data, {}, "id")
    (shown,) = outputs.as_list()
    assert shown["data"] == {
        "text/plain": "<a table>\n[text/html left out: more than 8 MiB. Save it to a file to keep it.]"
    }


def test_text_of_an_object_that_is_too_long_is_cut() -> None:
    shown, size = fit({"text/plain": "y" * (OUTPUT_CAP + 1)})
    assert size == len(shown["text/plain"]) < 11_000
    assert "... \n" not in shown["text/plain"]
    assert shown["text/plain"].startswith("yyy")
    assert "[text/plain left out" in shown["text/plain"]


def test_several_that_are_too_large_together_are_named() -> None:
    half = "z" * (OUTPUT_CAP // 2 + 1)
    shown, _ = fit({"text/html": half, "image/svg+xml": half})
    assert shown["text/plain"].startswith("[text/html, image/svg+xml left out")


def test_a_cell_that_shows_much_keeps_what_an_editor_can_open() -> None:
    outputs = CellOutputs()
    for _ in range(5):
        outputs.display({"text/html": "x" * (CELL_CAP // 3)}, {})
    outputs.stream("stdout", "more")
    outputs.error("E", "bad", ["E: bad"])
    assert _kinds(outputs) == ["display_data"] * 3 + ["stream", "error"]
    assert "left out: 1000 outputs and 16 MiB are kept" in outputs.as_list()[3]["text"]
    outputs.clear()
    outputs.display({"text/html": "x" * (CELL_CAP // 3)}, {})
    assert _kinds(outputs) == ["display_data"], "there is room again"


def test_updates_in_place_do_not_use_up_the_room() -> None:
    outputs = CellOutputs()
    outputs.display({"text/html": "x" * (CELL_CAP // 3)}, {}, "id")
    for _ in range(20):
        assert outputs.update({"text/html": "y" * (CELL_CAP // 3)}, {}, "id")
    outputs.display({"text/html": "z" * (CELL_CAP // 3)}, {})
    assert _kinds(outputs) == ["display_data"] * 2


@pytest.mark.parametrize("what", ["display", "streams that alternate"])
def test_very_many_outputs_are_cut_with_one_note(what: str) -> None:
    outputs = CellOutputs()
    for number in range(3 * COUNT_CAP):
        if what == "display":
            outputs.display({"text/plain": str(number)}, {})
        else:
            outputs.stream(("stdout", "stderr")[number % 2], "x")
    found = outputs.as_list()
    assert len(found) == COUNT_CAP + 1
    assert "is left out" in found[-1]["text"]


def test_metadata_that_is_too_large_is_dropped() -> None:
    outputs = CellOutputs()
    outputs.display({"text/plain": "a"}, {"all": ["x" * 100] * (OUTPUT_CAP // 50)})
    outputs.display({"text/plain": "a"}, {"isolated": True})
    assert [output["metadata"] for output in outputs.as_list()] == [{}, {"isolated": True}]


@pytest.mark.parametrize(
    ("value", "least"),
    [("abc", 3), (b"abc", 4), (5, 1), (None, 1), ({"a": ["bc"] * 10}, 21), ([[]], 2), ({"text": ("a", b"b")}, 5)],
)
def test_the_size_is_about_that_of_the_json(value: object, least: int) -> None:
    assert least <= size_of(value, 1 << 20) <= 100


def test_counting_stops_when_it_is_enough() -> None:
    class Endless(list):
        def __iter__(self):
            while True:
                yield "x" * 10

    assert 100 < size_of({"a": Endless()}, 100) < 200


@pytest.mark.parametrize("line", ["x\b" * 200_000, "y" * 200_000 + "\b" * 200_000, "z" * 100_000 + "\rab" * 100_000])
def test_a_long_line_that_is_overwritten_often_takes_no_time(line: str) -> None:
    started = time.perf_counter()
    overwrite(line)
    assert time.perf_counter() - started < 1


@given(st.text(alphabet="ab\b\r", max_size=30))
def test_overwriting_is_as_jupyterlab_defines_it(line: str) -> None:
    """Its two loops, written down without a thought for speed."""
    shown = line
    while re.search("[^\n]\b", shown.lstrip("\b")):
        shown = re.sub("[^\n\b]\b", "", shown, count=1)
    shown = shown.replace("\b", "")
    screen = ""
    for part in shown.split("\r"):
        screen = part + screen[len(part) :]
    assert overwrite(line) == screen
