"""The magics in an IPython shell: steps run as their cells would, and verbs return what shows itself."""

from __future__ import annotations

import json
import warnings

import pytest
from IPython.core.error import UsageError
from IPython.testing.globalipapp import start_ipython

import jupyter_mlops
from jupyter_mlops import magics
from jupyter_mlops.cli.kernel import KernelSession, Result, current_notebook
from jupyter_mlops.errors import Usage


@pytest.fixture(scope="module")
def one_shell():
    from IPython.core.interactiveshell import InteractiveShell

    return start_ipython() or InteractiveShell.instance()


@pytest.fixture
def shell(one_shell, monkeypatch, tmp_path):
    monkeypatch.delenv("JUPYTER_MLOPS_TASK", raising=False)
    monkeypatch.setenv("JUPYTER_MLOPS_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    one_shell.reset()
    jupyter_mlops.load_ipython_extension(one_shell)
    yield one_shell
    jupyter_mlops.unload_ipython_extension(one_shell)


def run(shell, cell: str):
    return shell.run_cell(cell, store_history=True)


def test_a_step_runs_its_cell_and_its_last_value_is_the_output(shell) -> None:
    result = run(shell, "%%step load --cpu 2 --memory 1Gi\nx = 20\nx + 1")
    assert result.success
    assert (result.result, shell.user_ns["x"]) == (21, 20)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("%%step a\nx = 3\nx;", None),
        ("%%step a\n\n\n%%capture out\nprint(1)", None),
        ("%%step a\nasync def f():\n    return 4\nawait f()", 4),
        ("%%step a --exit --retries 2\n5", 5),
    ],
)
def test_a_step_is_the_cell_itself(shell, cell, value) -> None:
    result = run(shell, cell)
    assert result.success
    assert result.result == value


def test_a_failing_step_fails_with_the_line_of_the_cell(shell) -> None:
    result = run(shell, "%%step a\nok = 1\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert result.error_in_exec.__traceback__.tb_next.tb_lineno == 3


@pytest.mark.parametrize(
    "cell", ["%%step\nx = 1", "%%step a --nope\nx = 1", "%%step a b\nx = 1", "%%step a --cpu z\nx=1"]
)
def test_a_wrong_step_line_is_a_usage_error_and_the_cell_does_not_run(shell, cell) -> None:
    result = run(shell, cell)
    assert isinstance(result.error_in_exec, UsageError)
    assert "x" not in shell.user_ns


def test_a_step_runs_only_when_its_condition_is_true(shell, capsys) -> None:
    run(shell, "acc = 0.95")
    assert run(shell, "%%step a --when 'acc > 0.9'\ny = 1\ny + 1").result == 2
    assert run(shell, "%%step b --when 'acc > 0.99'\nz = 1").success
    assert "z" not in shell.user_ns
    assert "skipped: acc > 0.99 is not true" in capsys.readouterr().out


def test_a_condition_reads_numpy_numbers(shell) -> None:
    run(shell, "import numpy; acc = numpy.float64(0.95)")
    assert run(shell, "%%step a --when 'acc > 0.9'\n1").result == 1


def test_a_condition_reads_metrics_that_the_kernel_logged(shell) -> None:
    run(shell, "import jupyter_mlops as mlops; mlops.log_metric('acc', 0.5); mlops.log_metric('acc', 0.97)")
    assert run(shell, "%%step a --when 'metrics.acc > 0.9'\n1").result == 1


@pytest.mark.parametrize("condition", ["unknown > 1", "1 +", "__import__('os')"])
def test_a_condition_that_cannot_be_told_is_a_usage_error(shell, condition) -> None:
    result = run(shell, f'%%step a --when "{condition}"\nx = 1')
    assert isinstance(result.error_in_exec, UsageError)
    assert "x" not in shell.user_ns


def test_a_loop_collects_the_names_it_sets_in_order(shell) -> None:
    run(shell, "base = 10")
    assert run(shell, "%%step a --for-each 'i in [1, 2, 3]'\nimport math\ny = i + base\ndef f(): pass").success
    space = shell.user_ns
    assert space["y"] == [11, 12, 13]
    assert "i" not in space
    assert space["math"].pi > 3
    assert callable(space["f"])


def test_an_item_does_not_see_what_the_one_before_set(shell) -> None:
    run(shell, "total = 100")
    run(shell, "%%step a --for-each 'i in [1, 2]'\ntotal = total + i")
    assert shell.user_ns["total"] == [101, 102]


def test_a_loop_over_values_of_the_kernel_keeps_a_variable_of_the_same_name(shell) -> None:
    run(shell, "i = 'before'; items = ['a', 'b']")
    run(shell, "%%step a --for-each 'i in items'\nname = i * 2")
    assert shell.user_ns["name"] == ["aa", "bb"]
    assert shell.user_ns["i"] == "before"


def test_a_loop_shows_the_last_value_of_each_item(shell, capsys) -> None:
    run(shell, "%%step a --for-each 'i in [1, 2]'\ni * 10")
    assert capsys.readouterr().out.split() == ["10", "20"]


@pytest.mark.parametrize("items", ["'text'", "4"])
def test_a_loop_needs_a_list(shell, items) -> None:
    run(shell, f"items = {items}")
    assert isinstance(run(shell, "%%step a --for-each 'i in items'\nx = i").error_in_exec, UsageError)


def test_an_error_in_a_loop_is_the_cells_own(shell) -> None:
    result = run(shell, "%%step a --for-each 'i in [1, 0]'\nx = 1 / i")
    assert isinstance(result.error_in_exec, ZeroDivisionError)


def test_inside_a_task_the_magics_do_nothing(shell, monkeypatch, capsys) -> None:
    monkeypatch.setenv("JUPYTER_MLOPS_TASK", "train")
    assert run(shell, "%mlops run nothing.ipynb").result is None
    assert run(shell, "%%step a --when 'no > 1'\nx = 1\nx").result == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rnu", "Did you mean 'run'?"),
        ("check not_there.ipynb", "not_there.ipynb"),
        ("run", "Which notebook?"),
        ("run 'open", "No closing quotation"),
        ("run nb.ipynb --nope", "has no option '--nope'"),
    ],
)
def test_an_error_is_a_sentence_and_the_cell_has_failed(shell, capsys, line, message) -> None:
    result = run(shell, f"%mlops {line}")
    assert isinstance(result.error_in_exec, UsageError)
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in out + err


