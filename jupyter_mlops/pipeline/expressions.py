"""Conditions and loops before a run: which names they read, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jupyter_mlops.pipeline.model import Step
from jupyter_mlops.runtime import expressions as runtime_expressions
from jupyter_mlops.runtime.errors import MlopsError

# `metrics.acc` is the last value of that metric logged in the run; no step has to hand it over.
METRICS = "metrics"
# `params.n` is the pipeline parameter, also where a step has set a variable of that name.
PARAMS = "params"


def controls(step: Step) -> dict[str, str]:
    """The step's expressions by option: `{"when": "acc > 0.9", "for_each": "range(n)"}`."""
    found = {"when": step.options.when, "for_each": step.options.for_each.items if step.options.for_each else None}
    return {option: expression for option, expression in found.items() if expression}


def names_read(step: Step) -> frozenset[str]:
    """Names that the step's condition and loop read.

    Raises:
        Usage: an expression cannot be read.
    """
    return frozenset(name for expression in controls(step).values() for name in runtime_expressions.names(expression))


def problems(step: Step, parameters: Collection[str]) -> Iterator[str]:
    """What is wrong with the step's expressions, as sentences: syntax, unknown names, the loop's variable."""
    known = {*parameters, METRICS, PARAMS, *(item.name for item in step.controls)}
    for option, expression in controls(step).items():
        try:
            names = runtime_expressions.names(expression)
        except (ValueError, MlopsError) as error:
            yield f"{option} of {step.name!r} cannot be read: {error}"
            continue
        for name in sorted(set(names) - known):
            yield f"{option} of {step.name!r} reads {name!r}, neither a parameter nor a value of an earlier step."
    loop = step.options.for_each
    if loop and not loop.variable.isidentifier():
        yield f"for_each of {step.name!r} needs a Python name for its variable, not {loop.variable!r}."
