from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine import cache_key
from jupyter_mlops.engine.cache_key import Taken, changed, key_of, key_parts
from jupyter_mlops.pipeline.model import Component, Options, Step
from jupyter_mlops.runtime.spec import CellSource, Definition

NOTHING = Taken()


def cells(*sources: str) -> tuple[CellSource, ...]:
    return tuple(CellSource(index, f"c{index}", source, index + 1) for index, source in enumerate(sources))


def made(source: str = "y = f(x)", *, setup: tuple[str, ...] = (), **fields: Any) -> Step:
    component = Component("cells", cells(source), cells(*setup), fields.pop("definitions", ()))
    return replace(Step("train", component), **fields)


def difference(one: Step, other: Step, folder: Path, *, was: Taken = NOTHING, now: Taken = NOTHING) -> tuple[str, ...]:
    return changed(key_parts(other, now, folder), key_parts(one, was, folder))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = f(x)", "y = f( x )  # comment\n"),
        ("y = f(x)", "\n\ny = (f(x))"),
        ("y = f('a')", 'y = f("a")'),
        ("%%step train --retries 1\ny = 1", "%%step train --retries 5\ny = 1"),
        ("!ls\n", "!ls"),
    ],
)
def test_formatting_comments_and_the_step_line_do_not_count(before: str, after: str, tmp_path: Path) -> None:
    assert difference(made(before), made(after), tmp_path) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = f(x)", "y = f(x, 1)"),
        ("y = '# text'", "y = '# other'"),
        ("!ls", "!ls -l"),
        ("%time x = 1", "%time x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = [1]\nx", "x = [1]\n\nx, x"),
    ],
)
def test_what_the_source_does_counts(before: str, after: str, tmp_path: Path) -> None:
    assert difference(made(before), made(after), tmp_path) == ("source",)


USED = "import numpy as np\ndef f(x): return g(x)\ndef g(x): return np.sum(x)\ndef unused(x): return 1\n"


@pytest.mark.parametrize(
    ("setup", "counts"),
    [
        (USED.replace("return 1", "return 2"), False),
        (USED + "import os\n", False),
        (USED + "class Unused: pass\n", False),
        (USED.replace("np.sum(x)", "np.mean(x)"), True),
        (USED.replace("import numpy as np", "import jax.numpy as np"), True),
        (USED + "print('hello')\n", True),
        (USED + "from math import *\n", True),
        (USED.replace("return g(x)", "return g(x) + 1"), True),
    ],
)
def test_of_setup_cells_only_what_the_step_reaches_counts(setup: str, counts: bool, tmp_path: Path) -> None:
    found = difference(made(setup=(USED,)), made(setup=(setup,)), tmp_path)
    assert found == (("source",) if counts else ())


def test_a_name_in_a_string_counts_as_used(tmp_path: Path) -> None:
    one, other = "def limit(): return 1\n", "def limit(): return 2\n"
    source = "df.query('x < @limit()')"
    assert difference(made(source, setup=(one,)), made(source, setup=(other,)), tmp_path) == ("source",)


def test_a_setup_cell_with_magics_counts_as_it_is_written(tmp_path: Path) -> None:
    assert difference(made(setup=("%matplotlib inline",)), made(setup=("%matplotlib agg",)), tmp_path) == ("source",)


def test_only_wanted_definitions_count(tmp_path: Path) -> None:
    wanted, other = Definition("a", ("f",), "def f(): ...", wanted=True), Definition("b", ("g",), "def g(): ...")
    base = made(definitions=(wanted,))
    assert difference(base, made(definitions=(wanted, other)), tmp_path) == ()
    assert difference(base, made(definitions=(replace(wanted, id="a2"),)), tmp_path) == ("definitions",)


@pytest.mark.parametrize(
    ("now", "part"),
    [
        (Taken(inputs={"x": "digest"}), "inputs"),
        (Taken(params={"n": 1}), "params"),
        (Taken(bind={"depth": 2}), "options"),
        (Taken(repeat=1), "step"),
        (Taken(kernel="torch"), "options"),
    ],
)
def test_what_a_task_takes_counts(now: Taken, part: str, tmp_path: Path) -> None:
    assert difference(made(), made(), tmp_path, now=now) == (part,)


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"options": Options(env={"A": "1"})}, ("options",)),
        ({"options": Options(image="python:3.12")}, ("options",)),
        ({"options": Options(cpu=2, memory="1Gi", timeout=3, cache=False, labels={"a": "b"})}, ()),
        ({"name": "other"}, ("step",)),
        ({"title": "Train", "group": "g", "outputs": ("y",), "after": ("a",)}, ()),
        ({"arguments": {"n": 3}}, ("params",)),
    ],
)
def test_options_count_where_they_change_what_comes_out(fields: dict, parts: tuple[str, ...], tmp_path: Path) -> None:
    assert difference(made(), made(**fields), tmp_path) == parts


