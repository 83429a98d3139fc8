"""Definitions: functions, classes and imports that are made again from source where they are needed.

A bundle refers to what a definition made by (id, path) instead of containing it; `Definitions` answers both
ways: which definition made this object, and the object that a definition makes here.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any, Optional, Tuple

from jupyter_mlops.runtime.errors import BundleRefused, MlopsError
from jupyter_mlops.runtime.namespace import cell_file, remember_source
from jupyter_mlops.runtime.spec import CellSource, Definition

Origin = Tuple[str, str]  # id of the definition, dotted path from one of its names

_ATOMS = (type(None), bool, int, float, complex, str, bytes, tuple, ModuleType)
_IMPORT = re.compile(r"\s*(import|from)\s")


class Definitions:
    """The definitions of one namespace. Not thread-safe; one a task.

    Objects are known by identity, and kept alive so that identities stay unique. Names of `by_value`, definitions
    whose id is in it, and what setup cells define as NAME where it has `setup:NAME`, are never tracked: they are handed
    over as values. Settings (definitions without names) of `own_cells` are left to these cells. `transform` turns
    IPython syntax into Python.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        items: Sequence[Definition] = (),
        *,
        by_value: Iterable[str] = (),
        own_cells: Iterable[int] = (),
        transform: Callable[[str], str] = str,
    ) -> None:
        self.namespace = namespace
        self._transform = transform
        self.by_value = frozenset(by_value)
        self._items = {item.id: item for item in items}
        self._in_force = {name: item.id for item in items for name in item.names}
        self._made: dict[str, dict[str, Any]] = {}
        self._origins: dict[int, tuple[Any, Origin]] = {}
        own = frozenset(own_cells)
        self._bound = {item.id for item in items if item.cell in own and not item.names}

    def make_wanted(self, before: Optional[int] = None) -> None:
        """Make what the step is known to use, in notebook order, and leave it bound; only what stands `before` a cell
        if that is given. What was bound by an earlier call is not bound again.
        """
        for item in self._items.values():
            if item.wanted and item.id not in self._bound and (before is None or item.cell < before):
                self._bound.add(item.id)
                for name, value in self.make(item.id).items():
                    self.namespace[name] = value

    def make(self, id: str) -> Mapping[str, Any]:
        """The objects of a definition by name; made now if they are not yet. Bindings in force are not disturbed.

        Raises `BundleRefused` for an id that is not known here.
        """
        if id in self._made:
            return self._made[id]
        if id not in self._items:
            raise BundleRefused(
                "a value refers to a definition that this step does not know.",
                hint="Run the step that made the value again.",
            )
        item = self._items[id]
        self._made[id] = {}  # ends the recursion of functions that need each other
        needed: dict[str, Any] = {}
        for other in item.needs:
            needed.update(self.make(other) if other in self._items else {})
        self._made[id] = self._execute(item, needed)
        self._track(item)
        return self._made[id]

    def make_names(self, names: Iterable[str]) -> None:
        """Bind those names that are unbound here and have a definition in force: a function that came uses them."""
        for name in names:
            key = self._in_force.get(name, "")
            if key and name not in self.namespace and self.by_value.isdisjoint((name, key)):
                self.make(key)

    def resolve(self, id: str, path: str) -> Any:
        """The object at a dotted path of a definition, for a reader of bundles."""
        name, _, rest = path.partition(".")
        made = self._made[id] if id in self._made and name in self._made[id] else self.make(id)
        if name not in made:
            raise BundleRefused(f"a value needs {name!r}, which its definition no longer makes.")
        value = made[name]
        for attribute in rest.split(".") if rest else ():
            value = getattr(value, attribute)
        return value

    def origin(self, value: Any) -> Optional[Origin]:
        """(id, path) of the definition that made this very object, None if none did."""
        known = self._origins.get(id(value))
        if known is not None:
            return known[1]
        return self._origin_of_member(value)

    def ran(self, cell: CellSource) -> None:
        """A step's own cell ran: what its definitions made is now in the namespace."""
        filename = cell_file(cell.index, cell.notebook)
        for item in self._items.values():
            if item.cell == cell.index and item.names and not _IMPORT.match(item.source):
                found = {name: self.namespace[name] for name in item.names if name in self.namespace}
                found = {name: value for name, value in found.items() if _plausible(item, name, value, filename)}
                if found:
                    self._made[item.id] = found
                    self._track(item)

    def ran_setup(self, cell: CellSource) -> None:
        """A setup cell ran: every step re-runs it, so what it defined is known everywhere under the cell's id."""
        key = f"setup:{cell.notebook}:{cell.id or cell.index}"
        others = {builtins.id(value) for made in self._made.values() for value in made.values()}
        made = {
            name: value
            for name, value in self.namespace.items()
            if isinstance(value, (FunctionType, type)) and value.__module__ == "__main__"
            if builtins.id(value) not in others and not self._known(value)
        }
        self._made[key] = made
        for name, value in made.items():
            if self.by_value.isdisjoint((name, f"setup:{name}")):
                self._origins[builtins.id(value)] = (value, (key, name))

    def _known(self, value: Any) -> bool:
        return builtins.id(value) in self._origins

    def _execute(self, item: Definition, needed: Mapping[str, Any]) -> dict[str, Any]:
        """Run the source with `needed` bound, then put every binding back; a definition in force stays bound."""
        namespace = self.namespace
        touched = {*needed, *item.names}
        before = {name: namespace[name] for name in touched if name in namespace}
        namespace.update(needed)
        try:
            exec(_compile(item, self._transform), namespace)  # the user's own code
            made = {name: namespace[name] for name in item.names if name in namespace}
        except Exception as error:
            line = f", line {item.line}" if item.line else ""
            raise MlopsError(
                f"the definition of {', '.join(item.names) or 'the environment'} (cell {item.cell}{line}) failed: "
                f"{type(error).__name__}: {error}"
            ) from error
        finally:
            for name in touched:
                if name in before:
                    namespace[name] = before[name]
                elif name not in item.names or self._in_force.get(name) != item.id:
                    namespace.pop(name, None)
        return made

    def _track(self, item: Definition) -> None:
        if _IMPORT.match(item.source):
            return
        for name, value in self._made[item.id].items():
            if self.by_value.isdisjoint((name, item.id)) and not isinstance(value, _ATOMS):
                self._origins[builtins.id(value)] = (value, (item.id, name))

    def _origin_of_member(self, value: Any) -> Optional[Origin]:
        """A method or an inner class is found through the class that holds it."""
        if not isinstance(value, (FunctionType, type)) or "." not in value.__qualname__:
            return None
        top, _, rest = value.__qualname__.partition(".")
        for holder, (key, name) in list(self._origins.values()):
            if name == top and _member(holder, rest) is value:
                return (key, f"{name}.{rest}")
        return None


