"""What is wrong with a notebook's flow: facts, each with its cell and line; `diagnostics` judge them."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence

from jupyter_mlops.notebook.facts import Use
from jupyter_mlops.notebook.linear_run import CellRun, LinearRun
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.step_links import Link

_GIVEN = frozenset(dir(builtins)) | frozenset(
    """In Out get_ipython display exit quit _ __ ___ _i _ii _iii _ih _oh _dh __name__ __doc__ __file__ __builtins__
    __builtin__ __annotations__ __IPYTHON__ __class__ __spec__ __loader__ __package__ spark sc sqlContext
    dbutils""".split()
)
_DEFINING_MAGICS = frozenset(
    "cython pylab store run R octave julia fortran macro edit load loadpy rerun recall sql".split()
)
_UNSUPPORTED_MAGICS = frozenset(
    """store edit rerun recall macro debug pdb tb who whos who_ls reset reset_selective xdel logstart history notebook
    gui connect_info qtconsole killbgscripts page pastebin bookmark pylab cython R octave julia""".split()
)


def find_problems(
    run: LinearRun,
    links: Sequence[Link],
    after: Mapping[str, tuple[str, ...]],
    interleaved: Sequence[tuple[str, CellRun]],
) -> Iterator[Problem]:
    """All of them, in no particular order."""
    for cell in run.cells:
        yield from _of_cell(cell)
    yield from _undefined(run, links)
    yield from _setup_reads(run)
    yield from _of_controls(links)
    yield from _unknown_after(links)
    yield from _cycles(after)
    for step, cell in interleaved:
        yield Problem(
            "interleaved",
            f"The cells of step {step!r} stand apart, and running them together changes what the notebook means.",
            "Move the cell beside the others of its step, or give it a step of its own.",
            step=step,
            cell=cell.cell.index,
            line=1,
        )
    for link in links:
        for name, line, cell in link.step.hidden_settings:
            yield from _hidden_setting(name, line, cell)


def _of_cell(run: CellRun) -> Iterator[Problem]:
    facts, step, index = run.facts, run.step, run.cell.index
    if facts.syntax_error is not None:
        yield Problem(
            "syntax", f"Not Python: {facts.syntax_error.message}.", "", "", step, index, facts.syntax_error.line
        )
    for star in facts.star_imports:
        if star.names is None:
            yield Problem(
                "star_import",
                f"What `from {star.module} import *` brings cannot be known without running it.",
                "Import by name.",
                star.module,
                step,
                index,
                star.line,
            )
    for use in facts.dynamic:
        yield Problem(
            "dynamic",
            f"`{use.name}()` may read or set names that the analysis cannot see.",
            "Use names directly, or keep this in one step.",
            use.name,
            step,
            index,
            use.line,
        )
    for magic in facts.magics:
        if magic.name in _UNSUPPORTED_MAGICS | _DEFINING_MAGICS - {"run", "sql", "load"}:
            kind = "magic_defines_names" if magic.name in _DEFINING_MAGICS else "magic_unsupported"
            sign = "%%" if magic.kind == "cell" else "%"
            yield Problem(
                kind,
                f"`{sign}{magic.name}` keeps state outside the notebook's names, so later steps cannot see it.",
                "Write it in Python, or keep what uses it in the same step.",
                magic.name,
                step,
                index,
                magic.line,
            )


def _undefined(run: LinearRun, links: Sequence[Link]) -> Iterator[Problem]:
    """Names that nothing sets before they are read; with a way of setting names that cannot be seen, only maybe."""
    opaque_from = next((cell.time for cell in run.cells if _is_opaque(cell)), len(run.cells))
    seen: set[tuple[str, int]] = set()
    for use, cell in _missing(run, links):
        key = (use.name, cell.cell.index)
        later = use.function and not use.sure and any(use.name in item.effects.writes for item in run.cells)
        if (
            later
            or use.name in _GIVEN
            or "." in use.name
            or use.function == "!"
            or use.name.lstrip("_").isdigit()
            or key in seen
        ):
            continue
        seen.add(key)
        yield _undefined_problem(run, use, cell, opaque=opaque_from <= cell.time)


def _missing(run: LinearRun, links: Sequence[Link]) -> Iterator[tuple[Use, CellRun]]:
    for link in links:
        yield from link.undefined
    known: set[str] = set()
    for cell in run.cells:
        if cell.role != "step":
            unknown = cell.effects.reads.keys() - known - cell.effects.own
            yield from ((cell.effects.reads[name], cell) for name in sorted(unknown))
        known |= cell.effects.writes.keys()


def _is_opaque(cell: CellRun) -> bool:
    """Whether a cell may set names that cannot be seen."""
    facts = cell.facts
    return any(star.names is None for star in facts.star_imports) or any(
        magic.name in _DEFINING_MAGICS for magic in facts.magics
    )


def _undefined_problem(run: LinearRun, use: Use, cell: CellRun, *, opaque: bool) -> Problem:
    later = next((item for item in run.cells if item.time > cell.time and use.name in item.effects.writes), None)
    if use.function:
        kind = "undefined_in_function"
        message = f"`{use.function}`, used here, reads {use.name!r}, which nothing above sets."
    else:
        kind = "undefined" if use.sure and not opaque else "undefined_maybe"
        message = f"{use.name!r} is read here, but nothing above sets it."
    hint = "Set it in a cell above, or correct the name."
    if later is not None:
        if kind == "undefined":
            kind = "set_later"
        hint = f"It is set later, in cell {later.cell.index}: move that cell up."
    return Problem(kind, message, hint, use.name, cell.step, cell.cell.index, use.line)


def _setup_reads(run: LinearRun) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for cell in run.cells:
        if cell.role == "setup":
            for name, use in cell.effects.reads.items():
                if step := owner.get(name):
                    yield Problem(
                        "setup_reads_step",
                        f"This setup cell reads {name!r}, which step {step!r} makes; setup cells run before any step.",
                        "Make the cell a step, or move what it reads into setup.",
                        name,
                        "",
                        cell.cell.index,
                        use.line,
                    )
        for name in cell.effects.writes:
            if cell.role == "step" and cell.facts.stores.get(name) and cell.facts.stores[name].kind == "value":
                owner[name] = cell.step
            else:
                owner.pop(name, None)


def _of_controls(links: Sequence[Link]) -> Iterator[Problem]:
    for link in links:
        controls = link.step.controls
        cell = link.step.cells[0].cell.index if link.step.cells else None
        if controls.problem:
            yield Problem("unreadable_control", controls.problem, "", "", link.step.name, cell, 1)
        for name in controls.names:
            if not link.controls.get(name) and name not in link.params and name not in link.from_setup:
                yield Problem(
                    "unknown_in_control",
                    f"The condition or loop of {link.step.name!r} reads {name!r}, which no earlier step makes.",
                    "Use a parameter, a value that an earlier step makes, or `metrics.NAME`.",
                    name,
                    link.step.name,
                    cell,
                    1,
                )


def _unknown_after(links: Sequence[Link]) -> Iterator[Problem]:
    known = {link.step.name for link in links}
    for link in links:
        for name in link.step.declaration.after:
            if name not in known:
                yield Problem(
                    "unknown_after",
                    f"Step {link.step.name!r} comes after {name!r}, but there is no such step.",
                    f"There are: {', '.join(sorted(known))}.",
                    name,
                    link.step.name,
                    link.step.cells[0].cell.index if link.step.cells else None,
                    1,
                )


def _cycles(after: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """Each cycle once, as the steps on it."""
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        yield from _cycles_from(start, after, path, done)


def _cycles_from(name: str, after: Mapping[str, tuple[str, ...]], path: list[str], done: set[str]) -> Iterator[Problem]:
    pending = [(name, iter(after.get(name, ())))]
    path.append(name)
    while pending:
        current, others = pending[-1]
        other = next(others, None)
        if other is None:
            done.add(current)
            pending.pop()
            path.pop()
        elif other in path:
            cycle = [*path[path.index(other) :], other]
            yield Problem(
                "cycle",
                f"Steps wait for each other: {' after '.join(repr(item) for item in cycle)}.",
                "Remove one `after`, or move the cell that sets what the earlier step needs.",
                step=other,
            )
        elif other not in done:
            path.append(other)
            pending.append((other, iter(after.get(other, ()))))


def _hidden_setting(name: str, line: int, cell: CellRun) -> Iterator[Problem]:
    yield Problem(
        "hidden_configuration",
        f"`{name}` changes a setting of the process with something that is only known when it runs, "
        "so later steps do not see it.",
        "Use literals, or do it in a setup cell.",
        name,
        cell.step,
        cell.cell.index,
        line,
    )
