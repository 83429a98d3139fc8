"""Files that code writes or reads, as far as their paths can be known without running it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from jupyter_mlops.notebook.facts import Call, Text

# A file that is read, written, or taken away.
FileMode = Literal["in", "out", "gone"]
FileUse = tuple[FileMode, Text]

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
    "move": (1, ("dst",)),
    "rename": (1, ("dst",)),
    "urlretrieve": (1, ("filename",)),
    "FileHandler": (0, ("filename",)),
    "SummaryWriter": (0, ("log_dir",)),
}
# What takes a file away changes it as well: who reads it must have done so before. Functions of `os` and `shutil`.
_REMOVERS = frozenset({"remove", "unlink", "rmdir", "removedirs", "rmtree", "rename", "renames", "replace", "move"})
_FUNCTIONS_ONLY = frozenset({"save", "copy", "move", "rename", "dump", "copyfile", "copy2", "copytree", "urlretrieve"})
_LIBRARIES = ("numpy", "torch", "joblib", "pickle", "json", "yaml", "cloudpickle", "dill", "shutil", "os", "pathlib",
              "onnx", "urllib", "PIL", "cv2", "imageio", "plotly", "altair", "toml")  # fmt: skip
# Methods of a path: the path itself is the file.
_PATH_READERS = frozenset({"open", "read_text", "read_bytes", "exists", "is_file", "is_dir", "stat", "iterdir", "glob"})
PATH_WRITERS = frozenset({"write_text", "write_bytes", "mkdir", "touch", "unlink", "rmdir"})


def file_uses(function: str, event: Call, receiver: Text = ()) -> Iterable[FileUse]:
    """Files that a call uses, given the full name of what is called and the text of its receiver."""
    last = function.rpartition(".")[2]
    texts = dict(event.texts)
    if last in PATH_WRITERS and receiver:
        yield ("out", receiver)
    elif last == "open":
        yield from _opened(texts, receiver)
    elif last in _WRITERS and not (last in _FUNCTIONS_ONLY and not _is_library(function, last)):
        position, keywords = _WRITERS[last]
        places: tuple[str | int, ...] = (position, *keywords)
        for place in places:
            if text := texts.get(place):
                yield ("out", text)
    if last in _REMOVERS and function.startswith(("os.", "shutil.")):
        yield from (("gone", text) for place in (0, "path", "src") if (text := texts.get(place)))
    if last == "rename" and receiver:
        yield ("gone", receiver)
    if receiver and last in _PATH_READERS:
        yield ("in", receiver)
    for place, text in texts.items():
        if isinstance(place, int) and place < 2:
            yield ("in", text)


def _is_library(function: str, last: str) -> bool:
    """`np.save(path, ...)` writes; `basket.save(item)` may not. Methods called `save` of unknown things do."""
    return function.startswith(_LIBRARIES) or (last == "save" and function.startswith("?"))


def _opened(texts: dict[str | int, Text], receiver: Text) -> Iterable[FileUse]:
    path, mode = (receiver, texts.get(0, ())) if receiver else (texts.get(0) or texts.get("file", ()), texts.get(1, ()))
    mode = texts.get("mode", mode)
    letters = mode[0] if mode and isinstance(mode[0], str) else "r"
    if path and set(letters) & set("wax+"):
        yield ("out", path)
