"""What is shown of a file: never code that runs, never more than a beginning."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from jupyter_mlops_server.previews import Preview, preview

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def shown(tmp_path: Path, name: str, data: bytes) -> Preview:
    file = tmp_path / "content"
    file.write_bytes(data)
    return preview(name, file)


def test_text_is_shown_as_it_is(tmp_path: Path) -> None:
    assert shown(tmp_path, "a.txt", "été\n".encode()) == Preview("text", 6, text="été\n")


def test_an_unknown_name_with_text_in_it_is_text(tmp_path: Path) -> None:
    assert shown(tmp_path, "model", b"a = 1").kind == "text"


def test_only_the_beginning_of_a_long_text_is_shown(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.log", "é".encode() * 100_000)
    assert (found.kind, found.bytes, found.cut, len(found.text)) == ("text", 200_000, True, 32_000)


def test_json_is_indented(tmp_path: Path) -> None:
    assert shown(tmp_path, "a.json", b'{"a":[1]}').text == '{\n  "a": [\n    1\n  ]\n}'
    assert shown(tmp_path, "a.json", b"{broken").text == "{broken"
    assert shown(tmp_path, "a.json", b"[" * 50_000).kind == "text"


@pytest.mark.parametrize(("name", "data"), [("a.csv", b'a,b\n1,"x,y"\n'), ("a.tsv", b"a\tb\n1\tx,y\n")])
def test_a_table_is_shown_as_rows(tmp_path: Path, name: str, data: bytes) -> None:
    assert shown(tmp_path, name, data).rows == (("a", "b"), ("1", "x,y"))


def test_a_long_table_is_cut_at_a_row(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.csv", b"12345,67890\n" * 20_000)
    assert (found.kind, found.cut, len(found.rows), set(found.rows)) == ("table", True, 100, {("12345", "67890")})


@pytest.mark.parametrize("name", ["plot.png", "plot.txt", "plot.html"])
def test_an_image_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    found = shown(tmp_path, name, PIXEL)
    assert found.kind == "image"
    assert found.image.startswith("data:image/png;base64,")


def test_a_very_large_image_is_not_shown(tmp_path: Path) -> None:
    assert shown(tmp_path, "a.png", PIXEL + b"\0" * 6_000_000).kind == "none"


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.htm"])
def test_what_may_run_is_marked_for_a_sandbox(tmp_path: Path, name: str) -> None:
    assert shown(tmp_path, name, b"<script>alert(1)</script>").kind == "html"


@pytest.mark.parametrize("data", [b"\x80\x04\x95pickle\xff", b"text\0with zero"])
def test_binary_content_is_not_shown(tmp_path: Path, data: bytes) -> None:
    assert shown(tmp_path, "a.bin", data) == Preview("none", len(data))


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    assert shown(tmp_path, "a.txt", b"") == Preview("text", 0)
