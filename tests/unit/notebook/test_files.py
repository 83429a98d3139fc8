"""Files between steps: what is known of their paths, who writes them, who comes after whom."""

import ast

import pytest

from jupyter_mlops.notebook.file_order import Folder, StepFiles, existing, local_modules, order_by_files
from jupyter_mlops.notebook.texts import filled_in, text_of
from tests.unit.notebook.pipelines import SETUP, notebook

IMPORTS = "import os, json, pickle, shutil, joblib, numpy as np, pandas as pd\nfrom pathlib import Path\n"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("'a.csv'", ("a.csv",), id="a text"),
        pytest.param("name", (("name",),), id="a name, to be filled in"),
        pytest.param("f'{folder}/a.csv'", (("folder",), "/a.csv"), id="a text with a name in it"),
        pytest.param("f'{x:>3}.csv'", (), id="a text with a format"),
        pytest.param("f'{x!r}.csv'", (), id="a text with a conversion"),
        pytest.param("f'{f(x)}.csv'", (), id="a text with a call in it"),
        pytest.param("folder + '/a.csv'", (("folder",), "/a.csv"), id="a sum"),
        pytest.param("f() + '/a.csv'", (), id="a sum with an unknown piece"),
        pytest.param("Path('d') / 'a.csv'", ("d", "/", "a.csv"), id="a path and its part"),
        pytest.param("a * 'b'", (), id="another operator"),
        pytest.param("Path('d', name)", ("d", "/", ("name",)), id="a path of parts"),
        pytest.param("str(p)", (("p",),), id="the text of a path"),
        pytest.param("Path()", (), id="a path of nothing"),
        pytest.param("Path('d', strict=True)", (), id="a call with keywords"),
        pytest.param("pathlib.Path('d')", ("d",), id="a path by its full name"),
        pytest.param("os.path.join('d', 'a.csv')", ("d", "/", "a.csv"), id="joined parts"),
        pytest.param("osp.join('d', 'a.csv')", ("d", "/", "a.csv"), id="joined by the short name"),
        pytest.param("', '.join('d')", (), id="joined texts are no path"),
        pytest.param("Path('d').resolve()", ("d",), id="a path made absolute"),
        pytest.param("Path(f()).resolve()", (), id="an unknown path made absolute"),
        pytest.param("other('d')", (), id="another function"),
        pytest.param("3", (), id="a number"),
        pytest.param("'a\\nb'", (), id="a text of two lines"),
        pytest.param(repr("x" * 301), (), id="a text too long for a path"),
    ],
)
def test_the_pieces_of_a_text_that_are_known(expression, expected):
    assert text_of(ast.parse(expression, mode="eval").body) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param((("d",), "/a.csv"), "data/a.csv", id="a known name"),
        pytest.param((("e",), "/a.csv"), None, id="an unknown name"),
        pytest.param((), None, id="no pieces"),
        pytest.param(("a.csv",), "a.csv", id="no names"),
    ],
)
def test_names_in_a_text_are_filled_in(text, expected):
    assert filled_in(text, {"d": "data"}) == expected


