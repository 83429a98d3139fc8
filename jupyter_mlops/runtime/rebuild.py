"""What a pickle stream calls to make values again. Names here are part of the bundle format: never rename them.

`NAMESPACE`, `definition_object` and `main_module` mean the reader's own: the unpickler gives them (`Reader`).
"""

from __future__ import annotations

import functools
import importlib
import marshal
import sys
import weakref
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any


class _ReadersNamespace:
    """Stands in a stream for the dict of the reader's `__main__`."""

    def __reduce__(self) -> str:
        return "NAMESPACE"


NAMESPACE = _ReadersNamespace()


def definition_object(id: str, path: str) -> Any:
    """What a definition makes; only a `Reader` knows."""
    raise RuntimeError(f"{path} of definition {id} needs a reader")


def main_module() -> Any:
    """The `__main__` of this process."""
    return sys.modules["__main__"]


def module(name: str) -> Any:
    """A module by name."""
    return importlib.import_module(name)


def standard_stream(name: str) -> Any:
    """`sys.stdout` and its like of this process."""
    return getattr(sys, name)


def module_globals(name: str) -> dict[str, Any]:
    """The globals of a module, for a function made in it that cannot be found by name."""
    return importlib.import_module(name).__dict__


def make_class(make: Callable[..., type], *arguments: Any) -> type:
    """A class made at run time, without telling the classes above it: they were told when it was first made.

    Only classes of the notebook are kept from hearing of it. One of a library may register it in this process.
    """
    bases = next((item for item in arguments if isinstance(item, tuple)), ())
    teller = next((above for base in bases for above in base.__mro__ if "__init_subclass__" in vars(above)), object)
    if teller.__module__ != "__main__":
        return make(*arguments)
    told = vars(teller)["__init_subclass__"]
    type.__setattr__(teller, "__init_subclass__", classmethod(_not_told))
    try:
        return make(*arguments)
    finally:
        type.__setattr__(teller, "__init_subclass__", told)


def _not_told(_: type, /, **__: Any) -> None:
    pass


def make_function(namespace: dict[str, Any], code: bytes, cells: tuple[CellType, ...]) -> FunctionType:
    """A function over `namespace`; `set_function` fills it."""
    namespace.setdefault("__builtins__", __builtins__)
    return FunctionType(
        marshal.loads(code),  # noqa: S302 - sealed
        namespace,
        None,
        None,
        cells or None,
    )


def set_function(function: FunctionType, state: dict[str, Any]) -> None:
    """Set what the constructor of a function could not: it may refer to the function itself."""
    for cell, content in state.pop("cells"):
        cell.cell_contents = content
    function.__dict__.update(state.pop("dict"))
    for name, value in state.items():
        setattr(function, f"__{name}__", value)


def make_cell() -> CellType:
    """An empty closure cell."""
    return CellType()


def fill_cell(cell: CellType, content: Any) -> None:
    """Set a closure cell."""
    cell.cell_contents = content


def lru_cache(function: Callable[..., Any], maxsize: Any, typed: bool, attributes: dict[str, Any]) -> Any:
    """A function with `functools.lru_cache`, its cache empty."""
    cached = functools.lru_cache(maxsize=maxsize, typed=typed)(function)
    cached.__dict__.update(attributes)
    return cached


def cached_property(function: Callable[[Any], Any], name: Any) -> Any:
    """A `functools.cached_property` (before Python 3.12 it holds a lock)."""
    made = functools.cached_property(function)
    if name is not None:
        made.__set_name__(object, name)
    return made


def weak_reference(*target: Any) -> Any:
    """A weak reference; without a target one that is dead already."""
    return weakref.ref(target[0] if target else _Gone())


class _Gone:
    """Lives for the moment in which a dead reference is made."""


def weak_dictionary(kind: type, items: dict[Any, Any]) -> Any:
    """A weak dictionary."""
    return kind(items)


def interactive_shell() -> Any:
    """What `get_ipython()` gives here."""
    return importlib.import_module("IPython").get_ipython()


def array(buffer: Any, dtype: Any, shape: tuple[int, ...], strides: Any = None, offset: int = 0) -> Any:
    """A numpy array over a buffer."""
    numpy = importlib.import_module("numpy")
    return numpy.ndarray(shape, dtype, buffer, offset, strides)


def tensor_storage(buffer: Any) -> Any:
    """A CPU storage of torch over a buffer."""
    torch = importlib.import_module("torch")
    return torch.frombuffer(buffer, dtype=torch.uint8).untyped_storage()


def set_gradient(tensor: Any, gradient: Any) -> None:
    """Set the gradient of a tensor."""
    tensor.grad = gradient


def empty_storage() -> Any:
    """A CPU storage of torch without bytes."""
    return importlib.import_module("torch").UntypedStorage(0)


def typed_storage(storage: Any, dtype: Any) -> Any:
    """What torch's own reduction of a tensor calls a storage."""
    torch = importlib.import_module("torch")
    return torch.storage.TypedStorage(wrap_storage=storage, dtype=dtype, _internal=True)


def xgboost_matrix(data: Any, how: dict[str, Any]) -> Any:
    """A DMatrix from its data (a sparse matrix) and what `set_info` takes."""
    xgboost = importlib.import_module("xgboost")
    matrix = xgboost.DMatrix(data)
    matrix.set_info(**how)
    return matrix
