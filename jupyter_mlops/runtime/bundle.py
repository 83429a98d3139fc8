"""A step's values leave as one file, and come back: identity, cycles and shared memory kept.

Who reads must know the seal that the writer recorded: the stream can execute code, so nothing else is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from jupyter_mlops.runtime import layout, pickling, rebuild
from jupyter_mlops.runtime.culprit import find_culprit
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.describe import describe
from jupyter_mlops.runtime.digests import combine, tree_sha256
from jupyter_mlops.runtime.errors import BundleRefused, CannotHandOver, MlopsError
from jupyter_mlops.runtime.namespace import remember_source, remembered_source
from jupyter_mlops.runtime.spec import BundleRef, ValueInfo

# Beyond this, values are not pickled a second time to get a digest for each: they share the bundle's.
_SEPARATE_DIGESTS_UP_TO = 8 << 20


def write_bundle(
    path: str,
    values: Mapping[str, Any],
    *,
    namespace: dict[str, Any],
    definitions: Optional[Definitions] = None,
    by_value: Iterable[str] = (),
    origin: str = "",
) -> tuple[BundleRef, dict[str, ValueInfo]]:
    """Write `values` to `path`, whole or not at all.

    `origin` (the task's name) makes the bytes the same when the same work is done again. Raises `CannotHandOver`
    naming the variable and the place in it, and `MlopsError` if the file cannot be written.
    """
    definitions = definitions or Definitions(namespace, by_value=by_value)
    # `g = globals()` means the namespace of whoever reads.
    values = {name: rebuild.NAMESPACE if value is namespace else value for name, value in values.items()}
    stream, pickler = _pickle(values, definitions, origin)
    seal, digests = layout.write(path, _header(values, pickler), stream, pickler.buffers)
    content = _content_digests(values, stream, pickler, digests, origin)
    return BundleRef(path, seal), {name: describe(value, content[name]) for name, value in values.items()}


def read_bundle(
    ref: BundleRef,
    *,
    namespace: dict[str, Any],
    definitions: Optional[Definitions] = None,
    names: Optional[Iterable[str]] = None,
) -> dict[str, Any]:
    """The values of a bundle (only `names` that it has, if given), bound to the reader's namespace and definitions.

    Arrays are mapped, not copied: writable, and never written back. Raises `BundleRefused`.
    """
    header, stream, buffers = layout.read(ref.path, ref.seal)
    python = _python()
    if header["code"] and header["python"] != python:
        raise BundleRefused(
            f"the bundle {ref.path} holds code of Python {header['python']}, this is Python {python}.",
            hint="Run both steps with the same Python.",
        )
    for filename, source in header["sources"].items():
        remember_source(filename, source)
    try:
        values = pickling.loads(stream, definitions or Definitions(namespace), buffers)
    except MlopsError:
        raise
    except Exception as error:
        raise BundleRefused(_why(ref, header, error), hint=_AGAIN) from error
    return values if names is None else {name: values[name] for name in names if name in values}


def bundle_header(ref: BundleRef) -> dict[str, Any]:
    """What a bundle says about itself (names, versions, sizes) without loading a value."""
    return layout.read(ref.path, ref.seal)[0]


_AGAIN = "Run the step that made it again in this environment."


def _pickle(values: dict[str, Any], definitions: Definitions, origin: str) -> tuple[bytes, Any]:
    try:
        stream, pickler = pickling.dumps(values, definitions, origin=origin)
        compact = pickler.memory.better_compact()
        if compact:
            stream, pickler = pickling.dumps(values, definitions, origin=origin, compact=compact)
        return stream, pickler
    except MlopsError:
        raise
    except Exception as error:
        raise _cannot_hand_over(values, definitions, error) from error


def _cannot_hand_over(values: Mapping[str, Any], definitions: Definitions, error: Exception) -> CannotHandOver:
    culprit = find_culprit(values, definitions, error)
    where = f" (at {culprit.path})" if culprit.path != culprit.name else ""
    made = CannotHandOver(
        f"{culprit.name!r} ({culprit.variable_type}) cannot be handed to later steps: {culprit.reason}{where}.",
        hint="Make it in the step that uses it, keep it inside one step, or hand over what it was made from.",
    )
    made.variable = culprit.name  # type: ignore[attr-defined]
    return made


def _header(values: Mapping[str, Any], pickler: Any) -> dict[str, Any]:
    sources = {name: remembered_source(name) for name in sorted(pickler.files)}
    return {
        "format": layout.FORMAT,
        "python": _python(),
        "libraries": _versions(pickler.modules),
        "names": list(values),
        "definitions": sorted(pickler.used),
        "code": pickler.has_code,
        "sources": {name: source for name, source in sources.items() if source},
    }


def _content_digests(
    values: Mapping[str, Any], stream: bytes, pickler: Any, every: Sequence[bytes], origin: str
) -> dict[str, str]:
    whole = combine([stream, *every]).hex()
    if len(values) == 1 or len(stream) > _SEPARATE_DIGESTS_UP_TO:
        return dict.fromkeys(values, whole)
    known = {_place(buffer.view): digest for buffer, digest in zip(pickler.buffers, every)}
    content, budget = {}, 4 * len(stream) + 4096
    for name, value in values.items():
        if budget < 0:  # names that share much: each would be pickled with nearly everything
            content[name] = whole
            continue
        alone, own = pickling.dumps({name: value}, pickler.definitions, origin=origin, compact=pickler.memory.compact)
        budget -= len(alone)
        parts = [_buffer_digest(buffer.view, known) for buffer in own.buffers]
        content[name] = combine([alone, *parts]).hex()
    return content


def _place(view: memoryview) -> Any:
    """Where the bytes of a view are, to recognise them; numpy knows, and without numpy there is little to recognise."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not len(view):
        return None
    return numpy.frombuffer(view, "u1").__array_interface__["data"][0], len(view)


def _buffer_digest(view: memoryview, known: Mapping[Any, bytes]) -> bytes:
    found = known.get(_place(view))
    if found is not None and len(view):
        return found
    return tree_sha256(view)


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _versions(modules: Iterable[str]) -> dict[str, str]:
    found = {name: getattr(sys.modules.get(name), "__version__", None) for name in sorted(modules)}
    return {name: version for name, version in found.items() if isinstance(version, str)}


def _why(ref: BundleRef, header: Mapping[str, Any], error: Exception) -> str:
    here = {name: getattr(sys.modules.get(name), "__version__", "missing") for name in header["libraries"]}
    differs = [
        f"{name} {version} there, {here[name]} here"
        for name, version in header["libraries"].items()
        if here[name] != version
    ]
    if header["python"] != _python():
        differs.insert(0, f"Python {header['python']} there, {_python()} here")
    because = f" What differs: {'; '.join(differs)}." if differs else ""
    return f"the bundle {ref.path} cannot be loaded: {type(error).__name__}: {error}.{because}"
