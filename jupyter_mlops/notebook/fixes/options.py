"""Fixes of options and metadata: a key's right name, a value's right kind, or without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.fixes.fix import Edit, Fix
from jupyter_mlops.notebook.fixes.registry import Case, fixes, said
from jupyter_mlops.notebook.fixes.step_edits import magic_line
from jupyter_mlops.notebook.schema import load, nearest, violations
from jupyter_mlops.notebook.step_options import clean_options

_YES_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


@fixes("MLO501")
def bad_option(case: Case) -> Iterator[Fix]:
    """Leave the option out, as it is now."""
    if case.cell is not None and case.name in said(case.cell):
        yield Fix(f"Take {case.name!r} out", (Edit(case.cell.id, metadata={case.name: None}),))


@fixes("MLO503")
def unknown_key(case: Case) -> Iterator[Fix]:
    """Spell the key as one that there is, or take it out."""
    if case.cell is None or case.name not in said(case.cell):
        return
    data = said(case.cell)
    near = nearest(case.name, load("cell_metadata")["properties"])
    if near and near not in data and _is_sound(near, data[case.name]):
        yield Fix(f"Call it {near!r}", (Edit(case.cell.id, metadata={case.name: None, near: data[case.name]}),))
    yield Fix(f"Take {case.name!r} out", (Edit(case.cell.id, metadata={case.name: None}),))


@fixes("MLO504")
def bad_metadata(case: Case) -> Iterator[Fix]:
    """Write the value as the kind that it should be, or take the key out."""
    if case.cell is None:
        return
    key = case.name.partition(".")[0]
    data = said(case.cell)
    if key not in data:
        return
    for value in _other_kinds(key, data[key]):
        if _is_sound(key, value):
            yield Fix(f"Set {key!r} to {value!r}", (Edit(case.cell.id, metadata={key: value}),))
            break
    yield Fix(f"Take {key!r} out", (Edit(case.cell.id, metadata={key: None}),))


@fixes("MLO505")
def two_values(case: Case) -> Iterator[Fix]:
    """Say it once: the later value counts, so the earlier ones go."""
    earlier = [cell for cell in case.of_step(case.step) if case.cell and cell.index < case.cell.index]
    holding = [cell for cell in earlier if case.name in said(cell)]
    if case.cell and holding and not any(_may_say(cell, case.name) for cell in earlier):
        edits = tuple(Edit(cell.id, metadata={case.name: None}) for cell in holding)
        value = said(case.cell).get(case.name)
        yield Fix(f"Keep {value!r} only" if case.name in said(case.cell) else "Keep the later one only", edits)


def _may_say(cell: Cell, option: str) -> bool:
    """Whether the cell's magic may give the option too."""
    return f"--{option.replace('_', '-').rstrip('s')}" in magic_line(cell)[1]


def _is_sound(key: str, value: Any) -> bool:
    data: Mapping[str, Any] = {key: value}
    return not list(violations(data, load("cell_metadata"))) and not clean_options(data)[1]


def _other_kinds(key: str, value: Any) -> Iterator[Any]:
    """What a value of a wrong kind may mean."""
    if isinstance(value, str):
        if value.strip().lower() in _YES_NO:
            yield _YES_NO[value.strip().lower()]
        enum = load("cell_metadata")["properties"].get(key, {}).get("enum", ())
        if near := nearest(value, enum):
            yield near
        yield [value]
        return
    if isinstance(value, bool | int | float):
        yield str(value)
        yield bool(value)