def _member(holder: Any, path: str) -> Any:
    for attribute in path.split("."):
        holder = vars(holder).get(attribute) if isinstance(holder, type) else None
        holder = getattr(holder, "__func__", holder)
    return holder


def _compile(item: Definition, transform: Callable[[str], str]) -> CodeType:
    filename = cell_file(item.cell)
    remember_source(filename, item.source, item.line)
    try:
        tree = ast.parse(item.source, filename)
    except SyntaxError:  # a configuration line such as `%matplotlib inline` travels as the user wrote it
        tree = ast.parse(transform(item.source), filename)
    ast.increment_lineno(tree, item.line - 1)
    return compile(tree, filename, "exec", dont_inherit=True)


def _plausible(item: Definition, name: str, value: Any, filename: str) -> bool:
    """Whether the object bound to a name is what the definition made, not something bound later in the cell."""
    if isinstance(value, _ATOMS):
        return False
    head = item.source.lstrip()
    if head.startswith("class "):
        return isinstance(value, type) and value.__qualname__ == name
    if head.startswith(("def ", "async def ")):
        code = value.__code__ if isinstance(value, FunctionType) else None
        last = item.line + item.source.count("\n")
        return code is not None and code.co_filename == filename and item.line <= code.co_firstlineno <= last
    return True
