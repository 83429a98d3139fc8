from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from jupyter_mlops.targets.local.papermill_engine import MlopsEngine
from jupyter_mlops.targets.local.process_tree import descendants, table
from tests.unit.targets.attempts import eventually


@pytest.fixture(autouse=True)
def registered() -> None:
    papermill_engines.register("mlops", MlopsEngine)


def notebook(path: Path, *cells: str | tuple[str, list[str]], kernel: str = "python3") -> Path:
    made = []
    for cell in cells:
        source, tags = cell if isinstance(cell, tuple) else (cell, [])
        made.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    spec = {"name": kernel, "language": "python", "display_name": kernel}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": spec}), path)
    return path


def execute(path: Path, parameters: dict[str, Any] | None = None, **options: Any) -> Any:
    out = path.with_suffix(".out.ipynb")
    settings = {"engine_name": "mlops", "progress_bar": False, **options}
    papermill.execute_notebook(path, out, parameters, **settings)
    return nbformat.read(out, 4)


def shown(cell: Any) -> list[str]:
    texts = [output.get("text") or output.get("ename") or output["data"]["text/plain"] for output in cell.outputs]
    return [text.replace("\r\n", "\n") for text in texts]  # a kernel runs shell commands in a terminal


def test_it_is_registered_as_an_entry_point() -> None:
    (point,) = [point for point in entry_points(group="papermill.engine") if point.name == "mlops"]

    assert point.value == "jupyter_mlops.targets.local.papermill_engine:MlopsEngine"


CELLS = (
    "print('one')\nprint('two')",
    "",
    "import sys\nprint('out')\nprint('err', file=sys.stderr)\n40 + 2",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>b</b>'))\nhandle = display('before', display_id=True)",
    "handle.update('after')\n_ = In[2]\nprint(Out[2])",
    "%%bash\necho from bash",
    "!echo from a shell",
)


