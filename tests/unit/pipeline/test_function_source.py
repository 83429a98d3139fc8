from __future__ import annotations

import math
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.api import load_pipeline_file
from jupyter_mlops.pipeline.function_source import function_source, module_source
from tests.unit.pipeline.interpret import interpret


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('import a\nif __name__ == "__main__":\n    run()\nx = 1\n', "import a\n\n\nx = 1\n"),
        ("if '__main__' == __name__: run()\n", "\n"),
        ("@mlops.step\ndef f(): ...\n", "\ndef f(): ...\n"),
        ("@mlops.step(\n    cpu=2,\n)\n@other\ndef f(): ...\n", "\n\n\n@other\ndef f(): ...\n"),
        ("@step\nasync def f(): ...\n", "\nasync def f(): ...\n"),
        ("if x == '__main__': run()\n", "if x == '__main__': run()\n"),
        ("class A:\n    @step\n    def f(self): ...\n", "class A:\n    @step\n    def f(self): ...\n"),
    ],
)
def test_a_module_leaves_out_its_main_block_and_our_decorators(text: str, left: str) -> None:
    assert module_source(text) == left


def remade(function: Callable[..., Any]) -> Any:
    """The function made from its definitions alone."""
    namespace: dict[str, Any] = {}
    for definition in function_source(function).definitions:
        exec(compile(definition.source, "definition", "exec"), namespace)
    return namespace[function.__name__]


LIMIT = 3


@dataclass
class Point:
    x: int


def helper(value: int) -> int:
    return other(value) + LIMIT if value else 0


def other(value: int) -> int:
    return helper(value - 1)


def test_a_local_function_brings_what_it_uses() -> None:
    factor, words = 4, ["a"]

    def local(value: int, start: float = math.pi) -> Any:
        inner = [item * factor for item in range(value)]
        return helper(value), Point(len(inner)), Counter(words), round(start), math.floor(1.5)

    found = remade(local)(2)
    assert repr(found) == "(6, Point(x=2), Counter({'a': 1}), 3, 1)"


def test_definitions_of_steps_that_share_a_class_share_its_id() -> None:
    def one() -> Point:
        return Point(1)

    def two(point: Point) -> bool:
        return isinstance(point, Point)

    ids = [{item.names[0]: item.id for item in function_source(function).definitions} for function in (one, two)]
    assert ids[0].get("Point") == ids[1].get("Point")
    assert all(item.wanted for item in function_source(one).definitions)


def test_attributes_that_are_named_like_a_global_do_not_count() -> None:
    def local(frame: Any) -> Any:
        return frame.helper

    assert [item.names for item in function_source(local).definitions] == [("local",)]


@pytest.mark.parametrize("value", [object(), open, lambda: 1], ids=["object", "builtin", "lambda"])
def test_a_value_from_outside_that_is_no_source_is_refused_or_imported(value: Any) -> None:
    def local() -> Any:
        return value

    if value is open:
        assert remade(local)() is open
    elif type(value) is object:
        with pytest.raises(Usage, match=r"uses `value` \(object\) from outside"):
            function_source(local)


def test_a_function_without_source_is_refused() -> None:
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("def made(): return 1", namespace)
    with pytest.raises(Usage, match="source of 'made' is not known"):
        function_source(namespace["made"])


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(Usage, match="not a function"):
        function_source(len)


def test_a_function_of_a_package_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "work.py").write_text("def job(): return 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib

    job = importlib.import_module("some_package.work").job
    source = function_source(job)
    assert [cell.source for cell in source.setup] == ["from some_package.work import job\n"]
    assert source.modules == (str(package / "work.py"),)


def write(folder: Path, text: str, name: str = "flow.py") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def test_a_file_brings_its_own_source_and_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "def twice(x): return 2 * x\n", "neighbour.py")
    path = write(
        tmp_path,
        """
        import jupyter_mlops as mlops
        from pathlib import Path
        import neighbour, json

        HERE = Path(__file__).name

        @mlops.step(cpu=1)
        def job(n): return HERE, neighbour.twice(n)

        @mlops.pipeline
        def main(n: int = 1): job(n)

        if __name__ == "__main__":
            raise SystemExit("not here")
        """,
    )
    pipeline = load_pipeline_file(path)
    [step] = pipeline.steps
    assert step.modules == (str(tmp_path / "neighbour.py"),)
    assert [cell.id for cell in step.component.setup] == ["module-0", "module-1"]
    sys.path.insert(0, str(tmp_path))
    try:
        assert interpret(pipeline, n=4)["job"]["result"] == ("flow.py", 8)
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("neighbour", None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "has no pipeline"),
        ("x = (\n", r"cannot be imported \(line 1\): SyntaxError"),
        ("import no_such_module\n", r"line 1\): ModuleNotFoundError"),
        ("def f():\n    1 / 0\n\nf()\n", r"line 2\): ZeroDivisionError"),
        (
            "import jupyter_mlops as m\n@m.pipeline\ndef a(): ...\n@m.pipeline\ndef b(): ...\n",
            "several pipelines: a, b",
        ),
    ],
)
def test_a_file_without_one_pipeline_is_refused(text: str, says: str, tmp_path: Path) -> None:
    from jupyter_mlops.errors import MlopsError

    with pytest.raises(MlopsError, match=says):
        load_pipeline_file(write(tmp_path, text))


def test_a_pipeline_may_be_chosen_by_name_or_made_by_hand(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        import jupyter_mlops as m
        from jupyter_mlops.pipeline.model import Component, Pipeline, Step
        @m.pipeline
        def a(): ...
        b = Pipeline("by hand", (Step("s", Component("cells")),))
        """,
    )
    assert load_pipeline_file(path, "a").name == "a"
    assert load_pipeline_file(path, "b").name == "by hand"
    with pytest.raises(Usage, match="no pipeline 'c'"):
        load_pipeline_file(path, "c")


def test_files_of_one_name_in_two_folders_do_not_mix(tmp_path: Path) -> None:
    text = "import jupyter_mlops as m\n@m.step\ndef s(): return {n}\n@m.pipeline\ndef main(): s()\n"
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        path = write(tmp_path / str(number), text.format(n=number))
        assert interpret(load_pipeline_file(path))["s"]["result"] == number
    with pytest.raises(Usage):
        load_pipeline_file(tmp_path / "3" / "flow.py")
