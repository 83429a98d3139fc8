"""Producers and consumers: what each step takes from which step, and what it hands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_mlops.notebook.annotations import Annotations, StepDeclaration
from jupyter_mlops.notebook.definitions import candidates
from jupyter_mlops.notebook.document import Cell, Document
from jupyter_mlops.notebook.facts import CellFacts
from jupyter_mlops.notebook.file_order import (
    Folder,
    StepFiles,
    existing,
    files_handed_on,
    files_of,
    local_modules,
    order_by_files,
)
from jupyter_mlops.notebook.flow_problems import find_problems
from jupyter_mlops.notebook.hidden_state import RANDOM_STATES
from jupyter_mlops.notebook.interleaving import by_step, grouped
from jupyter_mlops.notebook.linear_run import CellRole, CellRun, LinearRun, file_run, run_through
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.random_flow import take_states, unseeded
from jupyter_mlops.notebook.step_collection import collect, link_steps
from jupyter_mlops.notebook.step_links import Link
from jupyter_mlops.runtime.spec import Definition


@dataclass(frozen=True)
class FlowInput:
    """A name a step takes. `sources` are steps, nearest first: the first that ran and has the name gives it.

    Several sources only where nearer ones may be skipped (`when`). `required` is false for a name that the
    step merely passes on (it may or may not set it): it is bound if there, and no error if not.
    """

    name: str
    sources: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class StepFlow:
    """One step after analysis.

    `outputs` are names that later steps take from it; `final` those whose last writer it is; `definitions` all that are
    in force before its last cell, with `wanted` set on those it uses; `params` the parameters it reads as given;
    `controls` the inputs that its `when` and `for_each` expressions read; `exports` names whose plain values those
    need;
    `by_value` functions or classes that may not be re-made from source: ids of definitions, and `setup:NAME`;
    `order_after` steps that must come before for a reason that is not a value (files, `after`); `files_in` /
    `files_out` / `files_gone` are literal paths it reads / writes / takes away; `modules` are local modules it imports
    (paths).
    """

    declaration: StepDeclaration
    inputs: tuple[FlowInput, ...] = ()
    outputs: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    setup: tuple[int, ...] = ()
    params: tuple[str, ...] = ()
    controls: tuple[FlowInput, ...] = ()
    exports: tuple[str, ...] = ()
    by_value: tuple[str, ...] = ()
    order_after: tuple[str, ...] = ()
    files_in: tuple[str, ...] = ()
    files_out: tuple[str, ...] = ()
    files_gone: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The step's name."""
        return self.declaration.name


