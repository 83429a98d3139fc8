"""Which task of a run made and used which artifacts: from what it logged, and from what tasks handed to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_mlops.store.run_record import RunRecord, TaskRecord

RAN = ("running", "succeeded", "cached", "failed")


@dataclass(frozen=True)
class Link:
    """An artifact and a task of one run. `source` is the task of the same run that an input came from, if one is known.

    `stored` is the digest of the file that holds a value (a bundle holds several); a file holds itself.
    """

    digest: str
    task: str
    name: str
    role: Literal["output", "input"]
    type: str = ""
    bytes: int | None = None
    source: str = ""
    stored: str = ""


def links(record: RunRecord) -> Iterator[Link]:
    """Every link of the run, once. A value is known by the digest of its content: equal values are one artifact."""
    seen = set()
    for link in (*_handed_over(record), *_logged(record)):
        key = (link.task, link.role, link.name, link.digest)
        if key not in seen:
            seen.add(key)
            yield link


def _handed_over(record: RunRecord) -> Iterator[Link]:
    made = {name: dict(_made(task)) for name, task in record.tasks.items()}
    for outputs in made.values():
        yield from outputs.values()
    steps = {str(step.get("name")): step for step in record.plan.get("steps", ())}
    for task in record.tasks.values():
        if task.state in RAN:
            yield from _used(task, steps.get(task.step, {}), record, made)


def _logged(record: RunRecord) -> Iterator[Link]:
    for item in record.artifacts:
        role: Literal["output", "input"] = "input" if item.role == "input" else "output"
        yield Link(item.digest, item.task, item.name, role, item.type, item.bytes, stored=item.digest)


def _made(task: TaskRecord) -> Iterator[tuple[str, Link]]:
    """By name: the values that the task handed out, and the files that it wrote (`file:PATH`)."""
    if task.state not in ("succeeded", "cached") or not task.result:
        return
    stored = str((task.result.get("bundle") or {}).get("path", "")).rpartition("/")[2]
    for name, value in (task.result.get("outputs") or {}).items():
        if digest := value.get("digest"):
            size = value.get("bytes")
            yield name, Link(digest, task.task, name, "output", value.get("type", ""), size, stored=stored)
    for path, digest in (task.result.get("files") or {}).items():
        yield f"file:{path}", Link(digest, task.task, f"file:{path}", "output", "file", stored=digest)


def _used(
    task: TaskRecord, step: Mapping[str, Any], record: RunRecord, made: Mapping[str, Mapping[str, Link]]
) -> Iterator[Link]:
    for wanted in step.get("inputs", ()):
        for source in _givers(wanted.get("sources", ()), record, made):
            yield _as_input(source, task.task, wanted["name"])
    for path in step.get("files_in", ()):
        writers = [outputs[f"file:{path}"] for outputs in made.values() if f"file:{path}" in outputs]
        yield from (_as_input(link, task.task, link.name) for link in writers if link.task != task.task)


def _givers(sources: Any, record: RunRecord, made: Mapping[str, Mapping[str, Link]]) -> list[Link]:
    """The nearest source that has the name: one task, or all items of a loop."""
    for step, name in sources:
        found = [
            made[task.task][name] for task in record.tasks.values() if task.step == step and name in made[task.task]
        ]
        if found:
            return found
    return []


def _as_input(source: Link, task: str, name: str) -> Link:
    return Link(source.digest, task, name, "input", source.type, source.bytes, source.task, source.stored)
