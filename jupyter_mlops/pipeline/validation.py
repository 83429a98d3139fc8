"""What keeps a pipeline from running: one small rule a function, each yields problems."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jupyter_mlops.pipeline import expressions
from jupyter_mlops.pipeline.model import Pipeline, Step
from jupyter_mlops.pipeline.topology import cycle, needs_of

MAX_NAME = 200
_BAD_NAME = re.compile(r"[/\\\x00-\x1f\x7f\[\]#]|^\s|\s$|^\.")

Rule = Callable[[Pipeline], Iterator["Problem"]]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `code` is stable; `step` is where ("" for the pipeline as a whole)."""

    code: str
    message: str
    step: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


def problems(pipeline: Pipeline) -> Iterator[Problem]:
    """All problems, rule by rule."""
    for rule in RULES:
        yield from rule(pipeline)


def _empty(pipeline: Pipeline) -> Iterator[Problem]:
    if not pipeline.steps:
        yield Problem("empty", f"The pipeline {pipeline.name!r} has no step.")


def _names(pipeline: Pipeline) -> Iterator[Problem]:
    for step in pipeline.steps:
        if not step.name:
            yield Problem("bad-name", "A step has no name.")
        elif len(step.name) > MAX_NAME:
            yield Problem(
                "bad-name", f"The step name {step.name[:40]!r}... has more than {MAX_NAME} characters.", step.name
            )
        elif _BAD_NAME.search(step.name):
            hint = "Leave out / \\ [ ] #, control characters, a leading dot and spaces at the ends."
            yield Problem("bad-name", f"{step.name!r} cannot be the name of a step.", step.name, hint)


def _duplicates(pipeline: Pipeline) -> Iterator[Problem]:
    for name, times in Counter(step.name for step in pipeline.steps).items():
        if times > 1:
            yield Problem("duplicate-step", f"{times} steps are named {name!r}.", name, "Rename all but one.")
    for name, times in Counter(item.name for item in pipeline.parameters).items():
        if times > 1:
            yield Problem("duplicate-parameter", f"{times} parameters are named {name!r}.", hint="Rename all but one.")


def _references(pipeline: Pipeline) -> Iterator[Problem]:
    for step in pipeline.steps:
        for name in step.needs:
            if name not in pipeline.by_name:
                message = f"{step.name!r} comes after {name!r}, but there is no such step."
                yield Problem("unknown-step", message, step.name, f"Steps: {', '.join(pipeline.by_name)}.")


def _hand_over(pipeline: Pipeline) -> Iterator[Problem]:
    for step in pipeline.steps:
        for item in step.inputs:
            for source, name in item.sources:
                made_by = pipeline.by_name.get(source)
                if made_by and name not in (*made_by.outputs, *made_by.exports):
                    yield Problem(
                        "unknown-output",
                        f"{step.name!r} takes {name!r} from {source!r}, which does not hand it on.",
                        step.name,
                    )
        for item in step.controls:
            for source, name in item.sources:
                made_by = pipeline.by_name.get(source)
                if made_by and name not in made_by.exports:
                    yield Problem(
                        "unknown-output",
                        f"A condition or loop of {step.name!r} reads {name!r} of {source!r}, which does not export it.",
                        step.name,
                    )


def _parameters(pipeline: Pipeline) -> Iterator[Problem]:
    known = {item.name for item in pipeline.parameters}
    for step in pipeline.steps:
        for parameter in step.params.values():
            if parameter not in known:
                message = f"{step.name!r} reads the parameter {parameter!r}, which the pipeline does not have."
                yield Problem("unknown-parameter", message, step.name)


def _cycles(pipeline: Pipeline) -> Iterator[Problem]:
    path = cycle(needs_of(pipeline.steps))
    if path:
        yield Problem("cycle", f"The steps form a cycle: {' -> '.join(path)}.", path[0], "Remove one of these edges.")


def _exit_steps(pipeline: Pipeline) -> Iterator[Problem]:
    exits = {step.name for step in pipeline.steps if step.options.exit}
    for step in pipeline.steps:
        for name in step.needs:
            if name in exits and step.name not in exits:
                message = f"{step.name!r} comes after {name!r}, which is an exit step and runs at the very end."
                yield Problem("after-exit-step", message, step.name, "Make it an exit step too, or remove the edge.")


def _controls(pipeline: Pipeline) -> Iterator[Problem]:
    parameters = {item.name for item in pipeline.parameters}
    for step in pipeline.steps:
        for message in expressions.problems(step, parameters):
            yield Problem("bad-expression", message, step.name)


def _options(pipeline: Pipeline) -> Iterator[Problem]:
    for step in pipeline.steps:
        for message in _bad_options(step):
            yield Problem("bad-option", message, step.name)


def _bad_options(step: Step) -> Iterator[str]:
    options = step.options
    if options.timeout is not None and options.timeout <= 0:
        yield f"The timeout of {step.name!r} must be more than 0 seconds."
    if options.retries.limit < 0 or options.retries.delay < 0 or options.retries.backoff < 1:
        yield f"The retries of {step.name!r} need limit >= 0, delay >= 0 and backoff >= 1."
    for name, number in (("cpu", options.cpu), ("gpu", options.gpu)):
        if number is not None and (number < 0 or (name == "cpu" and number == 0)):
            yield f"{name} of {step.name!r} cannot be {number}."


RULES: tuple[Rule, ...] = (
    _empty,
    _names,
    _duplicates,
    _references,
    _hand_over,
    _parameters,
    _cycles,
    _exit_steps,
    _controls,
    _options,
)