def test_help_is_printed(shell, capsys) -> None:
    run(shell, "%mlops")
    run(shell, "%mlops run --help")
    out = capsys.readouterr().out
    assert "usage: jupyter mlops VERB" in out
    assert "usage: %mlops run" in out


def test_a_verb_returns_an_object_that_shows_itself(shell) -> None:
    result = run(shell, "found = %mlops doctor").error_in_exec
    assert result is None
    found = shell.user_ns["found"]
    assert isinstance(found, Result)
    assert {"check", "ok", "message", "hint"} <= set(found["checks"][0])
    shown = found._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert "python" in shown["text/plain"]
    assert repr(found) == found.text


def test_json_returns_plain_data(shell) -> None:
    run(shell, "found = %mlops doctor --json")
    assert json.loads(json.dumps(shell.user_ns["found"]))["checks"]


def test_names_of_the_kernel_can_stand_in_the_line(shell, capsys) -> None:
    run(shell, "path = 'not_there.ipynb'")
    run(shell, "%mlops check $path")
    assert "not_there.ipynb" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%mlops ", "verify"),
        ("%mlops ve", "verify"),
        ("%mlops run ", "--no-cache"),
        ("%mlops run nb --no", "--no-cache"),
    ],
)
def test_what_may_come_next_is_completed(shell, line, expected) -> None:
    assert expected in magics.complete(line)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # IPython calls its own completions provisional
        offered = {match.text for match in shell.Completer.completions(line, len(line))}
    assert expected in offered


def test_nothing_is_completed_after_a_verb_that_is_not_there() -> None:
    assert magics.complete("%mlops nope ") == []


def test_unloading_takes_everything_away(shell) -> None:
    jupyter_mlops.unload_ipython_extension(shell)
    assert shell.find_line_magic("mlops") is None
    assert shell.find_cell_magic("step") is None
    assert magics.run_plain_step not in shell.input_transformers_cleanup


def test_loading_twice_is_loading_once(shell) -> None:
    jupyter_mlops.load_ipython_extension(shell)
    assert shell.input_transformers_cleanup.count(magics.run_plain_step) == 1


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "analysis.ipynb"
    path.write_text("{}")
    return path


def test_the_current_notebook_is_what_jupyter_says(notebook) -> None:
    assert current_notebook({}, {"JPY_SESSION_NAME": str(notebook)}) == str(notebook)


def test_a_path_below_the_servers_root_is_found_beside_the_kernel(notebook) -> None:
    assert current_notebook({}, {"JPY_SESSION_NAME": "work/analysis.ipynb"}) == "analysis.ipynb"


def test_the_current_notebook_is_what_vs_code_says(notebook) -> None:
    assert current_notebook({"__vsc_ipynb_file__": str(notebook)}, {}) == str(notebook)


@pytest.mark.parametrize("environ", [{}, {"JPY_SESSION_NAME": "console-1"}, {"JPY_SESSION_NAME": "/gone/x.ipynb"}])
def test_a_kernel_that_does_not_know_its_notebook_says_so(notebook, environ) -> None:
    with pytest.raises(Usage, match="does not know which notebook"):
        current_notebook({}, environ)


def test_a_notebook_that_is_given_comes_first(shell) -> None:
    assert KernelSession(shell).notebook("given.ipynb") == "given.ipynb"


def test_logs_that_were_followed_leave_no_empty_output(shell, tmp_path, capsys) -> None:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "print('hello')", "outputs": []}
    book = {"cells": [{**cell, "execution_count": None}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "work.ipynb").write_text(json.dumps(book))
    assert run(shell, "done = %mlops run work.ipynb").success
    capsys.readouterr()
    followed = run(shell, "%mlops logs last -f")
    assert followed.success
    assert "hello" in capsys.readouterr().out
    assert followed.result is None
    assert "hello" in run(shell, "%mlops logs last").result.text