@dataclass(frozen=True)
class Dataflow:
    """The whole notebook: steps in document order. `after` are direct predecessors of each step (data, files, `after`).

    Implicit names carry hidden state: `random.state`, `numpy.random.state`, `torch.random.state`, and IPython's
    `_`, `_N`. They contain a dot where they are not identifiers, so they never collide with the user's names.

    `facts` are those of every analysed code cell, by index. `problems` are facts about the whole, without a verdict;
    their kinds: `undefined` (read when the cell runs, set nowhere), `undefined_in_function` (only in the body of a
    function that is called), `undefined_maybe` (only on some path), `set_later` (the same, but a later cell sets it),
    `cycle`, `interleaved` (a step's cells cannot be brought together without changing the meaning), `unknown_after`,
    `setup_reads_step`, `star_import`, `syntax`, `magic_defines_names` (`%%cython`, `%store`...), `magic_unsupported`,
    `dynamic` (`exec`, `globals()`...), `hidden_configuration` (process state that cannot be carried to later steps),
    `unreadable_control` and `unknown_in_control` (a `when` or `for_each` that cannot be read, or reads a name nobody
    makes).
    """

    document: Document
    annotations: Annotations
    steps: tuple[StepFlow, ...]
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    setup: tuple[Cell, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: Mapping[int, CellFacts] = field(default_factory=dict)


def link(document: Document, annotations: Annotations) -> Dataflow:
    """Find what flows between the steps. Never raises: what is wrong is in `problems`."""
    folder = document.path.parent if document.path else None
    with run_through(_sequence(document, annotations), folder) as run:
        order, interleaved = grouped(run.cells, [step.name for step in annotations.steps])
        in_step_order = by_step(run.cells, order)
        if in_step_order == run.cells:
            return _linked(document, annotations, _Read(run, order, interleaved, folder))
        again = [(item.cell, item.role, item.step) for item in in_step_order]
    with run_through(again, folder) as run:
        return _linked(document, annotations, _Read(run, order, interleaved, folder))


@dataclass(frozen=True)
class _Read:
    """A notebook read in the order of its steps; `interleaved` are cells that no order puts right."""

    run: LinearRun
    order: Sequence[str]
    interleaved: Sequence[tuple[str, CellRun]]
    folder: Path | None


def _linked(document: Document, annotations: Annotations, read: _Read) -> Dataflow:
    run, order = read.run, read.order
    declarations = {step.name: step for step in annotations.steps}
    parameters = frozenset(item.name for item in annotations.parameters)
    steps = collect([declarations[name] for name in order], run, parameters)
    linker = link_steps(steps, run, parameters)
    links = list(linker.links.values())
    files = [files_of(step) for step in steps]
    by_files = order_by_files(order, files)
    handed_on = files_handed_on(files)
    places = {name: position for position, name in enumerate(declarations)}
    after = {item.step.name: _after(item, by_files, places) for item in links}
    take_states(links, after, frozenset(RANDOM_STATES) - unseeded(run))
    linker.outputs()
    context = _Context(
        setup=[item for item in run.cells if item.role == "setup"],
        folder=Folder(read.folder),
        declarations=declarations,
        order={name: position for position, name in enumerate(order)},
        by_files=by_files,
    )
    return Dataflow(
        document=document,
        annotations=annotations,
        steps=tuple(
            _flow(item, context, *used) for item, used in zip(links, zip(files, handed_on, strict=True), strict=True)
        ),
        after=after,
        setup=tuple(item.cell for item in context.setup),
        problems=tuple(find_problems(run, links, after, read.interleaved)),
        facts={item.cell.index: item.facts for item in run.cells},
    )


@dataclass(frozen=True)
class _Context:
    """What every step is assembled from."""

    setup: Sequence[CellRun]
    folder: Folder
    declarations: Mapping[str, StepDeclaration]
    order: Mapping[str, int]
    by_files: Mapping[str, tuple[str, ...]]


def _sequence(document: Document, annotations: Annotations) -> Iterator[tuple[Cell, CellRole, str]]:
    """Code cells that run, in order, each with its role and step."""
    for cell in document.code_cells:
        role = annotations.roles.get(cell.index, "step")
        if role == "step" and cell.index in annotations.step_of:
            yield cell, "step", annotations.step_of[cell.index]
        elif role in {"setup", "parameters"}:
            yield cell, "setup" if role == "setup" else "parameters", ""


def _after(item: Link, by_files: Mapping[str, tuple[str, ...]], places: Mapping[str, int]) -> tuple[str, ...]:
    """Direct predecessors: by values, by controls, by files, by the user's word."""
    found = dict.fromkeys(source for sources, _ in item.inputs.values() for source in sources)
    found.update(dict.fromkeys(source for sources in item.controls.values() for source in sources))
    found.update(dict.fromkeys(by_files[item.step.name]))
    found.update(dict.fromkeys(name for name in item.step.declaration.after if name in places))
    return tuple(sorted(found, key=places.__getitem__))


def _flow(item: Link, context: _Context, files: StepFiles, handed_on: frozenset[str]) -> StepFlow:
    step = item.step
    last = step.cells[-1].time if step.cells else -1
    setup = [cell for cell in context.setup if cell.time < last]
    params = set(item.params)
    for cell in setup:
        params |= cell.effects.reads.keys() & item.parameters
    for known in step.needed:
        params.update(known.params)
    modules = [
        module for cell in (*setup, *step.cells) for one in candidates(cell.cell.source) for module in one.modules
    ]
    modules += [module for known in step.needed for module in known.modules]
    modules += [path for cell in step.cells for magic in cell.facts.magics if (path := file_run(magic))]
    explicit = (name for name in step.declaration.after if name in context.declarations)
    return StepFlow(
        declaration=step.declaration,
        inputs=_inputs(item, context),
        outputs=tuple(sorted(item.outputs)),
        final=tuple(sorted(item.final)),
        definitions=step.definitions,
        setup=tuple(cell.cell.index for cell in setup),
        params=tuple(sorted(params)),
        controls=tuple(FlowInput(name, sources) for name, sources in sorted(item.controls.items()) if sources),
        exports=tuple(sorted(item.exports)),
        by_value=step.by_value,
        order_after=tuple(dict.fromkeys((*context.by_files[step.name], *explicit))),
        files_in=tuple(sorted({*existing(files.needed, context.folder), *handed_on})),
        files_out=tuple(sorted(files.written)),
        files_gone=tuple(sorted(files.removed)),
        modules=local_modules(modules, context.folder),
    )


def _inputs(item: Link, context: _Context) -> tuple[FlowInput, ...]:
    """What comes from a later step stands last: where bundles overlap (a class by value), the later one counts."""
    found = [FlowInput(name, *taken) for name, taken in item.inputs.items()]
    return tuple(sorted(found, key=lambda one: (context.order[one.sources[0]], one.name)))
