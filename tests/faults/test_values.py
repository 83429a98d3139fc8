"""What cannot leave a process: the error names the variable, its type and the cell; what can goes by value."""

from __future__ import annotations

import pytest

from tests.faults.command_line import Desk, code, step

CANNOT = {
    "lock": ("import threading\nheld = threading.Lock()", "_thread.lock"),
    "generator": ("held = (i for i in range(3))", "generator"),
    "open file": ("held = open('some.txt', 'w')", "TextIOWrapper"),
    "socket": ("import socket\nheld = socket.socket()", "socket.socket"),
    "connection": ("import sqlite3\nheld = sqlite3.connect(':memory:')", "sqlite3.Connection"),
    "thread": ("import threading\nheld = threading.Thread()", "threading.Thread"),
    "inside": ("import threading\nheld = {'deep': [1, {'er': threading.Lock()}]}", "held['deep'][1]['er']"),
    "frame": ("import sys\nheld = sys._getframe()", "frame"),
    "process": ("import subprocess\nheld = subprocess.Popen(['true'])\nheld.wait()", "Popen"),
}


@pytest.mark.parametrize("kind", CANNOT)
def test_what_cannot_be_handed_over_is_named_with_its_type_and_cell(desk: Desk, kind: str) -> None:
    source, type_name = CANNOT[kind]
    desk.notebook("nb.ipynb", code("import math"), step("make", source), step("use", "print(held)"))
    answer = desk("run", "nb.ipynb")
    answer.fails("'held'", type_name, "cell 1", "use")
    states = {task["step"]: task["state"] for task in desk.json("show")["tasks"]}
    assert states == {"make": "failed", "use": "skipped"}
    assert "CannotHandOver" not in answer.out


def test_functions_of_all_kinds_go_by_value(desk: Desk) -> None:
    make = """
import functools
def outer(n):
    def inner(x):
        return x + n
    return inner
one = lambda x: x + 1
two = outer(2)
three = functools.partial(pow, 3)
"""
    desk.notebook("nb.ipynb", step("make", make), step("use", "print(one(1), two(1), three(2))"))
    assert desk.logs(desk.json("run", "nb.ipynb"))["use"] == "2 3 9\n"


def test_a_value_nobody_needs_may_be_anything(desk: Desk) -> None:
    desk.notebook("nb.ipynb", step("make", "import threading\nheld = threading.Lock()\nx = 1"), step("use", "print(x)"))
    assert desk("run", "nb.ipynb").code == 0


def test_a_class_that_refuses_to_be_pickled_or_unpickled_is_named(desk: Desk) -> None:
    source = "class Shy:\n    def __reduce__(self):\n        raise RuntimeError('keep out')\nheld = Shy()"
    desk.notebook("nb.ipynb", step("make", source), step("use", "print(held)"))
    desk("run", "nb.ipynb").fails("'held'", "Shy", "keep out")

    source = "def boom():\n    raise RuntimeError('no way back')\nclass Bad:\n    def __reduce__(self):\n"
    desk.notebook("nb2.ipynb", step("make", source + "        return boom, ()\nheld = Bad()"), step("use", "held"))
    desk("run", "nb2.ipynb").fails("no way back")


def test_a_step_that_deletes_its_input_file_fails_no_other_run(desk: Desk) -> None:
    """The file that is made anew in each run may be deleted; one that is gone for good is named."""
    make = step("make", "with open('data.csv', 'w') as file:\n    file.write('1,2')")
    desk.notebook("nb.ipynb", make, step("use", "import os\nprint(open('data.csv').read())\nos.remove('data.csv')"))
    assert desk("run", "nb.ipynb").code == 0
    assert not (desk.folder / "data.csv").exists()
    again = desk.json("run", "nb.ipynb", "--no-cache")
    assert again["state"] == "succeeded"
    assert desk.logs(again)["use"] == "1,2\n"

    (desk.folder / "given.csv").write_text("3,4")
    desk.notebook("once.ipynb", step("use", "import os\nprint(open('given.csv').read())\nos.remove('given.csv')"))
    assert desk("run", "once.ipynb").code == 0
    desk("run", "once.ipynb").fails("given.csv", "cell 0, line 2")


@pytest.mark.parametrize(
    "remove",
    [
        "import os\nos.remove('data.csv')",
        "from pathlib import Path\nPath('data.csv').unlink()",
        "from pathlib import Path\nPath('data.csv').rename('old')",
        "!rm data.csv",
        "!mv data.csv old",
    ],
)
def test_a_file_is_deleted_after_a_slow_reader_and_in_each_run(desk: Desk, remove: str) -> None:
    """However it is deleted; a run that takes all else from the cache leaves the folder as the first one did."""
    make = step("make", "with open('data.csv', 'w') as file:\n    file.write('1,2')")
    slow = step("slow", "import time\ntime.sleep(0.5)\nprint(open('data.csv').read())")
    desk.notebook("nb.ipynb", make, slow, step("drop", remove), step("end", "print('done')"))
    for states in (["succeeded"] * 4, ["cached", "cached", "succeeded", "cached"]):
        ran = desk.json("run", "nb.ipynb")
        assert [task["state"] for task in ran["tasks"]] == states
        assert desk.logs(ran)["slow"] == "1,2\n"
        assert not (desk.folder / "data.csv").exists()


def test_an_unchanged_run_reads_no_file_again_that_it_made_itself(desk: Desk) -> None:
    make = step("make", "import os\nos.makedirs('out', exist_ok=True)\nopen('out/data.csv', 'w').write('1,2')")
    desk.notebook("nb.ipynb", make, step("read", "print(open('out/data.csv').read())"), step("list", "!ls out"))
    states = [[task["state"] for task in desk.json("run", "nb.ipynb")["tasks"]] for _ in range(2)]
    assert states == [["succeeded"] * 3, ["cached"] * 3]
