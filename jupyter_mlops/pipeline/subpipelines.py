"""A pipeline inside another one: its steps become a group of steps, its parameters are given by the outer one."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.parameter_types import plain
from jupyter_mlops.notebook.parameters import bind
from jupyter_mlops.pipeline.builder import Builder
from jupyter_mlops.pipeline.model import Component, Input, Options, Pipeline, Step
from jupyter_mlops.pipeline.references import OutputReference, ParameterReference, Reference, refuse_value


class SubpipelineResult:
    """The group of steps. `result["model"]` is the last value of a name; in `after` it stands for all its steps."""

    def __init__(self, builder: Builder, steps: tuple[str, ...], group: str) -> None:
        self._builder = builder
        self._steps = steps
        self.group = group

    @property
    def step(self) -> str:
        """The last step of the group."""
        return self._steps[-1]

    def __getitem__(self, name: str) -> OutputReference:
        for step_name in reversed(self._steps):
            step = self._builder.steps[step_name]
            if name in step.outputs or name in step.final:
                if name not in step.outputs:
                    self._builder.steps[step_name] = replace(step, outputs=(*step.outputs, name))
                return OutputReference(((step_name, name),))
        raise Usage(f"No step of {self.group!r} makes {name!r}.", hint="A group gives what its cells assign.")


def add_subpipeline(builder: Builder, inner: Pipeline, group: str, given: Mapping[str, Any]) -> SubpipelineResult:
    """Add the steps of `inner`, named `GROUP.STEP`, with its parameters bound to `given` or their defaults.

    Raises:
        Usage: a parameter that it does not have, or that has no value; a loop around a group.
    """
    if builder.loop is not None:
        raise Usage("A group of steps cannot be inside a loop.", hint="Use mlops.notebook, or loop inside it.")
    number, prefix = 1, group
    while any(name.startswith(f"{prefix}.") for name in builder.steps):
        number += 1
        prefix = f"{group}-{number}"
    values = _parameters(inner, given, group)
    for step in inner.ordered():
        builder.add(_Moved(builder, inner, prefix, values).step(step))
    return SubpipelineResult(builder, tuple(f"{prefix}.{step.name}" for step in inner.ordered()), prefix)


def _parameters(inner: Pipeline, given: Mapping[str, Any], group: str) -> dict[str, Any]:
    """What each parameter of the group is: a value, or what the outer pipeline gives when it runs."""
    references = {
        name: value for name, value in given.items() if isinstance(value, ParameterReference | OutputReference)
    }
    literals = {name: value for name, value in given.items() if name not in references}
    for name, value in literals.items():
        if isinstance(value, Reference) or not _can_be_plain(value):
            refuse_value(value, f"{name!r} of {group!r}")
    try:
        values = bind(inner.parameters, literals, later=tuple(references))
    except Usage as error:
        raise Usage(f"In {group!r}: {error.message}", hint=error.hint) from error
    return {
        item.name: references[item.name] if item.name in references else values[item.name] for item in inner.parameters
    }


def _can_be_plain(value: Any) -> bool:
    try:
        plain(value)
    except ValueError:
        return False
    return True


class _Moved:
    """Steps of a pipeline on their way into another: names, parameters and expressions rewritten."""

    def __init__(self, builder: Builder, inner: Pipeline, prefix: str, values: Mapping[str, Any]) -> None:
        self._builder = builder
        self._inner = inner
        self._prefix = prefix
        self._values = values

    def step(self, step: Step) -> Step:
        literals, params, inputs = dict(step.arguments), {}, [self._input(item) for item in step.inputs]
        for local, name in step.params.items():
            value = self._values[name]
            if isinstance(value, ParameterReference):
                params[local] = value.name
            elif isinstance(value, OutputReference):
                inputs.append(Input(local, self._builder.source(value)))
            else:
                literals[local] = value
        return replace(
            step,
            name=self._named(step.name),
            component=self._component(step.component),
            inputs=tuple(inputs),
            controls=(*(self._input(item) for item in step.controls), *self._control_parameters(step)),
            after=tuple(self._named(name) for name in step.after),
            params=params,
            arguments=literals,
            options=self._options(step.options),
            group=f"{self._prefix}.{step.group}" if step.group else self._prefix,
        )

    def _named(self, name: str) -> str:
        return f"{self._prefix}.{name}"

    def _input(self, item: Input) -> Input:
        return replace(item, sources=tuple((self._named(step), name) for step, name in item.sources))

    def _component(self, component: Component) -> Component:
        if self._inner.cwd:
            folder = os.path.relpath(os.path.join(self._inner.cwd, component.folder), self._builder.folder)
            component = replace(component, folder="" if folder == os.curdir else folder)
        origin = self._inner.notebook
        if component.kind == "notebook" or not origin:
            return component

        def named(cells: Any) -> Any:
            return tuple(cell if cell.notebook else replace(cell, notebook=origin) for cell in cells)

        return replace(component, cells=named(component.cells), setup=named(component.setup))

    def _options(self, options: Options) -> Options:
        loop = options.for_each
        return replace(
            options,
            when=self._expression(options.when) if options.when else None,
            for_each=replace(loop, items=self._expression(loop.items)) if loop and loop.items else loop,
        )

    def _expression(self, text: str) -> str:
        """The expression with each parameter replaced by its value, or by the outer parameter's name."""
        return ast.unparse(_Substituted(self._values).visit(ast.parse(text, mode="eval")))

    def _control_parameters(self, step: Step) -> tuple[Input, ...]:
        from jupyter_mlops.pipeline.expressions import names_read

        values = {name: self._values[name] for name in sorted(names_read(step)) if name in self._values}
        return tuple(
            Input(name, self._builder.source(value, plain=True))
            for name, value in values.items()
            if isinstance(value, OutputReference)
        )


class _Substituted(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`params.n` is a parameter of the inner pipeline, too; `metrics.acc` stays."""
        if isinstance(node.value, ast.Name) and node.value.id == "params" and node.attr in self._values:
            return self._value(node.attr, node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A bare name is a parameter where the inner pipeline has one."""
        return self._value(node.id, node) if node.id in self._values else node

    def _value(self, name: str, node: ast.expr) -> ast.AST:
        value = self._values[name]
        if isinstance(value, ParameterReference):
            return ast.copy_location(ast.Name(value.name, ast.Load()), node)
        if isinstance(value, OutputReference):
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        return ast.copy_location(ast.parse(repr(value), mode="eval").body, node)
