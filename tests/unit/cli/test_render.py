"""Results as text: what a person reads after a verb."""

from __future__ import annotations

import json

import pytest

from jupyter_mlops.cli.render.columns import cut, pad, table, width_of
from jupyter_mlops.cli.render.diagnostics import diagnostic_lines, doctor_lines
from jupyter_mlops.cli.render.diff import diff_lines
from jupyter_mlops.cli.render.notebooks import conversion_lines, verification_lines
from jupyter_mlops.cli.render.runs import log_lines, runs_lines
from jupyter_mlops.cli.render.summary import show_lines, summary_lines
from jupyter_mlops.cli.style import Style, style_of
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic

PLAIN = Style(width=200)


def task(step, state, **more) -> dict:
    return {"step": step, "state": state, "attempt": 1, "notebook": None, "log": None, "seconds": None} | more


def test_diagnostics_read_like_a_compilers() -> None:
    found = [
        Diagnostic("MLO101", "error", "name 'df' is not defined", hint="Define it first.", cell=3, line=2),
        Diagnostic("MLO301", "warning", "no seed", cell=4),
        Diagnostic("MLO302", "info", "about the notebook"),
    ]
    assert list(diagnostic_lines(found, "nb.ipynb", PLAIN)) == [
        "nb.ipynb: cell 3 line 2: error MLO101 name 'df' is not defined",
        "    Define it first.",
        "nb.ipynb: cell 4: warning MLO301 no seed",
        "nb.ipynb: info MLO302 about the notebook",
        "nb.ipynb: 1 error, 1 warning, 1 info.",
    ]
    assert list(diagnostic_lines([], "nb.ipynb", PLAIN)) == ["nb.ipynb: nothing to complain about."]


def test_the_doctor_says_what_to_mend() -> None:
    checks = [
        {"check": "python", "ok": True, "message": "Python 3.12", "hint": "not shown"},
        {"check": "disk", "ok": False, "message": "full", "hint": "Make room."},
        {"check": "kernels", "ok": None, "message": "cannot tell", "hint": ""},
    ]
    assert list(doctor_lines(checks, PLAIN)) == [
        "✓ ok    python: Python 3.12",
        "✗ mend  disk: full",
        "        Make room.",
        "○ ?     kernels: cannot tell",
    ]


@pytest.fixture
def failed(tmp_path) -> dict:
    notebook = tmp_path / "executed.ipynb"
    source = "model = make()\nmodel.fit(X)\ncheck(model)\nplot(model)"
    failing = {"source": source.splitlines(keepends=True), "outputs": [{"output_type": "error"}]}
    notebook.write_text(json.dumps({"cells": [{"source": "# title"}, {"source": "1", "outputs": []}, failing]}))
    error = {"kind": "ValueError", "message": "bad depth", "cell": 1, "line": 3, "hint": "Use a depth above 0."}
    return {
        "run": "0192",
        "pipeline": "iris",
        "state": "failed",
        "seconds": 3.2,
        "notebook": str(notebook),
        "params": {"depth": 0},
        "metrics": {"acc": 0.91234},
        "tasks": [
            task("load", "cached"),
            task(
                "train", "failed", seconds=1.2, attempt=2, log="/l", notebook=str(notebook), error=error, why=["params"]
            ),
            task("report", "skipped", reason="needs train, which failed"),
        ],
    }


def test_why_a_task_failed_is_told_once(failed) -> None:
    failed["tasks"][1]["reason"] = "ValueError: bad depth"
    assert "\n".join(summary_lines(failed, PLAIN)).count("bad depth") == 1


def test_a_failed_run_shows_where_and_how_to_go_on(failed) -> None:
    assert list(summary_lines(failed, PLAIN)) == [
        "✗ iris failed in 3.2 s  1 cached, 1 failed, 1 skipped  0192",
        "├─ ◆ load    cached",
        "├─ ✗ train   failed        1.2 s  attempt 2",
        "└─ ↷ report  skipped              needs train, which failed",
        "",
        "train failed in cell 1, line 3: ValueError: bad depth",
        "        1  model = make()",
        "        2  model.fit(X)",
        "    >   3  check(model)",
        "        4  plot(model)",
        "    Use a depth above 0.",
        f"    notebook: {failed['notebook']}",
        "    log: /l",
        "",
        f"Executed notebook: {failed['notebook']}",
        "Go on with: jupyter mlops retry 0192",
    ]