def test_files_count_by_content_where_they_exist(tmp_path: Path) -> None:
    reading = made(files_in=("data.csv", "missing.csv"), options=Options(files=("folder",)), modules=("helper.py",))
    (tmp_path / "folder").mkdir()
    for name in ("data.csv", "helper.py", "folder/inner"):
        (tmp_path / name).write_text("1")
    before = key_parts(reading, Taken(), tmp_path)
    assert key_parts(reading, Taken(), tmp_path) == before
    for name, part in (("data.csv", "files"), ("helper.py", "modules"), ("folder/inner", "files")):
        (tmp_path / name).write_text("2")
        assert changed(key_parts(reading, Taken(), tmp_path), before) == (part,)
        (tmp_path / name).write_text("1")


def test_the_outputs_of_a_whole_notebook_do_not_count_but_its_cells_do(tmp_path: Path) -> None:
    whole = Step("report", Component("notebook", notebook="r.ipynb"))

    def parts(source: str, outputs: list[Any]) -> dict[str, str]:
        cell = {"cell_type": "code", "source": source, "outputs": outputs, "metadata": {}, "execution_count": None}
        (tmp_path / "r.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
        return key_parts(whole, Taken(), tmp_path)

    before = parts("x = 1", [])
    assert changed(parts("x = 1", [{"output_type": "stream", "text": "shown"}]), before) == ()
    assert changed(parts("x = 2", []), before) == ("source",)


def test_a_notebook_that_cannot_be_read_counts_by_its_bytes(tmp_path: Path) -> None:
    whole = Step("report", Component("notebook", notebook="r.ipynb"))
    (tmp_path / "r.ipynb").write_text("not json")
    before = key_parts(whole, Taken(), tmp_path)
    (tmp_path / "r.ipynb").write_text("not json either")
    assert changed(key_parts(whole, Taken(), tmp_path), before) == ("source",)


def test_the_key_depends_on_every_part() -> None:
    parts = {"a": "1", "b": "2"}
    assert key_of(parts) == key_of({"b": "2", "a": "1"})
    assert len({key_of(parts), key_of({**parts, "a": "2"}), key_of({"a": "1"})}) == 3


def test_changed_names_parts_that_came_or_went() -> None:
    assert changed({"a": "1", "b": "2"}, {"a": "1", "c": "3"}) == ("b", "c")
    assert changed({"a": "1"}, None) == ()


def test_a_file_that_did_not_change_is_read_once_and_one_that_did_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_key, "SETTLED_S", -1e9)
    read = cache_key._digest_of_unchanged.cache_info
    (tmp_path / "data.csv").write_text("before")
    reads = made("x", files_in=("data.csv",))
    before = read().misses
    first = {key_parts(reads, Taken(bind={"k": item}), tmp_path)["files"] for item in range(5)}
    assert len(first) == 1
    assert read().misses == before + 1
    when = (tmp_path / "data.csv").stat()
    (tmp_path / "data.csv").write_text("behind")
    os.utime(tmp_path / "data.csv", ns=(when.st_atime_ns, when.st_mtime_ns))
    assert key_parts(reads, Taken(), tmp_path)["files"] not in first, "same size, same time of the last change"


def test_a_file_that_was_changed_just_now_is_read_each_time(tmp_path: Path) -> None:
    reads = made("x", files_in=("data.csv",))
    before = cache_key._digest_of_unchanged.cache_info()
    for text in ("one", "two"):
        (tmp_path / "data.csv").write_text(text)
        key_parts(reads, Taken(), tmp_path)
    assert cache_key._digest_of_unchanged.cache_info() == before


def test_a_folder_counts_only_if_it_is_declared(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    reading, declaring = made(files_in=("out",)), made(options=Options(files=("out",)))
    before = [key_parts(one, Taken(), tmp_path) for one in (reading, declaring)]
    (tmp_path / "out" / "a.png").write_text("x")
    after = [key_parts(one, Taken(), tmp_path) for one in (reading, declaring)]
    assert [changed(now, was) for now, was in zip(after, before, strict=True)] == [(), ("files",)]
