"""Headings of a notebook's markdown, and the sections of code that they make."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from jupyter_mlops.notebook.cells import Cell

_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HTML = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NO_PARAGRAPH = re.compile(r"^\s*([-*+>|]|\d+[.)]\s|$)")


@dataclass(frozen=True)
class Heading:
    """A heading: its level from 1, its text as written, and the cell it is in."""

    level: int
    text: str
    cell: int


@dataclass(frozen=True)
class Section:
    """Code cells under one heading (None: above the first)."""

    heading: Heading | None
    cells: tuple[int, ...]


def headings(cells: Sequence[Cell]) -> tuple[Heading, ...]:
    """Every heading of the markdown cells, in order."""
    return tuple(
        Heading(level, text, cell.index)
        for cell in cells
        if cell.kind == "markdown"
        for level, text in headings_of(cell.source)
    )


def headings_of(markdown: str) -> Iterator[tuple[int, str]]:
    """(level, text) of each heading: `#`, underlined and HTML ones; none inside fenced or indented code."""
    text = _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), markdown)
    found = [*_markdown_headings(text), *_html_headings(text)]
    yield from ((level, title) for _, level, title in sorted(found))


def sections(cells: Sequence[Cell], code: Collection[int]) -> tuple[Section, ...]:
    """The code cells (of those whose index is in `code`) by the headings of the level that makes sensible steps.

    A heading without code makes no section. The level is the highest one that gives several sections; where that gives
    only two (parts of a notebook), the next one if it gives more. Deeper headings do not split.
    """
    marks = headings(cells)
    title = _title(marks) if marks else None
    levels = sorted({mark.level for mark in marks})
    if not marks:
        return _split(cells, code, 0)
    splits = [_split(cells, code, level, None if level == title else title) for level in levels]
    counts = [_headed(split) for split in splits]
    for position, count in enumerate(counts):
        if count >= 2:
            finer = counts[position + 1] if position + 1 < len(counts) else 0
            # Counted at its own level only: a finer split contains the coarser one.
            own = Counter(mark.level for mark in marks)[levels[position + 1]] if finer else 0
            return splits[position + 1] if count == 2 and own > 2 and finer > count else splits[position]
    return splits[_single_level(counts)]


def _title(marks: Sequence[Heading]) -> int | None:
    """The level of the notebook's title: the first heading, if it is above all others. Its own code has no heading."""
    first = marks[0].level
    return first if all(mark.level > first for mark in marks[1:]) and len(marks) > 1 else None


def _single_level(counts: list[int]) -> int:
    """No level gives several sections: the deepest that gives one, since the title is above it."""
    return max((position for position, count in enumerate(counts) if count), default=0)


def _headed(split: tuple[Section, ...]) -> int:
    return sum(section.heading is not None for section in split)


def _split(cells: Sequence[Cell], code: Collection[int], level: int, title: int | None = None) -> tuple[Section, ...]:
    found: list[Section] = []
    heading: Heading | None = None
    inside: list[int] = []
    for cell in cells:
        if cell.kind == "markdown":
            for depth, text in headings_of(cell.source):
                if depth <= level:
                    found.append(Section(heading, tuple(inside)))
                    heading = None if depth == title else Heading(depth, text, cell.index)
                    inside = []
        elif cell.index in code:
            inside.append(cell.index)
    found.append(Section(heading, tuple(inside)))
    return tuple(section for section in found if section.cells)


def _markdown_headings(text: str) -> Iterator[tuple[int, int, str]]:
    """(offset, level, text) of `#` and underlined headings."""
    fence = ""
    previous, previous_at = "", 0
    offset = 0
    for line in text.split("\n"):
        opened = _FENCE.match(line)
        if fence:
            closes = opened and opened[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
        elif opened:
            fence = opened[1]
        elif atx := _ATX.match(line):
            yield offset, len(atx[1]), (atx[2] or "").strip()
        elif previous and (under := _SETEXT.match(line)):
            yield previous_at, 1 if under[1][0] == "=" else 2, previous
        is_paragraph = (
            not fence and not opened and not _NO_PARAGRAPH.match(line) and not line.startswith(("    ", "\t", "#"))
        )
        previous, previous_at = (line.strip(), offset) if is_paragraph and not _SETEXT.match(line) else ("", 0)
        offset += len(line) + 1


def _html_headings(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _HTML.finditer(text):
        if text.count("```", 0, match.start()) % 2 == 0:
            # `# <h2>Title</h2>` is one heading, and was found as such.
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if not _ATX.match(line + "x"):
                yield match.start(), int(match[1]), match[2].strip()
