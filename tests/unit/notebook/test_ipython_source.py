"""IPython's syntax becomes Python on the same lines."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from jupyter_mlops.notebook.ipython_source import read_source

GET = "get_ipython()"


def python(source: str) -> str:
    return ast.unparse(read_source(source).tree)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", "x = 1"),
        ("y = 5 % 3 != 2", "y = 5 % 3 != 2"),
        ("# 100 %!?\nx = 1", "x = 1"),
        ("s = '''\n!ls\n%time\n'''", "s = '\\n!ls\\n%time\\n'"),
        ("a = [1,\n  2 %\n  3]", "a = [1, 2 % 3]"),
        ("!ls", f"{GET}.system()"),
        ("!!ls", f"{GET}.getoutput()"),
        ("!ls $folder {files[0]} $$HOME ${name}", f"{GET}.system(folder, name, files[0])"),
        ("!echo $a.b {1 +}", f"{GET}.system(a.b)"),
        ("files = !ls", f"files = {GET}.getoutput()"),
        ("a, b = !ls", f"a, b = {GET}.getoutput()"),
        ("d['a'] = !ls $x", f"d['a'] = {GET}.getoutput(x)"),
        ("x = %timeit -o f(y)", "x = f(y)"),
        ("x = %time f(y)", "x = f(y)"),
        ("%time x = f(y)", "x = f(y)"),
        ("%time", "pass"),
        ("%timeit -n 10 -r3 f(x)", "f(x)"),
        ("%timeit z = f(x)", f"{GET}.run_line_magic(f, x)"),
        ("%timeit", f"{GET}.run_line_magic()"),
        ("%prun -s cumulative f(x)", "f(x)"),
        ("%sx ls $d", f"{GET}.getoutput(d)"),
        ("%matplotlib inline\nimport a", f"{GET}.run_line_magic('matplotlib')\nimport a"),
        ("%env KEY=$value", f"{GET}.run_line_magic('env', value)"),
        ("%store x y", f"{GET}.run_line_magic(x, y)"),
        ("r = %sql select 1", f"r = {GET}.run_line_magic('sql')"),
        ("df?", f"{GET}.pinfo(df)"),
        ("?df.head", f"{GET}.pinfo(df.head)"),
        ("df.head??", f"{GET}.pinfo(df.head)"),
        ("%time?", f"{GET}.pinfo(time)"),
        ("if a:\n    !ls \\\n  -l {x}\n    b = 2", f"if a:\n    {GET}.system(x)\n    b = 2"),
        ("    x = 1\n    y = 2", "x = 1\ny = 2"),
        ("x = 'it''s' # it's\n!ls", f"x = 'its'\n{GET}.system()"),
        ("x = 1 \\\n  % 2", "x = 1 % 2"),
        ('s = """a\\"""b\n!no"""\n!yes', f"s = 'a\"\"\"b\\n!no'\n{GET}.system()"),
        ("%%time\nx = 1", "x = 1"),
        ("%%time\n\n%%capture out\nx = 1", f"out = {GET}.run_line_magic('capture')\nx = 1"),
        ("%%capture --no-stderr out\nx = 1", f"out = {GET}.run_line_magic('capture')\nx = 1"),
        ("%%capture\nx = 1", "x = 1"),
        ("%%step train --cpu 2\nx = 1", "x = 1"),
        ("%%timeit q = 1\ny = q", "q = 1\ny = q"),
        ("%%prun -s time\nx = 1", "x = 1"),
        ("%%bash --out o --err e\necho $HOME", f"o = e = {GET}.run_cell_magic('bash')"),
        ("%%bash -s $a {b}\necho $1", f"{GET}.run_cell_magic('bash', a, b)"),
        ("%%R -i df,n -o res,fit\nplot(df)", f"res = fit = {GET}.run_cell_magic('R', df, n)"),
        ("%%writefile a/b.py\nimport x", f"{GET}.run_cell_magic('writefile')"),
        ("%%html\n<b>{x}</b>", f"{GET}.run_cell_magic('html')"),
        ("%%!\nls", f"{GET}.run_cell_magic('!')"),
        ("", ""),
        ("%%time", ""),
    ],
)
def test_it_becomes_python(source: str, expected: str) -> None:
    assert python(source) == expected


def test_lines_stay_where_they_are() -> None:
    tree = read_source("%%step a\n\n!ls \\\n -l\nx = 1\n%time y = 2").tree
    assert [node.lineno for node in tree.body] == [3, 5, 6]


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("x = 1\ny = (", "'(' was never closed", 2),
        ("x = !ls\nif:", "invalid syntax", 2),
        ("%%time\nfor", "invalid syntax", 2),
        ("x = \0", "source code string cannot contain null bytes", 1),
    ],
)
def test_a_syntax_error_has_a_line(source: str, message: str, line: int) -> None:
    read = read_source(source)
    assert read.problem is not None
    assert (read.problem.message, read.problem.line, read.tree.body) == (message, line, [])


@pytest.mark.parametrize(
    ("source", "files_in", "files_out"),
    [
        ("!sort data.csv > out.txt", ["data.csv"], ["out.txt"]),
        ("!cat ./a/b >> 'log.txt' 2>&1", ["./a/b"], ["log.txt"]),
        ("!run | tee -a log.txt", [], ["log.txt"]),
        ("!wget https://x.org/a.zip > /dev/null", [], []),
        ("!echo > {name}", [], []),
        ("%%bash\ncut -f1 in.tsv > cut.tsv", ["in.tsv"], ["cut.tsv"]),
        ("%%writefile -a conf.yaml\na: 1", [], ["conf.yaml"]),
        ("%%writefile $name\na", ["$name"], []),
    ],
)
def test_files_of_shell_lines_and_magics(source: str, files_in: list[str], files_out: list[str]) -> None:
    read = read_source(source)
    assert (list(read.files_in), list(read.files_out)) == (files_in, files_out)


def test_magics_are_named_with_their_lines() -> None:
    read = read_source("%%step a\n%load_ext x\n!ls\ny = %who\nz?")
    assert [(magic.name, magic.kind, magic.line) for magic in read.magics] == [
        ("step", "cell", 1),
        ("load_ext", "line", 2),
        ("!", "line", 3),
        ("who", "line", 4),
        ("?", "line", 5),
    ]


def test_the_body_of_timeit_is_a_function() -> None:
    assert read_source("%%timeit\nx = 1").timed
    assert not read_source("%%time\nx = 1").timed


@pytest.mark.parametrize(
    "source",
    [
        "!ls\nx = 1",
        "x = !ls",
        "if a:\n    %time b = 1",
        "s = '''\n%no\n'''\n!yes",
        "a = [\n1, # %x\n2]\n%yes",
        "f(\n  1\n)\ndf?",
        "x = 5 % 2\ny = f(x) % 3",
        "d = {'!': 1,\n '%a': 2}\n?d",
        "x = a \\\n  % b\n!ls",
    ],
)
def test_the_same_lines_are_ipythons_as_ipython_says(source: str) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    theirs = ast.parse(TransformerManager().transform_cell(source))
    ours = read_source(source).tree
    assert [(node.lineno, type(node)) for node in ours.body] == [(node.lineno, type(node)) for node in theirs.body]


def test_ipython_is_not_imported() -> None:
    code = (
        "import sys; from jupyter_mlops.notebook.scopes import read_scopes; read_scopes('%time x = 1\\n!ls');"
        "assert 'IPython' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
