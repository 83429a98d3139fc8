"""What an input is, while a pipeline is read: known, a parameter, made by a step, an item, or a part of these."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from jupyter_mlops.errors import Refused


@dataclass(frozen=True)
class Const:
    """A value that the file says; kept as JSON text, so that it can be compared."""

    text: str

    @property
    def value(self) -> Any:
        """The value."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Param:
    """A parameter of the pipeline."""

    name: str


@dataclass(frozen=True)
class Made:
    """What a step hands on (of several, the one that ran: branches), each time that `loops` around it go round."""

    sources: tuple[tuple[str, str], ...]
    loops: tuple[Loop, ...] = ()


@dataclass(frozen=True)
class Item:
    """The item of the loop at this place among those around it (0 is the outermost)."""

    depth: int


@dataclass(frozen=True)
class Part:
    """A part of a value: what keys and positions lead to."""

    whole: Value
    path: tuple[str | int, ...]


@dataclass(frozen=True)
class First:
    """The first of these that was made, in a loop: branches of a condition on its item."""

    choices: tuple[Value, ...]


@dataclass(frozen=True)
class Ending:
    """How a task ended: the steps that it consists of."""

    task: str
    steps: tuple[str, ...] = field(default=())


Value = Union[Const, Param, Made, Item, Part, First, Ending]


@dataclass(frozen=True)
class Loop:
    """A loop around steps. `items` is known outside of it."""

    name: str
    items: Value


def const(value: Any) -> Const:
    """A value as `Const`."""
    return Const(json.dumps(value))


def leaves(value: Value) -> Iterator[Value]:
    """The values that it consists of, parts and choices taken apart."""
    if isinstance(value, Part):
        yield from leaves(value.whole)
    elif isinstance(value, First):
        for choice in value.choices:
            yield from leaves(choice)
    else:
        yield value


def varies(value: Value, loops: tuple[Loop, ...]) -> bool:
    """Whether it may differ between the items of these loops."""
    return any(
        isinstance(leaf, (Item, First)) or (isinstance(leaf, Made) and leaf.loops[:1] == loops[:1] and loops != ())
        for leaf in leaves(value)
    )


def one_of(choices: list[Value]) -> Value:
    """The one of the choices that is made: of several branches, one runs."""
    made = [choice for choice in choices if isinstance(choice, Made) and not choice.loops]
    if len(made) == len(choices) and made:
        return Made(tuple(source for choice in made for source in choice.sources))
    return First(tuple(choices)) if len(choices) > 1 else choices[0]


_SELECTOR = re.compile(r"\s*parseJson\(string_value\)((?:\[(?:\"[^\"]*\"|'[^']*'|\d+)\])*)\s*")
_KEY = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|(\d+))\]")


def selected(value: Value, selector: str) -> Value:
    """A part of the value as KFP says it: `parseJson(string_value)["a"]`.

    Raises:
        Refused: another expression.
    """
    found = _SELECTOR.fullmatch(selector)
    if found is None:
        raise Refused(f"The file takes a part of a value by {selector!r}, which is not known.")
    keys = tuple(
        int(item[3]) if item[3] is not None else (item[1] or item[2] or "") for item in _KEY.finditer(found[1])
    )
    return Part(value, keys) if keys else value
