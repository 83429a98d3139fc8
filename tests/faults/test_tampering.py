"""A store that somebody changed behind our back is not believed; what a notebook prints cannot act on who reads it."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.faults.command_line import Desk, code, step


class Touch:
    """Unpickling it leaves a trace."""

    def __reduce__(self) -> Any:
        return os.system, ("touch pwned",)


@pytest.fixture
def ran(desk: Desk) -> Desk:
    desk.notebook("nb.ipynb", step("a", "x = 'value of x'"), step("b", "print(x)"))
    assert desk("run", "nb.ipynb").code == 0
    return desk


def record(desk: Desk) -> tuple[Path, dict[str, Any]]:
    """The cached result of step a."""
    found = [(path, json.loads(path.read_text())) for path in desk.store.glob("cache/??/*.json")]
    return next((path, data) for path, data in found if data["task"] == "a")


def artifact(desk: Desk) -> Path:
    digest = record(desk)[1]["result"]["bundle"]["path"]
    return desk.store / "artifacts" / digest[:2] / digest


def run_b_again(desk: Desk) -> Any:
    """Step b is another now, so that it reads what a left in the store."""
    desk.notebook("nb.ipynb", step("a", "x = 'value of x'"), step("b", "print(x, 'again')"))
    return desk("run", "nb.ipynb")


def test_a_value_that_was_changed_in_the_store_is_made_again(ran: Desk) -> None:
    path = artifact(ran)
    data = path.read_bytes()
    assert b"value of x" in data
    path.chmod(0o644)
    path.write_bytes(data.replace(b"value of x", b"another  x"))
    answer = run_b_again(ran)
    assert answer.code == 0, answer
    assert "the values of `a` in the store are damaged" in answer.out
    run = ran.json("show")
    assert [(task["step"], task["state"], task["attempt"]) for task in run["tasks"]] == [
        ("a", "succeeded", 1),
        ("b", "succeeded", 2),
    ]
    assert run["tasks"][0]["notes"] == ["the values of `a` in the store are damaged: it runs again."]
    assert ran.logs(run)["b"] == "value of x again\n"
    assert artifact(ran).read_bytes() == data
    assert [task["cached"] for task in ran.json("run", "nb.ipynb")["tasks"]] == [True, True]


def test_a_value_that_is_damaged_between_run_and_retry_is_made_again(ran: Desk) -> None:
    cells = (step("a", "x = 'value of x'"), step("b", "import os\nassert os.path.exists('go')\nprint(x, 'again')"))
    ran.notebook("nb.ipynb", *cells)
    assert ran("run", "nb.ipynb").code == 1
    (ran.folder / "go").touch()
    path = artifact(ran)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"value of x", b"another  x"))
    assert ran("retry").code == 0
    assert ran.logs(ran.json("show"))["b"] == "value of x again\n"


def test_a_tampered_record_cannot_write_a_file_elsewhere(desk: Desk) -> None:
    desk.notebook(
        "nb.ipynb", step("a", "open('out.txt', 'w').write('mine')"), step("b", "print(open('out.txt').read())")
    )
    assert desk("run", "nb.ipynb").code == 0
    path, data = record(desk)
    digest = data["result"]["facts"]["kept_files"]["out.txt"]
    for name in ("../evil.txt", "other.txt", str(desk.folder / "evil.txt")):
        data["result"]["facts"]["kept_files"] = {"out.txt": digest, name: digest}
        path.write_text(json.dumps(data))
        (desk.folder / "out.txt").unlink()
        assert [task["state"] for task in desk.json("run", "nb.ipynb")["tasks"]] == ["succeeded", "cached"], name
        assert not (desk.folder / name).exists()
        assert (desk.folder / "out.txt").read_text() == "mine"


@pytest.mark.parametrize("how", ["code in its place", "cut short", "empty", "gone"])
def test_an_artifact_that_is_not_what_it_was_is_made_again(ran: Desk, how: str) -> None:
    path = artifact(ran)
    whole = path.read_bytes()
    path.chmod(0o644)
    {
        "code in its place": lambda: path.write_bytes(pickle.dumps(Touch())),
        "cut short": lambda: path.write_bytes(whole[: len(whole) // 2]),
        "empty": lambda: path.write_bytes(b""),
        "gone": path.unlink,
    }[how]()
    answer = run_b_again(ran)
    assert answer.code == 0, answer
    assert ran.logs(ran.json("show"))["b"] == "value of x again\n"
    assert not (ran.folder / "pwned").exists()


EVIL_PATH = "../../../../../../etc/passwd"
RECORDS: dict[str, Any] = {
    "a path as the bundle": lambda data: data["result"]["bundle"].update(path=EVIL_PATH),
    "a path as an artifact": lambda data: data["artifacts"].update({EVIL_PATH: 1}),
    "a path as a file's content": lambda data: data["files"].update({"x.txt": EVIL_PATH}),
    "no bundle": lambda data: data["result"].pop("bundle"),
    "numbers": lambda data: data.update(result={"fate": 3}, artifacts=[1], files=2),
    "another format": lambda data: data.update(format=99),
    "a result that failed": lambda data: data["result"].update(fate="failed"),
}


@pytest.mark.parametrize("how", RECORDS)
def test_a_record_of_the_cache_that_makes_no_sense_is_a_miss(ran: Desk, how: str) -> None:
    path, data = record(ran)
    RECORDS[how](data)
    path.write_text(json.dumps(data))
    answer = run_b_again(ran)
    assert answer.code == 0, answer
    assert ran.logs(ran.json("show"))["b"] == "value of x again\n"


@pytest.mark.parametrize("text", ["", "{nonsense", "[]", "null", '"text"', "\0\0\0"])
def test_a_record_of_the_cache_that_cannot_be_read_is_a_miss(ran: Desk, text: str) -> None:
    record(ran)[0].write_text(text)
    assert run_b_again(ran).code == 0


def test_a_bundle_that_nobody_recorded_is_not_loaded_whatever_the_record_says(ran: Desk) -> None:
    """A pickle of an attacker's under its own right digest, and a record that names it."""
    import hashlib

    data = pickle.dumps(Touch())
    digest = hashlib.sha256(data).hexdigest()
    place = ran.store / "artifacts" / digest[:2] / digest
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(data)
    path, entry = record(ran)
    entry["result"]["bundle"] = {"path": digest, "seal": digest}
    entry["artifacts"][digest] = len(data)
    path.write_text(json.dumps(entry))
    assert run_b_again(ran).code == 0
    assert ran.logs(ran.json("show"))["b"] == "value of x again\n"
    assert not (ran.folder / "pwned").exists()