def test_a_note_is_shown_once_with_the_tasks_that_it_is_about(failed) -> None:
    tasks = [{"step": "a", "task": f"a[{n}]", "state": "succeeded", "notes": ["no image here"]} for n in range(5)]
    tasks.append({"step": "b", "task": "b", "state": "succeeded", "notes": ["few \x1b[31mcores"]})
    lines = list(summary_lines({**failed, "tasks": tasks}, PLAIN))
    assert "Note on a[0], a[1], a[2], ...: no image here" in lines
    assert sum("no image here" in line for line in lines) == 1
    assert not any("\x1b" in line for line in lines)


def test_show_adds_parameters_metrics_and_why(failed) -> None:
    text = list(show_lines(failed, PLAIN))
    assert "Params: depth=0" in text
    assert "Metrics: acc=0.9123" in text
    assert "train ran again because of: params" in text


@pytest.mark.parametrize("notebook", [None, "/not/there.ipynb"])
def test_a_notebook_that_cannot_be_read_costs_only_the_excerpt(failed, notebook) -> None:
    failed["tasks"][1]["notebook"] = notebook
    text = "\n".join(summary_lines(failed, PLAIN))
    assert "train failed in cell 1, line 3: ValueError: bad depth" in text
    assert "check(model)" not in text


def test_a_failure_without_an_error_gives_its_reason(failed) -> None:
    failed["tasks"][1] = task("train", "failed", reason="killed by signal 9 (SIGKILL): out of memory?")
    assert "train failed: killed by signal 9 (SIGKILL): out of memory?" in list(summary_lines(failed, PLAIN))


@pytest.mark.parametrize(
    ("state", "way"),
    [
        ("canceled", "Go on with: jupyter mlops retry 0192"),
        ("running", "Follow it with: jupyter mlops logs 0192 -f"),
        ("pending", "Follow it with: jupyter mlops logs 0192 -f"),
    ],
)
def test_a_run_that_is_not_done_says_how_to_go_on(state, way) -> None:
    assert list(summary_lines({"run": "0192", "state": state, "tasks": []}, PLAIN))[-1] == way


def test_a_conversion_lists_cells_and_where_it_went() -> None:
    changes = [{"cell": 1, "role": "setup", "step": None}, {"cell": 2, "role": "step", "step": "load"}]
    result = {"output": "/o.ipynb", "changes": changes, "notes": ["merged"]}
    assert list(conversion_lines(result, PLAIN)) == [
        "cell  role   step",
        "1     setup",
        "2     step   load",
        "note: merged",
        "Wrote /o.ipynb (2 cells changed).",
    ]
    assert list(conversion_lines({"output": None, "changes": [], "notes": []}, PLAIN)) == ["0 cells would change."]


def test_a_verification_shows_both_sides_of_each_difference() -> None:
    difference = {"step": "train", "cell": 3, "name": "acc", "linear": 0.9, "pipeline": 0.8}
    lines = list(verification_lines({"same": False, "differences": [difference]}, PLAIN))
    assert lines[0] == "✗ different: 1 difference."
    assert lines[1:] == ["step train, cell 3, name acc", "    linear:   0.9", "    pipeline: 0.8"]
    assert "same" in next(iter(verification_lines({"same": True, "differences": []}, PLAIN)))


@pytest.mark.parametrize(
    ("linear", "pipeline", "shown"),
    [
        ("stdout: 1", "stdout: 2", ["stdout: 1", "stdout: 2"]),
        ("image/png: " + "A" * 9000, "image/png: ", ["image/png: (9000 characters)", "image/png: "]),
        (
            "stdout: " + "a" * 1000 + "b",
            "stdout: " + "a" * 1000 + "c",
            ["…" + "a" * 40 + "b", "…" + "a" * 40 + "c"],
        ),
        ("x" * 1000, "", ["x" * 240 + "… (1000 characters)", ""]),
        ("x" * 300, "x" * 299, ["…" + "x" * 41, "…" + "x" * 40]),
        ("two\nlines\x1b[2J", "None", ["two lines[2J", "None"]),
    ],
)
def test_a_long_difference_is_cut_to_where_it_differs(linear: str, pipeline: str, shown: list[str]) -> None:
    difference = {"step": "a", "cell": 0, "name": None, "linear": linear, "pipeline": pipeline}
    lines = list(verification_lines({"same": False, "differences": [difference]}, PLAIN))
    assert lines[2:] == [f"    linear:   {shown[0]}", f"    pipeline: {shown[1]}"]


def test_a_notebook_that_fails_both_ways_does_not_look_like_a_success() -> None:
    result = {"same": True, "differences": [], "failure": "cell 2: ModuleNotFoundError: No module named 'seaborn'"}
    lines = list(verification_lines(result, PLAIN))
    assert lines[0] == "✗ it fails, and in the same way: cell 2: ModuleNotFoundError: No module named 'seaborn'"
    assert "✓" not in "".join(lines)


