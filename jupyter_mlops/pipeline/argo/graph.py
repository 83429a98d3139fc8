"""The tasks of a Workflow's graphs, and what each waits for.

The pod of a task is the judge: it looks at the run's record and skips its step where the engine would. What the graph
says can only keep pods from being started for nothing, so every clause here may be weaker than the truth, and none
stronger: a step that the engine would run is always started, and after all it needs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from jupyter_mlops.pipeline.expressions import METRICS, names_read
from jupyter_mlops.pipeline.kfp.names import Names, slugged
from jupyter_mlops.pipeline.model import Pipeline, Step

# Phases of a task of Argo's that let another go on, by what the other needs of it.
_MADE = ("Succeeded",)
_OVER_WELL = ("Succeeded", "Skipped", "Omitted")
_OVER = ("Succeeded", "Skipped", "Omitted", "Failed", "Errored")


ARRIVAL = "bring-files"
"""The task that puts on the volume what the run takes along."""


@dataclass(frozen=True)
class Node:
    """A task of a graph. `kind`: it brings the run's files, runs the step, finds the items of its loop, or closes the
    books of the run.

    `depends` is Argo's expression. `when` names the task that says whether this one runs, `items_from` the one that
    says which items there are; `items` how many of them there always are. `tells` are tasks whose condition this one
    evaluates when its step is done, with the step's name.
    """

    name: str
    kind: Literal["arrive", "step", "items", "close", "end"]
    step: str = ""
    depends: str = ""
    when: str = ""
    items_from: str = ""
    items: int | None = None
    tells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """`main` are the tasks of the run, `exits` what runs at its end whatever happened; the last of these is `end`."""

    main: tuple[Node, ...]
    exits: tuple[Node, ...]


def graph_of(
    pipeline: Pipeline, selected: Collection[str], done: Collection[str] = (), *, files: bool = False
) -> Graph:
    """The graphs of the steps that take part and are not done yet. `files`: before them, files have to arrive."""
    steps = [step for step in pipeline.ordered() if step.name in selected]
    builder = _Builder(
        pipeline, [step for step in steps if not step.options.exit and step.name not in done], files=files
    )
    main = tuple(builder.main())
    exits = tuple(builder.exits([step for step in steps if step.options.exit]))
    # A graph cannot be empty: where nothing is left to do, the books are closed once more.
    return Graph(main or (Node(builder.names.task("nothing-left"), "close"),), exits)


class _Builder:
    def __init__(self, pipeline: Pipeline, steps: list[Step], *, files: bool) -> None:
        self.names = Names()
        self._arrival = self.names.task(ARRIVAL) if files and steps else ""
        self._pipeline = pipeline
        self._steps = steps
        self._task = {step.name: self._named(step.name) for step in pipeline.steps}
        self._by_name = {step.name: step for step in steps}
        self._decider = {step.name: decider for step in steps if (decider := self._who_decides(step))}

    def main(self) -> Iterator[Node]:
        if self._arrival:
            yield Node(self._arrival, "arrive")
        for step in self._steps:
            name, depends = self._task[step.name], self._depends(step)
            tells = {self._task[other]: other for other, by in self._decider.items() if by == step.name}
            loop = step.options.for_each
            if loop is None:
                when = self._task[self._decider[step.name]] if step.name in self._decider else ""
                yield Node(name, "step", step.name, depends, when=when, tells=tells)
            elif loop.values is not None and not step.options.when:
                yield Node(name, "step", step.name, depends, items=len(loop.values))
            else:
                finder = self._named(f"{step.name}-items")
                yield Node(finder, "items", step.name, depends)
                yield Node(name, "step", step.name, f"{finder}.Succeeded", items_from=finder)

    def exits(self, steps: list[Step]) -> Iterator[Node]:
        close = self.names.task("close-the-books")
        yield Node(close, "close") if steps else Node(self.names.task("end-of-the-run"), "end")
        if not steps:
            return
        inside = {step.name for step in steps}
        last = [close]
        for step in steps:
            name = self._task[step.name]
            needs = [self._task[other] for other in step.needs if other in inside]
            depends = _all(_any(need, _OVER) for need in (close, *needs))
            if step.options.for_each is None:
                yield Node(name, "step", step.name, depends)
            else:
                finder = self._named(f"{step.name}-items")
                yield Node(finder, "items", step.name, depends)
                yield Node(name, "step", step.name, f"{finder}.Succeeded", items_from=finder)
            last.append(name)
        yield Node(self.names.task("end-of-the-run"), "end", depends=_all(_any(name, _OVER) for name in last))

    def _named(self, name: str) -> str:
        """The name of a task: in Argo's expressions it begins with a letter."""
        return self.names.task(name if slugged(name)[:1].isalpha() else f"step-{name}")

    def _depends(self, step: Step) -> str:
        """What the task of a step waits for."""
        waits: dict[str, tuple[str, ...]] = {}
        for item in (*step.inputs, *step.controls):
            sources = {source for source, _ in item.sources}
            for source in sources:
                # Where there are several sources, the pod looks which of them ran.
                needed = (_MADE if item.required else _OVER_WELL) if len(sources) == 1 else _OVER
                waits[source] = min(waits.get(source, _OVER), needed, key=len)
        for source in step.after:
            waits[source] = min(waits.get(source, _OVER), _OVER_WELL, key=len)
        if METRICS in names_read(step):
            for earlier in self._pipeline.steps:
                if earlier.name == step.name:
                    break
                waits.setdefault(earlier.name, _OVER)
        clauses = (
            _any(self._task[name], self._phases(name, phases))
            for name, phases in waits.items()
            if name in self._by_name
        )
        # A step whose predecessors were left out may run: that the files are there each has to see for itself.
        return _all(chain([f"{self._arrival}.Succeeded"] if self._arrival else [], clauses))

    def _phases(self, step: str, phases: tuple[str, ...]) -> tuple[str, ...]:
        """A loop over nothing has been skipped, for Argo; for us it has succeeded."""
        is_loop = self._by_name[step].options.for_each is not None
        return (*phases, "Skipped") if is_loop and "Skipped" not in phases else phases

    def _who_decides(self, step: Step) -> str:
        """The step whose pod can evaluate another's condition, as it makes all that the condition reads; else ""."""
        if not step.options.when or step.options.for_each is not None or METRICS in names_read(step):
            return ""
        sources = {source for item in step.controls for source, _ in item.sources}
        if len(sources) != 1 or not all(item.required for item in step.controls):
            return ""
        [found] = sources
        maker = self._by_name.get(found)
        return found if maker is not None and maker.options.for_each is None else ""


def _any(task: str, phases: tuple[str, ...]) -> str:
    words = [f"{task}.{phase}" for phase in phases]
    return words[0] if len(words) == 1 else f"({' || '.join(words)})"


def _all(clauses: Iterator[str]) -> str:
    return " && ".join(clauses)
