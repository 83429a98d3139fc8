"""What a step as a whole reads, sets and changes: its cells one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_mlops.notebook.annotations import StepDeclaration
from jupyter_mlops.notebook.controls import Controls
from jupyter_mlops.notebook.facts import Use
from jupyter_mlops.notebook.in_force import Known
from jupyter_mlops.notebook.linear_run import CellRun
from jupyter_mlops.runtime.spec import Definition


@dataclass(eq=False)
class StepEffects:
    """A step before it is linked.

    `reads` are names needed from outside (`own` those that the step itself may have set before), `own_reads` those read
    at all; `sets` names that it may set, `surely` those
    that it surely sets, `deletes` those that are gone after it; `affected` names whose object it changes by whatever
    name. `defines` are names that its definitions make (they travel as source). `definitions` are all in force before
    its
    end, `needed` those that it uses; `by_value` are functions and classes that travel as values. `carries` are names of
    values that code inside its values reads: methods of instances that it makes, functions that it passes on.
    """

    declaration: StepDeclaration
    controls: Controls
    cells: list[CellRun] = field(default_factory=list)
    reads: dict[str, tuple[Use, CellRun]] = field(default_factory=dict)
    own_reads: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    surely: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    affected: set[str] = field(default_factory=set)
    defines: set[str] = field(default_factory=set)
    defined_before: frozenset[str] = frozenset()
    definitions: tuple[Definition, ...] = ()
    by_value: tuple[str, ...] = ()
    needed: tuple[Known, ...] = ()
    carries: frozenset[str] = frozenset()
    hidden_settings: list[tuple[str, int, CellRun]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The step's name."""
        return self.declaration.name

    @property
    def conditional(self) -> bool:
        """Whether the step may be skipped."""
        return bool(self.controls.when)

    @property
    def produced(self) -> set[str]:
        """Names that are other after the step than before it."""
        return self.sets | self.affected

    def add(self, run: CellRun, defines: set[str], ignored: frozenset[str]) -> None:
        """Take the next cell. `defines` are names that its definitions make, `ignored` generators nobody seeds."""
        effects = run.effects
        self.cells.append(run)
        for name, use in effects.reads.items():
            if name in ignored:
                continue
            self.own_reads.add(name)
            if name not in self.surely and name not in self.defines:
                self._need(name, use, run)
        changed = run.affected & self.defines - defines  # made in this step, changed in place after that: values now
        self.defines -= changed
        sets = (effects.writes.keys() | changed) - defines - ignored
        self.sets = (self.sets - defines) | sets
        self.surely = (self.surely - effects.deleted - defines) | ((effects.sure | changed) & sets)
        self.deletes = (self.deletes - effects.sure) | effects.deleted
        self.affected |= run.affected - defines
        self.defines = (self.defines - sets) | defines

    def _need(self, name: str, use: Use, run: CellRun) -> None:
        if name not in self.reads and (name in self.sets or name in run.effects.own):
            self.own.add(name)
        known = self.reads.get(name)
        # What an earlier cell of the step may have set is not required from outside.
        sure = use.sure and use.function != "!" and name not in self.sets
        if known is None or (sure and not known[0].sure):
            self.reads[name] = (Use(name, use.line, sure, use.function), run)
