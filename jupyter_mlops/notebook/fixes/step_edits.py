"""Changes of what cells say of their steps: in the metadata, or on the line of a `%%step` magic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.fixes.fix import Edit
from jupyter_mlops.notebook.fixes.registry import Case, said
from jupyter_mlops.notebook.fixes.sources import lines_of
from jupyter_mlops.notebook.python_source import cell_magic

_NAME = re.compile(r"(?P<head>%%step\s+)(?P<name>[^\s'\"-][^\s'\"]*)(?=\s|$)")
_AFTER = re.compile(r"\s--after(?:=|\s+)(?:(?P<quote>['\"])(?P<quoted>[^'\"]*)(?P=quote)|(?P<plain>[^\s'\"]+))(?=\s|$)")


def free_name(case: Case, wanted: str) -> str:
    """The name, or the name with the first number that no step has yet."""
    names = {step.name for step in case.flow.annotations.steps}
    number, name = 2, wanted
    while name in names:
        name, number = f"{wanted}_{number}", number + 1
    return name


def renamed_step(cells: Iterable[Cell], old: str, new: str) -> list[Edit]:
    """Edits that give the step another name in these cells."""
    edits: list[Edit] = []
    for cell in cells:
        if str(said(cell).get("step", "")).strip() == old:
            edits.append(Edit(cell.id, metadata={"step": new}))
        line, text = magic_line(cell)
        match = _NAME.match(text)
        if match and match["name"] == old:
            edits.append(Edit(cell.id, line=line, replace=f"{match['head']}{new}{text[match.end() :]}"))
    return edits


def named_by(cell: Cell, step: str) -> bool:
    """Whether the cell itself says that it belongs to the step."""
    return bool(renamed_step([cell], step, step))


def changed_after(cells: Iterable[Cell], old: str, new: str | None, edited: Iterable[Edit] = ()) -> list[Edit]:
    """Edits that put another name (None: no name) in the place of one in `after`; of a line that is `edited`, the whole
    edit.
    """
    texts = {edit.cell: edit.replace for edit in edited if edit.line}
    edits: list[Edit] = []
    for cell in cells:
        names = _names(said(cell).get("after"))
        if old in names:
            edits.append(Edit(cell.id, metadata={"after": _exchanged(names, old, new) or None}))
        line, written = magic_line(cell)
        text = texts.get(cell.id) or written
        changed = _AFTER.sub(lambda match: _flag(match, old, new), text)
        if changed != text:
            edits.append(Edit(cell.id, line=line, replace=changed))
    return edits


def magic_line(cell: Cell) -> tuple[int, str]:
    """The line of the cell's `%%step` magic, and its number; an empty one if it has none."""
    if cell_magic(cell.source) == "step":
        for number, text in enumerate(lines_of(cell.source), 1):
            if text.startswith("%%step"):
                return number, text
    return 0, ""


def is_waited_for(case: Case, step: str) -> bool:
    """Whether another step takes something from this one, or is declared to come after it."""
    return any(
        step in other.declaration.after or any(step in item.sources for item in (*other.inputs, *other.controls))
        for other in case.flow.steps
        if other.name != step
    )


def as_setup(case: Case, cell: Cell) -> tuple[Edit, ...]:
    """Edits that make a step's cell setup; none if it reads what steps make, or if its step would come apart."""
    facts = case.flow.facts.get(cell.index)
    mine = case.of_step(case.flow.annotations.step_of.get(cell.index, ""))
    alone = [cell] == mine
    if facts is None or (alone and is_waited_for_by_name(case, cell)) or (not alone and "step" in said(cell)):
        return ()
    made = {
        name
        for index, other in case.flow.facts.items()
        if index < cell.index and index in case.flow.annotations.step_of
        for name in other.stores
    }
    if magic_line(cell)[0] or made & {use.name for use in facts.loads}:
        return ()
    step = {"step": None} if "step" in said(cell) else {}
    return (Edit(cell.id, metadata={"role": "setup", **step}),)


def is_waited_for_by_name(case: Case, cell: Cell) -> bool:
    """Whether a step is declared to come after that of the cell."""
    step = case.flow.annotations.step_of.get(cell.index, "")
    return any(step in other.declaration.after for other in case.flow.steps)


def _flag(match: re.Match[str], old: str, new: str | None) -> str:
    """One `--after` with the name exchanged; nothing if none is left."""
    names, quote = _names(match["quoted"] or match["plain"]), match["quote"] or ""
    if old not in names:
        return match[0]
    rest = ",".join(_exchanged(names, old, new))
    return f" --after {quote}{rest}{quote}" if rest else ""


def _names(after: Any) -> list[str]:
    items: Sequence[Any] = after.split(",") if isinstance(after, str) else after if isinstance(after, list) else ()
    return [str(item).strip() for item in items if str(item).strip()]


def _exchanged(names: list[str], old: str, new: str | None) -> list[str]:
    return list(dict.fromkeys(item for name in names for item in [new if name == old else name] if item))
