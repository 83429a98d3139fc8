"""What the README and the documentation tell people to type can be typed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from jupyter_mlops.cli import main
from jupyter_mlops.cli.grammar import SUMMARIES, load, parse, parser_of

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TYPED = re.compile(r"^\$ jupyter mlops (.*)$", re.MULTILINE)
SYNOPSIS = re.compile(r"^\| `jupyter mlops ([^`]*)` \|", re.MULTILINE)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def typed_lines() -> list[str]:
    lines = {line for page in PAGES for line in TYPED.findall(page.read_text(encoding="utf-8"))}
    return sorted(lines)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTER_MLOPS_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".jupyter_mlops").mkdir()
    return tmp_path


def test_the_pages_have_lines_to_type() -> None:
    assert len(typed_lines()) >= 10


@pytest.mark.parametrize("line", typed_lines())
def test_a_line_of_the_documentation_can_be_parsed(line: str) -> None:
    parse(shlex.split(line, comments=True))


@pytest.mark.parametrize("line", [line for line in typed_lines() if line.startswith("runs")])
def test_a_search_of_the_documentation_is_understood(line: str, folder, capsys) -> None:
    assert main(shlex.split(line, comments=True)) == 0
    assert capsys.readouterr().out == "No runs.\n"


@pytest.mark.parametrize("verb", SUMMARIES)
def test_a_verb_has_examples_that_can_be_parsed(verb: str) -> None:
    found = load(verb)
    assert found.examples
    for example in found.examples:
        assert parse([verb, *shlex.split(example)]).verb.name == verb


@pytest.mark.parametrize("verb", SUMMARIES)
def test_the_table_of_verbs_names_every_option(verb: str) -> None:
    rows = SYNOPSIS.findall((ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    row = next((row for row in rows if row.split()[0] == verb), "")
    known = {option for action in parser_of(load(verb))._actions for option in action.option_strings}
    written = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", row))
    assert row, f"docs/cli.md does not have {verb}"
    assert written <= known
    own = {option for option in known if option.startswith("--")} - {"--json", "--debug", "--help", "--target"}
    short = {"--param", "--output", "--follow"}
    assert own - short <= written


@pytest.mark.parametrize("verb", SUMMARIES)
def test_the_page_about_json_has_every_verb(verb: str) -> None:
    assert re.search(rf"`(?:{verb})(?: \w+)?`", (ROOT / "docs" / "json.md").read_text(encoding="utf-8"))


def test_the_pipeline_of_the_documentation_runs(folder, capsys) -> None:
    blocks = PYTHON.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    source = next(block for block in blocks if "@mlops.pipeline" in block)
    (folder / "squares.py").write_text(source)
    report = {
        "cells": [
            {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": "total = 0"},
            {"cell_type": "code", "id": "b", "metadata": {}, "source": "print('total', total)"},
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    for cell in report["cells"]:
        cell.update(outputs=[], execution_count=None)
    (folder / "report.ipynb").write_text(json.dumps(report))
    assert main(["check", "squares.py"]) == 0
    capsys.readouterr()
    assert main(["run", "squares.py", "-p", "rows=8", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert {task["step"]: task["state"] for task in run["tasks"]} == {
        "load": "succeeded",
        "square": "succeeded",
        "total": "succeeded",
        "report": "succeeded",
    }
    assert main(["logs", "last", "report"]) == 0
    assert "total 140" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_the_documentation_can_be_read(page: Path) -> None:
    for block in PYTHON.findall(page.read_text(encoding="utf-8")):
        compile(re.sub(r"^%%\w+.*$", "", block, flags=re.MULTILINE), page.name, "exec")
