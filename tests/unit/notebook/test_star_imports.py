"""`from module import *`: names that are known, and modules that are not touched."""

import itertools
import json
import math
import os
import sys
import sysconfig

import pytest

from jupyter_mlops.notebook import star_imports
from jupyter_mlops.notebook.star_imports import star_names
from tests.unit.notebook.pipelines import notebook


def public(module):
    """What Python itself binds."""
    namespace: dict[str, object] = {}
    exec(f"from {module} import *", namespace)  # the very thing that is predicted
    return set(namespace) - {"__builtins__"}


@pytest.fixture(autouse=True)
def _nothing_remembered():
    star_imports._names.cache_clear()
    yield
    star_imports._names.cache_clear()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes modules of a folder that is on the path, as a notebook's is."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, source):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source if isinstance(source, bytes) else source.encode())

    yield write
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def installed(own, tmp_path, monkeypatch):
    """The same, in a folder where packages are installed."""
    real = sysconfig.get_paths
    monkeypatch.setattr(sysconfig, "get_paths", lambda *scheme: {**real(*scheme), "purelib": str(tmp_path)})
    return own


@pytest.mark.parametrize(
    ("module", "some"),
    [
        pytest.param("json", json.dumps, id="a literal __all__ is read"),
        pytest.param("os", os.getcwd, id="an __all__ that grows is imported"),
        pytest.param("math", math.sqrt, id="a module without source is imported"),
        pytest.param("itertools", itertools.chain, id="a module of the interpreter is imported"),
        pytest.param("asyncio", None, id="an __all__ that is computed is imported"),
        pytest.param("os.path", os.path.join, id="a module inside a module"),
        pytest.param("concurrent.futures", None, id="a package inside a package"),
        pytest.param("numpy", None, id="a package of site-packages"),
    ],
)
def test_the_names_are_those_that_python_binds(module, some):
    names = set(star_names(module) or ())
    assert names == public(module)
    assert some is None or some.__name__ in names


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("", id="no module"),
        pytest.param(".sibling", id="a relative import"),
        pytest.param("this", id="a module that prints when imported"),
        pytest.param("antigravity", id="a module that opens a browser"),
        pytest.param("__main__", id="the program itself"),
        pytest.param("no_such_module_anywhere", id="a module that is not there"),
        pytest.param("json.no_such_part", id="a part that is not there"),
        pytest.param("math.no_such_part", id="a part of what is no package"),
        pytest.param("encodings.mbcs", id="a module of another system, which cannot be imported here"),
    ],
)
def test_names_that_cannot_be_known_are_none(module):
    assert star_names(module) is None


def test_a_module_of_the_users_own_is_not_run(own, tmp_path):
    own("beside_notebook.py", f"open({str(tmp_path / 'ran')!r}, 'w').close()\nx = 1\n")
    assert star_names("beside_notebook") is None
    assert not (tmp_path / "ran").exists()


def test_a_package_of_the_users_own_is_not_run_for_its_parts(own, tmp_path):
    own("beside_package/__init__.py", f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    own("beside_package/part.py", "x = 1\n")
    assert star_names("beside_package.part") is None
    assert not (tmp_path / "ran").exists()


RAISES = "raise RuntimeError('imported')\n"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param(f"__all__ = ['a', 'b']\n{RAISES}", {"a", "b"}, id="a list is read without importing"),
        pytest.param(f"__all__ = ('a',)\n{RAISES}", {"a"}, id="a tuple is read without importing"),
        pytest.param("__all__ = ['a']\n__all__ += ['b']\na = b = 1\n", {"a", "b"}, id="a list that is extended"),
        pytest.param("__all__ = ['a']\n__all__ = ['b']\na = b = 1\n", {"b"}, id="a list that is set again"),
        pytest.param("a = 1\n__all__ = [n for n in dir() if n == 'a']\n", {"a"}, id="a list that is computed"),
        pytest.param("__all__ = {'a': 1}\na = 1\n", {"a"}, id="something else than a list"),
        pytest.param("__all__ = ['a']\nif True:\n    __all__.append('b')\na = b = 1\n", {"a", "b"}, id="a method"),
        pytest.param("a = 1\n_b = 2\n", {"a"}, id="no list: all but private names"),
        pytest.param("import json\na = 1\n", {"a", "json"}, id="no list: imported names as well"),
        pytest.param("", set(), id="an empty module"),
        pytest.param("__all__ = []\na = 1\n", set(), id="an empty list"),
        pytest.param(RAISES, None, id="a module that raises"),
        pytest.param("def f(:\n", None, id="a module that is no Python"),
        pytest.param(b"a = 1\0\n", None, id="a module with a zero byte"),
    ],
)
def test_an_installed_module_is_read_and_imported_only_where_that_is_not_enough(installed, source, names):
    installed("installed_module.py", source)
    found = star_names("installed_module")
    assert (None if found is None else set(found)) == names


def test_a_folder_without_an_init_has_no_names(installed):
    installed("bare_folder/part.py", "x = 1\n")
    assert star_names("bare_folder") is None


def test_a_step_that_uses_a_starred_name_makes_the_import_again():
    flow = notebook(("first", "from math import *\nr = 2"), ("second", "area = pi * r ** 2"))
    second = flow.steps[1]
    assert [item.name for item in second.inputs] == ["r"]
    assert [item.source for item in second.definitions if item.wanted] == ["from math import *"]
    assert not [item for item in flow.problems if item.kind == "undefined"]


def test_a_file_named_like_a_standard_module_is_not_run(own, tmp_path):
    """Opening a notebook must not run a file beside it, whatever its name."""
    name = "sndhdr" if "sndhdr" in sys.stdlib_module_names else "stringprep"
    sys.modules.pop(name, None)
    own(f"{name}.py", "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nx = 1\n")
    assert star_names(name) is None
    assert not (tmp_path / "ran").exists()
