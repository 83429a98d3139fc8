"""What calling a step in a pipeline gives: its outputs, to pass on and to compare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_mlops.errors import Usage
from jupyter_mlops.pipeline.references import Condition, MetricReference, OutputReference


class StepResult:
    """What calling a step in a pipeline gives: outputs by attribute, key or in order; itself if there is one."""

    def __init__(self, name: str, outputs: tuple[str, ...]) -> None:
        self.step = name
        self._outputs = {output: OutputReference(((name, output),)) for output in outputs}

    @property
    def value_reference(self) -> OutputReference:
        """The only output."""
        if len(self._outputs) != 1:
            raise Usage(
                f"{self.step!r} gives {', '.join(self._outputs) or 'nothing'}.",
                hint="Say which of them: `result.NAME`.",
            )
        return next(iter(self._outputs.values()))

    def metric(self, name: str) -> MetricReference:
        """The last value of a metric that the step logs, for conditions."""
        return MetricReference(self.step, name)

    def __getattr__(self, name: str) -> OutputReference:
        if name.startswith("_") or name not in self._outputs:
            raise AttributeError(f"the step {self.step!r} gives {', '.join(self._outputs)}, not {name!r}")
        return self._outputs[name]

    def __getitem__(self, name: str | int) -> OutputReference:
        return list(self._outputs.values())[name] if isinstance(name, int) else self._outputs[name]

    def __iter__(self) -> Iterator[OutputReference]:
        if len(self._outputs) == 1:
            iter(self.value_reference)
        return iter(self._outputs.values())

    def __eq__(self, other: object) -> Any:
        return self.value_reference == _plain_side(other)

    def __ne__(self, other: object) -> Any:
        return self.value_reference != _plain_side(other)

    def __lt__(self, other: object) -> Condition:
        return self.value_reference < _plain_side(other)

    def __le__(self, other: object) -> Condition:
        return self.value_reference <= _plain_side(other)

    def __gt__(self, other: object) -> Condition:
        return self.value_reference > _plain_side(other)

    def __ge__(self, other: object) -> Condition:
        return self.value_reference >= _plain_side(other)

    def __bool__(self) -> bool:
        return bool(self.value_reference)

    __hash__ = object.__hash__


def _plain_side(other: object) -> object:
    return other.value_reference if isinstance(other, StepResult) else other


def step_names(after: Any) -> tuple[str, ...]:
    """Names of the steps that `after` means: results, names, or a list of them."""
    items = after if isinstance(after, list | tuple | set) else [after]
    return tuple(item if isinstance(item, str) else item.step for item in items)
