"""Files that code writes or reads, as far as their paths can be known without running it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from jupyter_mlops.notebook import removers
from jupyter_mlops.notebook.facts import Call, Text

# A file that is mentioned, read for its content, written, or taken away.
FileMode = Literal["in", "read", "out", "gone"]


class FileUse(NamedTuple):
    """How code uses a file. It counts only if `given` is a known text as well: the path that a method belongs to."""

    mode: FileMode
    text: Text
    given: Text = ()


# Methods and functions (last name) -> the argument that is the file: a position, or a keyword beside it.
_WRITERS: dict[str, tuple[int, tuple[str, ...]]] = {
    **dict.fromkeys(
        """to_csv to_parquet to_pickle to_excel to_feather to_hdf to_json to_html to_markdown to_stata to_orc to_latex
        savefig save savez savez_compressed savetxt tofile save_model save_pretrained write_csv write_parquet write_json
        write_html write_image imwrite imsave save_weights save_raw export_graphviz makedirs mkdir write_ipc
        to_netcdf to_zarr to_xml to_string""".split(),
        (0, ("path_or_buf", "path", "fname", "filename", "file", "fp", "buf", "filepath", "excel_writer", "name")),
    ),
    "dump": (1, ("filename", "file", "fp")),
    "ExcelWriter": (0, ("path",)),
    "export_text": (9, ("out_file",)),
    "copy": (1, ("dst",)),
    "copyfile": (1, ("dst",)),
    "copy2": (1, ("dst",)),
    "copytree": (1, ("dst",)),
    "urlretrieve": (1, ("filename",)),
    "FileHandler": (0, ("filename",)),
    "SummaryWriter": (0, ("log_dir",)),
}
_FUNCTIONS_ONLY = frozenset({"save", "copy", "dump", "copyfile", "copy2", "copytree", "urlretrieve"})
_LIBRARIES = ("numpy", "torch", "joblib", "pickle", "json", "yaml", "cloudpickle", "dill", "shutil", "os", "pathlib",
              "onnx", "urllib", "PIL", "cv2", "imageio", "plotly", "altair", "toml")  # fmt: skip
_REMOVERS = frozenset(f"{library}.{name}" for library in ("os", "shutil") for name in removers.FUNCTIONS)
# Methods of a path: the path itself is the file.
_PATH_READERS = frozenset({"open", "read_text", "read_bytes", "exists", "is_file", "is_dir", "stat", "iterdir", "glob"})
_CONTENT_READERS = frozenset({"read_text", "read_bytes"})
# Functions that read the file which they are given first: `pd.read_csv`, `np.load`, `joblib.load`, `plt.imread` ...
_READ_FUNCTION = re.compile(r"read_\w+|load\w*|imread|genfromtxt|fromfile")
_PATH_WRITERS = frozenset({"write_text", "write_bytes", "mkdir", "touch"})
# Methods that use the path that they belong to, whatever they are given.
PATH_METHODS = _PATH_READERS | _PATH_WRITERS | removers.METHODS


def file_uses(function: str, event: Call, receiver: Text = ()) -> Iterable[FileUse]:
    """Files that a call uses, given the full name of what is called and the text of its receiver."""
    last = function.rpartition(".")[2]
    texts = dict(event.texts)
    yield from _read(last, texts, receiver)
    if last in _PATH_WRITERS and receiver:
        yield FileUse("out", receiver)
    if last == "open":
        yield from _opened(texts, receiver)
    elif last in _WRITERS and not (last in _FUNCTIONS_ONLY and not _is_library(function, last)):
        position, keywords = _WRITERS[last]
        places: tuple[str | int, ...] = (position, *keywords)
        for place in places:
            if text := texts.get(place):
                yield FileUse("out", text)
    if function in _REMOVERS:
        yield from _removed(last, texts)
    elif receiver and last in removers.METHODS:
        yield from _removed_path(last, event, texts, receiver)
    if receiver and last in _PATH_READERS:
        yield FileUse("in", receiver)
    for place, text in texts.items():
        if isinstance(place, int) and place < 2:
            yield FileUse("in", text)


def _read(last: str, texts: dict[str | int, Text], receiver: Text) -> Iterator[FileUse]:
    """`path.read_text()`, `pd.read_csv(path)`."""
    if receiver and last in _CONTENT_READERS:
        yield FileUse("read", receiver)
    elif _READ_FUNCTION.fullmatch(last) and (text := texts.get(0)):
        yield FileUse("read", text)


def _removed(last: str, texts: dict[str | int, Text]) -> Iterator[FileUse]:
    """`os.remove(path)`, `shutil.move(src, dst)`."""
    yield from (FileUse("gone", text) for place in (0, "path", "name", "src", "old") if (text := texts.get(place)))
    if last in removers.MOVERS:
        yield from (FileUse("out", text) for place in (1, "dst", "new") if (text := texts.get(place)))


def _removed_path(last: str, event: Call, texts: dict[str | int, Text], receiver: Text) -> Iterator[FileUse]:
    """`path.unlink()`, `path.rename(target)`. What is given to `text.replace(old, new)` is two things."""
    if last not in removers.MOVERS:
        yield FileUse("gone", receiver)
    elif len(event.args) + len(event.keywords) == 1 and "*" not in event.flags:
        yield FileUse("gone", receiver)
        yield from (FileUse("out", text, receiver) for place in (0, "target") if (text := texts.get(place)))


def _is_library(function: str, last: str) -> bool:
    """`np.save(path, ...)` writes; `basket.save(item)` may not. Methods called `save` of unknown things do."""
    return function.startswith(_LIBRARIES) or (last == "save" and function.startswith("?"))


def _opened(texts: dict[str | int, Text], receiver: Text) -> Iterable[FileUse]:
    path, mode = (receiver, texts.get(0, ())) if receiver else (texts.get(0) or texts.get("file", ()), texts.get(1, ()))
    mode = texts.get("mode", mode)
    letters = mode[0] if mode and isinstance(mode[0], str) else "r"
    if path and set(letters) & set("ra+") and not set(letters) & set("wx"):
        yield FileUse("read", path)  # also what is added to
    if path and set(letters) & set("wax+"):
        yield FileUse("out", path)
