"""What Kubeflow Pipelines says of a run, as attempts of our tasks.

Its backend shows nodes of an Argo Workflow: a task `train` is a graph of that name with a node `executor` in it, whose
tries are `executor(0)`, `executor(1)`, ...; a round of a loop is `iteration-iterations(2:2)`. Nodes name their children
by ids that are their pods' names but for the middle: the number at the end is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from jupyter_mlops.kube.failures import clean
from jupyter_mlops.pipeline.kfp.layout import lay_out
from jupyter_mlops.pipeline.model import Pipeline

State = Literal["running", "cached", "skipped", "succeeded", "failed", "canceled"]
RunPhase = Literal["pending", "running", "succeeded", "failed", "canceled"]
_MOST = 200_000
_ROUND = re.compile(r"iteration-[a-z-]+\((\d{1,7})(:|\))")
_TRY = re.compile(r"executor(?:\((\d{1,4})\))?$")
_NUMBER = re.compile(r"-(\d{4,})$")
_ENDS: Mapping[str, State] = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "ERROR": "failed",
    "CANCELED": "canceled",
    "SKIPPED": "skipped",
    "CACHED": "cached",
}


@dataclass(frozen=True)
class Names:
    """Which step a task of the compiled pipeline is, and which of them are rounds of a loop."""

    steps: Mapping[str, str]
    loops: frozenset[str] = frozenset()

    @classmethod
    def of(cls, pipeline: Pipeline) -> Names:
        """The names that the compiler gives."""
        places = lay_out(pipeline).places.values()
        return cls(
            {place.task: place.step.name for place in places},
            frozenset(place.task for place in places if place.is_loop),
        )


@dataclass(frozen=True)
class Sighting:
    """An attempt (from 1; 0: a task that needed none) of a task, at the times (seconds since the epoch, 0: unknown)
    that the backend says. `last`: no other follows as far as is known. `index` is the round of a loop, else -1.
    """

    step: str
    index: int
    attempt: int
    state: State
    began: float = 0.0
    ended: float = 0.0
    reason: str = ""
    pod: str = ""
    last: bool = True

    @property
    def task(self) -> str:
        """The name of the task here."""
        return self.step if self.index < 0 else f"{self.step}[{self.index}]"


@dataclass(frozen=True)
class Seen:
    """A run as it was seen; `said` is what the backend says of its end."""

    phase: RunPhase
    said: str
    attempts: tuple[Sighting, ...]
    ended: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it is over."""
        return self.phase in ("succeeded", "failed", "canceled")

    @property
    def latest(self) -> float:
        """The last time that is told of, by the backend's clock."""
        return max([self.ended, *(time for item in self.attempts for time in (item.began, item.ended))])


@dataclass(frozen=True)
class _Node:
    id: str
    name: str
    state: str
    began: float
    ended: float
    error: str
    pod: str
    children: tuple[str, ...]
    parent: str
    index: int


def seen(run: Mapping[str, Any], names: Names) -> Seen:
    """Read what the backend answers for a run; what makes no sense in it is left out."""
    details = _mapping(run.get("run_details")).get("task_details")
    nodes = [_node(item) for item in _entries(details) if isinstance(item, Mapping)]
    graph = _Graph(nodes)
    found: dict[tuple[str, int, int], Sighting] = {}
    for node, index in graph.tasks(names):
        for item in _attempts(graph, node, names.steps[node.name], index):
            found[item.step, item.index, item.attempt] = item
    begun = {(item.step, item.index) for item in found.values() if item.state != "skipped"}
    for node in nodes:  # a pod of KFP's own that prepares the task may fail
        step = names.steps.get(node.name.removesuffix("-driver")) if node.name.endswith("-driver") else None
        if step and _ENDS.get(node.state) == "failed" and (step, -1) not in begun:
            why = node.error or "its driver, a pod of Kubeflow's own, failed"
            found[step, -1, 0] = Sighting(step, -1, 0, "failed", node.began, node.ended, why, node.pod)
    order = sorted(found.values(), key=lambda item: (item.began or 0, item.step, item.index, item.attempt))
    return Seen(_phase(run), _error(run), tuple(order), moment(run.get("finished_at")))


def moment(said: object) -> float:
    """Seconds since the epoch of a time in RFC 3339; 0 for none, which the backend writes as 1970 or as the year 1."""
    if not isinstance(said, str) or len(said) > 40:
        return 0.0
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", said))
        return max(0.0, found.timestamp()) if found.tzinfo else 0.0
    except (ValueError, OverflowError, OSError):
        return 0.0


def place_of_pod(pod: Mapping[str, Any], names: Names) -> tuple[str, int, int] | None:
    """Step, round and attempt that a pod works for, as Argo has written on it; None for pods of Kubeflow's own."""
    notes = _mapping(_mapping(pod.get("metadata")).get("annotations"))
    path = notes.get("workflows.argoproj.io/node-name")
    parts = path.split(".") if isinstance(path, str) and len(path) < 4096 else []
    tried = _TRY.fullmatch(parts[-1]) if parts else None
    task = next((part for part in reversed(parts) if part in names.steps), None)
    if tried is None or task is None:
        return None
    rounds = [int(match[1]) for part in parts if (match := _ROUND.match(part))]
    index = rounds[-1] if rounds and task in names.loops else -1
    return names.steps[task], index, int(tried[1] or 0) + 1


