"""Which definitions are in force at a point of the notebook, and which of them a step needs."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from jupyter_mlops.notebook.definitions import Candidate, candidates, statements
from jupyter_mlops.notebook.facts import Bind, CellFacts, Unbind
from jupyter_mlops.notebook.hidden_state import configures, is_setting
from jupyter_mlops.notebook.linear_run import CellRun, LinearRun
from jupyter_mlops.runtime.spec import Definition

_BUILTINS = frozenset(dir(builtins))


@dataclass(eq=False)
class Known:
    """A definition, and what it takes to choose it: names that it uses, modules, parameters that it reads."""

    definition: Definition
    wanted: Definition
    kind: str
    eager: tuple[str, ...]
    eager_names: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    params: tuple[str, ...] = ()


@dataclass
class Definitions:
    """The definitions so far. `names` says which are in force for a name; `all` keeps those that no longer are."""

    run: LinearRun
    parameters: frozenset[str] = frozenset()
    all: dict[str, Known] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    setup_names: set[str] = field(default_factory=set)
    _users: dict[str, list[str]] = field(default_factory=dict)

    def add_cell(self, run: CellRun) -> tuple[set[str], set[int]]:
        """Take the definitions of a step's cell; give the names that they define and the lines of settings."""
        taken: set[str] = set()
        settings: set[int] = set()
        found = candidates(run.cell.source)
        defining = self._defining(run, found)
        for candidate in found:
            if candidate.kind == "setting":
                if self._is_setting(candidate, run):
                    self._add(candidate, run, names=())
                    settings.add(candidate.line)
            elif candidate in defining:
                self._add(candidate, run, names=candidate.names)
                taken.update(candidate.names)
        return taken, settings

    def _defining(self, run: CellRun, found: Sequence[Candidate]) -> list[Candidate]:
        """Those that are definitions. A name that the cell also sets in another way has none in it."""
        otherwise = _set_otherwise(run, found)
        while True:
            taken: set[str] = set()
            accepted: list[Candidate] = []
            for candidate in found:
                if candidate.kind != "setting" and self._is_definition(candidate, run, otherwise, taken):
                    accepted.append(candidate)
                    taken.update(candidate.names)
            rejected = {name for item in found if item not in accepted for name in item.names} & taken
            if rejected <= otherwise:
                return accepted
            otherwise |= rejected

    def add_parameters_cell(self, run: CellRun) -> set[str]:
        """What a parameters cell computes beyond its literals is computed again in every step that uses it."""
        taken: set[str] = set()
        for candidate in statements(run.cell.source):
            if not candidate.names or set(candidate.names) - self.parameters:
                self._add(candidate, run, names=candidate.names)
                taken.update(candidate.names)
        return taken - self.parameters

    def forget(self, names: Iterable[str]) -> None:
        """These names are no longer what a definition made."""
        for name in names:
            self.setup_names.discard(name)
            if self.names.pop(name, None):
                self._renew(name)

    def travel_by_value(self, changed: Iterable[str]) -> set[str]:
        """What these names are was changed in place: it can no longer be made from source. Says so as the runtime
        takes it: ids of definitions, and `setup:NAME`.
        """
        found: set[str] = set()
        for name in changed:
            found.update(self.names.get(name, ()))
            if name in self.setup_names:
                found.add(f"setup:{name}")
        self.forget(changed)
        return found

    def chosen(self, wanted: Collection[str]) -> tuple[Definition, ...]:
        """All definitions, with `wanted` on those with these ids and on settings, in order."""
        return tuple(known.wanted if key in wanted else known.definition for key, known in self.all.items())

    def needed(self, used: Iterable[str]) -> set[str]:
        """Ids of the definitions that these names need, directly or through others."""
        pending = [key for name in used for key in self.names.get(name, ())]
        found: set[str] = set()
        while pending:
            key = pending.pop()
            if key not in found:
                found.add(key)
                pending += self.all[key].definition.needs
        return found

    def _pin_users(self, name: str) -> None:
        """A step defines anew what setup defines: what was made from the old one must be made before, in every step."""
        for known in self.all.values():
            if name in known.eager_names:
                known.definition = known.wanted

    def _renew(self, name: str) -> None:
        """What a name means has changed: functions that use it need something else now."""
        for key in self._users.get(name, ()):
            known = self.all[key]
            needs = self._needs(known)
            if needs != known.definition.needs:
                known.definition = replace(known.definition, needs=needs)
                known.wanted = replace(known.definition, needs=needs, wanted=True)

    def _needs(self, known: Known) -> tuple[str, ...]:
        later = [key for name in sorted(known.lazy) for key in self.names.get(name, ())]
        return tuple(dict.fromkeys((*known.eager, *(key for key in later if key != known.definition.id))))

    # ---------------------------------------------------------------------------------------------------- judgement

    def _is_definition(self, item: Candidate, run: CellRun, otherwise: set[str], taken: set[str]) -> bool:
        """Whether what it needs when it is made can be had in any step."""
        if not otherwise.isdisjoint(item.names):
            return False
        if any(not run.facts.stores[name].sure for name in item.names if name in run.facts.stores):
            return False
        if item.kind == "import":
            return True
        changed = {name for name in item.names if name in run.affected}
        return (
            not changed
            and all(self._travels(name, run, taken) for name in item.eager)
            and all(name in _BUILTINS or self._module(name, run) for name in item.decorators & item.eager)
        )

    def _travels(self, name: str, run: CellRun, taken: set[str]) -> bool:
        if name in taken:
            return True
        if name in run.effects.writes:
            return False
        if name in self.names:
            return True
        if name in self.setup_names:  # what the setup cell makes anew in each step must not be data that steps share
            return all(item.kind != "data" for item in self.run.objects(name, run.time))
        return name in _BUILTINS

    def _module(self, name: str, run: CellRun) -> str:
        """The module, or the name in one, that a name was imported from; empty if it is anything else."""
        found = self.run.objects(name, run.time)
        return next(iter(found)).origin if len(found) == 1 and all(item.kind == "import" for item in found) else ""

    def _is_setting(self, item: Candidate, run: CellRun) -> bool:
        if not item.chain:
            return True
        module = self._module(item.chain[0], run)
        if not module or not all(name in _BUILTINS or self._module(name, run) for name in item.eager):
            return False
        full = ".".join((module, *item.chain[1:]))
        return configures(full) if item.is_call else is_setting(full)

    def _add(self, item: Candidate, run: CellRun, *, names: tuple[str, ...]) -> None:
        key = f"{item.digest}" if item.digest not in self.all else f"{item.digest}.{len(self.all)}"
        eager = [found for name in sorted(item.eager) for found in self.names.get(name, ())]
        definition = Definition(
            id=key,
            names=names,
            source=item.source,
            needs=tuple(dict.fromkeys(eager)),
            cell=run.cell.index,
            line=item.line,
            wanted=item.kind == "setting",
        )
        self.all[key] = known = Known(
            definition,
            definition,
            item.kind,
            definition.needs,
            item.eager,
            item.lazy,
            item.modules,
            tuple(sorted(item.eager & self.parameters)),
        )
        for name in names:
            if name in self.setup_names:
                self._pin_users(name)
                self.setup_names.discard(name)
            before = self.names.get(name, ()) if item.kind == "import" and _adds_to_package(item, name) else ()
            kept = tuple(other for other in before if self.all[other].kind == "import")
            self.names[name] = (*kept, key)
        for name in item.lazy:
            self._users.setdefault(name, []).append(key)
        needs = self._needs(known)
        known.definition = replace(definition, needs=needs)
        known.wanted = replace(definition, needs=needs, wanted=True)
        for name in names:
            self._renew(name)


def _adds_to_package(item: Candidate, name: str) -> bool:
    """`import a.b` after `import a.c`: both make `a`."""
    return any(module.startswith(f"{name}.") for module in item.modules)


def _set_otherwise(run: CellRun, found: Iterable[Candidate]) -> set[str]:
    """Names that the cell also sets in a way that no definition explains: `f = cached(f)`, `global f` in a function."""
    times = dict(_times_set(run.facts))
    for candidate in found:
        for name in candidate.names:
            times[name] = times.get(name, 0) - 1
    return {name for name in run.effects.writes if times.get(name, 1) != 0} | run.effects.set_by_calls


@lru_cache(maxsize=4096)
def _times_set(facts: CellFacts) -> Mapping[str, int]:
    """How often the cell itself sets each name."""
    return Counter(event.name for event in facts.events if isinstance(event, _SETTING))


_SETTING = (Bind, Unbind)