EVIL = "\\x1b]0;title\\x07\\x1b[2J\\x1b[31m<script>alert(1)</script>\\r\\x08\\x9b31m"


def test_escape_sequences_of_an_error_do_not_reach_the_terminal(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("a", f"print('{EVIL}')\nraise ValueError('{EVIL}')"))
    for words in (["run", "nb.ipynb"], ["show"], ["runs"], ["check", "nb.ipynb"], ["graph", "nb.ipynb"]):
        said = desk(*words)
        assert not any(mark in said.out + said.err for mark in ("\x1b", "\x07", "\x9b", "\x08", "\r")), words


def test_names_and_values_in_a_picture_are_text(desk: Desk) -> None:
    import xml.etree.ElementTree as ET

    evil = "</text><script>alert(1)</script><image href='x' onerror='alert(1)'/>&\"'"
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# One {evil}"},
        code("x = 1"),
        {"cell_type": "markdown", "metadata": {}, "source": f"# Two {evil}"},
        code("print(x)"),
    ]
    desk.notebook("nb.ipynb", *cells, jupyter_mlops={"pipeline": {"name": evil, "description": evil}})
    assert desk("graph", "nb.ipynb", "--svg", "out.svg").code == 0
    names = {element.tag.rpartition("}")[2] for element in ET.parse(desk.folder / "out.svg").iter()}
    assert not names & {"script", "image", "foreignObject", "a"}
    text = (desk.folder / "out.svg").read_text()
    assert "<script" not in text
    assert "onerror='" not in text

    from jupyter_mlops import Pipeline

    html = Pipeline.from_notebook(desk.folder / "nb.ipynb")._repr_mimebundle_()
    bundle = html[0] if isinstance(html, tuple) else html
    assert "<script>alert" not in json.dumps(bundle)


def test_html_of_a_cell_stays_in_its_output(desk: Desk) -> None:
    source = "from IPython.display import HTML\nHTML('<script>alert(1)</script>')"
    desk.notebook("nb.ipynb", step("a", source))
    run = desk.json("run", "nb.ipynb")
    cells = json.loads(Path(run["notebook"]).read_text())["cells"]
    shown = [output for cell in cells for output in cell.get("outputs", ())]
    assert [sorted(output["data"]) for output in shown] == [["text/html", "text/plain"]]
    assert "<script>" not in desk("show").out
