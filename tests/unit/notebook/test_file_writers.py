"""Ways to write a file, and to read one: the reader comes after the writer."""

import pytest

from tests.unit.notebook.pipelines import notebook


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        pytest.param("Path('f.txt').write_text('a')", "open('f.txt')", id="a path made in place"),
        pytest.param("(Path('d') / 'f.txt').write_text('a')", "open('d/f.txt')", id="a path put together in place"),
        pytest.param("Path('d').joinpath('f.txt').touch()", "open('d/f.txt')", id="a joined path"),
        pytest.param("Path('f.txt').open('w').write('a')", "Path('f.txt').read_text()", id="opened in place"),
        pytest.param("Path('f.txt').open(mode='a')", "!cat f.txt", id="opened by keyword"),
        pytest.param("open('d/f.txt', 'w')", "(Path('d') / 'f.txt').read_text()", id="read in place"),
        pytest.param("open('d/f', 'w')", "(Path('d') / 'f').exists()", id="asked for in place"),
        pytest.param("%%writefile 'my file.txt'\nhello", "open('my file.txt')", id="a quoted name with a space"),
        pytest.param('%%writefile -a "my file.txt"\nhello', "open('my file.txt')", id="appended"),
        pytest.param("%%writefile my.txt\nhello", "open('my.txt')", id="a plain name"),
        pytest.param("x = 1\n%store x > kept.txt", "open('kept.txt')", id="a stored value in a file"),
        pytest.param("x = 1\n%store x >> 'kept.txt'", "open('kept.txt')", id="appended to a file"),
        pytest.param("!ls > /data/list", "open('/data/list')", id="an absolute path without suffix"),
        pytest.param("!ls > /data/list", "!wc -l /data/list", id="an absolute path in a shell line"),
        pytest.param("!ls > 'my list'", "open('my list')", id="a quoted path in a shell line"),
        pytest.param("!cp a.txt b.txt", "open('b.txt')", id="a copy"),
        pytest.param("!mv -f a.txt d/b.txt", "open('d/b.txt')", id="a moved file"),
        pytest.param("!mkdir -p out/deep", "open('out/deep/a.txt', 'w')", id="a folder"),
        pytest.param("!wget -q -O data.zip https://e.org/x", "open('data.zip')", id="a download"),
        pytest.param("!cd d && curl -s https://e.org/x -o data.zip", "open('data.zip')", id="another download"),
        pytest.param("!touch a b", "open('b')", id="touched files"),
    ],
)
def test_what_is_written_comes_before_what_is_read(writer, reader):
    flow = notebook(("i", "from pathlib import Path"), ("a", writer), ("b", reader))
    assert "a" in flow.after["b"]


@pytest.mark.parametrize(
    "line", ["!cat a.txt", "!cp a.txt", "!wget https://e.org/a.txt -O", "!rm *.txt", "!echo 'a > b.txt' | wc"]
)
def test_a_shell_line_that_only_reads_writes_no_file(line):
    (step,) = notebook(("a", line)).steps
    assert set(step.files_out) <= {"b.txt"}
