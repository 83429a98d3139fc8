"""Values on their way into a task and out of it. What reads and writes them is imported where there are some."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any, Optional

from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.describe import plain, type_name
from jupyter_mlops.runtime.errors import CannotHandOver
from jupyter_mlops.runtime.namespace import is_users
from jupyter_mlops.runtime.shell import Cells
from jupyter_mlops.runtime.spec import BundleRef, InputValues, ValueInfo

UNPICKLABLE = "__jupyter_mlops_unpicklable__"


def bind_inputs(inputs: Sequence[InputValues], cells: Cells, definitions: Definitions) -> None:
    """Load bundles (each once: identity holds between inputs) and bind what they have. Raises `BundleRefused`."""
    loaded: dict[BundleRef, Mapping[str, Any]] = {}

    def values(ref: Optional[BundleRef]) -> Mapping[str, Any]:
        from jupyter_mlops.runtime.bundle import read_bundle

        if ref is None:
            return {}
        if ref not in loaded:
            loaded[ref] = read_bundle(ref, namespace=definitions.namespace, definitions=definitions)
        return loaded[ref]

    for item in inputs:
        for local, there in item.names.items():
            if item.collect:
                _bind(local, [values(ref).get(there) for ref in item.bundles], cells)
                continue
            found = next((values(ref) for ref in item.bundles if there in values(ref)), None)
            if found is not None:
                _bind(local, found[there], cells)


def write_outputs(
    path: str, names: Iterable[str], definitions: Definitions, origin: str
) -> tuple[BundleRef, dict[str, ValueInfo]]:
    """Write those of `names` that have a value now. Raises `CannotHandOver` and `MlopsError`."""
    from jupyter_mlops.runtime.bundle import write_bundle
    from jupyter_mlops.runtime.hidden_state import MISSING

    values = {name: value for name in names if (value := _value(name, definitions.namespace)) is not MISSING}
    return write_bundle(path, values, namespace=definitions.namespace, definitions=definitions, origin=origin)


def write_final(path: str, definitions: Definitions, origin: str) -> dict[str, Any]:
    """Write every value the user's code left, for comparison; what cannot be pickled is recorded by type and text.

    Answers {"path", "seal", "names"} as plain data.
    """
    namespace = definitions.namespace
    values = {name: value for name, value in namespace.items() if is_users(name) and not _is_code(value)}
    ref = None
    while ref is None:
        ref, culprit = _try_to_write(path, values, definitions, origin)
        if ref is None:
            values[culprit] = {UNPICKLABLE: type_name(values[culprit]), "repr": _text(values[culprit])}
    return {"path": ref.path, "seal": ref.seal, "names": sorted(values)}


def _try_to_write(
    path: str, values: Mapping[str, Any], definitions: Definitions, origin: str
) -> tuple[Optional[BundleRef], str]:
    """The bundle, or the name of a value that cannot be in it."""
    from jupyter_mlops.runtime.bundle import write_bundle

    try:
        ref, _ = write_bundle(path, values, namespace=definitions.namespace, definitions=definitions, origin=origin)
    except CannotHandOver as error:
        name = getattr(error, "variable", "")
        if name not in values or _is_recorded(values[name]):
            raise
        return None, name
    return ref, ""


def exports(names: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON copies of those of `names` that have a value. Raises `MlopsError` for one that has no plain form."""
    return {name: plain(namespace[name], name) for name in names if name in namespace}


def _bind(name: str, value: Any, cells: Cells) -> None:
    from jupyter_mlops.runtime import hidden_state

    if hidden_state.is_random(name):
        hidden_state.set_random(name, value)
    elif hidden_state.is_result(name):
        cells.set_result(name, value)
    else:
        cells.main.__dict__[name] = value


def _value(name: str, namespace: Mapping[str, Any]) -> Any:
    from jupyter_mlops.runtime import hidden_state

    if hidden_state.is_random(name):
        return hidden_state.get_random(name)
    return namespace.get(name, hidden_state.MISSING)


def _is_code(value: Any) -> bool:
    return isinstance(value, (ModuleType, FunctionType, type))


def _is_recorded(value: Any) -> bool:
    return isinstance(value, dict) and UNPICKLABLE in value


def _text(value: Any) -> str:
    from jupyter_mlops.runtime.compare import without_addresses

    try:
        return without_addresses(reprlib.repr(value) if isinstance(value, (list, tuple, dict)) else repr(value))[:200]
    except Exception as error:
        return f"<repr failed: {type(error).__name__}>"
