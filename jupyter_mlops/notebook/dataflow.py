"""Producers and consumers: what each step takes from which step, and what it hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_mlops.notebook.annotations import Annotations, StepDeclaration
from jupyter_mlops.notebook.document import Cell, Document
from jupyter_mlops.notebook.facts import CellFacts
from jupyter_mlops.notebook.problems import Problem
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
    `controls` the inputs that its `when` and `for_each` expressions read; `exports` names whose plain values those need;
    `by_value` names of functions or classes that may not be re-made from source; `order_after` steps that must come
    before for a reason that is not a value (files, `after`); `files_in` / `files_out` are literal paths it reads / writes;
    `modules` are local modules it imports (paths).
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
    `patched_module`, `relative_control` (a `when` or `for_each` that cannot be read or reads an unknown name).
    """

    document: Document
    annotations: Annotations
    steps: tuple[StepFlow, ...]
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    setup: tuple[Cell, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: Mapping[int, CellFacts] = field(default_factory=dict)
