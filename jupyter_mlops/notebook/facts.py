"""What one cell does to names, seen from its source alone: the facts that everything else asks.

`scopes.read_scopes(source)` makes `CellFacts`; it depends on nothing but the source, so it is kept per source.
References in events: a global name is written as it is, a local `.name:scope`, a name of an enclosing function
`^name:scope`, and the value of an expression is a number (a temporary).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from jupyter_mlops.notebook.ipython_source import MagicUse, SyntaxProblem

Ref = str | int
StoreKind = Literal["value", "import", "function", "class", "delete"]


@dataclass(frozen=True, slots=True)
class Use:
    """A global name that is read. `sure`: it is read whenever the code runs to its end.

    `function` is the function or class method in whose body it stands, "" where it is read when the cell runs.
    """

    name: str
    line: int
    sure: bool = True
    function: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """A global name that is set (or deleted). `sure`: it is set whenever the cell runs to its end."""

    name: str
    line: int
    sure: bool = True
    kind: StoreKind = "value"


class Value(NamedTuple):
    """What an expression may give: one of `same`, something inside one of `part`, or a fresh object that holds `held`
    and what is inside `inner`; with `nested` also something fresh that has no name (`[[]]`).

    It is an object (something that can be changed in place) if `fresh`, or if one of `same`, `part` or `operands` is.
    `chain` spells a dotted name: `np.random` -> ("np", "random"). `elements` are those of a tuple display; `position`
    says
    which element of `part` it is, if that is known; with `row`, of each thing in `part` (a loop over tuples).
    """

    same: tuple[Ref, ...] = ()
    part: tuple[Ref, ...] = ()
    held: tuple[Ref, ...] = ()
    inner: tuple[Ref, ...] = ()
    operands: tuple[Ref, ...] = ()
    fresh: bool = False
    nested: bool = False
    chain: tuple[str, ...] = ()
    elements: tuple[Value, ...] = ()
    position: int = -1
    row: bool = False

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Everything that it may share an object with."""
        return self.same + self.part + self.held + self.inner


NOTHING = Value()


def inside(value: Value) -> Value:
    """Something inside the value: an element, an attribute."""
    return Value(same=value.held, part=value.same + value.part + value.inner)


def holding(values: Iterable[Value]) -> Value:
    """A container of the values."""
    refs: tuple[Ref, ...] = ()
    fresh = False
    for value in values:
        refs += value.refs
        fresh |= value.fresh or value.nested
    return Value(held=refs, operands=refs, fresh=fresh, nested=fresh)


def either(values: Iterable[Value]) -> Value:
    """One of the values."""
    same: tuple[Ref, ...] = ()
    part: tuple[Ref, ...] = ()
    held: tuple[Ref, ...] = ()
    inner: tuple[Ref, ...] = ()
    operands: tuple[Ref, ...] = ()
    fresh = False
    for value in values:
        same, part, held = same + value.same, part + value.part, held + value.held
        inner, operands, fresh = inner + value.inner, operands + value.operands, fresh or value.fresh
    return Value(same, part, held, inner, operands, fresh)


class Read(NamedTuple):
    """A global name is read that this code has not surely set before.

    `called`: only to call it; `optional`: in a shell line, where a name that is not there is no error.
    """

    name: str
    line: int
    sure: bool
    called: bool = False
    optional: bool = False


class Bind(NamedTuple):
    """A name is set to a value. `text` is what is known of it as a path (see `files`)."""

    name: str
    value: Value
    line: int
    sure: bool
    kind: StoreKind = "value"
    text: Text = ()
    module: str = ""


class Unbind(NamedTuple):
    """A name is deleted."""

    name: str
    line: int
    sure: bool


class Mutate(NamedTuple):
    """An object is changed in place; then `adds` is inside it."""

    value: Value
    adds: Value
    line: int
    sure: bool


