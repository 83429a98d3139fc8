"""What a path means: a notebook, a script, a pipeline file, or a mistake."""

import os

import pytest

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.verbs.sources import existing, is_pipeline_file, read_notebook

BUILDS = "import jupyter_mlops as mlops\n\n@mlops.pipeline\ndef p():\n    pass\n"
SCRIPTS = {
    "a decorated function": (BUILDS, True),
    "a pipeline object": ("from jupyter_mlops import Pipeline\np = Pipeline.from_notebook('a.ipynb')\n", True),
    "percent format": ("# %%\nx = 1\n", False),
    "percent format that mentions pipelines": ("# %%\nimport jupyter_mlops\n# a pipeline\n", False),
    "a marker without blank": ("#%%\nimport jupyter_mlops as mlops\nmlops.pipeline\n", False),
    "a plain script": ("print(1)\n", False),
    "a plain script that logs": ("import jupyter_mlops as mlops\nmlops.log_metric('a', 1)\n", False),
    "a plain script of scikit-learn": ("from sklearn.pipeline import make_pipeline\npipeline = 1\n", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_only_a_file_that_builds_a_pipeline_is_imported(name, tmp_path):
    text, expected = SCRIPTS[name]
    path = tmp_path / "work.py"
    path.write_text(text)
    assert is_pipeline_file(path) is expected


def test_a_notebook_that_mentions_pipelines_is_a_notebook(tmp_path):
    path = tmp_path / "work.ipynb"
    path.write_text(BUILDS)
    assert not is_pipeline_file(path)


def test_a_plain_script_is_a_notebook_of_one_cell(tmp_path):
    path = tmp_path / "train.py"
    path.write_text("x = 1\nprint(x)\n")
    assert [len(step.component.cells) for step in read_notebook(path).pipeline().steps] == [1]


def test_a_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "été nb.ipynb").write_text("{}")
    for given in ("été nb.ipynb", "./été nb.ipynb", "~/été nb.ipynb", str(tmp_path / "été nb.ipynb")):
        assert existing(given) == tmp_path / "été nb.ipynb"


MISTAKES = {
    "missing": ("none.ipynb", NotFound, ["'none.ipynb'"]),
    "folder": (".", Usage, ["'.' is a folder"]),
    "broken link": ("link.ipynb", NotFound, ["'link.ipynb'", "leads nowhere", "'gone.ipynb'"]),
    "bytes that are no text": (os.fsdecode(b"n\xff.ipynb"), Usage, ["xff.ipynb", "is no text"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_with_a_way_out(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.ipynb").symlink_to("gone.ipynb")
    given, kind, words = MISTAKES[name]
    with pytest.raises(kind) as caught:
        existing(given)
    assert [word for word in words if word not in caught.value.message] == []
    assert caught.value.hint
    caught.value.message.encode("utf-8")
