"""IPython's syntax as Python: what each magic becomes, on which line, and which files it names."""

import ast

import pytest

from jupyter_mlops.notebook.ipython_source import MagicUse, mentioned_words, read_source, redirections, removals
from jupyter_mlops.notebook.logical_lines import EscapedLine, escaped_lines

RUN = "get_ipython().run_line_magic"
CELL = "get_ipython().run_cell_magic"


def python(source):
    found = read_source(source)
    assert found.problem is None
    return ast.unparse(found.tree)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("x = 1", "x = 1", id="Python stays as it is"),
        pytest.param("", "", id="an empty cell"),
        pytest.param("x = a % b != c", "x = a % b != c", id="operators are no magics"),
        pytest.param("s = '%time !ls ?'", "s = '%time !ls ?'", id="marks inside a text are no magics"),
        pytest.param("  x = 1\n  y = 2", "x = 1\ny = 2", id="the margin of the first line is taken away"),
        pytest.param("x = 1\r\ny = 2", "x = 1\ny = 2", id="lines of another system"),
        pytest.param("%time x = f(a)", "x = f(a)", id="a timed statement sets its names"),
        pytest.param("%prun -l 5 x = f(a)", "x = f(a)", id="options come before the statement"),
        pytest.param("%time", "pass", id="a timed nothing"),
        pytest.param("%time x =", f"{RUN}()", id="a timed something that is no Python"),
        pytest.param("%timeit -n 10 -r3 f(a)", "f(a)", id="timeit reads what its expression reads"),
        pytest.param("%timeit x = f(a)", f"{RUN}(a, f)", id="timeit sets no names"),
        pytest.param("%timeit x =", f"{RUN}()", id="timeit of no Python"),
        pytest.param("%store a b", f"{RUN}(a, b)", id="store reads the names that it stores"),
        pytest.param("%store -r a", f"{RUN}('store')", id="store -r reads none"),
        pytest.param("%cd $folder", f"{RUN}('cd', folder)", id="a dollar fills a name in"),
        pytest.param("%cd $folder.name", f"{RUN}('cd', folder.name)", id="with its attributes"),
        pytest.param("%cd {folder + 'x'}", f"{RUN}('cd', folder + 'x')", id="braces fill an expression in"),
        pytest.param("%cd {no python}", f"{RUN}('cd')", id="what is no expression fills nothing in"),
        pytest.param("%cd $$folder {{x}}", f"{RUN}('cd')", id="doubled marks fill nothing in"),
        pytest.param("%sql --out result -o other select 1", f"result = other = {RUN}('sql')", id="names that are set"),
        pytest.param("%sql --out=a,b select 1", f"a = b = {RUN}('sql')", id="several names with an equals sign"),
        pytest.param("%R -i a,b -o c", f"c = {RUN}('R', a, b)", id="names that go into another language"),
        pytest.param("%magic -o", f"{RUN}('magic')", id="an option without its name"),
        pytest.param("%magic -o 3x", f"{RUN}('magic')", id="an option with what is no name"),
        pytest.param("x = 1\n%%time", f"x = 1\n{RUN}('')", id="a cell magic that is not at the top"),
        pytest.param("a = %env HOME", f"a = {RUN}('env')", id="the result of a magic"),
        pytest.param("a = %time x = 1", f"a = {RUN}()", id="the result of a statement"),
        pytest.param("a = %timeit -o f(b)", "a = f(b)", id="the result of a timed expression"),
        pytest.param("!ls $folder", "get_ipython().system(folder)", id="a shell line reads what it fills in"),
        pytest.param("!!ls", "get_ipython().getoutput()", id="a shell line with two marks"),
        pytest.param("a = !ls {folder!r}", "a = get_ipython().getoutput(folder)", id="a shell line's output"),
        pytest.param("a, b = !ls", "a, b = get_ipython().getoutput()", id="two names from a shell line"),
        pytest.param("%sx ls $a", "get_ipython().getoutput(a)", id="the shell as a magic"),
        pytest.param("x?", "get_ipython().pinfo(x)", id="help reads its name"),
        pytest.param("?x.y", "get_ipython().pinfo(x.y)", id="help with the mark in front"),
        pytest.param("%time?", "get_ipython().pinfo(time)", id="help on a magic"),
        pytest.param("*int*?", "get_ipython().pinfo()", id="help on a pattern"),
        pytest.param("if a:\n    !ls", "if a:\n    get_ipython().system()", id="a shell line inside a block"),
        pytest.param("f(\n  a\n)\n!ls", "f(a)\nget_ipython().system()", id="a shell line after a bracket"),
        pytest.param("%%time\nx = 1", "x = 1", id="a timed cell sets its names"),
        pytest.param("\n%%time\nx = 1", "x = 1", id="empty lines before a cell magic"),
        pytest.param("%%time y = 2\nx = 1", "y = 2\nx = 1", id="a statement on the magic's own line"),
        pytest.param("%%time y =\nx = 1", "x = 1", id="no statement on the magic's own line"),
        pytest.param("%%capture out\nx = 1", f"out = {RUN}('capture')\nx = 1", id="capture sets its name"),
        pytest.param("%%capture --no-stderr\nx = 1", "x = 1", id="capture without a name"),
        pytest.param("%%capture\nx = !ls", "x = get_ipython().getoutput()", id="magics inside a cell with a magic"),
        pytest.param("%%step a\n\n%%time\nx = 1", "x = 1", id="two cell magics with an empty line between"),
        pytest.param("%%step a\n\nx = 1", "x = 1", id="an empty line after a cell magic"),
        pytest.param("%%time", "", id="a cell magic without a body"),
        pytest.param("%%bash\nx = 1", f"{CELL}('bash')", id="the body of another language is nothing"),
        pytest.param("%%bash -s $a\necho $b", f"{CELL}('bash', a)", id="names are filled in on the first line only"),
        pytest.param("%%script --out o sh\nls", f"o = {CELL}('script')", id="a name that a script sets"),
        pytest.param("%%R -i a -o b\nb <- a", f"b = {CELL}('R', a)", id="names from and for another language"),
        pytest.param("%%step a\n%%html\n<b>", f"{CELL}('html')", id="another language inside a step"),
        pytest.param("%%!\nls", f"{CELL}('!')", id="the shell as a mark"),
    ],
)
def test_a_cell_means_this_python(source, expected):
    assert python(source) == expected


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("x = (", 1, id="a bracket that is never closed"),
        pytest.param("x = 1\ny = = 2", 2, id="plain Python on the second line"),
        pytest.param("!ls\n%cd x\ny = = 2", 3, id="after magics, on the cell's own line"),
        pytest.param("%%time\nx = 1\ny = = 2", 3, id="under a cell magic, on the cell's own line"),
        pytest.param("!ls \\\n  x\ny = = 2", 3, id="after a shell line over two lines"),
        pytest.param("x = '\0'", 1, id="a zero byte"),
    ],
)
def test_what_is_no_python_is_a_problem_with_its_line_and_an_empty_tree(source, line):
    found = read_source(source)
    assert found.problem is not None
    assert (found.problem.line, found.tree.body) == (line, [])
    assert found.problem.message


