"""Steps as declared: names that are unique and sound, options of groups applied, `after` resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.notebook import step_names
from jupyter_mlops.notebook.cells import Cell, Document
from jupyter_mlops.notebook.drafts import Draft
from jupyter_mlops.notebook.marks import Mark, read_mark
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.schema import did_you_mean


@dataclass(frozen=True)
class StepDeclaration:
    """A step before analysis: its cells (indices in the document, ascending) and its options as plain data.

    `options` uses the names of `pipeline.model.Options`; `group` is the sub-pipeline it is in ("" at the top);
    `notebook` is set when the step is one whole notebook run by papermill and has no cells of its own.
    """

    name: str
    cells: tuple[int, ...]
    after: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    group: str = ""
    notebook: str = ""


def finish(
    drafts: Mapping[str, Sequence[Draft]], document: Document, problems: list[Problem]
) -> tuple[StepDeclaration, ...]:
    """The declarations of all groups in document order; `after` names only steps that exist."""
    groups = {group: _group_mark(metadata, problems) for group, metadata in document.groups.items()}
    named = [(group, draft) for group, items in drafts.items() for draft in items]
    named.sort(key=lambda item: item[1].anchor)
    names = [_full_name(group, draft.name) for group, draft in named]
    steps = []
    for (group, draft), name in zip(named, names, strict=True):
        _check_name(draft, problems)
        options = dict(draft.options)
        after = _resolved(draft.after, group, name, names, problems, draft)
        for outer, mark in groups.items():
            if outer and (group == outer or group.startswith(f"{outer}.")):
                options = {**mark.options, **options}
                after += _resolved(mark.after, outer.rpartition(".")[0], name, names, problems, draft)
        steps.append(
            StepDeclaration(
                name=name,
                cells=tuple(draft.cells),
                after=tuple(dict.fromkeys(after)),
                options=options,
                title=draft.title,
                group=group,
                notebook=draft.notebook,
            )
        )
    return tuple(steps)


def _full_name(group: str, name: str) -> str:
    return f"{group}.{name}" if group else name


def _group_mark(metadata: Mapping[str, Any], problems: list[Problem]) -> Mark:
    """What the including cell says of all its steps. A loop or an exit makes no sense for several at once."""
    own = {key: value for key, value in dict(metadata.get("jupyter_mlops") or {}).items() if key != "notebook"}
    mark = read_mark(Cell(0, "", "code", "", {**metadata, "jupyter_mlops": own, "notebook_path": ""}), problems)
    for name in ("for_each", "exit"):
        if name in mark.options:
            text = f"The option {name!r} cannot be given to a whole included notebook."
            problems.append(Problem("bad_option", text, "Give it to a step inside.", name=name, step=mark.step))
    options = {name: value for name, value in mark.options.items() if name not in ("for_each", "exit")}
    return Mark("step", mark.step, mark.after, options)


def _check_name(draft: Draft, problems: list[Problem]) -> None:
    if step_names.is_good(draft.name):
        return
    better = step_names.suggestion(draft.name)
    shown = draft.name if len(draft.name) <= 60 else draft.name[:57] + "..."
    problems.append(
        Problem(
            "bad_name",
            f"{shown!r} cannot be a step's name: it takes letters, digits, `_` and `-`, starts with a letter, "
            "and has at most 100 characters.",
            f"Call it {better!r}." if better else "Choose another.",
            step=draft.name,
            cell=draft.anchor,
        )
    )


def _resolved(
    after: Sequence[str], group: str, name: str, names: Sequence[str], problems: list[Problem], draft: Draft
) -> list[str]:
    """The steps that `after` means: a name in the same group, else a full one, else every step of a group."""
    found: list[str] = []
    for wanted in after:
        candidates = [_full_name(group, wanted), wanted]
        exact = next((item for item in candidates if item in names), None)
        inside = [item for prefix in candidates for item in names if item.startswith(f"{prefix}.")]
        steps = [exact] if exact else list(dict.fromkeys(inside))
        if not steps:
            problems.append(_unknown_after(wanted, name, names, draft))
        elif name in steps and exact:
            text = f"The step {name!r} is declared to come after itself."
            problems.append(
                Problem("after_itself", text, "Take it out of `after`.", name=wanted, step=name, cell=draft.anchor)
            )
        found += [item for item in steps if item != name]
    return found


def _unknown_after(wanted: str, name: str, names: Sequence[str], draft: Draft) -> Problem:
    hint = did_you_mean(wanted, [item for item in names if item != name])
    return Problem(
        "unknown_after",
        f"The step {name!r} comes after {wanted!r}, which is not there.",
        hint or f"There are: {', '.join(names)}.",
        name=wanted,
        step=name,
        cell=draft.anchor,
    )
