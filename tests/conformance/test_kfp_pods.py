"""Notebooks run from their IR and their ConfigMap alone, by a small backend that does what the IR says."""

import pytest

from jupyter_mlops.pipeline.kfp import problems
from tests.conformance.kfp_backend import Backend
from tests.conformance.kfp_notebooks import compiled_cells

pytestmark = pytest.mark.slow

POINT = """
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

def double(x):
    return 2 * x
"""


@pytest.fixture
def backend(tmp_path):
    def make(*cells, parameters="", setup=""):
        compiled = compiled_cells(tmp_path / "project", *cells, parameters=parameters, setup=setup)
        assert list(problems(compiled.spec)) == []
        return Backend(compiled, tmp_path / "backend")

    return make


def test_values_functions_and_parameters_arrive(backend):
    run = backend(
        ("load", "frame = Point(depth, lr)\nalias = frame"),
        ("change", "frame.x += 1\nprint(alias.x, alias is frame)"),
        ("show", "print(double(frame.x), frame.y, type(frame).__name__)"),
        setup=POINT,
        parameters="depth = 3\nlr = 2.0",
    )
    assert run.run(depth=5).state == "succeeded", run.log
    assert run.printed("change") == ["6 True\n"]
    assert run.printed("show") == ["12 2.0 Point\n"]


@pytest.mark.parametrize(("acc", "expected"), [(0.5, "tuned"), (0.95, "first")])
def test_after_a_condition_comes_the_value_that_is_in_force(backend, acc, expected):
    run = backend(
        ("train", f"model = 'first'\nacc = {acc}"),
        ("tune", "model = 'tuned'", {"when": "acc < 0.9"}),
        ("report", "print(model)"),
    )
    assert run.run().state == "succeeded", run.log
    assert run.printed("report") == [f"{expected}\n"]
    assert len(run.printed("tune")) == (expected == "tuned")


@pytest.mark.parametrize("depth", [1, 5])
def test_what_only_a_condition_makes_is_used_only_then(backend, depth):
    run = backend(
        ("deep", "extra = depth * 10", {"when": "depth > 2"}),
        ("use", "print(extra)"),
        ("other", "print('always')"),
        parameters="depth = 1",
    )
    assert run.run(depth=depth).state == "succeeded", run.log
    assert run.printed("use") == (["50\n"] if depth > 2 else [])
    assert run.printed("other") == ["always\n"]


@pytest.mark.parametrize(("n", "expected"), [(5, "small"), (50, "big")])
def test_one_of_two_conditions_gives_the_value(backend, n, expected):
    run = backend(
        ("small", "size = 'small'", {"when": "n < 10"}),
        ("big", "size = 'big'", {"when": "n >= 10"}),
        ("use", "print(size)"),
        parameters="n = 5",
    )
    assert run.run(n=n).state == "succeeded", run.log
    assert run.printed("use") == [f"{expected}\n"]


def test_where_no_condition_held_the_step_that_needs_the_value_says_so(backend):
    run = backend(
        ("small", "size = 'small'", {"when": "n < 10"}),
        ("big", "size = 'big'", {"when": "n > 10"}),
        ("use", "print(size)"),
        parameters="n = 10",
    )
    assert run.run().state == "failed"
    assert "'use' needs 'size', and no step that ran has set it" in "".join(run.log)


def test_a_loop_gives_a_list_in_order(backend):
    run = backend(
        ("load", "rows = [3, 'a', None, 2.0, [1, {'k': 2.5}]]"),
        ("each", "seen = (row, type(row).__name__)", {"for_each": "row in rows"}),
        ("all", "print(seen)"),
    )
    assert run.run().state == "succeeded", run.log
    expected = [(3, "int"), ("a", "str"), (None, "NoneType"), (2.0, "float"), ([1, {"k": 2.5}], "list")]
    assert run.printed("all") == [f"{expected}\n"]


@pytest.mark.parametrize("items", ["[1, 2]", "[1.0, 2.5]", "['a', 'b']", "[1, 'a', None]", "range(3)", "[True, False]"])
def test_literal_items_keep_their_types(backend, items):
    run = backend(("each", "seen = repr(x)", {"for_each": f"x in {items}"}), ("all", "print(seen)"))
    assert run.run().state == "succeeded", run.log
    assert run.printed("all") == [f"{[repr(x) for x in eval(items)]}\n"]


def test_the_exit_step_runs_after_a_failure_and_others_do_not(backend):
    run = backend(
        ("bad", "value = 1 / 0"),
        ("next", "print(value)"),
        ("bye", "print('bye', depth)", {"exit": True}),
        parameters="depth = 3",
    )
    assert run.run().state == "failed"
    assert run.printed("bye") == ["bye 3\n"]
    assert run.printed("next") == []
    assert "ZeroDivisionError" in "".join(run.log)


def test_a_failed_step_is_tried_again(backend, tmp_path):
    mark = str(tmp_path / "mark")
    source = f"import os\nassert os.path.exists({mark!r}) or open({mark!r}, 'w').close()\nprint('second')"
    run = backend(("flaky", source, {"retries": 2}))
    assert run.run().state == "succeeded", run.log
    assert run.printed("flaky")[-1] == "second\n"


def test_files_and_modules_beside_the_notebook_travel(backend, tmp_path):
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "rows.csv").write_text("1,2\n")
    (project / "ours.py").write_text("def three():\n    return 3\n")
    run = backend(("read", "import ours\nprint(open('data/rows.csv').read().strip(), ours.three())"))
    assert run.run().state == "succeeded", run.log
    assert run.printed("read") == ["1,2 3\n"]


@pytest.mark.parametrize(
    ("spelling", "default", "given"),
    [
        ("int", "3", 4),
        ("float", "0.5", 2.0),
        ("str", "'a'", "true"),
        ("bool", "True", False),
        ("list[int]", "[1]", [1, 2]),
        ("dict[str, int]", "{'a': 1}", {"b": 2}),
        ("int | str", "3", "abc"),
        ("int | None", "None", 7),
    ],
)
def test_parameters_keep_their_types(backend, spelling, default, given):
    run = backend(("show", "print(repr(x))"), parameters=f"x: {spelling} = {default}")
    assert run.run().state == "succeeded", run.log
    assert run.run(x=given).state == "succeeded", run.log
    assert run.printed("show") == [f"{eval(default)!r}\n", f"{given!r}\n"]
