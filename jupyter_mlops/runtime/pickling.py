"""How values become a pickle stream, and back: pickle 5, one stream for all values so that identity stays.

On top of pickle and (where the environment has it) cloudpickle:
objects of definitions are references; functions of the notebook are bound to the reader's namespace, and closures keep
sharing their cells; memory goes out of band, and memory that is shared stays shared; handles are refused.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import io
import pickle
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any, Optional

from jupyter_mlops.runtime import rebuild
from jupyter_mlops.runtime.definitions import Definitions
from jupyter_mlops.runtime.functions import function_state, marshalled, names_used
from jupyter_mlops.runtime.handles import handle_of, refuse
from jupyter_mlops.runtime.layout import Buffer
from jupyter_mlops.runtime.memory import RULES as MEMORY_RULES
from jupyter_mlops.runtime.memory import BufferList

_LRU = type(functools.lru_cache(lambda: None))
_LARGE_STACK = 1 << 29
_DEEPEST = 400_000
# Since Python 3.12 code in C has a limit of its own, which nothing raises; code in Python takes no C stack by then.
_C_FOLLOWS_LIMIT = sys.version_info < (3, 12)


def dumps(
    value: Any, definitions: Definitions, *, origin: str = "", compact: frozenset[int] = frozenset()
) -> tuple[bytes, _Pickler]:
    """The stream of a value; its buffers and what it refers to are on the pickler.

    `origin` makes ids of classes made at run time deterministic: it must be unique to the writing task. Arrays whose
    id is in `compact` are written without the memory between their elements.
    """
    try:
        return _dumps(value, definitions, origin, compact)
    except (RecursionError, pickle.PicklingError) as error:
        if "recursion" not in str(error):
            raise
        deep = _pickler_class() if _C_FOLLOWS_LIMIT else _DeepPickler
        answer: tuple[bytes, _Pickler] = _on_a_large_stack(lambda: _dumps(value, definitions, origin, compact, deep))
        return answer


def _dumps(
    value: Any, definitions: Definitions, origin: str, compact: frozenset[int], pickler_class: Any = None
) -> tuple[bytes, _Pickler]:
    file = io.BytesIO()
    pickler: _Pickler = (pickler_class or _pickler_class())(file, definitions, origin, compact)
    pickler.dump(value)
    return file.getvalue(), pickler


def loads(stream: Any, definitions: Definitions, buffers: Sequence[Any] = ()) -> Any:
    """The value of a stream that this store wrote (the caller has checked its seal)."""
    return Reader(_BytesFile(stream), definitions, buffers).load()


def _on_a_large_stack(work: Callable[[], Any]) -> Any:
    """Do the work in a thread with room for a deep value (a linked list of 100 000 nodes)."""
    answer: list[Any] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answer.append(work())
        except Exception as error:
            errors.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_LARGE_STACK)
    sys.setrecursionlimit(_DEEPEST)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if errors:
        raise errors[0]
    return answer[0]


class Reader(pickle.Unpickler):
    """An unpickler for which `rebuild.NAMESPACE` and `rebuild.definition_object` are those of `definitions`."""

    def __init__(self, file: Any, definitions: Definitions, buffers: Sequence[Any]) -> None:
        super().__init__(file, buffers=buffers)
        self._own: Mapping[str, Any] = {
            "NAMESPACE": definitions.namespace,
            "definition_object": definitions.resolve,
            "make_function": functools.partial(_make_function, definitions),
        }

    def find_class(self, module: str, name: str) -> Any:
        """Globals of a stream."""
        if module == rebuild.__name__ and name in self._own:
            return self._own[name]
        return super().find_class(module, name)


def _make_function(definitions: Definitions, namespace: dict[str, Any], code: bytes, cells: Any) -> FunctionType:
    function = rebuild.make_function(namespace, code, cells)
    if namespace is definitions.namespace:
        definitions.make_names(names_used(function.__code__))
    return function


@functools.lru_cache(maxsize=1)
def _pickler_class() -> Any:
    """The rules over cloudpickle's pickler, or over pickle's own where there is no cloudpickle."""
    try:
        base = importlib.import_module("cloudpickle").Pickler
    except ImportError:
        base = _PlainPickler
    return type("Pickler", (_Pickler, base), {})


class _PlainPickler(pickle.Pickler):
    def reducer_override(self, _: Any) -> Any:
        return NotImplemented


class _Pickler:
    """The rules, one a type; a rule returns what `__reduce__` may return, or NotImplemented to let pickle do it."""

    dump: Callable[[Any], None]

    def __init__(self, file: Any, definitions: Definitions, origin: str, compact: frozenset[int]) -> None:
        self.memory = BufferList(compact)
        super().__init__(file, protocol=5, buffer_callback=self.memory.take)  # type: ignore[call-arg]
        self.definitions = definitions
        self.used: dict[str, None] = {}
        self.modules: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.has_code = False
        self._origin = origin
        self._cells: set[int] = set()
        self._rules: dict[type, Callable[[Any], Any]] = {}

    @property
    def buffers(self) -> list[Buffer]:
        """The out-of-band buffers in the order of the stream."""
        return self.memory.buffers

    def reducer_override(self, value: Any) -> Any:
        """Called by pickle for everything but plain data."""
        kind = type(value)
        rule = self._rules.get(kind)
        if rule is None:
            rule = self._rules[kind] = self._rule_for(kind)
        return rule(value)

    def _rule_for(self, kind: type) -> Callable[[Any], Any]:
        exact: dict[type, Callable[[Any], Any]] = {
            FunctionType: self._function,
            ModuleType: self._module,
            CellType: self._cell,
            CodeType: self._code,
            BuiltinFunctionType: self._builtin,
            _LRU: self._lru_cache,
            functools.cached_property: _cached_property,
            weakref.ref: _weak_reference,
            weakref.WeakKeyDictionary: _weak_dictionary,
            weakref.WeakValueDictionary: _weak_dictionary,
        }
        if kind in exact:
            return exact[kind]
        if issubclass(kind, type):
            return self._class
        if any(parent.__module__ == "IPython.core.interactiveshell" for parent in kind.__mro__):
            return lambda _: (rebuild.interactive_shell, ())
        what = handle_of(kind)
        if what:
            return functools.partial(refuse, what)
        memory_rule = MEMORY_RULES.get((kind.__module__, kind.__qualname__))
        if memory_rule is not None:
            return functools.partial(memory_rule, self.memory)
        return self._instance

    def _otherwise(self, value: Any) -> Any:
        return super().reducer_override(value)  # type: ignore[misc]

    def _reference(self, value: Any) -> Any:
        origin = self.definitions.origin(value)
        if origin is None:
            return None
        self.used[origin[0]] = None
        return rebuild.definition_object, origin

    def _instance(self, value: Any) -> Any:
        return self._reference(value) or self._otherwise(value)

    def _builtin(self, value: Any) -> Any:
        self._note_module(getattr(value, "__module__", None))
        return self._otherwise(value)

    def _class(self, value: type) -> Any:
        reference = self._reference(value)
        if reference is not None:
            return reference
        reduced = self._otherwise(value)
        if reduced is NotImplemented or not isinstance(reduced, tuple) or len(reduced) < 3:
            self._note_module(value.__module__)
            return reduced
        self.has_code = True
        _name_class(value, self._origin)
        make, arguments, *state = self._otherwise(value)
        return (rebuild.make_class, (make, *arguments), *state)

    def _module(self, value: ModuleType) -> Any:
        if value is sys.modules.get("__main__") or value.__dict__ is self.definitions.namespace:
            return rebuild.main_module, ()
        if sys.modules.get(value.__name__) is value:
            self._note_module(value.__name__)
            return rebuild.module, (value.__name__,)
        return self._otherwise(value)

    def _function(self, value: FunctionType) -> Any:
        reference = self._reference(value)
        if reference is not None:
            return reference
        namespace = self._globals_of(value)
        if namespace is None:
            self._note_module(value.__module__)
            return self._otherwise(value)
        self.has_code = True
        self.files[value.__code__.co_filename] = None
        cells = value.__closure__ or ()
        self._cells.update(map(id, cells))
        arguments = (namespace, marshalled(value.__code__), cells)
        return rebuild.make_function, arguments, function_state(value), None, None, rebuild.set_function

    def _globals_of(self, function: FunctionType) -> Any:
        """What stands for the function's globals, or None where pickle or cloudpickle know better."""
        if function.__globals__ is self.definitions.namespace:
            return rebuild.NAMESPACE
        if _importable(function):
            return None
        home = sys.modules.get(function.__globals__.get("__name__", ""))
        if home is not None and home.__dict__ is function.__globals__:
            self._note_module(home.__name__)
            return _ModuleGlobals(home.__name__)
        self.has_code = True
        return None

    def _cell(self, value: CellType) -> Any:
        if id(value) in self._cells:
            return rebuild.make_cell, ()
        try:
            return rebuild.make_cell, (), value.cell_contents, None, None, rebuild.fill_cell
        except ValueError:
            return rebuild.make_cell, ()

    def _code(self, value: CodeType) -> Any:
        self.has_code = True
        return self._otherwise(value)

    def _lru_cache(self, value: Any) -> Any:
        reference = self._reference(value)
        if reference is not None:
            return reference
        if _importable(value):
            self._note_module(value.__module__)
            return NotImplemented
        how = value.cache_parameters()
        attributes = {name: item for name, item in vars(value).items() if name != "__wrapped__"}
        return rebuild.lru_cache, (value.__wrapped__, how["maxsize"], how["typed"], attributes)

    def _note_module(self, name: Optional[str]) -> None:
        if name and not name.startswith("jupyter_mlops"):
            self.modules[name.partition(".")[0]] = None


