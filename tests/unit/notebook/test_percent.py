"""Percent-format scripts, both ways."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jupyter_mlops.errors import NotANotebook
from jupyter_mlops.notebook.document import read_text, write_text
from jupyter_mlops.notebook.percent import read_marker

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec:
#     name: python3
#     language: python
# ---

"""
SCRIPT = (
    HEADER
    + '''\
# %% [markdown]
# # Title
#
# Text

# %% tags=["parameters"]
x = 1  # a number

# %% Load it
# %matplotlib inline
!ls
y = x


# %% [markdown]
"""
## Quoted
"""

#%%
z = 2
# %% [raw]
# raw
'''
)

MARKERS = {
    "# %%": ("code", {}),
    "#%%": ("code", {}),
    "# %% title": ("code", {"title": "title"}),
    "# %%% deeper": ("code", {"title": "deeper"}),
    "# %% [markdown]": ("markdown", {}),
    "# %% [md]": ("markdown", {}),
    "# %% Intro [markdown]": ("markdown", {"title": "Intro"}),
    '# %% [markdown] tags=["a"]': ("markdown", {"tags": ["a"]}),
    '# %% tags=["parameters"]': ("code", {"tags": ["parameters"]}),
    '# %% Train jupyter_mlops={"step": "train", "after": ["a"]} n=1': (
        "code",
        {"title": "Train", "jupyter_mlops": {"step": "train", "after": ["a"]}, "n": 1},
    ),
    '# %% {"tags": ["old"]}': ("code", {"tags": ["old"]}),
    "# %% x={broken": ("code", {"title": "x={broken"}),
    '# %% a="b" and more': ("code", {"title": 'a="b" and more'}),
    "# %% plot y = f(x)": ("code", {"title": "plot y = f(x)"}),
    "# %% a set {1, 2}": ("code", {"title": "a set {1, 2}"}),
}


@pytest.mark.parametrize("line", MARKERS)
def test_a_marker_gives_kind_title_and_metadata(line: str) -> None:
    assert read_marker(line) == MARKERS[line]


def test_a_script_is_read_as_cells() -> None:
    document = read_text(SCRIPT, "n.py")
    assert [(cell.kind, cell.source) for cell in document.cells] == [
        ("markdown", "# Title\n\nText"),
        ("code", "x = 1  # a number"),
        ("code", "%matplotlib inline\n!ls\ny = x"),
        ("markdown", "## Quoted"),
        ("code", "z = 2"),
        ("raw", "raw"),
    ]
    assert document.cells[1].tags == ("parameters",)
    assert document.kernel == "python3"
    assert document.is_python


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT,
        SCRIPT.replace("\n", "\r\n"),
        SCRIPT.rstrip("\n"),
        "\ufeff" + SCRIPT,
        "import os\n\n# %%\nx = 1\n",
        "\n\n# %%\nx = 1\n",
        "x = 1\n",
        "# ---\n# no header: it never ends\nx = 1\n",
        "# ---\nx = 1\n",
    ],
)
def test_writing_what_was_read_gives_the_same_text(text: str) -> None:
    assert write_text(read_text(text, "n.py"), "n.py") == text


def test_code_before_the_first_marker_is_a_cell_and_gets_a_marker_with_its_metadata() -> None:
    document = read_text("import os\n\n# %%\nx = 1\n", "n.py")
    assert [cell.source for cell in document.cells] == ["import os", "x = 1"]
    marked = replace(document.cells[0], metadata={"tags": ["imports"]})
    text = write_text(replace(document, cells=(marked, document.cells[1])), "n.py")
    assert text == '# %% tags=["imports"]\nimport os\n\n# %%\nx = 1\n'


def test_only_what_changed_is_written_anew() -> None:
    document = read_text(SCRIPT, "n.py")
    cells = list(document.cells)
    cells[2] = replace(cells[2], metadata={**cells[2].metadata, "jupyter_mlops": {"step": "load"}})
    cells[4] = replace(cells[4], source="%time z = 3\n?z")
    text = write_text(replace(document, cells=tuple(cells)), "n.py")
    expected = SCRIPT.replace("# %% Load it", '# %% Load it jupyter_mlops={"step": "load"}')
    assert text == expected.replace("#%%\nz = 2\n", "#%%\n# %time z = 3\n# ?z\n\n")