@pytest.mark.parametrize(
    ("statement", "path"),
    [
        pytest.param("open('f.txt', 'w').close()", "f.txt", id="open to write"),
        pytest.param("open('f.txt', mode='a').close()", "f.txt", id="open to append, by keyword"),
        pytest.param("open(file='f.txt', mode='x').close()", "f.txt", id="open by keywords only"),
        pytest.param("open('f.txt', 'r+').close()", "f.txt", id="open to change"),
        pytest.param("p = Path('f.txt')\np.open('w').close()", "f.txt", id="a path's open"),
        pytest.param("p = Path('f.txt')\np.write_text('x')", "f.txt", id="a path's text"),
        pytest.param("p = Path('d') / 'f.txt'\np.touch()", "d/f.txt", id="a part of a path"),
        pytest.param("pd.DataFrame().to_csv('f.csv')", "f.csv", id="a table"),
        pytest.param("pd.DataFrame().to_csv(path_or_buf='f.csv')", "f.csv", id="a table, by keyword"),
        pytest.param("np.save('f.npy', [1])", "f.npy", id="an array"),
        pytest.param("joblib.dump(1, 'f.joblib')", "f.joblib", id="a dump, second argument"),
        pytest.param("shutil.copy('a.txt', 'f.txt')", "f.txt", id="a copy writes its target"),
        pytest.param("os.makedirs('d/e')", "d/e", id="folders"),
        pytest.param("shutil.move('a.txt', 'f.txt')", "f.txt", id="the new name of a file"),
        pytest.param("d = 'out'\npd.DataFrame().to_csv(f'{d}/f.csv')", "out/f.csv", id="a name that is constant"),
        pytest.param("with open('./f.txt', 'w') as f:\n    f.write('x')", "f.txt", id="a path is made plain"),
        pytest.param("!echo x > f.txt", "f.txt", id="a shell line"),
        pytest.param("%%writefile f.py\nx = 1", "f.py", id="a cell that is a file"),
    ],
)
def test_a_step_that_mentions_a_file_comes_after_the_one_that_writes_it(statement, path):
    cell = statement if statement.startswith("%%") else IMPORTS + statement
    flow = notebook(("write", cell), ("other", "y = 1"), ("read", f"t = open({path!r}).read()"))
    assert path in flow.steps[0].files_out
    assert [step.order_after for step in flow.steps] == [(), (), ("write",)]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("t = open('f.txt').read()", id="open to read"),
        pytest.param("t = open('f.txt', 'rb').read()", id="open to read bytes"),
        pytest.param("t = Path('f.txt').read_text()", id="a path's text"),
        pytest.param("basket = []\nbasket.copy('f.txt')", id="a copy of something else"),
        pytest.param("open(json.loads('x'), 'w')", id="a path that nobody knows"),
        pytest.param("pd.DataFrame().to_csv(json.loads('x'))", id="a table at a path that nobody knows"),
        pytest.param("names = ['f.txt']\nnames.remove('f.txt')", id="an item of a list"),
        pytest.param("t = 'f.txt'.replace('f', 'g')", id="a part of a text"),
        pytest.param("t = 'https://host/f.txt'", id="an address"),
    ],
)
def test_a_step_that_only_reads_writes_no_file(statement):
    flow = notebook(("first", IMPORTS + statement), ("second", "u = open('f.txt').read()"))
    assert flow.steps[0].files_out == ()
    assert flow.steps[1].order_after == ()


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("os.remove('f.csv')", id="a file"),
        pytest.param("shutil.rmtree(path='f.csv')", id="a folder, by keyword"),
        pytest.param("os.rename('f.csv', 'g.csv')", id="the old name of a file"),
        pytest.param("os.replace('f.csv', 'g.csv')", id="the old name of a file that takes another's place"),
        pytest.param("os.renames(old='f.csv', new='g.csv')", id="the old name, by keyword"),
        pytest.param("shutil.move('f.csv', 'g.csv')", id="the old place of a file"),
        pytest.param("os.unlink('f.csv')", id="by its older name"),
        pytest.param("from os import unlink\nunlink('f.csv')", id="a function by its own name"),
        pytest.param("os.rmdir('f.csv')", id="an empty folder"),
        pytest.param("os.removedirs('f.csv')", id="empty folders"),
        pytest.param("p = Path('f.csv')\np.rename('g.csv')", id="a path that is renamed"),
        pytest.param("Path('f.csv').replace('g.csv')", id="a path that takes another's place"),
        pytest.param("p = Path('f.csv')\np.replace(p.with_suffix('.old'))", id="a path, to where nobody knows"),
        pytest.param("Path('f.csv').unlink()", id="a path"),
        pytest.param("p = Path('f.csv')\np.unlink(missing_ok=True)", id="a path that may be missing"),
        pytest.param("Path('f.csv').rmdir()", id="the path of a folder"),
        pytest.param("d = 'f'\nPath(f'{d}.csv').unlink()", id="a path put together"),
        pytest.param("def drop(path):\n    path.unlink()\ndrop(Path('f.csv'))", id="in a function"),
        pytest.param("!rm f.csv", id="a shell line"),
        pytest.param("!rm -f 'f.csv'", id="a shell line with quotes"),
        pytest.param("!rmdir f.csv", id="a shell line for a folder"),
        pytest.param("!unlink f.csv", id="a shell line, by another name"),
        pytest.param("!mv f.csv g.csv", id="the old name in a shell line"),
        pytest.param("%rm f.csv", id="a command as a magic"),
        pytest.param("%%bash\nrm f.csv", id="a cell of the shell"),
    ],
)
def test_a_file_is_taken_away_after_all_have_read_it(statement):
    flow = notebook(
        ("write", IMPORTS + "pd.DataFrame().to_csv('f.csv')"),
        ("read", "t = pd.read_csv('f.csv')"),
        ("list", "!ls f.csv"),
        ("remove", statement if statement[0] in "!%" else IMPORTS + statement),
    )
    last = flow.steps[-1]
    assert set(last.order_after) == {"write", "read", "list"}
    assert (last.files_gone, set(last.files_out) - {"g.csv"}) == (("f.csv",), set())


