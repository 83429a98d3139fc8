"""A thing to keep becomes a file in the attempt's `artifacts/`, named by its digest, until the store takes it over."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import os
import shutil
import sys
import tarfile
import uuid
from collections.abc import Callable
from typing import Any, Optional

from jupyter_mlops.runtime.digests import file_sha256
from jupyter_mlops.runtime.errors import MlopsError, cannot_write


def stage(item: Any, name: Optional[str], type: Optional[str], folder: str) -> dict[str, Any]:
    """Write `item` to `folder/<sha256>` and describe it: name, digest, kind, bytes, path, metadata.

    `metadata["file"]` is a file name with the right suffix.
    """
    partial = os.path.join(folder, f".{uuid.uuid4().hex}")
    try:
        default_name, kind, metadata = _write(item, partial)
        digest, size = file_sha256(partial), os.path.getsize(partial)
        path = os.path.join(folder, digest)
        os.replace(partial, path)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        if os.path.exists(partial):
            os.unlink(partial)
    chosen = name or default_name
    suffix = metadata.pop("suffix", "")
    file = chosen if not suffix or chosen.endswith(suffix) else chosen + suffix
    return {
        "name": chosen,
        "digest": digest,
        "kind": type or kind,
        "bytes": size,
        "path": path,
        "metadata": {**metadata, "file": os.path.basename(file)},
    }


def _write(item: Any, target: str) -> tuple[str, str, dict[str, Any]]:
    """Write to `target`; answers (name, type, metadata)."""
    if isinstance(item, (str, os.PathLike)):
        return _copy(os.fspath(item), target)
    for known, write in _WRITERS:
        if known(item):
            kind, suffix = write(item, target)
            return kind, kind, {"suffix": suffix}
    return _pickle(item, target)


def _copy(path: Any, target: str) -> tuple[str, str, dict[str, Any]]:
    path = os.path.abspath(path)
    if os.path.isdir(path):
        _archive(path, target)
        return os.path.basename(path), "folder", {"suffix": ".tar"}
    if not os.path.exists(path):
        raise MlopsError(
            f"there is no file {path!r} to keep.",
            hint="Give a path that exists, or the object itself; text goes in a dict.",
        )
    shutil.copyfile(path, target)
    return os.path.basename(path), "file", {}


def _archive(folder: str, target: str) -> None:
    """A tar of the folder, the same bytes for the same files."""

    def clean(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(target, "w") as archive:
        for parent, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                full = os.path.join(parent, name)
                archive.add(full, os.path.relpath(full, folder), recursive=False, filter=clean)


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda item: all(hasattr(item, name) for name in names) and not isinstance(item, type)


def _figure(item: Any, target: str) -> tuple[str, str]:
    item.savefig(target, format="png")
    return "figure", ".png"


def _axes(item: Any, target: str) -> tuple[str, str]:
    return _figure(item.get_figure(), target)


def _plotly(item: Any, target: str) -> tuple[str, str]:
    stream = io.StringIO()
    item.write_html(stream)
    return _text(stream.getvalue(), target, "figure", ".html")


def _image(item: Any, target: str) -> tuple[str, str]:
    item.save(target, format="PNG")
    return "figure", ".png"


def _frame(item: Any, target: str) -> tuple[str, str]:
    if "pyarrow" in sys.modules or importlib.util.find_spec("pyarrow"):
        (item.to_frame() if not hasattr(item, "to_parquet") else item).to_parquet(target)
        return "dataframe", ".parquet"
    item.to_csv(target)
    return "dataframe", ".csv"


def _array(item: Any, target: str) -> tuple[str, str]:
    numpy = importlib.import_module("numpy")
    with open(target, "wb") as file:
        numpy.save(file, item, allow_pickle=False)
    return "array", ".npy"


def _bytes(item: Any, target: str) -> tuple[str, str]:
    with open(target, "wb") as file:
        file.write(item)
    return "file", ""


def _json(item: Any, target: str) -> tuple[str, str]:
    return _text(json.dumps(item, ensure_ascii=False, indent=1, default=str), target, "json", ".json")


def _text(text: str, target: str, kind: str, suffix: str) -> tuple[str, str]:
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
    return kind, suffix


def _is_array(item: Any) -> bool:
    return type(item).__name__ == "ndarray" and not item.dtype.hasobject


def _is_pandas(item: Any) -> bool:
    return type(item).__module__.partition(".")[0] == "pandas" and hasattr(item, "to_csv")


_WRITERS: tuple[tuple[Callable[[Any], bool], Callable[[Any, str], tuple[str, str]]], ...] = (
    (lambda item: isinstance(item, (bytes, bytearray, memoryview)), _bytes),
    (_has("savefig"), _figure),
    (
        _has("get_figure", "plot"),
        lambda item, target: _frame(item, target) if _is_pandas(item) else _axes(item, target),
    ),
    (_is_pandas, _frame),
    (_has("write_html"), _plotly),
    (_has("save", "tobytes", "mode"), _image),
    (_is_array, _array),
    (lambda item: isinstance(item, (dict, list, tuple, int, float, bool, type(None))), _json),
)


def _pickle(item: Any, target: str) -> tuple[str, str, dict[str, Any]]:
    try:
        dumps = importlib.import_module("cloudpickle").dumps
    except ImportError:
        dumps = importlib.import_module("pickle").dumps
    try:
        data = dumps(item)
    except Exception as error:
        raise MlopsError(
            f"a {type(item).__name__} cannot be kept: {error}.", hint="Write it to a file, keep that."
        ) from error
    _bytes(data, target)
    return type(item).__name__, "pickle", {"suffix": ".pkl"}
