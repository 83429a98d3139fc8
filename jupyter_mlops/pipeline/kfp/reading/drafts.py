"""A step on its way from the file into the model: what it takes gets names, what a loop hands it gets places."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp.reading.values import (
    Const,
    Ending,
    First,
    Item,
    Loop,
    Made,
    Param,
    Part,
    Value,
    leaves,
    varies,
)
from jupyter_mlops.pipeline.model import Input
from jupyter_mlops.pipeline.model import Loop as ModelLoop
from jupyter_mlops.pipeline.references import identifier

ITEM = "item"


class Names:
    """One Python name for each value that expressions and steps read; parameters keep their own."""

    def __init__(self, parameters: Sequence[str]) -> None:
        self._taken = {*parameters, ITEM, "metrics", "params"}
        self._known: dict[tuple[tuple[str, str], ...], str] = {}

    def of(self, sources: tuple[tuple[str, str], ...]) -> str:
        """The name of what steps hand on."""
        known = self._known.get(sources)
        if known is None:
            step, key = sources[0]
            wanted = identifier(f"{step}_{key}")
            known, number = wanted, 2
            while known in self._taken:
                known, number = f"{wanted}_{number}", number + 1
            self._taken.add(known)
            self._known[sources] = known
        return known


@dataclass(frozen=True)
class Guard:
    """A condition around steps: the text over names, and what these are."""

    text: str
    values: Mapping[str, Value]

    def varies_in(self, loops: tuple[Loop, ...]) -> bool:
        """Whether it may hold for one item of these loops and not for another."""
        return any(varies(value, loops) for value in self.values.values())


@dataclass
class Draft:
    """Collects what one step takes. First `take` every value, then `source` each."""

    step: str
    names: Names
    loops: tuple[Loop, ...]
    inputs: dict[str, Input] = field(default_factory=dict)
    controls: dict[str, Input] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    _siblings: list[list[Made]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._siblings = [[] for _ in self.loops]

    def take(self, value: Value) -> None:
        """Note that the step needs it."""
        for leaf in leaves(value):
            depth = self._depth(leaf) if isinstance(leaf, Made) else 0
            if isinstance(leaf, Made) and depth and leaf not in self._siblings[depth - 1]:
                self._siblings[depth - 1].append(leaf)
            if isinstance(leaf, Item) and leaf.depth >= len(self.loops):
                raise Refused(f"{self.step!r} reads the item of a loop that it is not in.")

    def _depth(self, made: Made) -> int:
        """In how many loops around this step its value is made, 0 if in none: it then comes whole."""
        shared = 0
        while shared < min(len(made.loops), len(self.loops)) and made.loops[shared] == self.loops[shared]:
            shared += 1
        if shared and shared != len(made.loops):
            raise Refused(
                f"{self.step!r} collects over a loop inside of a loop, within the outer one.",
                hint="Collect outside of both loops.",
            )
        return shared

    def source(self, value: Value) -> dict[str, Any]:
        """The value as the plan says it (`runtime.kfp.sources`)."""
        if isinstance(value, Const):
            return {"const": value.value}
        if isinstance(value, Param):
            self.params[value.name] = value.name
            return {"name": value.name}
        if isinstance(value, Item):
            return {"row": self._item_path(value.depth)}
        if isinstance(value, Part):
            return {"field": self.source(value.whole), "path": list(value.path)}
        if isinstance(value, First):
            return {"any": [self.source(choice) for choice in value.choices]}
        if isinstance(value, Ending):
            name = identifier(f"status of {value.task}")
            self.statuses[name] = list(value.steps)
            return {"final": {"name": name}, "task": value.task}
        return self._made(value)

    def _made(self, value: Made) -> dict[str, Any]:
        depth = self._depth(value)
        if depth:
            place = self._siblings[depth - 1].index(value)
            return {"row": [*self._row_path(depth), 1 + place]}
        name = self.names.of(value.sources)
        self.inputs[name] = Input(name, value.sources)
        whole: dict[str, Any] = {"name": name}
        if len(value.loops) < 2:
            return whole
        return {"rows": whole, "by": [self.source(loop.items) for loop in value.loops[1:]]}

    # The rows of loops: R1 = items1, R2 = product(R1, items2), ...; where other steps of the loop made something for
    # each row, zip(R, theirs, ...).

    def _row_path(self, depth: int) -> list[int]:
        """Where in a row of the innermost loop that of the loop at `depth` (1 is the outermost) is."""
        path: list[int] = []
        for level in range(len(self.loops), depth, -1):
            path += [0, 0] if self._siblings[level - 1] else [0]
        return path

    def _item_path(self, depth: int) -> list[int]:
        path = self._row_path(depth + 1)
        if self._siblings[depth]:
            path.append(0)
        return [*path, 1] if depth else path

    def loop(self) -> ModelLoop | None:
        """The step's `for_each`."""
        if not self.loops:
            return None
        first = self.loops[0].items
        if len(self.loops) == 1 and not self._siblings[0] and isinstance(first, Const):
            return ModelLoop(ITEM, values=tuple(first.value))
        text = ""
        for level, loop in enumerate(self.loops):
            items = self._expression(loop.items)
            text = f"product({text}, {items})" if level else items
            if self._siblings[level]:
                made = [self._control(sibling) for sibling in self._siblings[level]]
                text = f"zip({', '.join((text, *made))})"
        return ModelLoop(ITEM, items=text)

    def when(self, guards: Sequence[Guard]) -> str | None:
        """The condition of the whole step; what depends on a loop's item is left to `runtime.kfp`."""
        texts: list[str] = []
        for guard in guards:
            if guard.varies_in(self.loops):
                continue
            for value in guard.values.values():
                self._expression(value)
            if guard.text not in texts:
                texts.append(guard.text)
        if len(texts) < 2:
            return texts[0] if texts else None
        return " and ".join(f"({text})" for text in texts)

    def _expression(self, value: Value) -> str:
        """The value as text of an expression; what it reads becomes a control."""
        if isinstance(value, Const):
            return repr(value.value)
        if isinstance(value, Param):
            return value.name
        if isinstance(value, Part):
            return self._expression(value.whole) + "".join(f"[{key!r}]" for key in value.path)
        if isinstance(value, Made) and not self._depth(value) and len(value.loops) < 2:
            return self._control(value)
        raise Refused(
            f"{self.step!r} is in a loop over what another loop around it makes.",
            hint="Loop over a parameter, a constant, or what a step outside of the loop gives.",
        )

    def _control(self, value: Made) -> str:
        name = self.names.of(value.sources)
        self.controls[name] = Input(name, value.sources)
        return name


def key(program: Mapping[str, Any]) -> str:
    """A program as the plan keeps it: text, the same for the same program."""
    return json.dumps(program, sort_keys=True, ensure_ascii=False)
