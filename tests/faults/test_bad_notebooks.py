"""Files that are no notebooks, broken ones, old ones, huge ones, and notebooks whose code or steps make no sense."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.faults.command_line import Desk, code, parameters, step, write_notebook

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
BROKEN = b'{\n "cells": [\n  {"cell_type": "code",\n   "source": "x = 1"\n   "metadata": {}}\n ]\n}'
NOT_NOTEBOOKS = [
    ("picture.png", PNG, ["picture.png", "binary"]),
    ("picture.ipynb", PNG, ["picture.ipynb", "binary"]),
    ("words.ipynb", b"hello, this is text", ["words.ipynb", "not valid JSON", "line 1"]),
    ("words.txt", b"hello, this is text", ["words.txt", "not a notebook"]),
    ("empty.ipynb", b"", ["empty.ipynb is empty"]),
    ("blank.ipynb", b" \n\n", ["blank.ipynb is empty"]),
    ("broken.ipynb", BROKEN, ["broken.ipynb", "line 5", "checkpoint"]),
    ("cut.ipynb", BROKEN[:60], ["cut.ipynb", "not valid JSON"]),
    ("list.ipynb", b"[1, 2]", ["list.ipynb", "not a notebook"]),
    ("other.ipynb", b'{"name": "package"}', ["other.ipynb", "not a notebook"]),
    ("bare.ipynb", b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', ["bare.ipynb", "cells"]),
    ("odd.ipynb", b'{"nbformat": 4, "metadata": {}, "cells": [3]}', ["odd.ipynb", "cell 0"]),
    ("later.ipynb", b'{"nbformat": 9, "metadata": {}, "cells": []}', ["later.ipynb", "format 9", "Upgrade"]),
    ("latin.ipynb", '{"nbformat": 4, "cells": ["é"]}'.encode("latin-1"), ["latin.ipynb"]),
    ("deep.ipynb", b'{"cells": ' + b"[" * 100_000, ["deep.ipynb"]),
]


@pytest.mark.parametrize(("name", "content", "words"), NOT_NOTEBOOKS, ids=[row[0] for row in NOT_NOTEBOOKS])
def test_what_is_not_a_notebook_is_refused_by_name(desk: Desk, name: str, content: bytes, words: list[str]) -> None:
    path = desk.folder / name
    path.write_bytes(content)
    for verb in ("check", "run", "graph", "convert", "verify"):
        desk(verb, name).refuses(2, *words)
    assert path.read_bytes() == content
    assert not list(desk.store.iterdir()), "nothing ran"


def test_a_folder_and_a_file_that_is_not_there_are_refused(desk: Desk) -> None:
    (desk.folder / "folder.ipynb").mkdir()
    desk("run", "folder.ipynb").refuses(2, "'folder.ipynb' is a folder")
    desk("run", "nowhere.ipynb").refuses(2, "'nowhere.ipynb'", "no file")


def test_links_in_a_circle_are_told_from_a_missing_file(desk: Desk) -> None:
    os.symlink("b.ipynb", desk.folder / "a.ipynb")
    os.symlink("a.ipynb", desk.folder / "b.ipynb")
    desk("check", "a.ipynb").refuses(2, "'a.ipynb'", "link", "'b.ipynb'")


def test_folders_that_contain_themselves_beside_the_notebook_do_no_harm(desk: Desk) -> None:
    os.symlink(".", desk.folder / "self")
    os.symlink("x", desk.folder / "y")
    os.symlink("y", desk.folder / "x")
    desk.notebook("nb.ipynb", step("one", "print('fine')"))
    assert desk("run", "nb.ipynb").code == 0
    assert desk("verify", "nb.ipynb").code == 0


def test_a_notebook_of_format_3_runs_and_stays_as_it_is(desk: Desk) -> None:
    cell = {"cell_type": "code", "input": "x = 20 + 3\nprint(x)", "language": "python", "outputs": [], "metadata": {}}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [cell]}]}
    path = desk.folder / "old.ipynb"
    path.write_text(json.dumps(old))
    run = desk.json("run", path)
    assert [text.strip() for text in desk.logs(run).values()] == ["23"]
    assert json.loads(path.read_text()) == old


def huge(path: Path) -> Path:
    cells = []
    for number in range(5000):
        if number % 100 == 0:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": f"# Part {number}"})
        before = f"v{number - 1} + 1" if number else "0"
        cells.append(code(f"v{number} = {before}\nprint(v{number})"))
    return write_notebook(path, *cells)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["check", "graph", "convert"])
def test_a_huge_notebook_takes_seconds(desk: Desk, verb: str) -> None:
    path = huge(desk.folder / "huge.ipynb")
    started = time.process_time()
    answer = desk(verb, path, *(["-o", "out.ipynb"] if verb == "convert" else []))
    assert answer.code == 0
    assert time.process_time() - started < 10
    assert max(map(len, answer.out.splitlines())) < 300


def test_a_syntax_error_is_named_with_cell_and_line(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", "x = 1"), step("b", "y = 2\nfor i in:\n    pass"))
    checked = desk("check", "nb.ipynb")
    assert (checked.code, "cell 1 line 2" in checked.out) == (1, True)
    desk("run", "nb.ipynb").refuses(1, "nb.ipynb", "cell 1, line 2: ", "Syntax error")
    assert desk.runs() == []


def test_a_circle_of_steps_is_shown(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", "x = 1", after=["b"]), step("b", "y = 2", after=["a"]))
    desk("run", "nb.ipynb").refuses(1, "circle", "a -> b", "after")
    assert desk("check", "nb.ipynb").code == 1


def test_an_undefined_name_is_found_before_anything_runs(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", "x = 1"), step("b", "y = 2\nprint(missing_thing)"))
    found = desk.json("check", "nb.ipynb")["diagnostics"]
    assert ("missing_thing", 1, 2) in [(item["name"], item["cell"], item["line"]) for item in found]
    answer = desk("run", "nb.ipynb")
    assert answer.code == 1
    assert "missing_thing" in answer.out + answer.err


BAD_NAMES = ["Train Model", "x" * 200, "../x", "a/b", "😀", "<script>alert(1)</script>", "a\nb", "-rf", ".", "a;b", ""]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_no_step_can_have_is_refused_with_another(desk: Desk, name: str) -> None:
    desk.notebook("nb.ipynb", step("first", "x = 1"), step(name, "y = 2"))
    found = desk.json("check", "nb.ipynb")["diagnostics"]
    errors = [item for item in found if item["severity"] == "error"]
    assert [item["cell"] for item in errors] == [1]
    assert errors[0]["hint"]
    desk("run", "nb.ipynb").refuses(1, "cell 1: ")
    assert not (desk.folder.parent / "x").exists()


@pytest.mark.parametrize("name", ["été", "train-model_2", "CON", "x" * 100, "步骤"])
def test_names_of_letters_in_any_language_are_fine(desk: Desk, name: str) -> None:
    desk.notebook("nb.ipynb", step(name, "print(1)"))
    run = desk.json("run", "nb.ipynb")
    assert [(task["step"], task["state"]) for task in run["tasks"]] == [(name, "succeeded")]


def test_names_that_differ_only_in_case_do_not_share_a_folder_or_are_refused(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("train", "print('small')"), step("Train", "print('large')"))
    run = desk.json("run", "nb.ipynb")
    assert {step: text.strip() for step, text in desk.logs(run).items()} == {"train": "small", "Train": "large"}


def test_a_step_that_goes_on_later_is_one_step_and_doubtful(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", "print(1)"), step("b", "print(2)"), step("a", "print(3)"))
    found = desk.json("check", "nb.ipynb")["diagnostics"]
    assert [(item["severity"], item["cell"]) for item in found] == [("warning", 2)]
    run = desk.json("run", "nb.ipynb")
    assert desk.logs(run) == {"a": "1\n3\n", "b": "2\n"}


INJECTIONS = [
    "%%step a; import os",
    "%%step a --when \"__import__('os').system('touch pwned')\"",
    "%%step a --after $(touch pwned)",
    "%%step `touch pwned`",
    "%%step a --for-each 'i in [x for x in ().__class__.__mro__]'",
]


@pytest.mark.parametrize("line", INJECTIONS)
def test_a_magic_line_is_never_executed(desk: Desk, line: str) -> None:
    desk.notebook("nb.ipynb", code(f"{line}\nprint(1)"))
    answer = desk("check", "nb.ipynb")
    assert answer.code == 1, answer
    answer.is_for_people()
    desk("run", "nb.ipynb").refuses(1, "cell 0")
    assert not (desk.folder / "pwned").exists()


@pytest.mark.parametrize("name", ["with space.ipynb", "été 日本.ipynb", "a#b%20c.ipynb", "-dash.ipynb", "q'u\"o.ipynb"])
def test_any_file_name_will_do(desk: Desk, name: str) -> None:
    folder = desk.folder / f"in {name[:-6]}"
    folder.mkdir()
    write_notebook(folder / name, parameters("n = 1"), step("one", "print(n)\nopen('made.txt', 'w').write('x')"))
    run = desk.json("run", folder / name, "-p", "n=2")
    assert run["state"] == "succeeded"
    assert (folder / "made.txt").exists()
    assert desk("show").code == 0
