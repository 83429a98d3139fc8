"""The pipeline that is being built: steps are added to it while the pipeline's function runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.model import Input, Loop, Parameter, Pipeline, Step
from jupyter_mlops.pipeline.references import (
    Condition,
    ItemReference,
    MetricReference,
    OutputReference,
    ParameterReference,
    Reference,
    refuse_value,
)
from jupyter_mlops.pipeline.values import is_plain

_current: ContextVar[Builder | None] = ContextVar("pipeline", default=None)


@dataclass(frozen=True)
class OpenLoop:
    """A `for_each` block that steps are being added to: over `values`, or over what `items` reads by its `names`."""

    variable: str
    items: str = ""
    names: Mapping[str, Reference] = field(default_factory=dict)
    values: tuple[Any, ...] | None = None

    def loop(self, *, indexed: bool) -> Loop:
        """The loop of a step inside: over the items, or over their positions."""
        if not indexed:
            return Loop(self.variable, self.items, self.values)
        if self.values is None:
            return Loop(index_variable(self), f"range(len({self.items}))")
        return Loop(index_variable(self), values=tuple(range(len(self.values))))


@dataclass
class Arguments:
    """What a step's call takes, gathered argument by argument: `code` is how the call spells each of them."""

    code: dict[str, str] = field(default_factory=dict)
    literals: dict[str, Any] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    indexed: bool = False


class Builder:
    """One pipeline under construction. `folder` is where its steps run, and what paths in it are relative to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: dict[str, Step] = {}
        self.conditions: list[Condition] = []
        self.loop: OpenLoop | None = None
        self.loops: dict[str, OpenLoop] = {}

    def unused(self, name: str) -> str:
        """A step name that is free: `train`, then `train-2`."""
        number, found = 1, name
        while found in self.steps:
            number += 1
            found = f"{name}-{number}"
        return found

    def add(self, step: Step, *, indexed: bool = False) -> None:
        """Add a step, with the conditions and the loop that it is inside; `indexed` steps go over its positions."""
        if self.loop is not None:
            step = self._in_loop(step, self.loop, indexed=indexed)
        for condition in self.conditions:
            step = self._under(step, condition)
        self.steps[step.name] = step

    def source(self, reference: OutputReference, *, plain: bool = False) -> tuple[tuple[str, str], ...]:
        """The reference's sources; with `plain` their steps export the value, so that expressions can read it."""
        for step, name in reference.sources:
            if step not in self.steps:
                raise Usage(f"`{reference.label}` belongs to another pipeline.", hint="Call its step in this one.")
            if plain and name not in self.steps[step].exports:
                self.steps[step] = replace(self.steps[step], exports=(*self.steps[step].exports, name))
        return reference.sources

    def in_this_loop(self, reference: OutputReference) -> bool:
        """Whether the value is made item by item in the loop that is open now."""
        return self.loop is not None and any(self.loops.get(step) is self.loop for step, _ in reference.sources)

    def build(self, name: str, parameters: Sequence[Parameter], **fields: Any) -> Pipeline:
        """The finished pipeline."""
        return Pipeline(name=name, steps=tuple(self.steps.values()), parameters=tuple(parameters), **fields)

    def _in_loop(self, step: Step, loop: OpenLoop, *, indexed: bool) -> Step:
        self.loops[step.name] = loop
        options = replace(step.options, for_each=loop.loop(indexed=indexed))
        return self._reading(replace(step, options=options), loop.names)

    def _under(self, step: Step, condition: Condition) -> Step:
        when = step.options.when
        text = condition.text if when is None else f"({when}) and ({condition.text})"
        after = tuple(dict.fromkeys((*step.after, *condition.after)))
        return self._reading(replace(step, options=replace(step.options, when=text), after=after), condition.names)

    def _reading(self, step: Step, names: Mapping[str, Reference]) -> Step:
        """The step with controls for what an expression reads."""
        known = {item.name for item in step.controls}
        controls = list(step.controls)
        for name, reference in names.items():
            if isinstance(reference, OutputReference) and name not in known:
                controls.append(Input(name, self.source(reference, plain=True)))
            elif isinstance(reference, ItemReference):
                raise Usage("A condition cannot depend on the loop's item.", hint="Decide it inside the step.")
        return replace(step, controls=tuple(controls))


