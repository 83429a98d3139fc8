"""State that no variable holds: generators of random numbers, and what IPython calls `_`, `__`, `_3`.

Dataflow gives them names; here they are read from the process and put back. State of a library that is not imported
yet waits until it is: importing torch only to seed it would cost every step a second.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Optional

_RESULT = re.compile(r"_{1,3}|_\d+")
MISSING = object()


def is_result(name: str) -> bool:
    """Whether a name is one of IPython's results: `_`, `__`, `___`, `_7`."""
    return _RESULT.fullmatch(name) is not None


def is_random(name: str) -> bool:
    """Whether a name means the state of a generator."""
    return name in _GENERATORS


def get_random(name: str) -> Any:
    """The state of a generator, `MISSING` if its library was never imported."""
    module, get, _ = _GENERATORS[name]
    if module not in sys.modules:
        waiting = _waiting()
        return waiting.states.get(module, MISSING) if waiting is not None else MISSING
    return get(sys.modules[module])


def set_random(name: str, state: Any) -> None:
    """Put a generator into a state, now or as soon as its library is imported."""
    module, _, put = _GENERATORS[name]
    if module in sys.modules:
        put(sys.modules[module], state)
        return
    waiting = _waiting()
    if waiting is None:
        waiting = _SetOnImport()
        sys.meta_path.insert(0, waiting)
    waiting.states[module] = state


def _get_torch(torch: Any) -> Any:
    state = {"cpu": torch.get_rng_state().numpy().copy()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = [item.numpy().copy() for item in torch.cuda.get_rng_state_all()]
    return state


def _set_torch(torch: Any, state: Any) -> None:
    torch.set_rng_state(torch.from_numpy(state["cpu"].copy()))
    if "cuda" in state and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([torch.from_numpy(item.copy()) for item in state["cuda"]])


_GENERATORS: Mapping[str, tuple[str, Callable[[Any], Any], Callable[[Any, Any], None]]] = {
    "random.state": ("random", lambda module: module.getstate(), lambda module, state: module.setstate(state)),
    "numpy.random.state": (
        "numpy.random",
        lambda module: module.get_state(legacy=False),
        lambda module, state: module.set_state(state),
    ),
    "torch.random.state": ("torch", _get_torch, _set_torch),
}


class _SetOnImport:
    """Lets others find a module, and sets the state of its generator once it has been executed."""

    def __init__(self) -> None:
        self.states: dict[str, Any] = {}

    def find_spec(self, fullname: str, path: Any, _target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname not in self.states:
            return None
        state = self.states.pop(fullname)
        spec = importlib.util.find_spec(fullname) if path is None else _find(fullname, path)
        if spec is None or spec.loader is None:
            return spec
        name = next(name for name, (module, _, _) in _GENERATORS.items() if module == fullname)
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            _GENERATORS[name][2](module, state)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _find(fullname: str, path: Any) -> Optional[importlib.machinery.ModuleSpec]:
    return importlib.machinery.PathFinder.find_spec(fullname, path)


def _waiting() -> Optional[_SetOnImport]:
    return next((finder for finder in sys.meta_path if isinstance(finder, _SetOnImport)), None)
