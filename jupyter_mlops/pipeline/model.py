"""The model of a pipeline: frozen plain data, JSON both ways. Every target and emitter reads this and nothing else."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Optional

from jupyter_mlops.runtime.spec import CellSource, Definition

if TYPE_CHECKING:
    from jupyter_mlops.pipeline.validation import Problem


@dataclass(frozen=True)
class Retries:
    """How often a failed attempt is tried again: after `delay` s, times `backoff` each time, at most `max_delay`."""

    limit: int = 0
    delay: float = 1.0
    backoff: float = 2.0
    max_delay: float = 300.0


@dataclass(frozen=True)
class Secret:
    """A key of a secret as an environment variable."""

    name: str
    key: str
    env: str


@dataclass(frozen=True)
class Volume:
    """A shared volume (a PVC; a folder on the local target) mounted at `path`.

    `secret/NAME` and `config/NAME` as `claim` are the files of a Secret and a ConfigMap.
    """

    claim: str
    path: str

    @property
    def source(self) -> tuple[str, str]:
        """What is mounted, as kind and name: `claim`, `secret`, `config`, or whatever is before the slash."""
        kind, slash, name = self.claim.partition("/")
        return (kind, name) if slash else ("claim", self.claim)


_SHORT = reprlib.Repr()
_SHORT.maxlist = 5


@dataclass(frozen=True)
class Loop:
    """`for_each`: the body runs once an item of `items` (an expression) or of `values`, with `variable` bound to it."""

    variable: str
    items: str = ""
    values: Optional[tuple[Any, ...]] = None

    @property
    def text(self) -> str:
        """As a person would write it, short: `n in [1, 2, 3]`."""
        if self.values is None:
            return f"{self.variable} in {self.items}"
        return f"{self.variable} in {_SHORT.repr(list(self.values[: _SHORT.maxlist + 1]))}"


@dataclass(frozen=True)
class Options:
    """How a step runs. `cpu` in cores, `memory` as Kubernetes writes it ("4Gi"), `gpu` a count, `timeout` in seconds.

    `when` is a condition (`pipeline.expressions`); `exit` marks a step that runs at the end whatever happened.
    """

    cpu: Optional[float] = None
    memory: Optional[str] = None
    gpu: Optional[int] = None
    image: Optional[str] = None
    retries: Retries = Retries()
    timeout: Optional[float] = None
    cache: bool = True
    when: Optional[str] = None
    for_each: Optional[Loop] = None
    exit: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    volumes: tuple[Volume, ...] = ()
    files: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """A value that a step takes: bound to `name`, from the first of `sources` that ran and has it.

    `sources` are (step, name there) pairs, nearest first. Not `required`: bound if there is one, no error if not.
    """

    name: str
    sources: tuple[tuple[str, str], ...]
    required: bool = True


@dataclass(frozen=True)
class Component:
    """What runs. `cells`: sources executed in order. `notebook`: a whole notebook by papermill, through its own kernel.
    `container`: a component of Kubeflow Pipelines, as JSON text (`runtime.kfp.task`); a function has `cells`, too.

    A function becomes `cells` too: its module as setup, one cell that calls it. `kernel` is a kernel spec's name
    (empty: Python of this environment). It runs in `folder`, relative to the pipeline's `cwd`.
    """

    kind: Literal["cells", "notebook", "container"]
    cells: tuple[CellSource, ...] = ()
    setup: tuple[CellSource, ...] = ()
    definitions: tuple[Definition, ...] = ()
    notebook: str = ""
    kernel: str = ""
    folder: str = ""
    container: str = ""


@dataclass(frozen=True)
class Step:
    """One use of a component. `after` are steps that must be over before, beyond those it takes values from.

    `arguments` are literal values bound before the cells run; `params` maps a local name to the pipeline parameter it
    reads; of both, the text of those in `paths` is bound as `pathlib.Path`. `controls` are what `when` and `for_each`
    read, `exports` the names whose plain values others' controls read. `final` are names whose last writer it is (what
    `verify` compares).
    """

    name: str
    component: Component
    inputs: tuple[Input, ...] = ()
    outputs: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    options: Options = Options()
    controls: tuple[Input, ...] = ()
    exports: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    by_value: tuple[str, ...] = ()
    files_in: tuple[str, ...] = ()
    files_out: tuple[str, ...] = ()
    files_gone: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    title: str = ""
    group: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Steps that must be over before this one, each once: those it takes values from, then `after`."""
        sources = (step for item in (*self.inputs, *self.controls) for step, _ in item.sources)
        return tuple(dict.fromkeys((*sources, *self.after)))


@dataclass(frozen=True)
class Parameter:
    """A typed parameter. `type` is its Python spelling; `default` is plain JSON data; `required` has no default."""

    name: str
    type: str
    default: Any = None
    required: bool = False
    help: str = ""

    @property
    def is_path(self) -> bool:
        """Whether text in its value is a path: code of the pipeline has a `pathlib.Path` there."""
        from jupyter_mlops.notebook.parameters import is_path

        return is_path(self)


@dataclass(frozen=True)
class Pipeline:
    """A named DAG of steps, in an order that respects it.

    `notebook` is the file it came from ("" for code), `cwd` where steps run ("": where the engine runs).
    """

    name: str
    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...] = ()
    experiment: str = "default"
    description: str = ""
    notebook: str = ""
    cwd: str = ""
    kernel: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """The steps by name."""
        return {step.name: step for step in self.steps}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Names of the parameters whose text is a path."""
        return tuple(item.name for item in self.parameters if item.is_path)

    def ordered(self) -> tuple[Step, ...]:
        """The steps so that each comes after all it needs; as near to the given order as that allows.

        Raises:
            Usage: the steps form a cycle; the message shows the path.
        """
        from jupyter_mlops.pipeline.topology import topological

        return topological(self.steps)

    def to_data(self) -> dict[str, Any]:
        """The pipeline as plain JSON data (`schema.json`); fields at their default are left out."""
        from jupyter_mlops.pipeline.plain import pipeline_to_data

        return pipeline_to_data(self)

    def to_json(self) -> str:
        """The pipeline as JSON text, keys in a stable order."""
        import json

        return json.dumps(self.to_data(), ensure_ascii=False, indent=1)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Pipeline:
        """Read what `to_data` gave. Keys that are not known (a newer writer's) are ignored.

        Raises:
            Usage: the data is not a pipeline.
        """
        from jupyter_mlops.pipeline.plain import pipeline_from_data

        return pipeline_from_data(data)

    @classmethod
    def from_json(cls, text: str | bytes) -> Pipeline:
        """Read what `to_json` wrote.

        Raises:
            Usage: the text is not the JSON of a pipeline.
        """
        from jupyter_mlops.pipeline.plain import pipeline_from_json

        return pipeline_from_json(text)

    @classmethod
    def from_notebook(cls, path: str | Path, **options: Any) -> Pipeline:
        """The pipeline that a notebook is: see `pipeline.from_notebook`.

        Raises:
            NotANotebook: the file cannot be read as a notebook.
        """
        from jupyter_mlops.pipeline.from_notebook import from_notebook

        return from_notebook(path, **options)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from jupyter_mlops.widgets import pipeline_mimebundle

        return pipeline_mimebundle(self, **options)


def validate(pipeline: Pipeline) -> list[Problem]:
    """Everything that keeps the pipeline from running; `str()` of a problem is a sentence for people."""
    from jupyter_mlops.pipeline.validation import problems

    return list(problems(pipeline))
