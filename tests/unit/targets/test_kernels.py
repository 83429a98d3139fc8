from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from jupyter_mlops.errors import NotFound
from jupyter_mlops.targets.local.kernels import find_kernel, python_for

IPYKERNEL = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def install(name: str, argv: list[str], language: str, **more: object) -> None:
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(
            json.dumps({"argv": argv, "language": language, "display_name": name, **more})
        )

    return install


@pytest.mark.parametrize("name", ["", "python", "python3"])
def test_the_usual_names_of_python_mean_this_environment(name: str) -> None:
    assert python_for(name) == sys.executable
    assert find_kernel(name).is_ours


def test_a_kernel_of_another_environment_has_its_own_interpreter(install) -> None:
    install("other", ["/opt/other/bin/python", *IPYKERNEL], "python", env={"A": "b"})

    kernel = find_kernel("other")

    assert (kernel.python, kernel.env, kernel.is_ours) == ("/opt/other/bin/python", {"A": "b"}, False)


def test_a_bare_python_means_the_one_that_jupyter_runs_in(install) -> None:
    install("bare", ["python3", *IPYKERNEL], "python")

    assert python_for("bare") == sys.executable


def test_two_names_of_one_interpreter_are_one(install) -> None:
    twin = str(Path(sys.executable).with_name("python3"))
    install("twin", [twin, *IPYKERNEL], "python")

    assert find_kernel("twin").is_ours


@pytest.mark.parametrize("argv", [["/usr/bin/R", "--slave"], ["/opt/python", "-m", "bash_kernel"]])
def test_another_language_has_no_interpreter_of_python(install, argv: list[str]) -> None:
    install("stranger", argv, "R")

    assert find_kernel("stranger").python == ""
    with pytest.raises(NotFound, match="speaks r, not Python"):
        python_for("stranger")


@pytest.mark.parametrize(
    ("name", "way_out"),
    [("ir", "IRkernel::installspec"), ("julia-1.10", "IJulia"), ("my-env", "ipykernel install --user --name my-env")],
)
def test_a_kernel_that_is_missing_says_how_to_install_it(install, name: str, way_out: str) -> None:
    install("here", ["x"], "x")

    with pytest.raises(NotFound, match=f"kernel '{name}' is not installed") as caught:
        find_kernel(name)

    assert way_out in caught.value.hint
    assert "here" in caught.value.hint
