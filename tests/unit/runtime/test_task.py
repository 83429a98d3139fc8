"""A task from its spec to its result, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.runtime.spec import Block, BundleRef, CellSource, Definition, InputValues
from tests.unit.runtime.conftest import Ran, Tasks, read_ran


def test_a_task_runs_its_cells_and_hands_out_values(tasks: Tasks) -> None:
    ran = tasks("x = 1", "print('hi')\nx + 1", outputs=("x",))
    assert (ran.code, ran.result.fate) == (0, "succeeded")
    assert ran.result.outputs["x"].text == "1"
    assert ran.result.bundle == BundleRef(str(ran.directory / "outputs.bundle"), ran.result.bundle.seal)
    assert ran.text() == "hi\n2"
    assert ran.log == "hi\n"
    assert ran.result.facts["peak_rss"] > 1_000_000


def test_values_reach_the_next_task(tasks: Tasks) -> None:
    first = tasks("import random\nclass C: pass\nc = C(); a = [c]; f = lambda: c", outputs=("c", "a", "f"))
    inputs = (InputValues({"c": "c", "mine": "a", "f": "f", "absent": "absent"}, (first.result.bundle,)),)
    second = tasks("f() is c is mine[0], type(c).__name__, 'absent' in globals()", inputs=inputs)
    assert second.text() == "(True, 'C', False)"


def test_the_first_bundle_that_has_the_name_gives_it(tasks: Tasks) -> None:
    one, two = tasks("y = 1", outputs=("x", "y")), tasks("x = 2; y = 2", outputs=("x", "y"))
    inputs = (InputValues({"x": "x", "y": "y"}, (None, one.result.bundle, two.result.bundle)),)
    assert tasks("x, y", inputs=inputs).text() == "(2, 1)"


def test_a_loop_is_collected_in_order_with_gaps(tasks: Tasks) -> None:
    bundles = tuple(tasks(f"x = {i}", outputs=("x",)).result.bundle for i in range(2))
    assert (
        tasks("x", inputs=(InputValues({"x": "x"}, (bundles[1], None, bundles[0]), collect=True),)).text()
        == "[1, None, 0]"
    )


def test_parameters_come_first_and_bound_values_last(tasks: Tasks) -> None:
    ran = tasks(
        "n, item, base",
        params={"n": 3, "item": 0},
        bind={"item": "a"},
        setup=(CellSource(0, "s", "base = n + 1", 1),),
        first=1,
    )
    assert ran.text() == "(3, 'a', 4)"
    assert ran.notebook["cells"][0]["metadata"]["tags"] == ["injected-parameters"]
    assert "n = 3" in "".join(ran.notebook["cells"][0]["source"])


DEFINITIONS = (
    Definition("base", ("Base",), "class Base:\n    k = 1", cell=0, line=1),
    Definition("np", ("np",), "import numpy as np", cell=0, line=5),
    Definition("f1", ("f",), "def f(): return 1", cell=1, line=1),
    Definition("f2", ("f",), "def f(x=np.int64(2)): return int(x)", needs=("np",), cell=2, line=3, wanted=True),
    Definition("sub", ("Sub",), "class Sub(Base):\n    def m(self): return helper()", needs=("base",), cell=2, line=9),
)


def test_wanted_definitions_are_made_in_notebook_order(tasks: Tasks) -> None:
    assert tasks("f(), 'Sub' in globals()", definitions=DEFINITIONS, first=5).text() == "(2, False)"


def test_definitions_are_made_when_a_value_needs_them(tasks: Tasks) -> None:
    source = "class Base:\n    k = 1\nclass Sub(Base):\n    def m(self): return helper()\ns = Sub()"
    definitions = (
        Definition("base", ("Base",), "class Base:\n    k = 1", cell=0, line=1),
        Definition(
            "sub", ("Sub",), "class Sub(Base):\n    def m(self): return helper()", needs=("base",), cell=0, line=3
        ),
    )
    first = tasks(source, definitions=definitions, outputs=("s",))
    inputs = (InputValues({"s": "s"}, (first.result.bundle,)),)
    ran = tasks(
        "def helper(): return 7\nimport inspect",
        "s.m(), s.k, isinstance(s, Base), inspect.getsource(Sub.m).strip()",
        definitions=definitions,
        inputs=inputs,
        first=1,
    )
    assert ran.text() == "(7, 1, True, 'def m(self): return helper()')"


def test_a_definition_that_fails_is_told_with_its_cell(tasks: Tasks) -> None:
    broken = Definition("g", ("g",), "def g(x=nowhere): pass", cell=4, line=2, wanted=True)
    error = tasks("1", definitions=(broken,)).result.error
    assert "the definition of g (cell 4, line 2) failed: NameError" in error.message


def test_classes_of_setup_cells_are_the_same_everywhere(tasks: Tasks) -> None:
    setup = (CellSource(0, "s", "class C:\n    def m(self): return k\nk = 1", 1),)
    first = tasks("c = C()", setup=setup, outputs=("c",), first=1)
    second = tasks(
        "k = 5\nisinstance(c, C), c.m()",
        setup=setup,
        inputs=(InputValues({"c": "c"}, (first.result.bundle,)),),
        first=2,
    )
    assert second.text() == "(True, 5)"


def test_a_name_that_is_handed_by_value_is_not_made_again(tasks: Tasks) -> None:
    definitions = (Definition("f", ("f",), "def f(): return f.calls", cell=0, line=1),)
    first = tasks("def f(): return f.calls", "f.calls = 3", definitions=definitions, outputs=("f",), by_value=("f",))
    inputs = (InputValues({"f": "f"}, (first.result.bundle,)),)
    assert tasks("f()", definitions=definitions, inputs=inputs, by_value=("f",), first=2).text() == "3"


def test_configuration_lines_are_repeated(tasks: Tasks) -> None:
    lines = (
        Definition("c1", (), "import os\nos.environ['MY_SETTING'] = 'on'", cell=0, line=1, wanted=True),
        Definition("c2", (), "%precision 2", cell=0, line=3, wanted=True),
    )
    assert tasks("os.environ['MY_SETTING'], 3.14159", definitions=lines, first=1).text() == "('on', 3.14)"


@pytest.mark.parametrize(
    ("name", "seed", "draw"),
    [
        ("random.state", "import random; random.seed(1); random.random()", "import random; random.random()"),
        (
            "numpy.random.state",
            "import numpy as np; np.random.seed(1); np.random.normal()",
            "import numpy as np; float(np.random.normal())",
        ),
    ],
)
def test_random_state_goes_on_in_the_next_task(tasks: Tasks, name: str, seed: str, draw: str) -> None:
    expected = tasks(seed, draw).text()
    first = tasks(seed, outputs=(name,))
    passed_on = tasks("1", inputs=(InputValues({name: name}, (first.result.bundle,)),), outputs=(name,))
    second = tasks(draw, inputs=(InputValues({name: name}, (passed_on.result.bundle,)),), first=1)
    assert second.text() == expected


def test_results_of_cells_are_known_by_their_number(tasks: Tasks) -> None:
    first = tasks("40 + 2", "'b'", outputs=("_", "__", "_1", "_2"))
    names = {name: name for name in ("_", "__", "_1")}
    ran = tasks("_, __, _1, Out[1], len(In)", inputs=(InputValues(names, (first.result.bundle,)),), first=2)
    assert ran.text() == "('b', 42, 42, 42, 4)"


def test_exports_are_plain_numbers(tasks: Tasks) -> None:
    source = (
        "import numpy as np\nacc = np.float32(0.5); best = np.array([1, 2]); ok = np.bool_(True); d = {'a': (1, None)}"
    )
    ran = tasks(source, exports=("acc", "best", "ok", "d", "unbound"))
    assert ran.result.exports == {"acc": 0.5, "best": [1, 2], "ok": True, "d": {"a": [1, None]}}


def test_an_export_without_a_plain_form_is_a_clear_error(tasks: Tasks) -> None:
    ran = tasks("class M: pass\nm = M()", exports=("m",))
    assert "'m' is used in a condition or a loop, but a M has no plain form" in ran.result.error.message


def test_a_value_that_cannot_be_handed_over_names_variable_and_cell(tasks: Tasks) -> None:
    ran = tasks("1", "import threading\nlock = threading.Lock()", outputs=("lock",), first=4)
    assert ran.code == 1
    assert ran.result.error.kind == "CannotHandOver"
    assert ran.result.error.cell == 5
    assert "'lock' (_thread.lock)" in ran.result.error.message
    assert "cannot be handed" in ran.log


def test_the_final_bundle_has_all_values_of_the_user(tasks: Tasks) -> None:
    ran = tasks("import threading\nx = 1; lock = threading.Lock(); _private = 2\ndef f(): pass", "x", final=True)
    assert ran.result.facts["final"]["names"] == ["_private", "lock", "x"]


def test_files_are_told_by_digest(tasks: Tasks) -> None:
    ran = tasks("open('a.txt', 'w').write('hi')", files_out=("a.txt", "missing"))
    assert ran.result.files == {"a.txt": "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}


def test_events_tell_the_story(tasks: Tasks) -> None:
    ran = tasks("import jupyter_mlops as mlops\nmlops.log_metric('acc', 0.5, step=1)\nmlops.run_id", "1/0")
    assert [event["type"] for event in ran.events] == [
        *("cell.started", "metric", "cell.finished", "cell.started", "cell.finished"),
    ]
    assert ran.events[-1]["fate"] == "failed"
    assert ran.events[1]["task"] == "step"
    assert ran.text(0) == "'run-1'"


def test_a_failing_cell_is_shown_and_located(tasks: Tasks) -> None:
    ran = tasks("def f(a):\n    return a / 0", "x = 1\nf(x)", "print('never')")
    error = ran.result.error
    assert (ran.code, error.kind, error.cell, error.line) == (1, "ZeroDivisionError", 1, 2)
    output = ran.outputs(1)[0]
    assert (output["output_type"], output["ename"]) == ("error", "ZeroDivisionError")
    assert "\x1b[" in "".join(output["traceback"])
    assert "In[1]" in "".join(error.traceback)
    assert "\x1b[" not in ran.log
    assert "ZeroDivisionError: division by zero" in ran.log
    assert ran.notebook["cells"][2]["execution_count"] is None


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ny = = 2", "SyntaxError", 2),
        ("if 1:\nx", "IndentationError", 2),
        ("%nosuchmagic", "UsageError", None),
        ("input('name? ')", "InputRefused", 1),
        ("import getpass\ngetpass.getpass()", "InputRefused", 2),
        ("import sys\nsys.exit(3)", "SystemExit", 2),
        ("exit()", "SystemExit", None),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("%%time\n1/0", "ZeroDivisionError", None),
        ("raise ExceptionGroup('g', [ValueError(1)])", "ExceptionGroup", 1),
    ],
)
def test_how_cells_can_fail(tasks: Tasks, source: str, kind: str, line: int | None) -> None:
    ran = tasks(source, "1")
    assert (ran.code, ran.result.error.kind, ran.result.error.cell) == (1, kind, 0)
    if line:
        assert ran.result.error.line == line
    assert "error" in [output["output_type"] for output in ran.outputs(0)]


def test_a_cell_that_runs_too_long_is_stopped(tasks: Tasks) -> None:
    ran = tasks("print('begin')\nimport time\ntime.sleep(60)", cell_timeout=0.3)
    assert ran.result.error.kind == "CellTimeout"
    assert ran.result.seconds < 30
    assert ran.text(0).startswith("begin")


def test_sigterm_interrupts_the_cell_and_all_is_saved(tasks: Tasks) -> None:
    spec = tasks.spec("print('ready', flush=True)\nimport time\ntime.sleep(60)")
    path = Path(spec.directory) / "spec.json"
    path.write_text(spec.to_json())
    with subprocess.Popen([sys.executable, "-m", "jupyter_mlops.runtime", str(path)], cwd=os.getcwd()) as process:
        log = path.parent / "log"
        while not (log.exists() and "ready" in log.read_text()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    ran = read_ran(code, path.parent)
    assert (code, ran.result.error.kind, ran.result.error.cell) == (1, "KeyboardInterrupt", 0)
    assert ran.outputs(0)[-1]["ename"] == "KeyboardInterrupt"


def test_sigterm_ends_a_child_of_a_cell_at_any_moment(tasks: Tasks) -> None:
    ran = tasks(
        "import os, signal, time, warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "def ended(delay):\n"
        "    if not (pid := os.fork()):\n"
        "        try: time.sleep(60)\n"
        "        finally: os._exit(3)\n"
        "    time.sleep(delay); os.kill(pid, signal.SIGTERM)\n"
        "    return os.waitpid(pid, 0)[1] == signal.SIGTERM\n"
        "print(all([ended(i * 2e-5) for i in range(100)]), signal.getsignal(signal.SIGTERM).__name__)"
    )
    assert ran.text() == "True _interrupt\n"


def test_a_killed_task_leaves_its_log_and_its_notebook(tasks: Tasks) -> None:
    spec = tasks.spec("print('first')", "import os, time\nprint('second')\nos.system('echo raw')\ntime.sleep(60)")
    path = Path(spec.directory) / "spec.json"
    path.write_text(spec.to_json())
    executed = path.parent / "executed.ipynb"
    with subprocess.Popen([sys.executable, "-m", "jupyter_mlops.runtime", str(path)]) as process:
        while not executed.exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert (path.parent / "log").read_text() == "first\nsecond\nraw\n"
    assert "first" in executed.read_text()
    assert not (path.parent / "result.json").exists()


BLOCKS: dict[str, tuple[list[str], tuple[Block, ...], str]] = {
    "a condition that holds": (["n = 2", "n = 3", "n"], (Block((1,), when="n > 1"),), "3"),
    "a condition that does not": (["n = 1", "n = 3", "n"], (Block((1,), when="n > 1"),), "1"),
    "a loop": (
        ["xs = [1, 2]", "y = x * 10", "y"],
        (Block((1,), variable="x", items="xs", collect=("y",)),),
        "[10, 20]",
    ),
    "a condition on a metric": (
        ["import jupyter_mlops as m; m.log_metric('acc', 1); r = 0", "r = 1", "r"],
        (Block((1,), when="metrics.acc >= 1"),),
        "1",
    ),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_blocks_run_as_the_engine_would_have(tasks: Tasks, case: str) -> None:
    cells, blocks, expected = BLOCKS[case]
    assert tasks(*cells, blocks=blocks).text() == expected


def test_the_working_directory_and_its_modules(tasks: Tasks, tmp_path: Path) -> None:
    (tmp_path / "helper_of_test.py").write_text("K = 7\n")
    ran = tasks("import os, helper_of_test\nprint(os.getcwd(), helper_of_test.K, __name__, '__file__' in globals())")
    assert ran.text() == f"{tmp_path} 7 __main__ False\n"


def test_a_working_directory_that_is_gone_is_a_sentence(tasks: Tasks) -> None:
    assert "cannot be entered" in tasks("1", cwd="/nowhere").result.error.message


WORKERS = {
    "multiprocessing": "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as p: print(p.map(f, [1, 2]))",
    "concurrent.futures": (
        "from concurrent.futures import ProcessPoolExecutor as P\nimport multiprocessing as m\n"
        "with P(2, mp_context=m.get_context('fork')) as p: print(list(p.map(f, [1, 2])))"
    ),
    "threads": "from concurrent.futures import ThreadPoolExecutor as P\nwith P(2) as p: print(list(p.map(f, [1, 2])))",
    "joblib": "from joblib import Parallel, delayed\nprint(Parallel(n_jobs=2)(delayed(f)(x) for x in [1, 2]))",
}


@pytest.mark.parametrize("case", WORKERS)
def test_workers_of_a_cell_find_the_notebooks_functions(tasks: Tasks, case: str) -> None:
    ran = tasks("k = 10\ndef f(x): return x + k", WORKERS[case])
    assert "[11, 12]\n" in ran.text()


def test_what_a_forked_child_prints_is_seen(tasks: Tasks) -> None:
    ran = tasks(
        "import os, warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "if not (pid := os.fork()):\n    print('child', flush=True); os._exit(0)\n_ = os.waitpid(pid, 0)"
    )
    assert (ran.text(), ran.log) == ("child\n", "child\n")


def test_a_child_process_of_a_cell_can_report(tasks: Tasks, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import jupyter_mlops as m\nm.log_metric('loss', 2)\nprint(m.param('n'))\n")
    python = f"PYTHONPATH={Path(__file__).parents[3]} {sys.executable}"
    ran = tasks(f"!{python} train.py", params={"n": 5})
    assert [event["value"] for event in ran.events if event["type"] == "metric"] == [2]
    assert ran.text() == "5\n"


def test_a_spec_file_is_read_by_the_module(tasks: Tasks) -> None:
    done = subprocess.run([sys.executable, "-m", "jupyter_mlops.runtime"], capture_output=True, text=True)
    assert (done.returncode, "usage" in done.stderr) == (2, True)


def test_a_task_runs_without_site_packages(tasks: Tasks) -> None:
    spec = tasks.spec("x = 1", "print('plain')\nx + 1", outputs=("x",))
    path = Path(spec.directory) / "spec.json"
    path.write_text(spec.to_json())
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        f"from jupyter_mlops.runtime.task import run_task; sys.exit(run_task({str(path)!r}))"
    )
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ran = read_ran(0, path.parent)
    assert ran.text() == "plain\n2"
    assert not {"IPython", "cloudpickle"} & set(ran.result.facts["libraries"])


def _valid(notebook: dict[str, Any]) -> None:
    import nbformat

    nbformat.validate(nbformat.from_dict(notebook))


def test_the_executed_notebook_is_valid(tasks: Tasks) -> None:
    ran: Ran = tasks(
        "import pandas as pd\npd.DataFrame({'x': [1]})", "from math import nan\n1/0", params={"a": float("inf")}
    )
    _valid(ran.notebook)
    assert json.dumps(ran.notebook)
    assert "float('inf')" in "".join(ran.notebook["cells"][0]["source"])