def test_python_that_is_too_deep_is_a_problem_and_no_exception():
    assert read_source("x = " + "-" * 100_000 + "1").problem is not None


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        pytest.param("x = 1\n!ls\ny = 2", [1, 2, 3], id="one line each"),
        pytest.param("!ls \\\n  -l\ny = 2", [1, 3], id="a shell line over two lines"),
        pytest.param("%%time\n\nx = 1", [3], id="a cell magic keeps its line"),
        pytest.param("\n\n%%bash\nls", [3], id="a body in another language stands where its magic is"),
    ],
)
def test_statements_keep_their_lines(source, lines):
    assert [node.lineno for node in read_source(source).tree.body] == lines


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline", [MagicUse("matplotlib", "line", 1, "inline")]),
        ("x = 1\n!ls -l", [MagicUse("!", "line", 2, "ls -l")]),
        ("x?", [MagicUse("?", "line", 1, "x")]),
        ("%sx ls", [MagicUse("sx", "line", 1, "ls")]),
        ("a = %env HOME", [MagicUse("env", "line", 1, "HOME")]),
        ("%%step a\n%%time\nx = 1", [MagicUse("step", "cell", 1, "a"), MagicUse("time", "cell", 2, "")]),
        ("x = 1", []),
    ],
)
def test_magics_are_listed_with_their_lines(source, expected):
    assert list(read_source(source).magics) == expected


@pytest.mark.parametrize(("source", "timed"), [("%%timeit\nx = 1", True), ("%%time\nx = 1", False)])
def test_only_timeit_runs_its_body_in_a_function(source, timed):
    assert read_source(source).timed is timed