class _DeepPickler(_Pickler, pickle._Pickler):
    """The rules over pickle's pickler in Python: slow, as deep as memory goes, without classes made at run time."""

    def _otherwise(self, _: Any) -> Any:
        return NotImplemented


class _ModuleGlobals:
    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> Any:
        return rebuild.module_globals, (self._name,)


class _BytesFile:
    """A file over a memoryview that pickle reads without copying the whole."""

    def __init__(self, view: Any) -> None:
        self._view = memoryview(view)
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._view) if size < 0 else min(len(self._view), self._at + size)
        data = bytes(self._view[self._at : end])
        self._at = end
        return data

    def readinto(self, target: Any) -> int:
        data = self._view[self._at : self._at + len(target)]
        target[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readline(self) -> bytes:
        rest = bytes(self._view[self._at :])
        data = rest[: rest.find(b"\n") + 1] or rest
        self._at += len(data)
        return data


def _importable(function: Any) -> bool:
    found: Any = sys.modules.get(function.__module__ or "")
    if found is None or function.__module__ == "__main__":
        return False
    for attribute in function.__qualname__.split("."):
        found = getattr(found, attribute, None)
    return found is function


def _cached_property(value: Any) -> Any:
    return rebuild.cached_property, (value.func, value.attrname)


def _weak_reference(value: Any) -> Any:
    target = value()
    return rebuild.weak_reference, () if target is None else (target,)


def _weak_dictionary(value: Any) -> Any:
    return rebuild.weak_dictionary, (type(value), dict(value))


def _name_class(value: type, origin: str) -> None:
    """Give a class made at run time a stable id, where cloudpickle would draw a random one.

    Readers know a class by that id, so that one class stays one over several bundles.
    """
    if not origin:
        return
    inner = importlib.import_module("cloudpickle.cloudpickle")
    by_class = inner._DYNAMIC_CLASS_TRACKER_BY_CLASS
    by_id = inner._DYNAMIC_CLASS_TRACKER_BY_ID
    fresh = by_class.get(value)
    if fresh is None or fresh in _NAMED:
        return
    text = f"{origin}\0{value.__module__}.{value.__qualname__}\0"
    number = 0
    while (name := hashlib.sha256(f"{text}{number}".encode()).hexdigest()[:32]) in by_id:
        number += 1
    by_id.pop(fresh, None)
    by_class[value] = name
    by_id[name] = value
    _NAMED.add(name)


_NAMED: set[str] = set()
