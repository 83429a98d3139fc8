"""Pipelines in Python: functions, whole notebooks and other pipelines as steps.

@mlops.step(cpu=2, retries=3, outputs=("model", "acc"))
def train(data, depth: int = 3): ...

@mlops.pipeline
def main(n: int = 100):
    model, acc = train(load(n))
    with mlops.when(acc > 0.9):
        mlops.notebook("report.ipynb", acc=acc)
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.builder import OpenLoop, building, current, required
from jupyter_mlops.pipeline.function_step import FunctionStep
from jupyter_mlops.pipeline.model import Component, Input, Pipeline, Step
from jupyter_mlops.pipeline.options import read_options
from jupyter_mlops.pipeline.pipeline_file import load_pipeline_file
from jupyter_mlops.pipeline.references import (
    Condition,
    ItemReference,
    OutputReference,
    ParameterReference,
    Reference,
    refuse_value,
)
from jupyter_mlops.pipeline.results import StepResult, step_names
from jupyter_mlops.pipeline.signatures import parameters_of
from jupyter_mlops.pipeline.subpipelines import SubpipelineResult, add_subpipeline
from jupyter_mlops.pipeline.values import is_plain
from jupyter_mlops.runtime import expressions

__all__ = [
    "FunctionStep",
    "PipelineFunction",
    "StepResult",
    "first",
    "for_each",
    "load_pipeline_file",
    "notebook",
    "pipeline",
    "step",
    "subpipeline",
    "when",
]


class PipelineFunction:
    """A function whose calls of steps make a pipeline. Called, it gives the `Pipeline`."""

    def __init__(self, function: Callable[..., Any], settings: Mapping[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._settings = dict(settings)

    def __call__(self, **defaults: Any) -> Any:
        """The pipeline; inside another pipeline, its steps become part of that one."""
        if current() is not None:
            return subpipeline(self.build(), **defaults)
        return self.build(**defaults)

    def build(self, **defaults: Any) -> Pipeline:
        """The pipeline, with these defaults instead of those in the signature."""
        parameters = parameters_of(self.function, defaults)
        file = _file_of(self.function)
        folder = file.parent if file else Path.cwd()
        with building(folder) as builder:
            self.function(**{item.name: ParameterReference(item.name, is_path=item.is_path) for item in parameters})
        return builder.build(
            str(self._settings.get("name") or self.function.__name__),
            parameters,
            experiment=str(self._settings.get("experiment") or "default"),
            description=str(self._settings.get("description") or inspect.getdoc(self.function) or ""),
            cwd=str(folder),
        )


@overload
def step(function: Callable[..., Any], /) -> FunctionStep: ...
@overload
def step(**options: Any) -> Callable[[Callable[..., Any]], FunctionStep]: ...
def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a step. Options are those of a step (`cpu=2, retries=3, exit=True`), `name` and `outputs`.

    With `outputs=("a", "b")` the function returns a tuple, a dict or a named tuple of them. Its arguments may be
    results of other steps, parameters, and plain data.
    """
    if function is not None:
        return FunctionStep(function, options)
    read_options({name: value for name, value in options.items() if name not in ("name", "outputs")})
    return lambda decorated: FunctionStep(decorated, options)