@pytest.mark.parametrize(
    ("source", "read", "written"),
    [
        pytest.param("%%writefile out.py\nx", (), ("out.py",), id="writefile writes"),
        pytest.param("%%writefile -a 'out.py'\nx", (), ("out.py",), id="with an option and quotes"),
        pytest.param("%%file out.py\nx", (), ("out.py",), id="by its older name"),
        pytest.param("%%bash\ncat a.csv > b.csv", ("a.csv",), ("b.csv",), id="a shell body reads and writes"),
        pytest.param("%%html\n<a href='a.csv'>", (), (), id="a body of no shell does neither"),
        pytest.param("!sort data/a.csv >> b.txt", ("data/a.csv",), ("b.txt",), id="a shell line appends"),
        pytest.param("x = !cat a.csv", ("a.csv",), (), id="a shell line's output"),
        pytest.param("%sx cat a.csv", ("a.csv",), (), id="the shell as a magic"),
    ],
)
def test_files_of_magics(source, read, written):
    found = read_source(source)
    assert (found.files_in, found.files_out) == (read, written)


@pytest.mark.parametrize("source", ["%%writefile\nx", "%%writefile $name\nx", "%%writefile {name}.py\nx"])
def test_a_file_whose_name_is_not_known_is_not_said_to_be_written(source):
    assert read_source(source).files_out == ()


@pytest.mark.parametrize(
    ("command", "written", "mentioned"),
    [
        ("sort a.csv > b.csv", ["b.csv"], ["a.csv"]),
        ("echo x >> 'b.txt'", ["b.txt"], []),
        ("ls | tee log.txt", ["log.txt"], []),
        ("ls | tee -a log.txt", ["log.txt"], []),
        ("make 2>&1", [], []),
        ("echo x > {name}.txt", [], []),
        ("curl https://host/a.csv", [], []),
        ("pip install x", [], []),
        ("cat data/{name}", [], []),
    ],
)
def test_files_of_a_shell_command(command, written, mentioned):
    assert redirections(command) == written
    assert mentioned_words(command) == mentioned


@pytest.mark.parametrize(
    ("command", "gone", "written"),
    [
        ("rm a.csv b", ["a.csv", "b"], []),
        ("rm -rf 'a b' c", ["a b", "c"], []),
        ("rmdir d", ["d"], []),
        ("mv a.csv b.csv d", ["a.csv", "b.csv"], ["d"]),
        ("mv a.csv", [], []),
        ("mv -f 'a b' 'c d'", ["a b"], ["c d"]),
        ("cat a | sort > b && rm a", ["a"], ["b"]),
        ("rm *.csv {name} $name", [], []),
        ("rm 'half", ["half"], []),
        ("echo rm a", [], []),
        ("rm a 2>/dev/null || true", ["a"], []),
        ("rm a > b 2> c 2>&1 &> d", ["a"], ["b"]),
        ("cp a b < c  # as it was", [], ["b"]),
        ("sudo rm a  # for good", ["a"], []),
        ("if [ -f a ]; then rm a; else mkdir b; fi", ["a"], ["b"]),
        ("for f in *.csv; do rm $f; done", [], []),
        ("# rm a\nrm b#1", ["b#1"], []),
    ],
)
def test_files_that_a_shell_command_takes_away(command, gone, written):
    assert (removals(command), redirections(command)) == (gone, written)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["x = 1", "!ls"], [(1, 1, "!ls")], id="a shell line"),
        pytest.param(["!ls \\", "  -l", "x"], [(0, 1, "!ls  -l")], id="a line that goes on"),
        pytest.param(["!ls \\"], [(0, 0, "!ls \\")], id="a line that would go on after the last"),
        pytest.param(["f(", "%x", ")"], [], id="inside a bracket a percent sign is an operator"),
        pytest.param([")", "%x"], [(1, 1, "%x")], id="a bracket that was never opened"),
        pytest.param(["s = '''", "!ls", "'''", "!ls"], [(3, 3, "!ls")], id="inside a long text"),
        pytest.param(['s = """a', '!b\\"""', '"""', "!ls"], [(3, 3, "!ls")], id="a quote that is escaped"),
        pytest.param(["s = '''a''' + '''b", "!ls"], [], id="a long text begins after another ended"),
        pytest.param(["x = 1 + \\", "%y", "%z"], [(2, 2, "%z")], id="the line after a backslash"),
        pytest.param(["x = 1  # ( \\", "!ls"], [(1, 1, "!ls")], id="a comment opens nothing and goes on nowhere"),
        pytest.param(["s = '(#'", "!ls"], [(1, 1, "!ls")], id="a bracket inside a short text"),
        pytest.param(["a = b = 1", "x != %y", "a == %y"], [], id="comparisons are no assignments"),
        pytest.param(["a.b[0] = !ls"], [(0, 0, "a.b[0] = !ls")], id="an assignment to an item"),
        pytest.param(["x??", "x[0]?", "%time?"], [(0, 0, "x??"), (1, 1, "x[0]?"), (2, 2, "%time?")], id="help"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_escapes_count_at_the_start_of_logical_lines(lines, expected):
    assert list(escaped_lines(lines)) == [EscapedLine(*item) for item in expected]