def current() -> Builder | None:
    """The pipeline that is being built here, None outside of one."""
    return _current.get()


def required(what: str) -> Builder:
    """The pipeline that is being built.

    Raises:
        Usage: none is.
    """
    builder = _current.get()
    if builder is None:
        raise Usage(f"{what} belongs inside a function decorated with @mlops.pipeline.")
    return builder


@contextmanager
def building(folder: Path) -> Iterator[Builder]:
    """Steps that are called in the block are added to a new pipeline, of that folder."""
    builder = Builder(folder)
    token = _current.set(builder)
    try:
        yield builder
    finally:
        _current.reset(token)


def index_variable(loop: OpenLoop) -> str:
    """The name of a loop's position, for steps that take values from others in the same loop."""
    return f"{loop.variable}_index"


def bind_arguments(builder: Builder, given: Mapping[str, Any], step: str) -> Arguments:
    """Bind each argument of a step's call to a name of its own, `mlops_NAME`, and give the code that spells it."""
    arguments = Arguments()
    chained = builder.loop is not None and any(_takes_from_loop(builder, value) for value in given.values())
    arguments.indexed = chained
    for name, value in given.items():
        arguments.code[name] = _bind(builder, arguments, f"mlops_{name}", value, f"{name!r} of {step!r}")
    return arguments


def _takes_from_loop(builder: Builder, value: Any) -> bool:
    value = getattr(value, "value_reference", value)
    if isinstance(value, OutputReference):
        return builder.in_this_loop(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return any(_takes_from_loop(builder, part) for part in parts)


def _bind(builder: Builder, arguments: Arguments, name: str, value: Any, where: str) -> str:
    """The code of one value; what it takes is added to `arguments`."""
    value = getattr(value, "value_reference", value)
    if isinstance(value, ParameterReference):
        arguments.params[name] = value.name
        if value.is_path:
            arguments.paths.append(name)
        return name
    if isinstance(value, ItemReference):
        return _bind_item(builder, arguments, name, value)
    if isinstance(value, OutputReference):
        arguments.inputs.append(Input(name, builder.source(value)))
        loop = builder.loop
        return f"{name}[{index_variable(loop)}]" if loop and builder.in_this_loop(value) else name
    if isinstance(value, MetricReference):
        raise Usage(f"{where} cannot be a metric.", hint="Return the number from its step, and pass that.")
    if isinstance(value, PurePath):
        arguments.literals[name] = str(value)
        arguments.paths.append(name)
        return name
    if is_plain(value):
        arguments.literals[name] = value
        return name
    if isinstance(value, list | tuple):
        parts = [_bind(builder, arguments, f"{name}_{index}", part, where) for index, part in enumerate(value)]
        return f"[{', '.join(parts)}]" if isinstance(value, list) else f"({''.join(f'{part}, ' for part in parts)})"
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        pairs = [
            f"{key!r}: {_bind(builder, arguments, f'{name}_{index}', part, where)}"
            for index, (key, part) in enumerate(value.items())
        ]
        return f"{{{', '.join(pairs)}}}"
    return refuse_value(value, where)


def _bind_item(builder: Builder, arguments: Arguments, name: str, item: ItemReference) -> str:
    loop = builder.loop
    if loop is not item.loop or loop is None:
        raise Usage(f"`{item.label}` is known only inside its `with mlops.for_each(...)` block.")
    reference = next(iter(loop.names.values()), None)
    if getattr(reference, "is_path", False):
        arguments.paths.append(name if arguments.indexed else loop.variable)
    if not arguments.indexed:
        return loop.variable
    if isinstance(reference, OutputReference):
        arguments.inputs.append(Input(name, builder.source(reference)))
    elif isinstance(reference, ParameterReference):
        arguments.params[name] = reference.name
    else:
        arguments.literals[name] = list(loop.values or ())
    return f"list({name})[{index_variable(loop)}]"
