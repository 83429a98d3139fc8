"""The zip has all that a pod needs, and nothing that a pod could not have."""

from __future__ import annotations

import ast
import builtins
import glob
import hashlib
import io
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from jupyter_mlops.engine.plan import make_plan
from jupyter_mlops.pipeline.model import Component, Options, Pipeline, Retries, Secret, Step, Volume
from jupyter_mlops.runtime.spec import CellSource, TaskResult, TaskSpec
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.pod_main import USAGE


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(code_zip())
    return path


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python without any installed library."""
    return subprocess.run([sys.executable, "-I", "-S", *arguments], capture_output=True, text=True, check=False)


def test_the_same_code_has_the_same_bytes(code: Path) -> None:
    assert hashlib.sha256(code_zip()).digest() == hashlib.sha256(code.read_bytes()).digest()


def test_it_fits_into_one_object_of_a_cluster(code: Path) -> None:
    assert code.stat().st_size < 900_000


def test_it_has_the_modules_that_its_modules_import(code: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        sources = {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
    there = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources}
    lacking = set()
    for name, source in sources.items():
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("jupyter_mlops"):
                lacking |= {(name, statement.module)} if statement.module not in there else set()
            elif isinstance(statement, ast.Import):
                names = {item.name for item in statement.names if item.name.startswith("jupyter_mlops")}
                lacking |= {(name, item) for item in names - there}
    assert lacking == set()


def imported_by_a_step(code: Path, place: Path, *outputs: str) -> set[str]:
    """The modules that a step imports from its beginning to its end. One that hands on values reads them, too."""
    cells = (CellSource(0, "c", "def double(x):\n    return 2 * x\ny = double(21)", 1),)
    spec = TaskSpec("run", "a", "a", 1, str(place), str(place), cells, outputs=outputs)
    (place / "spec.json").write_text(spec.to_json())
    done = bare("-v", str(code), "task", str(place / "spec.json"))
    assert done.returncode == 0, done.stderr
    said = done.stderr + (place / "log").read_text()
    return set(re.findall(r"^import '(\S+)'", said, re.MULTILINE))


@pytest.mark.parametrize("outputs", [(), ("double", "y")])
def test_what_a_step_imports_is_compiled_for_this_python(code: Path, tmp_path: Path, outputs: tuple[str, ...]) -> None:
    ours = ("jupyter_mlops", "cloudpickle")
    imported = {name for name in imported_by_a_step(code, tmp_path, *outputs) if name.startswith(ours)}
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pyc")]
        for name in names:
            compiled = marshal.loads(archive.read(name)[16:])
            assert compiled == compile(archive.read(name[:-1]), compiled.co_filename, "exec", dont_inherit=True), name
    modules = {name[:-4].replace("/", ".").removesuffix(".__init__") for name in names}
    assert len(imported) > 20
    assert imported <= modules


def test_a_step_pays_for_nothing_that_it_does_not_use(code: Path, tmp_path: Path) -> None:
    dear = {"zipfile", "tempfile", "shutil", "pathlib", "pickle", "platform", "datetime", "importlib.resources"}
    imported = imported_by_a_step(code, tmp_path)
    assert "dataclasses" in imported  # as it begins
    assert "traceback" in imported  # as its cells run
    assert not imported & dear
    assert not any(name.startswith(("jupyter_mlops.notebook", "jupyter_mlops.runtime.bundle")) for name in imported)


def test_it_does_the_work_of_a_task(code: Path, tmp_path: Path) -> None:
    spec = TaskSpec(
        "run", "a", "a", 1, str(tmp_path), str(tmp_path), (CellSource(0, "c", "x = 6 * 7", 1),), exports=("x",)
    )
    (tmp_path / "spec.json").write_text(spec.to_json())
    done = bare(str(code), "task", str(tmp_path / "spec.json"))
    assert done.returncode == 0, done.stderr
    assert TaskResult.from_json((tmp_path / "result.json").read_text()).exports == {"x": 42}


def test_the_driver_starts_without_any_library(code: Path, tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_text("{}")
    done = bare(str(code), "drive", str(order))
    assert "KeyError: 'place'" in done.stderr  # all was imported, and the order was read


def test_what_makes_no_sense_is_refused(code: Path) -> None:
    done = bare(str(code), "fly")
    assert (done.returncode, done.stderr) == (2, f"usage: code.zip {USAGE}\n")


def test_it_keeps_to_python_3_9(code: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        archive.extractall(tmp_path)
    vermin = str(Path(sys.executable).with_name("vermin"))
    done = subprocess.run(
        [vermin, "--quiet", "--no-tips", "-t=3.9-", "--violations", str(tmp_path / "jupyter_mlops")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_union_of_types_is_evaluated(code: Path) -> None:
    """What vermin does not see: `A | B` outside annotations, which Python 3.9 cannot evaluate."""
    found = []
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        for name in archive.namelist():
            if name.endswith(".py"):
                found += [f"{name}:{line}" for line in evaluated_unions(archive.read(name))]
    assert found == []


def test_no_union_is_asked_for_an_instance(code: Path) -> None:
    """`isinstance(x, Alias)` of a union: Python 3.9 cannot either."""
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as archive:
        trees = {name: ast.parse(archive.read(name)) for name in archive.namelist() if name.endswith(".py")}
    unions = {
        node.targets[0].id
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and is_union(node.value)
    }
    assert "Event" in unions
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "issubclass")
        if {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)} & unions
    ]
    assert found == []


def is_union(node: ast.expr) -> bool:
    """Whether it is `Union[...]`."""
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Union"


def evaluated_unions(source: bytes) -> list[int]:
    """The lines of a module's unions of types that are no annotations, nor for type checkers alone."""
    tree = ast.parse(source)
    passed: set[int] = set()
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            parts += node.body
        passed |= {id(inner) for part in parts if isinstance(part, ast.AST) for inner in ast.walk(part)}
    unions = (node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr))
    return sorted({node.lineno for node in unions if id(node) not in passed and is_type(node)})


