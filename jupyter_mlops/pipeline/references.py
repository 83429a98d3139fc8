"""What stands for a value while a pipeline is built: parameters, outputs, loop items; and conditions on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.values import is_plain

_LATER = "Its value is known only when the pipeline runs."


@dataclass(frozen=True)
class Condition:
    """An expression and what its names stand for. `after` are steps whose metrics it reads."""

    text: str
    names: Mapping[str, Reference] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return self._joined("and", other)

    def __or__(self, other: Condition) -> Condition:
        return self._joined("or", other)

    def __invert__(self) -> Condition:
        return Condition(f"not ({self.text})", self.names, self.after)

    def __bool__(self) -> NoReturn:
        raise Usage(f"`{self.text}` cannot be decided here. {_LATER}", hint="Use `with mlops.when(...):`, and & | ~.")

    def _joined(self, word: str, other: Condition) -> Condition:
        text = f"({self.text}) {word} ({other.text})"
        return Condition(text, {**self.names, **other.names}, (*self.after, *other.after))


class Reference(ABC):
    """A value that is not there yet. Comparing it gives a `Condition`; nothing else can be computed with it here."""

    __hash__ = object.__hash__

    @property
    @abstractmethod
    def label(self) -> str:
        """Its name in conditions."""

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: object) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: object) -> Condition:
        return self._compared("<=", other)

    def __gt__(self, other: object) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: object) -> Condition:
        return self._compared(">=", other)

    def __bool__(self) -> NoReturn:
        raise Usage(f"`{self.label}` cannot be tested here. {_LATER}", hint="Use `with mlops.when(...):`.")

    def __iter__(self) -> Iterator[Reference]:
        raise Usage(
            f"`{self.label}` cannot be taken apart here. {_LATER}",
            hint='Name the outputs, `@mlops.step(outputs=("a", "b"))`, or loop with `mlops.for_each`.',
        )

    def condition(self) -> Condition:
        """The reference alone, as a condition: whether it is true."""
        return Condition(self.label, self._names())

    def _names(self) -> Mapping[str, Reference]:
        return {self.label: self}

    def _after(self) -> tuple[str, ...]:
        return ()

    def _compared(self, operator: str, other: object) -> Condition:
        if isinstance(other, Reference):
            names = {**self._names(), **other._names()}
            return Condition(f"{self.label} {operator} {other.label}", names, (*self._after(), *other._after()))
        if not is_plain(other):
            raise Usage(f"`{self.label}` cannot be compared with a {type(other).__name__}.", hint="Use plain values.")
        return Condition(f"{self.label} {operator} {other!r}", self._names(), self._after())


class ParameterReference(Reference):
    """A parameter of the pipeline."""

    def __init__(self, name: str, *, is_path: bool = False) -> None:
        self.name = name
        self.is_path = is_path

    @property
    def label(self) -> str:
        """The parameter's name."""
        return self.name


class OutputReference(Reference):
    """A value that a step hands on. `sources` has several entries for `first`: (step, name) pairs, nearest first."""

    def __init__(self, sources: tuple[tuple[str, str], ...]) -> None:
        self.sources = sources

    @property
    def label(self) -> str:
        """The output's name, or the step's where it has only one."""
        step, name = self.sources[0]
        return identifier(step) if name == RESULT else name


class MetricReference(Reference):
    """The last value of a metric that a step logs."""

    def __init__(self, step: str, name: str) -> None:
        self.step = step
        self.name = name

    @property
    def label(self) -> str:
        """How expressions spell it."""
        return f"metrics.{self.name}" if self.name.isidentifier() else f"metrics[{self.name!r}]"

    def _names(self) -> Mapping[str, Reference]:
        return {}

    def _after(self) -> tuple[str, ...]:
        return (self.step,)


class ItemReference(Reference):
    """The item of a loop, in the steps inside it."""

    def __init__(self, loop: object, variable: str) -> None:
        self.loop = loop
        self.variable = variable

    @property
    def label(self) -> str:
        """The loop's variable."""
        return self.variable


# The name of a step's only output.
RESULT: Literal["result"] = "result"


def identifier(name: str) -> str:
    """A step's name as a Python name."""
    cleaned = "".join(letter if letter.isidentifier() or letter.isdigit() else "_" for letter in name)
    return cleaned if cleaned.isidentifier() else f"_{cleaned}"


def refuse_value(value: Any, where: str) -> NoReturn:
    """Say that a value cannot be part of a pipeline."""
    raise Usage(
        f"{where} cannot be a {type(value).__name__}.",
        hint="Pass plain data (None, bool, int, float, str, lists, dicts), a parameter, or what a step gives.",
    )
