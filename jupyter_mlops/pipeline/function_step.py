"""A function as a step: where a pipeline is being built, calling it adds a step; everywhere else it is a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.builder import bind_arguments, current
from jupyter_mlops.pipeline.function_source import function_source
from jupyter_mlops.pipeline.model import Component, Step
from jupyter_mlops.pipeline.options import read_options
from jupyter_mlops.pipeline.references import RESULT, identifier
from jupyter_mlops.pipeline.results import StepResult, step_names
from jupyter_mlops.pipeline.signatures import output_names
from jupyter_mlops.runtime.spec import CellSource


class FunctionStep:
    """A function that is a step where a pipeline is being built, and a plain function everywhere else."""

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._given = dict(options)

    def with_options(self, **options: Any) -> FunctionStep:
        """The same step with other options (`name`, `retries`, `cpu`, ...)."""
        return FunctionStep(self.function, {**self._given, **options})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a step to the pipeline that is being built; or just call the function. `after` orders steps."""
        builder = current()
        if builder is None:
            return self.function(*args, **kwargs)
        signature = inspect.signature(self.function)
        after = () if "after" in signature.parameters else kwargs.pop("after", ())
        given = _bound(self.function, signature, args, kwargs)
        options = dict(self._given)
        name = builder.unused(str(options.pop("name", "") or self.__name__))
        outputs = tuple(options.pop("outputs", ()) or output_names(self.function))
        arguments = bind_arguments(builder, given, name)
        source = function_source(self.function)
        call = _call_cell(self.function, arguments.code, outputs)
        place = len(source.setup)
        cell = CellSource(place, identifier(name), call, place + 1)
        builder.add(
            Step(
                name=name,
                component=Component("cells", (cell,), source.setup, source.definitions),
                inputs=tuple(arguments.inputs),
                outputs=outputs,
                params=arguments.params,
                arguments=arguments.literals,
                paths=tuple(arguments.paths),
                after=step_names(after),
                options=read_options(options),
                final=outputs,
                modules=source.modules,
                title=name,
            ),
            indexed=arguments.indexed,
        )
        return StepResult(name, outputs)

    __name__: str


def _bound(
    function: Callable[..., Any], signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments by name; those that only a position can name are refused."""
    if any(item.kind is item.VAR_POSITIONAL for item in signature.parameters.values()):
        raise Usage(f"The step {function.__name__!r} takes *args.", hint="Give its parameters names; a list will do.")
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise Usage(f"The step {function.__name__!r} cannot be called like this: {error}.") from error
    given = dict(bound.arguments)
    for item in signature.parameters.values():
        if item.kind is item.VAR_KEYWORD:
            given.update(given.pop(item.name, {}))
        elif item.kind is item.POSITIONAL_ONLY:
            raise Usage(f"The step {function.__name__!r} has positional-only parameters.", hint="Remove the `/`.")
    return given


def _call_cell(function: Callable[..., Any], code: Mapping[str, str], outputs: tuple[str, ...]) -> str:
    call = f"{function.__name__}({', '.join(f'{name}={value}' for name, value in code.items())})"
    if inspect.iscoroutinefunction(function):
        call = f"await {call}"
    if outputs == (RESULT,):
        return f"{RESULT} = {call}"
    names = ", ".join(outputs) + ("," if len(outputs) == 1 else "")
    return (
        f"mlops_returned = {call}\n"
        f"if isinstance(mlops_returned, dict):\n    mlops_returned = [mlops_returned[name] for name in {outputs!r}]\n"
        f'elif hasattr(mlops_returned, "_fields"):\n'
        f"    mlops_returned = [getattr(mlops_returned, name) for name in {outputs!r}]\n"
        f"{names} = mlops_returned"
    )