@pytest.mark.parametrize(
    "statement",
    [
        "os.replace('f.csv', 'g.csv')",
        "Path('f.csv').rename('g.csv')",
        "Path('f.csv').replace('g.csv')",
        "!mv f.csv g.csv",
    ],
)
def test_what_is_moved_is_written_under_its_new_name(statement):
    flow = notebook(
        ("move", statement if statement[0] == "!" else IMPORTS + statement), ("read", "t = open('g.csv').read()")
    )
    assert flow.steps[0].files_out == ("g.csv",)
    assert flow.steps[1].order_after == ("move",)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("'f.csv'.replace('f', 'g.csv')", id="a part of a text"),
        pytest.param("s = 'f.csv'\ns.replace(*'fg')", id="a part of a text, spread"),
        pytest.param("s = pd.Series([1])\ns.rename('g.csv')", id="the name of a column"),
        pytest.param("s = pd.Series([1])\ns.replace('g.csv')", id="a value in a column"),
        pytest.param("def f(s, name):\n    s.rename(name)\nf(pd.Series([1]), 'g.csv')", id="in a function"),
        pytest.param("names = ['f.csv']\nnames.remove('f.csv')", id="an item of a list"),
        pytest.param("for p in Path('d').glob('*.csv'):\n    p.unlink()", id="files that nobody knows"),
    ],
)
def test_what_only_sounds_like_it_takes_no_file_away(statement):
    (step,) = notebook(("a", IMPORTS + statement)).steps
    assert (step.files_gone, step.files_out) == ((), ())


@pytest.mark.parametrize("last", ["os.remove('given.csv')", "Path('given.csv').unlink()", "\n!rm given.csv"])
def test_what_is_read_and_then_taken_away_is_an_input_and_no_output(last, tmp_path):
    (tmp_path / "given.csv").write_text("1")
    source = f"{IMPORTS}print(open('given.csv').read());{last}"
    (step,) = notebook(("use", source), path=tmp_path / "nb.ipynb").steps
    assert (step.files_in, step.files_out, step.files_gone) == (("given.csv",), (), ("given.csv",))


@pytest.mark.parametrize("last", ["os.remove(f'{d}/given.csv')", "(Path(d) / 'given.csv').unlink()", "p.unlink()"])
def test_a_file_that_is_only_taken_away_is_an_input(last, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "given.csv").write_text("1")
    setup = (SETUP, IMPORTS + "d = 'in'\np = Path(d) / 'given.csv'")
    (step,) = notebook(setup, ("use", last), path=tmp_path / "nb.ipynb").steps
    assert (step.files_in, step.files_gone) == (("in/given.csv",), ("in/given.csv",))


@pytest.mark.parametrize(
    "reader", ["print(p.read_text())", "print(p.exists())", "list(p.iterdir())", "p.open().read()"]
)
def test_a_path_that_is_made_elsewhere_is_read_by_its_methods(reader):
    flow = notebook(
        (SETUP, IMPORTS + "p = Path('f.csv')"), ("w", "p.write_text('x')"), ("r", reader), ("d", "p.unlink()")
    )
    assert [step.order_after for step in flow.steps] == [(), ("w",), ("w", "r")]


def test_a_file_that_an_earlier_step_writes_is_an_input_before_it_is_there(tmp_path):
    flow = notebook(
        ("early", "print('f.csv')"),
        ("write", IMPORTS + "os.makedirs('d/e')\nopen('f.csv', 'w')\nopen('f.csv').read()"),
        ("read", "open('f.csv'), open('d/e/g.csv'), open('other.csv')"),
        path=tmp_path / "nb.ipynb",
    )
    assert [step.files_in for step in flow.steps] == [(), (), ("d/e/g.csv", "f.csv")]


