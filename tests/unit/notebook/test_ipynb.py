"""Notebook files: what is read, what is refused and how it says so, and that writing changes nothing else."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.errors import MissingLibrary, NotANotebook
from jupyter_mlops.notebook import ipynb
from jupyter_mlops.notebook.document import Document, read_text, write_text

CELL = {
    "cell_type": "code",
    "execution_count": 3,
    "id": "a1",
    "metadata": {"x": 1},
    "outputs": [],
    "source": ["a\n", "b"],
}


def text_of(
    cells: list[object], *, indent: int | str | None = 1, minor: int = 5, end: str = "\n", **more: object
) -> str:
    data = {"cells": cells, "metadata": {"custom": {"z": 1, "a": 2}}, "nbformat": 4, "nbformat_minor": minor, **more}
    return json.dumps(data, indent=indent, ensure_ascii=False) + end


def first_changed(document: Document, **changes: object) -> Document:
    return replace(document, cells=(replace(document.cells[0], **changes), *document.cells[1:]))  # type: ignore[arg-type]


def test_it_reads_source_as_list_and_as_text() -> None:
    document = read_text(text_of([CELL, {**CELL, "id": "b", "source": "x = 1"}]))
    assert [cell.source for cell in document.cells] == ["a\nb", "x = 1"]
    assert [cell.id for cell in document.cells] == ["a1", "b"]


def test_code_cells_are_counted_from_one_and_all_cells_from_zero() -> None:
    prose = {"cell_type": "markdown", "metadata": {}, "source": "# T"}
    document = read_text(text_of([prose, CELL, {**prose, "cell_type": "raw"}, {**CELL, "id": "z"}]))
    assert [(cell.index, cell.kind, cell.count) for cell in document.cells] == [
        (0, "markdown", 0),
        (1, "code", 1),
        (2, "raw", 0),
        (3, "code", 2),
    ]
    assert [cell.index for cell in document.code_cells] == [1, 3]


@pytest.mark.parametrize(
    "text",
    [
        text_of([CELL]),
        text_of([CELL], indent=2),
        text_of([CELL], indent="\t"),
        text_of([CELL], indent=None),
        text_of([CELL], end=""),
        text_of([CELL]).replace("\n", "\r\n"),
        "\ufeff" + text_of([CELL]),
        text_of([{**CELL, "source": "é 🚀 \u2028"}]),
        json.dumps({"cells": [{**CELL, "source": "é"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1),
        json.dumps({"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, separators=(",", ":")),
        text_of(
            [{**CELL, "outputs": [{"output_type": "stream", "text": "\x1b[31m"}], "attachments": {"unknown": None}}]
        ),
        text_of([CELL], unknown_key={"kept": True}),
        text_of([{**CELL, "source": "x", "metadata": {}}], minor=2),
    ],
)
def test_writing_what_was_read_gives_the_same_text(text: str) -> None:
    assert write_text(read_text(text), "n.ipynb") == text


def test_half_a_surrogate_pair_in_an_output_survives() -> None:
    text = text_of([{**CELL, "source": "é"}]).replace('"outputs": []', '"outputs": [{"text": "\\ud83d"}]')
    written = write_text(read_text(text), "n.ipynb")
    assert written.encode("utf-8")
    assert json.loads(written)["cells"][0]["outputs"][0]["text"] == "\ud83d"
    changed = write_text(first_changed(read_text(text), source="é\ud83d"), "n.ipynb")
    assert changed.encode("utf-8")
    assert json.loads(changed)["cells"][0]["source"] == "é\ud83d"


def test_a_changed_cell_changes_nothing_but_its_own_lines() -> None:
    text = text_of([CELL, {**CELL, "id": "b"}])
    written = write_text(first_changed(read_text(text), metadata={"x": 2}), "n.ipynb")
    assert written == text.replace('"x": 1', '"x": 2', 1)


ODD = """{"metadata":{"a" : 1E5 , "b":[ ]},
   "nbformat_minor":5,"nbformat":4,
 "cells":[ {"cell_type":"code","id":"a","metadata":{"x":0.10}, "source":["a"],"outputs":[{"data":1e-05}] },
  {"source": "b/\\/", "cell_type":"code","id":"b","metadata":{ },"outputs":[]}]}"""


def test_a_file_of_any_layout_changes_only_where_it_must() -> None:
    document = read_text(ODD)
    assert write_text(document, "n.ipynb") == ODD
    first = replace(document.cells[0], metadata={"y": 1}, source="c")
    changed = replace(document, cells=(first, document.cells[1]), metadata={"m": []})
    expected = (
        ODD.replace('{"x":0.10}', '{"y": 1}').replace('["a"]', '["c"]').replace('{"a" : 1E5 , "b":[ ]}', '{"m": []}')
    )
    assert write_text(changed, "n.ipynb") == expected


def test_a_key_that_the_file_does_not_have_is_written_all_the_same() -> None:
    text = '{"cells": [{"cell_type": "code", "source": "1"}], "nbformat": 4}'
    document = first_changed(read_text(text), metadata={"a": 1})
    assert json.loads(write_text(document, "n.ipynb"))["cells"][0]["metadata"] == {"a": 1}
    assert json.loads(write_text(replace(read_text(text), metadata={"b": 1}), "n.ipynb"))["metadata"] == {"b": 1}


def test_a_changed_source_keeps_the_form_that_it_had() -> None:
    lines = write_text(first_changed(read_text(text_of([CELL])), source="c\nd\n"), "n.ipynb")
    assert json.loads(lines)["cells"][0]["source"] == ["c\n", "d\n"]
    whole = write_text(first_changed(read_text(text_of([{**CELL, "source": "x"}])), source="c\nd"), "n.ipynb")
    assert json.loads(whole)["cells"][0]["source"] == "c\nd"


def test_notebook_metadata_are_written_with_their_order() -> None:
    document = read_text(text_of([CELL]))
    data = json.loads(write_text(replace(document, metadata={**document.metadata, "new": 1}), "n.ipynb"))
    assert list(data["metadata"]) == ["custom", "new"]
    assert list(data["metadata"]["custom"]) == ["z", "a"]


def test_missing_and_repeated_ids_are_made_and_stay_the_same_and_are_not_written() -> None:
    cells = [{**CELL, "id": "same"}, {**CELL, "id": "same"}, {k: v for k, v in CELL.items() if k != "id"}]
    text = text_of([*cells, cells[2]])
    document = read_text(text)
    ids = [cell.id for cell in document.cells]
    assert len(set(ids)) == 4
    assert ids[0] == "same"
    assert ids == [cell.id for cell in read_text(text).cells]
    assert write_text(document, "n.ipynb") == text


def test_new_cells_get_ids_only_where_the_format_has_them() -> None:
    for minor, has_id in ((5, True), (4, False)):
        document = read_text(text_of([{key: value for key, value in CELL.items() if key != "id"}], minor=minor))
        prose = replace(document.cells[0], id="new", kind="markdown", source="hi", metadata={})
        cell = replace(document.cells[0], id="newer", source="1", metadata={})
        grown = replace(document, cells=(*document.cells, prose, cell))
        made = json.loads(write_text(grown, "n.ipynb"))["cells"][1:]
        assert [("id" in item, "outputs" in item) for item in made] == [(has_id, False), (has_id, True)]


def test_a_file_without_metadata_is_read_and_gets_none() -> None:
    text = '{"cells": [{"cell_type": "code", "source": "1"}], "nbformat": 4, "nbformat_minor": 2}'
    document = read_text(text)
    assert document.metadata == {}
    assert document.cells[0].metadata == {}
    assert "metadata" not in json.loads(write_text(document, "n.ipynb"))["cells"][0]


BROKEN = {
    "": "is empty",
    "   \n": "is empty",
    '{"cells": [\n\n  }': "line 3",
    '{"a": 1}': "does not name its format",
    '{"nbformat": "4"}': "does not name its format",
    '{"nbformat": 4}': "no list of cells",
    '{"nbformat": 5, "cells": []}': "format 5",
    '{"nbformat": 4, "cells": [7]}': "cell 0 has the type 7",
    '{"nbformat": 4, "cells": [{"cell_type": "heading"}]}': "type 'heading'",
    '{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}': "no text as source",
    '{"nbformat": 3, "worksheets": 3}': "cannot be upgraded",
    '{"a":' * 100_000: "nested too deeply",
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_notebook_says_what_is_wrong_and_what_to_do(text: str) -> None:
    with pytest.raises(NotANotebook, match=BROKEN[text]) as caught:
        read_text(text, "some/n.ipynb")
    assert "n.ipynb" in caught.value.message
    assert caught.value.hint


def test_a_merge_conflict_is_called_by_its_name() -> None:
    with pytest.raises(NotANotebook) as caught:
        read_text('{\n<<<<<<< HEAD\n"cells": []}', "n.ipynb")
    assert "git merge" in caught.value.hint


def test_format_3_is_upgraded_and_written_as_4() -> None:
    old = {
        "metadata": {"name": "old"},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Load"]},
                    {"cell_type": "code", "input": "x = 1", "language": "python", "metadata": {}, "outputs": []},
                ],
                "metadata": {},
            }
        ],
    }
    document = read_text(json.dumps(old), "old.ipynb")
    assert [(cell.kind, cell.source) for cell in document.cells] == [("markdown", "## Load"), ("code", "x = 1")]
    assert json.loads(write_text(document, "n.ipynb"))["nbformat"] == 4


def test_without_nbformat_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nbformat", None)
    with pytest.raises(MissingLibrary, match="needs nbformat"):
        read_text('{"nbformat": 3, "worksheets": []}', "old.ipynb")


def test_five_thousand_cells_are_fine() -> None:
    document = ipynb.parse(text_of([{**CELL, "id": f"c{number}"} for number in range(5000)]), "big.ipynb", None)
    assert len(document.code_cells) == 5000
    assert document.code_cells[-1].count == 5000


@pytest.mark.parametrize(
    ("metadata", "kernel", "language", "is_python"),
    [
        ({}, "", "", True),
        ({"kernelspec": {"name": "python3", "language": "python"}}, "python3", "python", True),
        ({"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}, "ir", "r", False),
        ({"kernelspec": "odd", "language_info": None}, "", "", True),
    ],
)
def test_the_kernel_and_its_language_are_known(
    metadata: dict[str, object], kernel: str, language: str, is_python: bool
) -> None:
    document = Document((), metadata, Path("n.ipynb"))
    assert (document.kernel, document.language, document.is_python) == (kernel, language, is_python)