def test_a_cell_magic_is_commented_with_its_whole_cell() -> None:
    text = "# %%\n# %%bash\n# ls -l\n# echo\n\n# %%\n# %%time\nx = 1\n\n# %%\n%%capture out\nprint()\n"
    document = read_text(text, "n.py")
    assert [cell.source for cell in document.cells] == [
        "%%bash\nls -l\necho",
        "%%time\nx = 1",
        "%%capture out\nprint()",
    ]
    data = json.loads(write_text(document, "n.ipynb"))
    again = read_text(write_text(read_text(json.dumps(data)), "n.py"), "n.py")
    assert [cell.source for cell in again.cells] == [cell.source for cell in document.cells]


def test_ordinary_comments_stay_comments() -> None:
    source = "# 50% of it\n# ! important\n# what? nothing\n# %d items"
    assert read_text(f"# %%\n{source}\n", "n.py").cells[0].source == source


def test_a_notebook_becomes_a_script_and_comes_back() -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# T\n\ntext"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"], "odd key": 1}, "source": "x = 1\n%time y = 2"},
    ]
    metadata = {"kernelspec": {"name": "python3"}, "jupyter_mlops": {"pipeline": {"name": "p"}}}
    notebook = read_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    script = read_text(write_text(notebook, "n.py"), "n.py")
    assert [(cell.kind, cell.source) for cell in script.cells] == [(cell.kind, cell.source) for cell in notebook.cells]
    assert script.metadata == metadata
    assert script.cells[1].tags == ("parameters",)
    again = json.loads(write_text(script, "n.ipynb"))
    assert again["nbformat"] == 4
    assert [cell["cell_type"] for cell in again["cells"]] == ["markdown", "code"]


def test_a_notebook_without_metadata_needs_no_header() -> None:
    notebook = read_text('{"cells": [{"cell_type": "code", "source": "1"}], "nbformat": 4, "metadata": {}}')
    assert write_text(notebook, "n.py") == "# %%\n1\n"


OURS = {"pipeline": {"name": "new"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            HEADER,
            HEADER.replace("# jupyter:\n", '# jupyter:\n#   jupyter_mlops: {"pipeline": {"name": "new"}}\n'),
        ),
        (
            "# ---\n# jupyter:\n#   jupyter_mlops:\n#     pipeline:\n#       name: old\n#   kernelspec: {}\n# ---\n",
            '# ---\n# jupyter:\n#   jupyter_mlops: {"pipeline": {"name": "new"}}\n#   kernelspec: {}\n# ---\n',
        ),
        (
            "# ---\n# title: x\n# ---\n",
            '# ---\n# title: x\n# jupyter:\n#   jupyter_mlops: {"pipeline": {"name": "new"}}\n# ---\n',
        ),
    ],
)
def test_our_metadata_go_into_the_header_and_nothing_else_of_it_changes(before: str, after: str) -> None:
    document = read_text(before + "# %%\nx = 1\n", "n.py")
    changed = replace(document, metadata={**document.metadata, "jupyter_mlops": OURS})
    text = write_text(changed, "n.py")
    assert text == after + "# %%\nx = 1\n"
    assert read_text(text, "n.py").metadata["jupyter_mlops"] == OURS


def test_a_header_that_is_no_yaml_says_where() -> None:
    with pytest.raises(NotANotebook, match="line 3"):
        read_text("# ---\n# a: 1\n# b: [\n# ---\nx = 1\n", "n.py")


def test_a_header_without_jupyter_gives_no_metadata() -> None:
    assert read_text("# ---\n# just text\n# ---\nx = 1\n", "n.py").metadata == {}


def test_cells_with_the_same_source_have_different_ids() -> None:
    ids = [cell.id for cell in read_text("# %%\nx\n# %%\nx\n", "n.py").cells]
    assert len(set(ids)) == 2