@pytest.mark.parametrize(
    "source",
    [
        "text = open('f.csv').read()\nopen('f.csv', 'w').write(text + '!')",
        "p = Path('f.csv')\np.write_text(p.read_text() + '!')",
        "import pandas as pd\npd.read_csv('f.csv').assign(b=1).to_csv('f.csv')",
        "import numpy as np\nnp.save('f.csv', np.load('f.csv') + 1)",
        "with open('f.csv', 'a') as file:\n    file.write('more')",
        "with open('f.csv', mode='r+') as file:\n    file.truncate()",
        "def update(path):\n    found = open(path).read()\n    open(path, 'w').write(found + '!')\nupdate('f.csv')",
    ],
)
def test_a_file_that_a_step_changes_is_an_input_too(source, tmp_path):
    (tmp_path / "f.csv").write_text("1")
    (step,) = notebook(("change", IMPORTS + source), path=tmp_path / "nb.ipynb").steps
    assert (step.files_in, step.files_out) == (("f.csv",), ("f.csv",))


@pytest.mark.parametrize(
    "source",
    [
        "open('f.csv', 'w').write('x')\nopen('f.csv').read()",
        "if not os.path.exists('f.csv'):\n    open('f.csv', 'w').write('x')\nopen('f.csv').read()",
        "p = Path('f.csv')\nif not p.exists(): p.write_text('x')\nprint(p.read_text())",
        "with open('f.csv', 'w+') as file:\n    file.read()",
    ],
)
def test_a_file_that_a_step_makes_and_reads_is_no_input(source, tmp_path):
    (tmp_path / "f.csv").write_text("1")
    (step,) = notebook(("make", IMPORTS + source), path=tmp_path / "nb.ipynb").steps
    assert (step.files_in, step.files_out) == ((), ("f.csv",))


def test_a_file_that_one_step_writes_and_another_changes_is_an_input_before_it_is_there(tmp_path):
    flow = notebook(
        ("write", "open('f.csv', 'w').write('x')"),
        ("change", "open('f.csv', 'a').write('y')"),
        path=tmp_path / "nb.ipynb",
    )
    assert [step.files_in for step in flow.steps] == [(), ("f.csv",)]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def save(path):\n    open(path, 'w')\nsave('f.csv')", id="an argument"),
        pytest.param("def save(*, path):\n    open(path, 'w')\nsave(path='f.csv')", id="one by keyword only"),
        pytest.param("class A:\n    def save(self, path): open(path, 'w')\nA().save('f.csv')", id="of a method"),
        pytest.param("class A:\n    def save(self, path): open(path, 'w')\nA.save(A(), 'f.csv')", id="of the class"),
        pytest.param("class A:\n    def __init__(self, path): open(path, 'w')\nA('f.csv')", id="of a new object"),
        pytest.param("class A:\n    @classmethod\n    def of(cls, path): open(path, 'w')\nA.of('f.csv')", id="of none"),
        pytest.param("def a(n):\n    def b(): open(f'{n}.csv', 'w')\n    b()\na('f')", id="of the function around"),
        pytest.param("def a(n): open(n, 'w')\ndef b(n): a(f'{n}.csv')\nb('f')", id="handed on"),
    ],
)
def test_a_function_writes_the_file_that_it_is_given(source):
    assert notebook(("a", source)).steps[0].files_out == ("f.csv",)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def save(path):\n    open(path, 'w')\nsave(input())", id="an argument"),
        pytest.param("def save(path='g'):\n    open(path, 'w')\nsave()", id="one that is not given"),
        pytest.param("def save():\n    path = input()\n    open(path, 'w')\nsave()", id="a variable"),
        pytest.param("def drop():\n    path = input()\n    path.unlink()\ndrop()", id="a path in a variable"),
        pytest.param("[open(path, 'w') for path in input()]", id="a variable of a comprehension"),
        pytest.param("class A:\n    path = input()\n    open(path, 'w')", id="a variable of a class"),
    ],
)
def test_a_variable_of_a_function_is_not_the_text_of_that_name(source):
    (step,) = notebook(("a", f"path = 'f.csv'\n{source}")).steps
    assert (step.files_out, step.files_gone) == ((), ())


def test_a_folder_that_is_made_is_written():
    flow = notebook(("make", "import os\nos.mkdir('d')"), ("use", "open('d/f.csv', 'w')"))
    assert flow.steps[1].order_after == ("make",)


