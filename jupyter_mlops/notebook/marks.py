"""What each cell says about itself: our metadata, a `%%step` magic, papermill's tag, Kale's tags."""

from __future__ import annotations

import marshal
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook import kale, schema
from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.include import inclusion
from jupyter_mlops.notebook.problems import Problem
from jupyter_mlops.notebook.python_source import cell_magic
from jupyter_mlops.notebook.step_line import parse_step_line
from jupyter_mlops.notebook.step_options import clean_options

Role = Literal["step", "setup", "parameters", "skip"]
Source = Literal["metadata", "magic", "kale", "tag", ""]

# The format without references, in which equal data are equal bytes.
_MARSHAL = 2
PARAMETER_TAGS = frozenset({"parameters", "injected-parameters"})


@dataclass(frozen=True)
class Mark:
    """What a cell says. `role` None: nothing, it belongs to the step above. `step` empty: a step that it does not name.

    `notebook` is the path of a notebook that this step runs as a whole, relative to the document's folder.
    """

    role: Role | None = None
    step: str = ""
    after: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    notebook: str = ""
    source: Source = ""


def read_mark(cell: Cell, problems: list[Problem], *, kale_first: bool = False) -> Mark:
    """What the cell says: metadata before the magic, both before tags (`kale_first` turns that round)."""
    own = _merged(cell, _from_metadata(cell, problems), _from_magic(cell, problems), problems)
    tagged = _from_tags(cell, problems)
    if tagged is not None and (own is None or (kale_first and tagged.source == "kale")):
        own = tagged
    return _with_notebook(cell, own or Mark())


def read_pipeline(metadata: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The pipeline's settings, from our notebook metadata over Kale's; sound ones only."""
    settings = dict(kale.read_notebook(metadata).pipeline)
    ours = metadata.get("jupyter_mlops")
    if ours is None:
        return settings
    bad = {problem.key for problem in _violations(ours, "notebook_metadata", problems, None)}
    pipeline = ours.get("pipeline") if isinstance(ours, dict) and "pipeline" not in bad else None
    for key, value in pipeline.items() if isinstance(pipeline, dict) else ():
        if f"pipeline.{key}" not in bad:
            settings[key] = _clean(value, problems, None, "") if key == "defaults" else value
    return settings


def _from_metadata(cell: Cell, problems: list[Problem]) -> Mark | None:
    data = cell.metadata.get("jupyter_mlops")
    if data is None or data == {}:
        return None
    mark, wrong = _said(marshal.dumps(data, _MARSHAL))
    problems += [replace(problem, cell=cell.index) for problem in wrong]
    return mark


@lru_cache(maxsize=4096)
def _said(written: bytes) -> tuple[Mark, tuple[Problem, ...]]:
    """What a cell's metadata say: of an edited notebook most have been read before."""
    data: Any = marshal.loads(written)  # noqa: S302 written by this process
    problems: list[Problem] = []
    bad = {violation.key.partition(".")[0] for violation in _violations(data, "cell_metadata", problems, None)}
    sound = {key: value for key, value in data.items() if key not in bad} if isinstance(data, dict) else {}
    step = sound.get("step", "").strip()
    role: Role | None = sound.get("role") or ("step" if step or "notebook" in sound else None)
    after = sound.get("after", [])
    options = _clean(sound, problems, None, step)
    return Mark(role, step, _names(after), options, sound.get("title", ""), source="metadata"), tuple(problems)


def _from_magic(cell: Cell, problems: list[Problem]) -> Mark | None:
    if cell_magic(cell.source) != "step":
        return None
    line = cell.source.lstrip("\n").split("\n", 1)[0]
    try:
        name, options = parse_step_line(line)
    except Usage as error:
        problems.append(Problem("bad_step_line", error.message, error.hint, cell=cell.index, line=1))
        return None
    after = _names(options.pop("after", []))
    return Mark("step", name, after, options, options.pop("title", ""), source="magic")


def _from_tags(cell: Cell, problems: list[Problem]) -> Mark | None:
    if not cell.metadata.get("tags"):
        return None
    if PARAMETER_TAGS & set(cell.tags):
        return Mark("parameters", source="tag")
    found = kale.read_cell(cell)
    if found is None:
        return None
    problems += [
        Problem("bad_option", text, "See Kale's list of tags.", step=found.step, cell=cell.index)
        for text in found.wrong
    ]
    return Mark(found.role, found.step, found.after, found.options, source="kale")


def _merged(cell: Cell, first: Mark | None, second: Mark | None, problems: list[Problem]) -> Mark | None:
    """Metadata and magic of one cell together; the metadata wins where both say something."""
    if first is None or second is None:
        return first or second
    if first.step and first.step != second.step:
        problems.append(
            Problem(
                "two_names",
                f"The cell's metadata name the step {first.step!r}, its magic {second.step!r}.",
                "The metadata count; make both the same.",
                step=first.step,
                cell=cell.index,
                line=1,
            )
        )
    return Mark(
        role=first.role or second.role,
        step=first.step or second.step,
        after=first.after or second.after,
        options={**second.options, **first.options},
        title=first.title or second.title,
        source="metadata",
    )


def _with_notebook(cell: Cell, mark: Mark) -> Mark:
    """An inclusion that is still there after `expand` is a step that runs the other notebook as a whole."""
    included = inclusion(cell)
    if included is None:
        return mark
    path = posixpath.normpath(posixpath.join(posixpath.dirname(cell.notebook), included.path))
    return replace(mark, role="step", step=mark.step or included.group, notebook=path)


def _violations(
    data: Any, name: Literal["cell_metadata", "notebook_metadata"], problems: list[Problem], cell: int | None
) -> list[schema.Violation]:
    found = list(schema.violations(data, schema.load(name)))
    for item in found:
        kind = "unknown_key" if item.unknown else "bad_metadata"
        hint = item.hint or f"The schema: `jupyter_mlops/notebook/schema/{name}.json`."
        problems.append(Problem(kind, f"In the metadata `jupyter_mlops`: {item.message}", hint, item.key, cell=cell))
    return found


def _clean(data: Mapping[str, Any], problems: list[Problem], cell: int | None, step: str) -> dict[str, Any]:
    options, wrong = clean_options(data)
    for name, why in wrong.items():
        what, _, way = why.partition("; ")
        hint = f"{way[:1].upper()}{way[1:]}." if way else "Until it is right, the option is left out."
        problems.append(Problem("bad_option", f"The option {name!r}: {what}.", hint, name=name, step=step, cell=cell))
    return options


def _names(after: Any) -> tuple[str, ...]:
    items = after.split(",") if isinstance(after, str) else after
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))
