"""Columns of text that line up, whatever script the text is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import plain


def width_of(text: str) -> int:
    """How many columns a text takes on a terminal: wide characters two, marks none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def cut(text: str, width: int) -> str:
    """Text of at most `width` columns, with `…` where some was left out."""
    if width_of(text) <= width:
        return text
    kept = ""
    for char in text:
        if width_of(kept + char) > width - 1:
            break
        kept += char
    return kept + "…"


def pad(text: str, width: int) -> str:
    """Text filled with blanks up to `width` columns."""
    return text + " " * (width - width_of(text))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], style: Style) -> Iterator[str]:
    """Rows under a head, each column as wide as it needs, the last ones cut where the screen ends."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(width_of(row[column]) for row in [list(head), *cells]) for column in range(len(head))]
    yield style.bold(cut(_line(head, widths), style.width))
    for row in cells:
        yield cut(_line(row, widths), style.width)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
