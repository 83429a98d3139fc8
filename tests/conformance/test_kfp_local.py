"""What we compile runs in `kfp.local`, as far as that can: its own reading of the IR decides what happens."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conformance.kfp_notebooks import compiled_cells, printed

HERE = Path(__file__).parent
SETUP = "class Point:\n    def __init__(self, x):\n        self.x = x\n\ndef double(x):\n    return 2 * x"

pytestmark = pytest.mark.slow


@pytest.fixture
def run(root, tmp_path):
    """Runs cells; whether the pipeline succeeded, and what each task printed, once an execution."""
    python = root / ".venv-kfp" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no environment with kfp: `make kfp`")

    def run(*cells, parameters="", setup="", **arguments):
        compiled = compiled_cells(tmp_path / "project", *cells, parameters=parameters, setup=setup)
        path, code, outputs = tmp_path / "ir.yaml", tmp_path / "code", tmp_path / "root"
        path.write_text(compiled.to_yaml())
        code.mkdir()
        for name, content in compiled.code.files.items():
            (code / name).write_bytes(content)
        request = {"pipeline": str(path), "code": str(code), "root": str(outputs), "arguments": arguments}
        done = subprocess.run(
            [python, HERE / "kfp_local.py"], input=json.dumps(request), capture_output=True, text=True, timeout=150
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, list[str]] = {}
        for notebook in sorted(outputs.rglob("notebook")):
            found.setdefault(notebook.parent.name, []).append(printed(notebook))
        return json.loads(done.stdout), found

    return run


def test_values_functions_and_parameters_arrive(run):
    succeeded, said = run(
        ("load", "point = Point(depth)\nalias = point"),
        ("change", "point.x += 1\nprint(alias.x, alias is point)"),
        ("show", "print(double(point.x), name)"),
        setup=SETUP,
        parameters="depth = 3\nname = 'a'",
        depth=5,
        name="b",
    )
    assert succeeded
    assert (said["change"], said["show"]) == (["6 True\n"], ["12 b\n"])


def test_two_branches_join(run):
    succeeded, said = run(("load", "x = 2"), ("left", "a = x + 1"), ("right", "b = x * 10"), ("join", "print(a, b)"))
    assert succeeded
    assert said["join"] == ["3 20\n"]


@pytest.mark.parametrize("depth", [1, 5])
def test_a_condition_on_a_parameter(run, depth):
    succeeded, said = run(
        ("deep", "print('deep')", {"when": "depth > 2"}),
        ("other", "print('always')"),
        parameters="depth = 1",
        depth=depth,
    )
    assert succeeded
    assert said == {"other": ["always\n"], **({"deep": ["deep\n"]} if depth > 2 else {})}


def test_a_loop_gives_a_list_in_order(run):
    succeeded, said = run(
        ("load", "base = 10"),
        ("each", "y = base + x\nprint(x)", {"for_each": "x in [1, 2, 3]"}),
        ("total", "print(y)"),
    )
    assert succeeded
    assert sorted(said["each"]) == ["1\n", "2\n", "3\n"]
    assert said["total"] == ["[11, 12, 13]\n"]


def test_a_failed_step_fails_the_pipeline_and_what_needs_it_does_not_run(run):
    succeeded, said = run(("bad", "x = 1 / 0"), ("next", "print(x)"))
    assert not succeeded
    assert set(said) == {"bad"}