@overload
def pipeline(function: Callable[..., Any], /) -> PipelineFunction: ...
@overload
def pipeline(**settings: Any) -> Callable[[Callable[..., Any]], PipelineFunction]: ...
def pipeline(function: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Make a function a pipeline: its parameters are the pipeline's, the steps it calls are its steps.

    Settings: `name`, `experiment`, `description`.
    """
    unknown = set(settings) - {"name", "experiment", "description"}
    if unknown:
        raise Usage(f"@mlops.pipeline has no setting {min(unknown)!r}.", hint="name, experiment, description.")
    if function is not None:
        return PipelineFunction(function, settings)
    return lambda decorated: PipelineFunction(decorated, settings)


def notebook(
    path: str | os.PathLike[str],
    *,
    after: Any = (),
    name: str = "",
    options: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> StepResult:
    """A whole notebook as one step, run through its own kernel by papermill, with these parameters.

    The path is relative to the pipeline's file. Parameters are plain data, also where they come from other steps.
    """
    builder = required("mlops.notebook")
    step_name = builder.unused(name or Path(path).stem)
    params, literals, inputs = {}, {}, []
    for key, given in parameters.items():
        value = getattr(given, "value_reference", given)
        if isinstance(value, ParameterReference):
            params[key] = value.name
        elif isinstance(value, OutputReference) and not builder.in_this_loop(value):
            inputs.append(Input(key, builder.source(value, plain=True)))
        elif isinstance(value, ItemReference) and value.loop is builder.loop:
            if value.variable != key:
                raise Usage(f"{step_name!r} takes the loop's item as {key!r}.", hint=f"for_each(..., name={key!r})")
        elif is_plain(value):
            literals[key] = value
        else:
            refuse_value(value, f"{key!r} of {step_name!r}")
    builder.add(
        Step(
            name=step_name,
            component=Component("notebook", notebook=os.fspath(path)),
            inputs=tuple(inputs),
            params=params,
            arguments=literals,
            after=step_names(after),
            options=read_options(options or {}),
            title=step_name,
        )
    )
    return StepResult(step_name, ())


def subpipeline(
    source: str | os.PathLike[str] | Pipeline | PipelineFunction, *, name: str = "", **parameters: Any
) -> SubpipelineResult:
    """The steps of a notebook or of another pipeline as a group of steps of this one, named `GROUP.STEP`.

    The path is relative to the pipeline's file; the steps run in their own notebook's folder. `parameters` override
    the defaults there. `group["model"]` is the last value of a name, and `after=group` waits for all of it.
    """
    builder = required("mlops.subpipeline")
    if isinstance(source, PipelineFunction):
        source = source.build()
    inner = source if isinstance(source, Pipeline) else Pipeline.from_notebook(builder.folder / source)
    given = {key: getattr(value, "value_reference", value) for key, value in parameters.items()}
    return add_subpipeline(builder, inner, name or inner.name, given)


@contextmanager
def when(condition: str | Condition | Reference | StepResult, **names: Any) -> Iterator[Condition]:
    """Steps in the block run only if the condition holds: `when(acc > 0.9)` or `when("acc > 0.9", acc=acc)`.

    `with mlops.when(...) as yes:` names it, so that `with mlops.when(~yes):` is the other case.
    """
    builder = required("mlops.when")
    chosen = _condition(condition, names)
    builder.conditions.append(chosen)
    try:
        yield chosen
    finally:
        builder.conditions.pop()


@contextmanager
def for_each(items: Iterable[Any] | Reference | StepResult, name: str = "item") -> Iterator[ItemReference]:
    """Steps in the block run once an item: `with mlops.for_each([2, 4, 8]) as depth:`. Outside, results are lists.

    Inside the block a result is that of the same item. Items are plain data, a parameter, or what a step gives.
    """
    builder = required("mlops.for_each")
    if builder.loop is not None:
        raise Usage("A loop cannot be inside another loop.", hint="Loop over the pairs: itertools.product.")
    value = getattr(items, "value_reference", items)
    if isinstance(value, Reference):
        loop = OpenLoop(name, value.label, {value.label: value})
    else:
        listed = [list(item) if isinstance(item, tuple) else item for item in value]
        if not is_plain(listed):
            refuse_value(next(item for item in listed if not is_plain(item)), "An item of a loop")
        loop = OpenLoop(name, values=tuple(listed))
    builder.loop = loop
    try:
        yield ItemReference(loop, name)
    finally:
        builder.loop = None


def first(*results: OutputReference | StepResult) -> OutputReference:
    """The result of the first of these steps that was not skipped by its condition."""
    references = [item.value_reference if isinstance(item, StepResult) else item for item in results]
    if not references:
        raise Usage("`first` takes results of steps.")
    return OutputReference(tuple(source for item in references for source in item.sources))


def _condition(condition: str | Condition | Reference | StepResult, names: Mapping[str, Any]) -> Condition:
    if isinstance(condition, Condition):
        return condition
    if isinstance(condition, StepResult):
        condition = condition.value_reference
    if isinstance(condition, Reference):
        return condition.condition()
    expressions.names(condition)
    return Condition(condition, {name: getattr(value, "value_reference", value) for name, value in names.items()})


def _file_of(function: Callable[..., Any]) -> Path | None:
    file = inspect.unwrap(function).__code__.co_filename
    return Path(file).absolute() if not file.startswith("<") and Path(file).exists() else None