def test_outputs_and_counts_are_those_of_a_kernel(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", *CELLS)

    ours, stock = execute(path), execute(path, engine_name=None)

    for mine, theirs in zip(ours.cells, stock.cells, strict=True):
        assert mine.execution_count == theirs.execution_count
        assert sorted(shown(mine)) == sorted(shown(theirs))
    assert ours.metadata.language_info == stock.metadata.language_info
    nbformat.validate(ours)


def test_parameters_are_injected_and_the_folder_is_the_one_asked_for(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    path = notebook(tmp_path / "a.ipynb", ("n = 1", ["parameters"]), "import os\nprint(n, os.getcwd())")

    out = execute(path, {"n": 5}, cwd=str(tmp_path / "there"))

    assert shown(out.cells[-1]) == [f"5 {tmp_path / 'there'}\n"]


def test_a_failing_cell_stops_the_notebook_and_is_shown(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "x = 1", "1 / 0", "print('never')")

    with pytest.raises(PapermillExecutionError) as caught:
        execute(path)

    assert (caught.value.ename, caught.value.exec_count) == ("ZeroDivisionError", 2)
    out = nbformat.read(tmp_path / "a.out.ipynb", 4)
    assert [cell.metadata.papermill.status for cell in out.cells if "papermill" in cell.metadata] == [
        "completed",
        "failed",
        "pending",
    ]


@pytest.mark.parametrize("options", [{"allow_errors": True}, {"allow_error_names": ["ZeroDivisionError"]}, {}])
def test_errors_that_are_allowed_do_not_stop_the_notebook(tmp_path: Path, options: dict[str, Any]) -> None:
    path = notebook(tmp_path / "a.ipynb", ("1 / 0", [] if options else ["raises-exception"]), "open('went-on', 'w')")

    with pytest.raises(PapermillExecutionError):  # papermill itself takes any error output for a failure
        execute(path, cwd=str(tmp_path), **options)

    assert (tmp_path / "went-on").exists()


def test_a_cell_tagged_to_be_skipped_is(tmp_path: Path) -> None:
    out = execute(notebook(tmp_path / "a.ipynb", ("1 / 0", ["skip-execution"]), "1"))

    assert [cell.execution_count for cell in out.cells] == [None, 1]


def test_sys_exit_ends_the_notebook_as_success(tmp_path: Path) -> None:
    out = execute(notebook(tmp_path / "a.ipynb", "import sys\nsys.exit()", "print('never')"))

    assert out.cells[1].outputs == []


def test_a_cell_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "print('so far')\nimport signal\nsignal.pause()")

    with pytest.raises(CellTimeoutError):
        execute(path, execution_timeout=1)

    out = nbformat.read(tmp_path / "a.out.ipynb", 4)
    assert shown(out.cells[0])[0].startswith("so far")
    assert nothing_runs()


def test_a_process_that_dies_says_how_and_keeps_what_it_printed(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "print('so far')\nimport ctypes\nctypes.string_at(0)")

    with pytest.raises(DeadKernelError, match="SIGSEGV"):
        execute(path)

    out = nbformat.read(tmp_path / "a.out.ipynb", 4)
    text = "".join(shown(out.cells[0]))
    assert text.startswith("so far")
    assert "Segmentation fault" in text
    assert execute(notebook(tmp_path / "b.ipynb", "print('next')")).cells[0].outputs


def test_what_is_printed_is_logged_and_written_to_files_as_it_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = notebook(tmp_path / "a.ipynb", "import sys\nprint('out')\nprint('err', file=sys.stderr)\n'value'")
    out, err = io.StringIO(), io.StringIO()

    with caplog.at_level("INFO", logger="papermill"):
        execute(path, log_output=True, stdout_file=out, stderr_file=err)

    assert (out.getvalue(), err.getvalue()) == ("out\n", "err\n")
    logged = [record.message.strip() for record in caplog.records]
    assert {"out", "err", "'value'"} <= set(logged)


def test_the_notebook_is_saved_while_a_cell_runs_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_mlops.targets.local.papermill_execution.SAVE_EVERY_S", 0.0)
    wait = "import os, time\nprint('half', flush=True)\nend = time.time() + 20\n"
    wait += "while not os.path.exists('go'):\n    assert time.time() < end\n    time.sleep(0.01)"
    path = notebook(tmp_path / "a.ipynb", wait)
    saved = tmp_path / "a.out.ipynb"
    with ThreadPoolExecutor(1) as pool:
        # An absolute folder for the process: papermill changes the whole process's own.
        run = pool.submit(execute, path, cwd=str(tmp_path))
        try:
            assert eventually(lambda: saved.exists() and "half" in saved.read_text(), 20)
        finally:
            (tmp_path / "go").touch()
        run.result(20)


def test_it_writes_the_file_a_few_times_not_twice_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[str] = []
    register: Callable[..., None] = papermill.engines.write_ipynb

    def counting(nb: Any, path: str) -> None:
        writes.append(path)
        register(nb, path)

    monkeypatch.setattr("papermill.engines.write_ipynb", counting)
    execute(notebook(tmp_path / "a.ipynb", *["x = 1"] * 30))

    assert len(writes) <= 3


def test_exit_handlers_have_run_when_papermill_returns(tmp_path: Path) -> None:
    source = "import atexit\natexit.register(lambda: open('handled', 'w').close())"
    execute(notebook(tmp_path / "a.ipynb", source), cwd=str(tmp_path))

    assert (tmp_path / "handled").exists()


def test_notebooks_do_not_see_each_other(tmp_path: Path) -> None:
    execute(notebook(tmp_path / "a.ipynb", "import json\njson.mark = 1\nx = 1"))
    out = execute(notebook(tmp_path / "b.ipynb", "import json\nprint('x' in globals(), hasattr(json, 'mark'))"))

    assert shown(out.cells[0]) == ["False False\n"]


def test_a_kernel_of_another_environment_is_left_to_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # The same interpreter by way of a script, as a kernel of another environment has it.
    script = tmp_path / "other-python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    folder = tmp_path / "kernels" / "other"
    folder.mkdir(parents=True)
    argv = [str(script), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "language": "python", "display_name": "other"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    with caplog.at_level("INFO", logger="papermill"):
        out = execute(notebook(tmp_path / "a.ipynb", "print(6 * 7)", kernel="other"))

    assert shown(out.cells[0]) == ["42\n"]
    assert f"leaves this notebook to its kernel: its kernel belongs to {script}" in caplog.text


def test_a_notebook_is_much_faster_than_with_a_kernel(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "x = 1", "print(x)", "x + 1")
    execute(path)

    def seconds(**options: Any) -> float:
        started = time.perf_counter()
        execute(path, **options)
        return time.perf_counter() - started

    ours = min(seconds() for _ in range(5))
    stock = min(seconds(engine_name=None) for _ in range(2))

    assert stock / ours >= 8


def test_the_command_line_leaves_nothing_behind(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "import os\nprint(os.getppid())")
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "papermill", "--engine", "mlops", "--no-progress-bar", str(path)]
    subprocess.run([*command, str(tmp_path / "b.ipynb")], env=env, check=True, timeout=60, capture_output=True)

    zygote = int(shown(nbformat.read(tmp_path / "b.ipynb", 4).cells[0])[0])
    assert not Path(f"/proc/{zygote}").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_ctrl_c_ends_the_notebook_and_its_processes(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "open('here', 'w').close()\nimport signal\nsignal.pause()")

    def interrupt() -> None:
        assert eventually((tmp_path / "here").exists, 20)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        execute(path, cwd=str(tmp_path))
    thread.join()

    assert nothing_runs()


def nothing_runs() -> bool:
    """Whether the warm processes have no session left: nobody but the one that each forks ahead."""
    zygotes = {process.pid for process in table() if process.parent == os.getpid()}
    return eventually(lambda: all(len(descendants([pid])) <= 1 for pid in zygotes))


ORDERS = {
    "ours first": "import jupyter_mlops.targets.local.papermill_engine as ours; import papermill.engines",
    "papermill first": "import papermill.engines; import jupyter_mlops.targets.local.papermill_engine as ours",
    "the class first": (
        "from jupyter_mlops.targets.local.papermill_engine import MlopsEngine; "
        "import jupyter_mlops.targets.local.papermill_engine as ours; import papermill.engines"
    ),
    "all modules of the target": (
        "import jupyter_mlops.targets.local.papermill_engine as ours; "
        "import jupyter_mlops.targets.local.notebook_task; import papermill"
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_engine_and_papermill_can_be_imported_in_any_order(order: str) -> None:
    check = (
        "from papermill.engines import Engine, papermill_engines; "
        "assert papermill_engines.get_engine('mlops') is ours.MlopsEngine; "
        "assert issubclass(ours.MlopsEngine, Engine)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{ORDERS[order]}; {check}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_engines_module_imports_no_papermill() -> None:
    source = "import sys, jupyter_mlops.targets.local.papermill_engine as ours; assert 'papermill' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], check=True)


def test_the_engines_module_has_nothing_else() -> None:
    from jupyter_mlops.targets.local import papermill_engine

    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = papermill_engine.other
