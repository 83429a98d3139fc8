"""Are two values the same to their user? What differs, as sentences with a path: `model.coef_[0]: 1.0 / 2.0`."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Optional

from jupyter_mlops.runtime.describe import type_name

MOST = 20  # differences that are worth telling
_ADDRESS = re.compile(r"\b(?:at )?0x[0-9a-fA-F]{4,}\b")
_DEEPEST = 200
_TREES = ("KDTree", "KDTree32", "KDTree64", "BallTree", "BallTree32", "BallTree64")


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """What differs between two values, empty if nothing. NaN equals NaN; addresses do not count; cycles are fine.

    Classes are compared by name, since the values may come from two processes. At most `MOST` differences.
    """
    found = []
    for difference in _Comparison().compare(a, b, path or "value", 0):
        found.append(difference)
        if len(found) >= MOST:
            break
    return found


def without_addresses(text: str) -> str:
    """A text with memory addresses blanked."""
    return _ADDRESS.sub("0x...", text)


class _Comparison:
    """One rule a kind of value; pairs that are being compared already are taken as equal (cycles)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}

    def compare(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if a is b or (id(a), id(b)) in self._seen:
            return
        if type_name(a) != type_name(b):
            yield f"{path}: {type_name(a)} / {type_name(b)}"
            return
        if depth > _DEEPEST:
            return
        if not isinstance(a, (int, float, str, bytes)):
            self._seen[id(a), id(b)] = (a, b)
        yield from self._rule(a)(a, b, path, depth + 1)

    def _rule(self, value: Any) -> Callable[[Any, Any, str, int], Iterator[str]]:
        kind, top = type(value).__name__, type(value).__module__.partition(".")[0]
        if isinstance(value, (bool, int, str, bytes, bytearray, type(None), range, complex)):
            return _equal
        if isinstance(value, float):
            return _number
        if isinstance(value, Mapping):
            return self._mapping
        if isinstance(value, (list, tuple)):
            return self._sequence
        if isinstance(value, (set, frozenset)):
            return self._set
        if isinstance(value, (FunctionType, BuiltinFunctionType, MethodType, type, ModuleType)):
            return self._code
        return self._library_rule(top, kind, value) or self._object

    def _library_rule(self, top: str, kind: str, value: Any) -> Optional[Callable[[Any, Any, str, int], Iterator[str]]]:
        if top == "numpy":
            return self._array if hasattr(value, "dtype") else None
        if top == "torch":
            return self._tensor if kind in ("Tensor", "Parameter") else None
        if top == "xgboost":
            return {"Booster": self._booster, "DMatrix": self._matrix}.get(kind)
        return {"pandas": self._pandas, "matplotlib": _picture}.get(top)

    def _mapping(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if _keyed_by_identity(a) and _keyed_by_identity(b):
            yield from self._sequence(list(a.values()), list(b.values()), path, depth)
            return
        if list(map(_key, a)) != list(map(_key, b)) and set(map(_key, a)) != set(map(_key, b)):
            yield f"{path}: keys {_short(sorted(map(_key, a)))} / {_short(sorted(map(_key, b)))}"
            return
        others = {_key(key): item for key, item in b.items()}
        for key, item in a.items():
            yield from self.compare(item, others[_key(key)], f"{path}[{key!r:.60}]", depth)

    def _sequence(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if len(a) != len(b):
            yield f"{path}: {len(a)} items / {len(b)} items"
            return
        for index, (left, right) in enumerate(zip(a, b)):
            yield from self.compare(left, right, f"{path}[{index}]", depth)

    def _set(self, a: Any, b: Any, path: str, _: int) -> Iterator[str]:
        left, right = sorted(map(_key, a)), sorted(map(_key, b))
        if left != right:
            yield f"{path}: {_short(left)} / {_short(right)}"

    def _code(self, a: Any, b: Any, path: str, _: int) -> Iterator[str]:
        left, right = getattr(a, "__qualname__", a.__name__), getattr(b, "__qualname__", b.__name__)
        if left != right:
            yield f"{path}: {left} / {right}"
        code = getattr(a, "__code__", None), getattr(b, "__code__", None)
        if code[0] is not None and code[1] is not None and code[0].co_code != code[1].co_code:
            yield f"{path}: the code of {left} differs"

    def _array(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if a.dtype != b.dtype or a.shape != b.shape:
            yield f"{path}: {a.dtype}{list(a.shape)} / {b.dtype}{list(b.shape)}"
        elif a.dtype.hasobject:
            yield from self._sequence(a.ravel().tolist(), b.ravel().tolist(), path, depth)
        elif a.dtype.names:
            for name in a.dtype.names:
                yield from self.compare(a[name], b[name], f"{path}[{name!r}]", depth)
        else:
            unequal = (a != b) & ~((a != a) & (b != b))  # noqa: PLR0124 - NaN and NaT
            count = int(unequal.sum())
            if count:
                where = tuple(int(axis[0]) for axis in unequal.nonzero()) if a.shape else ()
                at = f" at {list(where)}" if where else ""
                yield f"{path}: {count} of {a.size} elements differ{at}: {_short(a[where])} / {_short(b[where])}"

    def _pandas(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if hasattr(a, "columns") and hasattr(a, "iloc"):
            yield from self.compare(list(a.columns), list(b.columns), f"{path}.columns", depth)
            yield from self.compare(a.index, b.index, f"{path}.index", depth)
            if a.shape == b.shape:
                for position, name in enumerate(a.columns):
                    yield from self._column(a.iloc[:, position], b.iloc[:, position], f"{path}[{name!r}]", depth)
        elif hasattr(a, "iloc"):
            yield from self._column(a, b, path, depth)
            yield from self.compare(a.index, b.index, f"{path}.index", depth)
        elif hasattr(a, "equals"):
            if not a.equals(b):
                yield f"{path}: {_short(a)} / {_short(b)}"
        elif hasattr(a, "groupings") or hasattr(a, "grouper"):
            yield from self.compare(a.obj, b.obj, f"{path}.obj", depth)
        else:
            yield from _text(a, b, path, depth)

    def _column(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if str(a.dtype) != str(b.dtype) or len(a) != len(b) or a.name != b.name:
            yield f"{path}: {a.dtype}[{len(a)}] {a.name!r} / {b.dtype}[{len(b)}] {b.name!r}"
        elif str(a.dtype) in ("object", "str", "string"):  # texts may be held by another library, and be the same
            yield from self._sequence(list(a), list(b), path, depth)
        elif not a.array.equals(b.array) if hasattr(a.array, "equals") else not a.equals(b):
            yield f"{path}: {_short(list(a[:5]))} / {_short(list(b[:5]))} (values differ)"

    def _tensor(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if a.requires_grad != b.requires_grad or str(a.dtype) != str(b.dtype):
            yield f"{path}: {a.dtype} {a.requires_grad} / {b.dtype} {b.requires_grad}"
            return
        try:
            yield from self._array(a.detach().cpu().numpy(), b.detach().cpu().numpy(), path, depth)
        except TypeError:  # sparse, quantised, bfloat16
            yield from _text(a, b, path, depth)

    def _booster(self, a: Any, b: Any, path: str, _: int) -> Iterator[str]:
        if a.save_raw("json") != b.save_raw("json"):
            yield f"{path}: the models differ"

    def _matrix(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        for what in ("get_data", "get_label", "get_weight"):
            yield from self.compare(getattr(a, what)(), getattr(b, what)(), f"{path}.{what}()", depth)
        yield from self.compare(a.feature_names, b.feature_names, f"{path}.feature_names", depth)

    def _object(self, a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
        if dataclasses.is_dataclass(a) or "__eq__" not in _defined(type(a)) or hasattr(a, "get_params"):
            states = _state(a) or _reduced(a), _state(b) or _reduced(b)
            if states[0] or states[1]:
                yield from self._mapping(*states, path, depth)
                return
            yield from _text(a, b, path, depth)
            return
        try:
            same = a == b
            if bool(same):
                return
        except Exception:  # an array of answers, or an __eq__ that fails: look at the parts
            same = None
        if _state(a) and same is not True:
            yield from self._mapping(_state(a), _state(b), path, depth)
        else:
            yield from _text(a, b, path, depth)


def _keyed_by_identity(value: Mapping[Any, Any]) -> bool:
    """Whether all keys look like results of `id()`, which no other process gives."""
    return bool(value) and all(type(key) is int and key > 1 << 32 and not key % 8 for key in value)


def _state(value: Any) -> dict[str, Any]:
    """What an object consists of: its attributes and slots."""
    state = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                state[name] = getattr(value, name)
    return state


def _defined(kind: type) -> set[str]:
    return {name for parent in kind.__mro__[:-1] for name in vars(parent)}


def _reduced(value: Any) -> dict[str, Any]:
    """What pickle would keep of an object."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:  # whatever a library raises for what it cannot reduce
        return {}
    if not isinstance(reduced, tuple):
        return {}
    parts = (*reduced[1], *(_tree_state(reduced[2]) if type(value).__name__ in _TREES else reduced[2:3]))
    return {f"<{index}>": part for index, part in enumerate(parts) if not isinstance(part, type)}


def _tree_state(state: Any) -> Any:
    """Arrays of a search tree without its counters of calls, which only looking something up changes."""
    return (tuple(part for part in state if not isinstance(part, int)),) if isinstance(state, tuple) else (state,)


def _equal(a: Any, b: Any, path: str, _: int) -> Iterator[str]:
    if a != b and without_addresses(str(a)) != without_addresses(str(b)):
        yield f"{path}: {_short(a)} / {_short(b)}"


def _number(a: Any, b: Any, path: str, _: int) -> Iterator[str]:
    if a != b and not (math.isnan(a) and math.isnan(b)):
        yield f"{path}: {_short(a)} / {_short(b)}"


def _picture(a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
    """Parts of a figure are the same if the figure looks the same: inside, they are full of counters and call-backs."""
    figures = [getattr(value, "figure", None) or value for value in (a, b)]
    if all(hasattr(figure, "savefig") for figure in figures):
        left, right = map(_drawn, figures)
        if left != right:
            yield f"{path}: {_short(a)} / {_short(b)} (the figures look different)"
    else:
        yield from _text(a, b, path, depth)


def _drawn(figure: Any) -> bytes:
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    shown = io.BytesIO()
    FigureCanvasAgg(figure).print_png(shown)
    return shown.getvalue()


def _text(a: Any, b: Any, path: str, _: int) -> Iterator[str]:
    left, right = without_addresses(repr(a)), without_addresses(repr(b))
    if left != right:
        yield f"{path}: {left:.80} / {right:.80}"


def _key(value: Any) -> str:
    return without_addresses(f"{type(value).__name__} {value!r}")


def _short(value: Any) -> str:
    text = without_addresses(repr(value))
    return text if len(text) <= 80 else text[:77] + "..."
