"""What is not handed over, and what is not loaded: the sentence names the variable, the place, the difference."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.runtime import layout
from jupyter_mlops.runtime.bundle import read_bundle, write_bundle
from jupyter_mlops.runtime.errors import BundleRefused, CannotHandOver, MlopsError
from jupyter_mlops.runtime.spec import BundleRef, Definition
from tests.unit.runtime.conftest import Step

# (source, the name that is handed over, what the message must say)
CANNOT = {
    "a lock": ("import threading\nx = threading.Lock()", "x", ["'x'", "lock"]),
    "a lock deep inside": (
        (
            "import threading\nclass C:\n def __init__(self): self.lock = threading.Lock()\n"
            "class M: pass\nx = M(); x.callbacks = [C()]"
        ),
        "x",
        ["'x' (M)", "x.callbacks[0].lock", "a lock"],
    ),
    "a generator": ("x = (i for i in ())", "x", ["'x' (generator)", "running function"]),
    "a generator in a dict": ("x = {'a': [1, (i for i in ())]}", "x", ["x['a'][1]"]),
    "an open file": ("import os\nx = open(os.devnull)", "x", ["'x'", "an open file"]),
    "a socket": ("import socket\nx = [socket.socket()]", "x", ["x[0]", "a socket"]),
    "a database": ("import sqlite3\nx = {1: sqlite3.connect(':memory:')}", "x", ["x[1]", "a database connection"]),
    "a thread": ("import threading\nx = threading.Thread()", "x", ["a thread"]),
    "a lock in a closure": (
        "import threading\ndef make():\n lock = threading.Lock()\n return lambda: lock\nx = make()",
        "x",
        ["x.<closure lock>", "a lock"],
    ),
    "a lock in a default": ("import threading\ndef x(lock=threading.Lock()): pass", "x", ["x.__defaults__[0]"]),
    "a lock in a partial": (
        "import functools, threading\nx = functools.partial(print, threading.Lock())",
        "x",
        ["x.args[0]"],
    ),
    "a lock in a slot": (
        "import threading\nclass C:\n __slots__ = 's'\nx = C(); x.s = threading.Lock()",
        "x",
        ["x.s", "a lock"],
    ),
    "a lock in an object array": (
        "import numpy, threading\nx = numpy.array([1, threading.Lock()], dtype=object)",
        "x",
        ["x.flat[1]"],
    ),
    "an object that refuses": (
        "class C:\n def __reduce__(self): raise TypeError('no copies of me')\nx = C()",
        "x",
        ["'x' (C)", "no copies of me"],
    ),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("case", CANNOT)
def test_what_cannot_leave_the_process_is_named_with_its_place(case: str, tmp_path: Path) -> None:
    source, name, words = CANNOT[case]
    step = Step(source)
    with pytest.raises(CannotHandOver) as caught:
        write_bundle(str(tmp_path / "b"), {"fine": 1, name: step[name]}, namespace=step.namespace)
    for word in words:
        assert word in caught.value.message
    assert caught.value.hint
    assert not list(tmp_path.iterdir())
    held = list(step[name].values()) if isinstance(step[name], dict) else step[name]
    for value in (step[name], *(held if isinstance(held, list) else ())):
        getattr(value, "close", lambda: None)()


def test_standard_streams_are_handed_over_as_the_readers_own(hand_over: Callable[..., Step]) -> None:
    step = hand_over(Step("import sys\nout = sys.stdout"), "out")
    assert step["out"] is sys.stdout


@pytest.fixture
def ref(tmp_path: Path) -> BundleRef:
    return write_bundle(str(tmp_path / "b"), {"x": [1, 2], "f": b"0" * 100}, namespace={})[0]


def _load(ref: BundleRef) -> dict[str, Any]:
    return read_bundle(ref, namespace={})


@pytest.mark.parametrize("position", [0, 20, -60])
def test_one_changed_byte_is_refused_before_anything_is_loaded(ref: BundleRef, position: int) -> None:
    data = bytearray(Path(ref.path).read_bytes())
    data[position] ^= 1
    Path(ref.path).write_bytes(data)
    with pytest.raises(BundleRefused, match=r"seal differs|not a bundle|damaged|cut short"):
        _load(ref)


def test_another_seal_is_refused(ref: BundleRef) -> None:
    with pytest.raises(BundleRefused, match="not the one that was recorded"):
        _load(BundleRef(ref.path, "0" * 64))


def test_a_pickle_that_this_store_did_not_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil").write_bytes(b"cos\nsystem\n(S'echo evil'\ntR.")
    with pytest.raises(BundleRefused, match="not a bundle"):
        _load(BundleRef(str(tmp_path / "evil"), ""))


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_truncated_file_is_refused(ref: BundleRef, keep: int) -> None:
    data = Path(ref.path).read_bytes()
    Path(ref.path).write_bytes(data[:keep])
    with pytest.raises(BundleRefused):
        _load(ref)


def test_truncated_buffers_are_refused(tmp_path: Path) -> None:
    import numpy as np

    ref, _ = write_bundle(str(tmp_path / "b"), {"a": np.zeros(100)}, namespace={})
    os.truncate(ref.path, os.path.getsize(ref.path) - 8)
    with pytest.raises(BundleRefused, match="cut short"):
        _load(ref)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="not there"):
        _load(BundleRef(str(tmp_path / "none"), ""))


def _rewrite(ref: BundleRef, **changes: Any) -> BundleRef:
    """The same bundle with another header, properly sealed."""
    data = Path(ref.path).read_bytes()
    length = int.from_bytes(data[8:16], "little")
    header = json.loads(data[16 : 16 + length])
    stream = data[16 + length : 16 + length + header["stream"]]
    text = json.dumps({**header, **changes}).encode()
    front = layout.MAGIC + len(text).to_bytes(8, "little") + text
    whole = front + stream
    Path(ref.path).write_bytes(whole + b"\0" * (-len(whole) % layout.ALIGN + header["size"]))
    return BundleRef(ref.path, layout._seal(front, stream))


def test_a_newer_format_is_refused(ref: BundleRef) -> None:
    with pytest.raises(BundleRefused, match=r"format 99.*Upgrade"):
        _load(_rewrite(ref, format=99))


def test_code_of_another_python_is_refused(tmp_path: Path) -> None:
    step = Step("f = lambda: 1")
    ref, _ = write_bundle(str(tmp_path / "b"), {"f": step["f"]}, namespace=step.namespace)
    with pytest.raises(BundleRefused, match=r"code of Python 2\.7"):
        _load(_rewrite(ref, python="2.7"))


def test_data_of_another_python_is_loaded(ref: BundleRef) -> None:
    assert _load(_rewrite(ref, python="2.7"))["x"] == [1, 2]


def test_a_library_that_cannot_take_it_is_named(tmp_path: Path) -> None:
    import numpy as np

    step = Step("class A: pass\na = A()", (Definition("d", ("B",), "class B: pass", wanted=True),))
    step.do("a = B()")
    values = {"a": step["a"], "n": np.ones(2)}
    ref, _ = write_bundle(str(tmp_path / "b"), values, namespace=step.namespace, definitions=step.definitions)
    with pytest.raises(BundleRefused, match="a definition that this step does not know"):
        _load(ref)


def test_versions_that_differ_are_told_when_loading_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    library = types.ModuleType("oldlibrary")
    library.__version__ = "1.0"  # type: ignore[attr-defined]
    exec("class Thing: pass", library.__dict__)
    library.Thing.__module__ = "oldlibrary"
    monkeypatch.setitem(sys.modules, "oldlibrary", library)
    ref, _ = write_bundle(str(tmp_path / "b"), {"x": library.Thing()}, namespace={})
    del library.Thing
    library.__version__ = "2.0"  # type: ignore[attr-defined]
    with pytest.raises(BundleRefused, match=r"oldlibrary 1\.0 there, 2\.0 here"):
        _load(ref)


def test_a_folder_that_cannot_be_written_is_a_sentence() -> None:
    with pytest.raises(MlopsError, match="cannot be written"):
        write_bundle("/proc/nowhere/b", {"x": 1}, namespace={})


def test_a_full_disk_is_a_sentence() -> None:
    assert "the disk is full" in layout.cannot_write("f", OSError(errno.ENOSPC, "no space")).message


@pytest.mark.parametrize(
    "changes",
    [
        {"stream": "many"},
        {"stream": -1},
        {"stream": True},
        {"size": None},
        {"size": -64},
        {"buffers": 3},
        {"buffers": [[0]]},
        {"buffers": [[0, 1, 2], [3]]},
        {"buffers": [[-8, 8]]},
        {"buffers": [["a", "b"]]},
    ],
)
def test_sizes_that_make_no_sense_are_refused_before_they_are_used(ref: BundleRef, changes: dict[str, Any]) -> None:
    data = Path(ref.path).read_bytes()
    length = int.from_bytes(data[8:16], "little")
    text = json.dumps({**json.loads(data[16 : 16 + length]), **changes}).encode()
    Path(ref.path).write_bytes(layout.MAGIC + len(text).to_bytes(8, "little") + text + data[16 + length :])
    with pytest.raises(BundleRefused, match="damaged"):
        _load(ref)


@pytest.mark.parametrize("missing", ["stream", "size", "buffers", "format"])
def test_a_header_that_misses_something_is_refused(ref: BundleRef, missing: str) -> None:
    data = Path(ref.path).read_bytes()
    length = int.from_bytes(data[8:16], "little")
    header = json.loads(data[16 : 16 + length])
    del header[missing]
    text = json.dumps(header).encode()
    Path(ref.path).write_bytes(layout.MAGIC + len(text).to_bytes(8, "little") + text + data[16 + length :])
    with pytest.raises(BundleRefused, match="damaged"):
        _load(ref)


@pytest.mark.parametrize("error", [OSError(errno.ENODEV, "no such device"), OSError(errno.EINVAL, "invalid")])
def test_a_file_system_that_cannot_map_files_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    import numpy as np

    ref, _ = write_bundle(str(tmp_path / "b"), {"a": np.arange(5.0)}, namespace={})

    def no_map(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(layout.mmap, "mmap", no_map)
    found = read_bundle(ref, namespace={})["a"]
    found += 1
    assert found.tolist() == [1, 2, 3, 4, 5]
    assert read_bundle(ref, namespace={})["a"].tolist() == [0, 1, 2, 3, 4], "what a reader changes stays with it"
    assert layout.is_intact(ref.path, ref.seal)
    assert not layout.is_intact(ref.path, "another seal")
