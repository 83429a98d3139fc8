"""Headings, and the sections of code that they make."""

from __future__ import annotations

import pytest

from jupyter_mlops.notebook.annotations import annotate
from jupyter_mlops.notebook.document import read_text
from jupyter_mlops.notebook.headings import headings_of, sections

HEADINGS = {
    "# One\ntext\n### Three": [(1, "One"), (3, "Three")],
    "   ## Indented by three ##": [(2, "Indented by three")],
    "    # code by indentation": [],
    "#no space": [],
    "####### seven": [],
    "##": [(2, "")],
    "```python\n# a comment\n```\n# After": [(1, "After")],
    "~~~~\n# a\n~~~\n# b\n~~~~\n# After": [(1, "After")],
    "```\n# never closed": [],
    "Title\n=====\n\nPart\n---": [(1, "Title"), (2, "Part")],
    "- item\n---": [],
    "text\n\n---\n\nmore": [],
    "---\na: 1\n---": [(2, "a: 1")],
    "| a |\n|---|": [],
    '<h2 id="x">HTML <b>bold</b></h2>': [(2, "HTML <b>bold</b>")],
    "# <h1>Both</h1>": [(1, "<h1>Both</h1>")],
    "```html\n<h1>code</h1>\n```": [],
    "<!-- # hidden\n## hidden -->\n# Shown": [(1, "Shown")],
    "## A\n<h3>B</h3>\n# C": [(2, "A"), (3, "B"), (1, "C")],
    "para\n# Heading\n===": [(1, "Heading")],
}


@pytest.mark.parametrize("markdown", HEADINGS)
def test_headings_are_found_and_nothing_else_is(markdown: str) -> None:
    assert list(headings_of(markdown)) == HEADINGS[markdown]


def script(outline: str) -> str:
    """A notebook of an outline: `##Name` a heading, `x` a code cell, `#X / ##Y` two headings in one cell."""
    parts = []
    for word in outline.split():
        if word.startswith("#"):
            text = "\n# ".join(
                f"{part.rstrip('abcdefghijklmnopqrstuvwxyz')} {part.lstrip('#')}" for part in word.split("/")
            )
            parts.append(f"# %% [markdown]\n# {text}\n")
        else:
            parts.append(f"# %%\n{word} = {len(parts)}\n")
    return "".join(parts)


OUTLINES = {
    "#title ##load x ##train y z": "load:1 train:2",
    "#title x ##load y ##train z": "-:1 load:1 train:1",
    "x #load y #train z": "-:1 load:1 train:1",
    "#load x #train y": "load:1 train:1",
    "#title ##load ###raw x ###csv y ##train z": "load:2 train:1",
    "#title ##only ###raw x ###csv y": "raw:1 csv:1",
    "#title ##empty ##load x ##train y ##words": "load:1 train:1",
    "#title/##load x ##train y": "load:1 train:1",
    "#data ##a x ##b y ##c z #model ##d u ##e v ##f w": "a:1 b:1 c:1 d:1 e:1 f:1",
    "#data ##a x ##b y #model z": "data:2 model:1",
    "#data x #model ##d y #report ##e z": "data:1 model:1 report:1",
    "x y": "-:2",
    "#title x y": "title:2",
}


@pytest.mark.parametrize("outline", OUTLINES)
def test_the_level_that_makes_sensible_steps_is_chosen(outline: str) -> None:
    document = read_text(script(outline), "n.py")
    found = sections(document.cells, {cell.index for cell in document.code_cells})
    shown = " ".join(f"{item.heading.text if item.heading else '-'}:{len(item.cells)}" for item in found)
    assert shown == OUTLINES[outline]


STEPS = {
    "#title x y": "x y",
    "##load x": "load",
    "##load x y": "load",
    "#title x": "title",
    "x y": "x y",
    "#title x ##load y": "start load",
    "#title ##load x ##load y": "load load_2",
}


@pytest.mark.parametrize("outline", STEPS)
def test_headings_make_steps_where_they_split_the_code(outline: str) -> None:
    assert " ".join(step.name for step in annotate(read_text(script(outline), "n.py")).steps) == STEPS[outline]


def test_asked_for_headings_one_is_enough() -> None:
    found = annotate(read_text(script("#title x y"), "n.py"), by="headings")
    assert [(step.name, step.title) for step in found.steps] == [("title", "title")]
