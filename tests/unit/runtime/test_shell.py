"""Cells behave as in a Jupyter kernel: rich outputs, magics, commands, await; without IPython as far as that goes."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from jupyter_mlops.runtime.outputs import CellOutputs
from jupyter_mlops.runtime.plain_shell import PlainCells, mime_bundle
from jupyter_mlops.runtime.spec import CellSource
from tests.unit.runtime.conftest import Ran, Tasks

# (cells, what the last one shows as text)
SHOWN = {
    "a last expression": (["1 + 1"], "2"),
    "nothing after a semicolon": (["1 + 1;"], ""),
    "None": (["None"], ""),
    "top-level await": (["import asyncio\nawait asyncio.sleep(0)\n3"], "3"),
    "one event loop for all cells": (
        ["import asyncio\nasync def f(): return asyncio.get_running_loop()\na = await f()", "a is await f()"],
        "True",
    ),
    "asyncio.run": (["import asyncio\nasync def f(): return 1\nasyncio.run(f())"], "1"),
    "a shell command": (["x = 'é'\n!echo $x; echo err >&2"], "é\nerr\n"),
    "the lines of a shell command": (["x = !printf 'a\\nb'\nx.n, _exit_code"], "('a\\nb', 0)"),
    "the code of a failed command": (["!exit 3", "_exit_code"], "3"),
    "%%bash": (["%%bash\necho hi"], "hi\n"),
    "%%capture": (["%%capture out\nprint('x')\n1", "out.stdout"], "'x\\n'"),
    "%%writefile": (["%%writefile f.txt\nabc", "open('f.txt').read()"], "'abc\\n'"),
    "%who and friends": (["x = 1", "%who_ls"], "['x']"),
    "%env": (["%env A_TEST=1", "import os; os.environ['A_TEST']"], "'1'"),
    "%run": (["open('s.py', 'w').write('v = 3')", "%run s.py", "v"], "3"),
    "inert cell magic": (["%%step train --cpu 2\nx = 1\nx"], "1"),
    "inert cell magic above another": (["%%step train\n%%capture out\nprint(1)", "out.stdout"], "'1\\n'"),
    "inert assigned magic": (["result = %mlops run\nresult is None"], "True"),
    "inert line magics": (["%load_ext jupyter_mlops\n%mlops run\nif 1:\n    %mlops runs\n2"], "2"),
    "In and Out": (["1", "2", "In[1], Out[2], _, __"], "('1', 2, 2, 1)"),
    "builtins are whole": (["print(sum([1]))", "get_ipython().__class__.__name__"], "'TaskShell'"),
    "a warning has a stable place": (
        ["import warnings\nwarnings.warn('careful')"],
        "<cell 0>:2: UserWarning: careful\n  warnings.warn('careful')\n",
    ),
    "a figure": (["from matplotlib.figure import Figure\nFigure()"], "<Figure size 640x480 with 0 Axes>"),
    "a widget as text": (["import ipywidgets\nipywidgets.IntSlider(3)"], "IntSlider(value=3)"),
    "a progress bar as text": (["from tqdm.auto import tqdm\nfor _ in tqdm(range(2), disable=True): pass\n1"], "1"),
    "C code and Python in order": (
        ["import os\nprint('a')\nos.system('echo b')\nprint('c')\nos.write(1, b'd\\n');"],
        "a\nb\nc\nd\n",
    ),
    "a subprocess": (["import subprocess\nsubprocess.run(['echo', 'x']);"], "x\n"),
    "a progress bar overwrites itself": (["for i in range(3): print(f'\\r{i}', end='')"], "2"),
    "bytes to stdout": (["import sys\nsys.stdout.buffer.write(b'x\\n');"], "x\n"),
    "the source of a function": (
        ["def f():\n    return 1", "import inspect\ninspect.getsource(f)"],
        "'def f():\\n    return 1\\n'",
    ),
    "a pager": (["def f():\n    'the help'", "f?"], "the help"),
}


@pytest.mark.parametrize("case", SHOWN)
def test_what_a_cell_shows(tasks: Tasks, case: str) -> None:
    cells, text = SHOWN[case]
    ran = tasks(*cells)
    assert ran.result.error is None
    assert text in ran.text() if case == "a pager" else ran.text() == text


def _kinds(ran: Ran, cell: int = -1) -> list[set[str]]:
    return [set(output.get("data", {})) for output in ran.outputs(cell)]


def test_frames_are_html(tasks: Tasks) -> None:
    assert _kinds(tasks("import pandas as pd\npd.DataFrame({'x': [1]})")) == [{"text/plain", "text/html"}]


def test_figures_of_pyplot_are_shown_after_their_cell_and_closed(tasks: Tasks) -> None:
    ran = tasks(
        "import os; os.environ['MPLBACKEND'] = 'module://matplotlib_inline.backend_inline'\n"
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('text')",
        "plt.get_fignums()",
        "%matplotlib inline\nplt.plot([1]);",
    )
    assert _kinds(ran, 0)[-1] == {"text/plain", "image/png"}
    assert ran.text(1) == "[]"
    assert _kinds(ran, 2) == [{"text/plain", "image/png"}]


def test_a_figure_that_is_handed_over_is_not_shown_again(tasks: Tasks) -> None:
    from jupyter_mlops.runtime.spec import InputValues

    setup = "%matplotlib inline\nimport matplotlib.pyplot as plt"
    first = tasks(setup, "fig, ax = plt.subplots()", outputs=("fig", "ax"))
    inputs = (InputValues({"fig": "fig", "ax": "ax"}, (first.result.bundle,)),)
    ran = tasks(setup, "ax.plot([1, 2])\nfig.axes[0] is ax", inputs=inputs)
    assert [output["output_type"] for output in ran.outputs()] == ["execute_result"]


def test_displays_are_updated_in_place(tasks: Tasks) -> None:
    ran = tasks("h = display('a', display_id=True)", "h.update('b')\n1")
    assert ran.text(0) == "'b'"
    assert ran.text(1) == "1"


def test_clear_output_forgets(tasks: Tasks) -> None:
    ran = tasks(
        "from IPython.display import clear_output\nprint(1)\nclear_output()\nprint(2)\n"
        "clear_output(wait=True)\nprint(3)"
    )
    assert ran.text() == "3\n"


def test_objects_show_their_own_mime_bundle(tasks: Tasks) -> None:
    source = (
        "class A:\n def _repr_mimebundle_(self, **kw): return {'text/plain': 'a', 'application/x': {'n': b'1'}}\nA()"
    )
    assert tasks(source).outputs()[0]["data"]["application/x"] == {"n": "MQ=="}


def test_much_output_is_cut_in_the_notebook_and_whole_in_the_log(tasks: Tasks) -> None:
    ran = tasks(
        "import os\nfor i in range(60000): print('x' * 99)\nos.system('head -c 3000000 /dev/zero');\nprint('end')"
    )
    assert len(ran.log) == 60_000 * 100 + 3_000_000 + 4
    assert "cut after" in ran.text()
    assert len(ran.text()) < 2_200_000


# Without IPython


@pytest.fixture
def plain() -> Iterator[PlainCells]:
    plain = PlainCells(lambda *_: None)
    yield plain
    plain.close()


def _run(plain: PlainCells, *sources: str) -> tuple[list[dict[str, object]], object]:
    error = None
    for number, source in enumerate(sources):
        outputs = CellOutputs()
        error = plain.run(CellSource(number, "c", source, number + 1), outputs)
    return outputs.as_list(), error


PLAIN = {
    "a last expression": (["1 + 1"], "2"),
    "nothing after a semicolon": (["1 + 1;"], None),
    "await": (["import asyncio\nawait asyncio.sleep(0)\n3"], "3"),
    "results": (["1", "2", "_, __, _1, Out[2], In[1]"], "(2, 1, 1, 2, '1')"),
    "functions see globals": (["k = 2\ndef f(): return k", "k = 3", "f()"], "3"),
    "inert magics": (["%%step a\n%load_ext jupyter_mlops\n4"], "4"),
    "main": (["__name__, '__file__' in globals()"], "('__main__', False)"),
    "source": (["def f(): pass", "import inspect; inspect.getsource(f)"], "'def f(): pass\\n'"),
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_python_cells(plain: PlainCells, case: str) -> None:
    sources, text = PLAIN[case]
    outputs, error = _run(plain, *sources)
    assert error is None
    assert [output["data"]["text/plain"] for output in outputs] == ([text] if text is not None else [])  # type: ignore[index]


def test_magics_without_ipython_are_a_clear_error(plain: PlainCells) -> None:
    _, error = _run(plain, "x = 1\n!ls")
    assert error is not None
    assert "IPython syntax ('!' in line 2)" in error.message  # type: ignore[attr-defined]
    assert error.hint == "Install ipython there, or write it as Python."  # type: ignore[attr-defined]


def test_errors_of_plain_cells_have_a_line_and_no_frames_of_ours(plain: PlainCells) -> None:
    outputs, error = _run(plain, "def f(): 1 / 0", "x = 1\nf()")
    assert (error.name, error.line) == ("ZeroDivisionError", 2)  # type: ignore[attr-defined]
    assert "plain_shell" not in "".join(error.traceback)  # type: ignore[attr-defined]
    assert "f()" in "".join(error.traceback)  # type: ignore[attr-defined]
    assert outputs[0]["output_type"] == "error"


def test_a_real_syntax_error_stays_one(plain: PlainCells) -> None:
    _, error = _run(plain, "x = 1\ny = = 2")
    assert (error.name, error.line) == ("SyntaxError", 2)  # type: ignore[attr-defined]


def test_representations_without_formatters() -> None:
    class Rich:
        def _repr_html_(self) -> str:
            return "<b>"

        def _repr_png_(self) -> bytes:
            return b"png"

        def __repr__(self) -> str:
            return "Rich"

    assert mime_bundle(Rich()) == {"text/html": "<b>", "image/png": b"png", "text/plain": "Rich"}
    assert mime_bundle(ModuleType) == {"text/plain": "<class 'module'>"}