def test_a_difference_shows_only_what_differs() -> None:
    result = {
        "params": {"depth": [2, 4], "new": [None, "x"]},
        "metrics": {},
        "source": {"train": "-a = 1\n+a = 2"},
        "environment": None,
    }
    assert list(diff_lines(result, PLAIN)) == [
        "params",
        "  depth: 2 → 4",
        "  new: none → x",
        "source",
        "  train",
        "    -a = 1",
        "    +a = 2",
    ]
    assert "same parameters" in next(iter(diff_lines({}, PLAIN)))


def test_runs_are_a_table_and_none_are_said_so() -> None:
    row = {"run": "0192", "pipeline": "été\x1b[2J", "state": "failed", "seconds": 2.0}
    head, line = runs_lines([row], PLAIN)
    assert head.startswith("run   pipeline")
    assert "✗ failed" in line
    assert "\x1b" not in line
    assert list(runs_lines([], PLAIN)) == ["No runs."]


def test_logs_keep_colours_and_lose_what_moves_the_cursor() -> None:
    text = "\x1b[31mred\x1b[0m \x1b[2Jgone \x1b]0;title\x07end"
    assert list(log_lines(text, Style(color=True))) == ["\x1b[31mred\x1b[0m gone end"]
    assert list(log_lines(text, PLAIN)) == [text]


@pytest.mark.parametrize(
    ("kind", "message", "way"),
    [
        ("ModuleNotFoundError", "No module named 'seaborn'", "pip install seaborn."),
        ("ModuleNotFoundError", "No module named 'sklearn.svm'", "pip install scikit-learn."),
        ("ModuleNotFoundError", "No module named 'cv2'", "pip install opencv-python-headless."),
        ("ModuleNotFoundError", "No module named 'a; rm -rf /'", None),
        ("ImportError", "No module named 'seaborn'", None),
        ("ValueError", "No module named 'seaborn'", None),
    ],
)
def test_a_library_that_is_missing_has_a_way_out(kind: str, message: str, way: str | None) -> None:
    broken = task("a", "failed", error={"kind": kind, "message": message, "cell": 0, "line": 1})
    text = "\n".join(summary_lines({"run": "0192", "state": "failed", "tasks": [broken]}, PLAIN))
    assert message in text
    assert way in text if way else "pip install" not in text


ID = "01a1fd2c-f3c0-7b09-8e47-984c8d928ae1"


@pytest.mark.parametrize(("width", "shown"), [(120, ID), (80, ID[-8:]), (60, ID[-8:]), (200, ID)])
def test_on_a_narrow_screen_an_id_is_its_end(width: int, shown: str) -> None:
    row = {"run": ID, "pipeline": "titanic", "state": "succeeded", "started": 0.0, "seconds": 1.5, "params": {"a": 1}}
    head, line = runs_lines([row], Style(width=width))
    assert line.split()[0] == shown
    assert "1.5 s" in line
    assert max(map(width_of, (head, line))) <= width


def test_a_log_without_a_word_says_so() -> None:
    for logs in ([], [{"task": "a", "text": ""}], [{"task": "a", "text": ""}, {"task": "b", "text": None}]):
        assert list(log_lines({"logs": logs}, PLAIN)) == ["Nothing was printed."]
    assert list(log_lines("", PLAIN)) == []


def test_logs_of_several_tasks_have_headings() -> None:
    result = {"logs": [{"task": "a", "text": "1\n"}, {"task": "b", "text": "2\n"}]}
    assert list(log_lines(result, PLAIN)) == ["--- a", "1", "--- b", "2"]


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("訓練", 4), ("é", 1), ("e\u0301", 1)])
def test_widths_are_columns_of_the_terminal(text, width) -> None:
    assert width_of(text) == width


def test_wide_text_is_cut_and_padded_by_columns() -> None:
    assert cut("訓練モデル", 6) == "訓練…"
    assert pad("訓練", 6) == "訓練  "
    rows = list(table(["a", "b"], [["訓練", "x"], ["ab", "y"]], PLAIN))
    assert [width_of(row.split("xy"[index])[0]) for index, row in enumerate(rows[1:])] == [6, 6]


class Terminal:
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("environ", "color"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_follow_the_environment(monkeypatch, environ, color) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert style_of(Terminal()).color is color


def test_a_terminal_without_unicode_gets_ascii() -> None:
    class Old(Terminal):
        encoding = "latin-1"

    style = style_of(Old())
    assert not style.unicode
    assert style.icon("failed").endswith("x") or "x" in style.icon("failed")
