"""A notebook that comes again is read from the first cell that is another one; nobody can tell but by the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlops.notebook import linear_run
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.files import FileUse
from jupyter_mlops.notebook.linear_run import CellRun, Walks, run_through
from jupyter_mlops.notebook.machine import Machine
from jupyter_mlops.notebook.scopes import read_scopes

CELLS = ["import numpy as np", "a = [1]", "b = a", "def f():\n    b.append(np.ones(3))", "f()", "print(a)"]
CLASS = "class f:\n    def __call__(self): a.append(1)"


def placed(sources):
    cells = (Cell(index, f"c{index}", "code", source, count=index + 1) for index, source in enumerate(sources))
    return [(cell, "step", f"s{cell.index}") for cell in cells]


def told(run):
    """What a run says, without the objects themselves."""

    def of(cell: CellRun):
        effects = cell.effects
        return (cell.step, dict(effects.reads), dict(effects.writes), effects.sure, cell.affected, cell.affected_before)

    names = sorted(run.history)
    shared = [(one, other) for one in names for other in names if run.objects(one, 99) & run.objects(other, 99)]
    times = {name: [time for time, _ in run.history[name]] for name in names if run.history[name]}
    return [of(cell) for cell in run.cells], shared, times, sorted(run.last_changed.values())


def read(sources, folder=None):
    with run_through(placed(sources), folder) as run:
        return told(run)


@pytest.fixture
def followed(monkeypatch):
    """Counts the cells that are followed."""
    counted: list[object] = []
    real = Machine.run

    def run(self, facts, first=()):
        counted.append(facts)
        return real(self, facts, first)

    monkeypatch.setattr(Machine, "run", run)
    monkeypatch.setattr(linear_run, "_WALKS", Walks())
    return counted


@pytest.mark.parametrize("place", range(len(CELLS) + 1))
@pytest.mark.parametrize(
    "new", ["a = {}\na.get(1)", "b = [3]\na = b", "del a", "class f:\n    def __call__(self): a.append(1)"]
)
def test_no_cells_but_those_from_the_edit_on_are_followed(followed, place, new):
    read(CELLS)
    changed = [*CELLS[:place], new, *CELLS[place + 1 :]]
    followed.clear()
    again = read(changed)
    assert len(followed) <= len(changed) - place
    linear_run._WALKS.cache_clear()
    assert again == read(changed)


@pytest.mark.parametrize(
    ("place", "new", "count"),
    [
        (1, "a = [1]\nn = 3\nprint(n)", 1),
        (1, "n = 3\na = [1]", 1),
        (2, "b = a\nlen(b)", 1),
        (2, "b = a\ndel n", 5),
        (1, "a = [1]\nm = 3", 2),  # the last cell reads it
        (1, "a = [1]\na.append(2)", 1),
        (1, "a = [1]\nc = a", 6),
        (1, "a = [1]\nb = 3", 6),
        (1, "a = [[1]]", 6),
        (3, "def f():\n    a.append(np.ones(4))", 4),
        (3, "%run other.py", 4),
    ],
)
def test_cells_below_are_followed_only_if_the_edit_leaves_something_else(followed, place, new, count):
    cells = [*CELLS, "print(m)"]
    read(cells)
    followed.clear()
    again = read([*cells[:place], new, *cells[place + 1 :]])
    assert len(followed) == count
    linear_run._WALKS.cache_clear()
    assert again == read([*cells[:place], new, *cells[place + 1 :]])


@pytest.mark.parametrize("new", ["a = [200]", "a = ['text']", "a = [1]  # words", "a  =  [ 1 ]"])
def test_an_edit_that_does_the_same_follows_nothing(followed, new):
    read(CELLS)
    followed.clear()
    changed = [CELLS[0], new, *CELLS[2:]]
    with run_through(placed(changed)) as run:
        again = told(run)
        assert run.cells[1].facts is read_scopes(new)
    assert not followed
    linear_run._WALKS.cache_clear()
    assert again == read(changed)


def test_a_text_that_may_be_a_path_is_no_such_edit(followed):
    cells = ["path = 'a.csv'", "open(path).read()"]
    read(cells)
    followed.clear()
    with run_through(placed(["path = 'b.csv'", cells[1]])) as run:
        assert run.cells[1].effects.files == [FileUse("read", ("b.csv",)), FileUse("in", ("b.csv",))]
    assert len(followed) == 2


def test_a_cell_has_its_new_place_role_and_step(followed):
    read(CELLS)
    followed.clear()
    cells = [(cell, "setup" if cell.index == 0 else "step", "other") for cell, _, _ in placed(CELLS)]
    with run_through(cells) as run:
        assert [(cell.cell, cell.role, cell.step) for cell in run.cells] == cells
    assert not followed


def test_a_file_that_is_run_is_read_each_time(followed, tmp_path: Path):
    (tmp_path / "set.py").write_text("x = 1")
    sources = ["a = 1", "%run set.py", "print(x)"]
    assert "x" in read(sources, tmp_path)[0][1][2]
    (tmp_path / "set.py").write_text("y = 1")
    assert "y" in read(sources, tmp_path)[0][1][2]


@pytest.mark.parametrize("line", ["%run 'set.py'", "%run -i set.py --rate 3", '%run "set.py" other.txt'])
def test_a_file_is_run_whatever_it_is_given(tmp_path: Path, line: str):
    (tmp_path / "set.py").write_text("x = 1")
    assert "x" in read(["a = 1", line, "print(x)"], tmp_path)[0][1][2]


def test_a_walk_that_failed_is_not_taken_up_again(followed):
    with pytest.raises(ZeroDivisionError), run_through(placed(CELLS)):
        raise ZeroDivisionError
    followed.clear()
    read(CELLS)
    assert len(followed) == len(CELLS)


def test_a_walk_that_cannot_go_back_gives_way_to_a_new_one(followed):
    read(CELLS)
    [walk] = linear_run._WALKS._known
    walk.run.history.clear()
    edited = [CELLS[0], "a = {}\na.get(1)", *CELLS[2:]]
    with pytest.warns(RuntimeWarning, match="from its beginning"):
        answer = read(edited)
    linear_run._WALKS.cache_clear()
    assert answer == read(edited)


def test_two_at_a_time_do_not_share_a_walk(followed):
    read(CELLS)
    with run_through(placed(CELLS)) as one, run_through(placed(CELLS)) as other:
        assert one is not other
        assert told(one) == told(other)


def test_a_very_long_notebook_is_not_kept(followed, monkeypatch):
    monkeypatch.setattr(linear_run, "_MOST_CELLS", 3)
    read(CELLS)
    followed.clear()
    read(CELLS)
    assert len(followed) == len(CELLS)
