"""Outputs of a cell as a notebook has them."""

from __future__ import annotations

import pytest

from jupyter_mlops.runtime.outputs import CellOutputs, as_json_data, overwrite


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