class _Graph:
    def __init__(self, nodes: Sequence[_Node]) -> None:
        self.nodes = nodes
        self._by_key: dict[str, _Node] = {}
        self._inside: dict[str, list[_Node]] = {}
        for node in nodes:
            for key in (node.id, node.pod, _number(node.pod)):
                if key:
                    self._by_key.setdefault(key, node)
            if node.parent:
                self._inside.setdefault(node.parent, []).append(node)

    def below(self, node: _Node) -> Iterator[_Node]:
        """The nodes that a node names as its children, and those that name it as their parent."""
        for key in node.children:
            child = self._by_key.get(key) or self._by_key.get(_number(key))
            if child is not None:
                yield child
        yield from self._inside.get(node.id, ()) if node.id else ()

    def tasks(self, names: Names) -> Iterator[tuple[_Node, int]]:
        """The nodes that are tasks of ours, with the round of their loop."""
        rounds: dict[int, int] = {}
        for node in self.nodes:
            found = _ROUND.match(node.name)
            if found:
                self._mark(node, int(found[1]), names, rounds)
        left: dict[str, int] = {}
        for node in sorted(self.nodes, key=lambda node: node.began):
            if node.name not in names.steps:
                continue
            index = -1
            if node.name in names.loops:
                # Where nodes do not say of what they are a part, rounds are counted as they began.
                count = left[node.name] = left.get(node.name, -1) + 1
                index = rounds.get(id(node), node.index if node.index >= 0 else count)
            yield node, index

    def _mark(self, start: _Node, index: int, names: Names, rounds: dict[int, int]) -> None:
        """Find the task of a round: what comes after it in the graph is another round's, or none's."""
        todo, known = [start], {id(start)}
        while todo:
            for node in self.below(todo.pop()):
                if id(node) in known or _ROUND.match(node.name):
                    continue
                known.add(id(node))
                if node.name in names.loops:
                    rounds.setdefault(id(node), index)
                elif node.name not in names.steps:
                    todo.append(node)


def _attempts(graph: _Graph, node: _Node, step: str, index: int) -> Iterator[Sighting]:
    """The tries of a task, or what it is without one."""
    first = [child for child in graph.below(node) if _TRY.fullmatch(child.name)]
    tries = [child for child in first if child.name != "executor"]
    for child in first:
        if child.name == "executor":
            inner = [item for item in graph.below(child) if _TRY.fullmatch(item.name) and item.name != "executor"]
            tries += inner or [child]
    end = _ENDS.get(node.state)
    ran = [child for child in tries if _ENDS.get(child.state) != "skipped"]
    if not ran:
        if end == "succeeded" and tries:
            end = "cached"
        if end is not None:
            attempt = 1 if end in ("succeeded", "failed") else 0
            yield Sighting(step, index, attempt, end, node.began, node.ended, node.error, node.pod)
        elif not first and node.state in ("RUNNING", "PAUSED", "CANCELING"):
            yield Sighting(step, index, 1, "running", node.began, 0.0, "", node.pod)
        return
    numbered = sorted(((_number_of_try(child), child) for child in _once(ran)), key=lambda pair: pair[0])
    for number, child in numbered:
        state = _ENDS.get(child.state) or "running"
        last = number == numbered[-1][0] and (end is not None or state not in ("failed", "canceled"))
        error = child.error or (node.error if last else "")
        yield Sighting(step, index, number, state, child.began, child.ended, error, child.pod, last)


def _number_of_try(node: _Node) -> int:
    found = _TRY.fullmatch(node.name)
    return int(found[1] or 0) + 1 if found else 1


def _once(nodes: Sequence[_Node]) -> list[_Node]:
    return list({(node.name, node.pod): node for node in nodes}.values())


def _node(item: Mapping[str, Any]) -> _Node:
    children = item.get("child_tasks")
    names = [child.get("task_id") or child.get("pod_name") for child in map(_mapping, _entries(children))]
    pods = [one.get("name") for one in map(_mapping, _entries(item.get("pods"))) if one.get("type") != "DRIVER"]
    pod = item.get("pod_name") or next(iter(pods), "")
    turn = _mapping(item.get("type_attributes")).get("iteration_index")
    turn = int(turn) if isinstance(turn, (int, str)) and str(turn).isdecimal() and len(str(turn)) < 8 else -1
    return _Node(
        id=_text(item.get("task_id")),
        name=_text(item.get("display_name")) or _text(item.get("name")),
        state=_text(item.get("state")).upper(),
        began=moment(item.get("start_time")) or moment(item.get("create_time")),
        ended=moment(item.get("end_time")),
        error=_error(item),
        pod=_text(pod),
        children=tuple(name for name in names if isinstance(name, str)),
        parent=_text(item.get("parent_task_id")),
        index=turn,
    )


def _phase(run: Mapping[str, Any]) -> RunPhase:
    state = _text(run.get("state")).upper()
    if state in ("FAILED", "ERROR"):
        return "failed"
    if state in ("SUCCEEDED", "SKIPPED"):
        return "succeeded"
    return "canceled" if state == "CANCELED" else "running" if state in ("RUNNING", "CANCELING") else "pending"


def _error(item: Mapping[str, Any]) -> str:
    places = (item.get("error"), item.get("status_metadata"))
    return next((said for place in map(_mapping, places) if (said := clean(place.get("message")))), "")


def _number(name: str) -> str:
    found = _NUMBER.search(name)
    return found[1] if found else ""


def _entries(value: object) -> Sequence[Any]:
    return value[:_MOST] if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) < 1000 else ""