def is_type(node: ast.expr) -> bool:
    """Whether it looks like one: None, a type of Python, a Name in CamelCase, or some of them."""
    if isinstance(node, ast.BinOp):
        return is_type(node.left) and is_type(node.right)
    if isinstance(node, ast.Subscript):
        return is_type(node.value)
    if isinstance(node, ast.Constant):
        return node.value is None
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return isinstance(getattr(builtins, name, None), type) or (name[:1].isupper() and not name.isupper())


def test_evaluated_unions_are_found() -> None:
    source = b"""
from typing import TYPE_CHECKING, Any
x: int | None = A | B
Value = str | Any | None
FLAGS = re.A | re.B
def f(a: int | str) -> dict[str, int] | None:
    return isinstance(a, Mapping | list) or {1} | set()
if TYPE_CHECKING:
    Thing = One | Two
"""
    assert evaluated_unions(source) == [4, 7]


@pytest.fixture(scope="module")
def oldest() -> str:
    """A real Python 3.9."""
    known = [shutil.which("python3.9"), *glob.glob(os.path.expanduser("~/.pyenv/versions/3.9*/bin/python3.9"))]
    for path in filter(None, known):
        if subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode == 0:
            return path
    pytest.skip("needs Python 3.9 on this machine")


IMPORT_ALL = """
import importlib, sys, zipfile
sys.path.insert(0, sys.argv[1])
for name in sorted(zipfile.ZipFile(sys.argv[1]).namelist()):
    module = name[:-3].replace("/", ".").replace(".__init__", "")
    if not name.startswith("jupyter_mlops/") or not name.endswith(".py") or module.endswith("__main__"):
        continue
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as missing:  # what steps have and pods need not
        if missing.name not in ("IPython", "matplotlib"):
            raise
"""


def test_all_of_it_can_be_imported_by_python_3_9(code: Path, oldest: str) -> None:
    done = subprocess.run([oldest, "-I", "-c", IMPORT_ALL, str(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_step_runs_in_python_3_9(code: Path, oldest: str, tmp_path: Path) -> None:
    cell = CellSource(0, "c", "import sys\nx = list(sys.version_info[:2])", 1)
    spec = TaskSpec("run", "a", "a", 1, str(tmp_path), str(tmp_path), (cell,), exports=("x",))
    (tmp_path / "spec.json").write_text(spec.to_json())
    command = [oldest, "-I", str(code), "task", str(tmp_path / "spec.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert TaskResult.from_json((tmp_path / "result.json").read_text()).exports == {"x": [3, 9]}


READ_PLAN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from jupyter_mlops.engine.plan import Plan
plan = Plan.from_data(json.loads(sys.stdin.read()), {})
print(json.dumps(plan.to_data(), sort_keys=True))
"""


def test_a_plan_with_all_kinds_of_options_is_read_by_python_3_9(code: Path, oldest: str) -> None:
    options = Options(
        cpu=0.5,
        memory="1Gi",
        image="i",
        retries=Retries(2, delay=1.0),
        timeout=3.0,
        env={"A": "b"},
        secrets=(Secret("name", "key", "ENV"),),
        volumes=(Volume("claim", "/data"),),
    )
    made = Component("cells", (CellSource(0, "c", "x = 1", 1),))
    steps = (Step("one", made, options=options, outputs=("x",)), Step("two", made))
    told = json.dumps(make_plan(Pipeline("work", steps), {}).to_data(), sort_keys=True)
    command = [oldest, "-I", "-c", READ_PLAN, str(code)]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(told)