class Protocol(NamedTuple):
    """Python calls methods of these names on something: `__getitem__`, `__iter__`, `__add__`; they give `result`.

    `given` are the arguments: the index, the value that is set, the other operand.
    """

    result: int
    value: Value
    names: tuple[str, ...]
    line: int
    sure: bool
    given: Value = NOTHING


class Attribute(NamedTuple):
    """An attribute is asked for, not to call it: it may be a property, or a method that somebody calls later."""

    result: int
    value: Value
    name: str
    line: int
    sure: bool


class Call(NamedTuple):
    """A call: `root.path(...)` where `root` is a reference to a name; without one, method `path` of `receiver`.

    `texts` are arguments known as texts, by position or keyword; `flags` the keywords given as `True`, and `*` if
    some arguments are spread.
    """

    result: int
    root: str
    path: tuple[str, ...]
    receiver: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]
    line: int
    sure: bool
    texts: tuple[tuple[str | int, Text], ...] = ()
    flags: frozenset[str] = frozenset()


class Keep(NamedTuple):
    """The value of an expression is kept before names that it uses are set again (`a, b = b, a`)."""

    result: int
    value: Value


class MakeFunction(NamedTuple):
    """A function or lambda is made; `holds` are its defaults and decorators' values."""

    result: int
    code: FunctionFacts
    holds: Value
    line: int


class MakeClass(NamedTuple):
    """A class is made from bases and methods."""

    result: int
    code: ClassFacts
    holds: Value
    line: int


class Identity(NamedTuple):
    """Objects are compared by `is`: whether they are one object matters."""

    values: tuple[Value, ...]
    line: int


class Return(NamedTuple):
    """A function may give this."""

    value: Value


# What is known of a string or path: pieces of text, and references to names of strings, each in a tuple of one.
Text = tuple["str | tuple[str]", ...]
Event = (
    Read | Keep | Protocol | Attribute | Bind | Unbind | Mutate | Call | MakeFunction | MakeClass | Identity | Return
)


@dataclass(frozen=True, eq=False)
class FunctionFacts:
    """A function's body. `parameters` are references in order; `variadic` those that take what is left over.

    `captured` are variables of functions around it; `sure_writes` globals that it surely sets; `marks` the last names
    of its decorators.
    """

    name: str
    line: int
    parameters: tuple[str, ...]
    keyword_only: tuple[str, ...]
    variadic: tuple[str, ...]
    events: tuple[Event, ...]
    captured: tuple[str, ...] = ()
    sure_writes: frozenset[str] = frozenset()
    generator: bool = False
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class ClassFacts:
    """A class: its methods by name, and the names of its bases ("" for one that is no plain name)."""

    name: str
    line: int
    methods: Mapping[str, FunctionFacts]
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StarImport:
    """`from module import *`; `names` is None when they cannot be known without running something."""

    module: str
    line: int
    names: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class CellFacts:
    """All facts of one cell. Lines count from 1 in the cell.

    `loads`: names read before the cell surely sets them, at most one entry a name and function (the first sure one).
    `stores`: the last store of each name. `mutations`: names whose object the cell changes in place, or may change,
    seen without knowing what is called. `dynamic`: calls that see names no analysis can see (`exec`, `globals()`, ...).
    `displays`: the value of the last line, which IPython keeps as `_`.
    """

    loads: tuple[Use, ...] = ()
    stores: Mapping[str, Store] = field(default_factory=dict)
    mutations: tuple[Use, ...] = ()
    dynamic: tuple[Use, ...] = ()
    star_imports: tuple[StarImport, ...] = ()
    magics: tuple[MagicUse, ...] = ()
    syntax_error: SyntaxProblem | None = None
    displays: Value | None = None
    events: tuple[Event, ...] = ()
    files_in: tuple[str, ...] = ()
    files_out: tuple[str, ...] = ()
    files_gone: tuple[str, ...] = ()
    strings: frozenset[str] = frozenset()