def files(written=(), mentioned=()):
    return StepFiles(set(written), set(mentioned))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([files(["f"]), files([], ["f"])], ("0",), id="a reader comes after the writer"),
        pytest.param([files([], ["f"]), files(["f"])], ("0",), id="a writer comes after the reader before it"),
        pytest.param([files(["f"], ["f"]), files(["f"], ["f"])], ("0",), id="two writers keep their order"),
        pytest.param([files([], ["f"]), files([], ["f"])], (), id="two readers have none"),
        pytest.param([files(["f"]), files([], ["g"])], (), id="other files have nothing to do with it"),
        pytest.param([files(["d"]), files([], ["d/e/f"])], ("0",), id="a file comes after its folder is made"),
        pytest.param([files([], ["d/e/f"]), files(["d"])], ("0",), id="a folder is made again after its file is read"),
        pytest.param([files(["/d"]), files([], ["/d/f"])], ("0",), id="absolute paths as well"),
        pytest.param([files(["f"]), files(["f"]), files([], ["f"])], ("0", "1"), id="all writers come first"),
        pytest.param([files(["f", "g"]), files([], ["f", "g"])], ("0",), id="each step is named once"),
    ],
)
def test_files_order_the_last_step_after(steps, expected):
    names = [str(number) for number in range(len(steps))]
    assert order_by_files(names, steps)[names[-1]] == expected


def test_the_files_that_are_there_are_told_from_texts_that_are_none(tmp_path):
    (tmp_path / "d").mkdir()
    for name in ("a.csv", "d/b", "plain"):
        (tmp_path / name).write_text("x")
    mentioned = ["d/b", "a.csv", "plain", "no.csv", "d", "./d", "..", "*.csv", "a/" + "x" * 300, "a\0.csv"]
    assert existing(mentioned, Folder(tmp_path)) == ("a.csv", "d/b")


def test_without_a_folder_files_are_looked_for_here(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert existing(["a.csv"], Folder(None)) == ("a.csv",)


@pytest.fixture
def folder(tmp_path):
    modules = {
        "alone.py": "import json\n",
        "first.py": "import second\n",
        "second.py": "import first\n",
        "broken.py": "def f(:\n",
        "package/__init__.py": "",
        "package/part.py": "from . import other\nfrom .deep import x\n",
        "package/other.py": "",
        "package/deep.py": "",
    }
    for name, source in modules.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    (tmp_path / "latin.py").write_bytes(b"# \xe9\nimport alone\n")
    return tmp_path


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        pytest.param(["alone"], ("alone.py",), id="a module beside the notebook"),
        pytest.param(["json"], (), id="a module of a library"),
        pytest.param(["first"], ("first.py", "second.py"), id="modules that load each other"),
        pytest.param(["alone.py"], ("alone.py",), id="a file that is run"),
        pytest.param(["../alone.py", "/etc/x.py"], (), id="files elsewhere"),
        pytest.param(["broken"], ("broken.py",), id="a module that is no Python"),
        pytest.param(["latin"], ("latin.py",), id="a module that is no text"),
        pytest.param(["package"], ("package/__init__.py",), id="a package"),
        pytest.param(
            ["package.part"],
            ("package/__init__.py", "package/deep.py", "package/other.py", "package/part.py"),
            id="a part of a package, and what it loads of its own",
        ),
        pytest.param([], (), id="nothing"),
    ],
)
def test_local_modules_are_followed_through_their_imports(folder, imports, expected):
    assert local_modules(imports, Folder(folder)) == expected


def test_without_a_folder_there_are_no_local_modules():
    assert local_modules(["json"], Folder(None)) == ()


def test_the_modules_of_a_step_are_those_its_functions_import(folder):
    flow = notebook(
        ("a", "import first\ndef f():\n    import json\n    return first.x"),
        ("b", "y = f()"),
        ("c", "z = 1"),
        path=folder / "analysis.ipynb",
    )
    assert [step.modules for step in flow.steps[1:]] == [("first.py", "second.py"), ()]


def test_a_step_that_imports_comes_after_the_one_that_writes_the_module():
    flow = notebook(("write", "%%writefile helper.py\nx = 1"), ("other", "y = 1"), ("use", "import helper"))
    assert [step.order_after for step in flow.steps] == [(), (), ("write",)]
