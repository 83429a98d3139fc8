"""Which files beside a notebook its steps need in the cluster: what they read, import and name, as far as it is there.

All paths are kept as they are to each other: what travels is a part of the project's folder, with the notebook's folder
in it. Nothing outside the project travels, and nothing that a step before writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import MlopsError, Refused
from jupyter_mlops.pipeline.model import Component, Step
from jupyter_mlops.runtime.kfp.packages import ALLOWED as PIP_ALLOWED
from jupyter_mlops.targets.kubernetes.parcel import KEPT_FROM, MOST_BYTES, Carried

MOST_FILES = 20_000
_NEVER = {".git", ".jupyter_mlops", ".ipynb_checkpoints", "__pycache__", ".venv", "node_modules", ".mypy_cache"}
_TEXT = re.compile(r"""(['"])((?:\\.|(?!\1)[^\\\n]){1,300})\1""")
# Files there are the machine's own, and the image has its own.
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/opt/", "/dev/", "/proc/", "/sys/", "/nix/", "/snap/")
# Files by their names' beginning or end: "data/*.csv", but not a line of stars.
_PATTERN = re.compile(r"(?=[^*]*\*)(?!.*\*\*)[\w./*?\[\]-]*\w[\w.*?\[\]-]*")
_SHOWN = 5


@dataclass(frozen=True)
class Luggage:
    """What travels: `files`, `contents` by digest of those to send, and `folder`: where the notebook is among them."""

    files: tuple[Carried, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""


def gather(plan: Plan, root: Path, *, known: Collection[str] = (), leave_out: Iterable[str] = ()) -> Luggage:
    """Find and read the files. `root` is the project's folder, `known` are digests that the volume has already,
    `leave_out` names (relative to `root`) of files and folders that stay here whatever names them.

    Raises:
        Refused: a file that a step needs cannot travel, or all together are too large; the message names them.
    """
    cwd = Path(plan.pipeline.cwd or os.getcwd()).absolute()
    search = _Search(cwd, outermost(root, cwd), frozenset(map(os.path.normpath, leave_out)))
    written: set[str] = set()
    for step in plan.steps:
        if step.name in plan.selected:
            search.add_step(step, plan.params, written)
        if step.options.when is None:
            written.update(_inside(step, path) for path in step.files_out)
    for path in _notebooks(plan):
        search.add_notebook(path)
    return _read(search, frozenset(known))


def in_cluster(plan: Plan, folder: str, *, pip: bool = False) -> Plan:
    """The plan with its working folder there, and with paths of notebooks that are right there, too.

    With `pip`, components of KFP may install the packages that they ask for.
    """
    cwd = Path(plan.pipeline.cwd or os.getcwd()).absolute()
    steps = tuple(replace(step, component=_moved(step.component, cwd)) for step in plan.pipeline.steps)
    steps = tuple(_installing(step) if pip and step.component.container else step for step in steps)
    return replace(plan, pipeline=replace(plan.pipeline, cwd=folder, kernel="", steps=steps))


def _installing(step: Step) -> Step:
    options = step.options
    return replace(step, options=replace(options, env={**options.env, PIP_ALLOWED: "1"}))


def _moved(component: Component, cwd: Path) -> Component:
    if component.kind != "notebook":
        return component
    inside = os.path.relpath(
        os.path.join(cwd, component.folder, component.notebook), os.path.join(cwd, component.folder)
    )
    return replace(component, notebook=inside.replace(os.sep, "/"), kernel="")


class _Search:
    """Paths to carry, found step by step."""

    def __init__(self, cwd: Path, root: Path, leave_out: frozenset[str]) -> None:
        self.cwd, self.root = cwd, root
        self.found: dict[str, None] = {}
        self.notebooks: dict[str, None] = {}
        self.folders: dict[str, None] = {os.path.normpath(cwd): None}
        self._leave_out = leave_out

    def add_step(self, step: Step, params: Mapping[str, Any], written: Collection[str]) -> None:
        """What the step needs. `written` are paths that steps before write: these come from there."""
        own = {*written, *(_inside(step, path) for path in step.files_out)}
        folder = Path(os.path.normpath(self.cwd / step.component.folder))
        if not folder.is_relative_to(os.path.normpath(self.root)):
            raise Refused(
                f"{step.name!r} runs in {folder}, outside of {self.root}.", hint="Move its notebook into the project."
            )
        self.folders[str(folder)] = None
        if step.component.kind == "notebook":
            self._add_whole(step, folder / step.component.notebook)
        for path in (*step.files_in, *step.modules):
            self._add_read(step, path, written)
        for path in step.options.files:
            self._add_declared(step, path, written)
        values = [*step.arguments.values(), *(params.get(name) for name in step.params.values())]
        for text in {*_texts(_sources(step)), *_strings(values)}:
            if _inside(step, text) not in own:
                self._add_named(folder, text)

    def add_notebook(self, path: Path) -> None:
        """A notebook that cells came from: the executed one is written in its order."""
        if path.is_file() and path.resolve().is_relative_to(self.root.resolve()):
            self.notebooks[os.path.normpath(path)] = None

    def _add_whole(self, step: Step, path: Path) -> None:
        from jupyter_mlops.pipeline.from_notebook import from_notebook

        if not path.is_file():
            raise Refused(f"{step.name!r} runs {path}, which is not there.", hint="Check the path.")
        self._check(step, path)
        self.notebooks[os.path.normpath(path)] = None
        try:
            inner = from_notebook(path)
        except MlopsError:
            return
        if any(item.component.kind == "notebook" and item.component.notebook == str(path) for item in inner.steps):
            raise Refused(
                f"{step.name!r} runs {path.name}, whose kernel {inner.kernel!r} does not speak Python.",
                hint="Run it on the target local, or as cells in Python.",
            )
        for item in inner.steps:
            folder = path.parent
            for name in (*item.files_in, *item.modules, *item.options.files):
                self._take(folder / name)
            for text in _texts(_sources(item)):
                self._add_named(folder, text)

    def _add_read(self, step: Step, path: str, written: Collection[str]) -> None:
        """A path that the step mentions, and that is or will be a file."""
        if _inside(step, path) in written:
            if os.path.isabs(path) and not _is_mounted(path, step):
                raise Refused(
                    f"{step.name!r} reads {path!r}, which a step before writes: pods share the notebook's folder only.",
                    hint="Write it below that folder, with a relative path, or on a volume (`--volume CLAIM:/PATH`).",
                )
            return
        whole = self.cwd / step.component.folder / path
        if not whole.is_file() or _is_mounted(str(path), step):
            return
        if os.path.isabs(path):
            if not path.startswith(_SYSTEM):
                raise Refused(
                    f"{step.name!r} reads {path!r}: an absolute path does not lead to that file in the cluster.",
                    hint="Write it relative to the notebook's folder, or mount a volume there: `--volume CLAIM:/PATH`.",
                )
            return
        self._check(step, whole)
        self._take(whole)

    def _add_declared(self, step: Step, path: str, written: Collection[str]) -> None:
        whole = self.cwd / step.component.folder / path
        if _inside(step, path) in written or _is_mounted(path, step) or not whole.exists():
            return
        self._check(step, whole)
        self._take(whole)

    def _add_named(self, folder: Path, text: str) -> None:
        """A file, a folder or a pattern of files that some text could name: carried if it lies in the project."""
        if os.path.isabs(text) or text.strip("./\\ ") == "" or text.startswith("~"):
            return
        try:
            if _PATTERN.fullmatch(text):
                for path in folder.glob(text):
                    self._take(path)
            elif (folder / text).exists():
                self._take(folder / text)
        except (OSError, ValueError, NotImplementedError, IndexError):  # no path at all
            return

    def _check(self, step: Step, path: Path) -> None:
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise Refused(
                f"{step.name!r} needs {os.path.relpath(path, self.cwd)!r}, which lies outside of {self.root}, or is a "
                "link that leads out of it.",
                hint="Copy it there, or put it on a volume (`--volume CLAIM:/PATH`).",
            )

    def _take(self, path: Path) -> None:
        """A file or all files below a folder, but for those that stay here."""
        for file in _files_below(os.path.normpath(path)):
            inside = os.path.relpath(file, self.root)
            parts = inside.split(os.sep)
            lies_in = Path(file).resolve().is_relative_to(self.root.resolve())
            left = any(os.path.join(*parts[: end + 1]) in self._leave_out for end in range(len(parts)))
            if lies_in and parts[0] != os.pardir and not left:
                self.found[file] = None


def _read(search: _Search, known: frozenset[str]) -> Luggage:
    paths = [*search.notebooks, *(path for path in search.found if path not in search.notebooks)]
    base = os.path.commonpath([*search.folders, *map(os.path.dirname, paths)])
    if len(paths) > MOST_FILES:
        raise Refused(f"The steps name {len(paths)} files; at most {MOST_FILES} can travel.", hint=_WAY_OUT)
    files, contents, sizes = [], {}, {}
    for path in paths:
        name = os.path.relpath(path, base).replace(os.sep, "/")
        digest, size, content = _content(path, known, whole=path in search.notebooks)
        files.append(Carried(name, digest, size, os.access(path, os.X_OK)))
        if content is not None and digest not in contents:
            sizes[os.path.relpath(path, search.cwd)] = size
            if sum(sizes.values()) <= MOST_BYTES:
                contents[digest] = content
    if sum(sizes.values()) > MOST_BYTES:
        raise Refused(_too_large(sizes), hint=_WAY_OUT)
    folder = os.path.relpath(search.cwd, base).replace(os.sep, "/")
    return Luggage(tuple(files), contents, "" if folder == os.curdir else folder)


_WAY_OUT = (
    "Put them on a volume (`--volume CLAIM:/PATH`) and read them there. If the steps do not need them, name them in "
    "leave_out under [kubernetes] in jupyter_mlops.toml."
)


def _too_large(sizes: Mapping[str, int]) -> str:
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_SHOWN]
    named = ", ".join(f"{name} ({sizes[name] / 2**20:.1f} MiB)" for name in largest)
    more = f" and {len(sizes) - _SHOWN} more" if len(sizes) > _SHOWN else ""
    total = sum(sizes.values()) / 2**20
    return f"The files that the steps read take {total:.0f} MiB, and {MOST_BYTES >> 20} MiB can travel: {named}{more}."


def _content(path: str, known: frozenset[str], *, whole: bool) -> tuple[str, int, bytes | None]:
    """Digest, size, and the bytes if they have to be sent. A notebook travels without what it showed."""
    size = os.path.getsize(path)
    if not whole and size > MOST_BYTES:
        digest = _digest_of(path)
        return digest, size, None if digest in known else b""
    data = Path(path).read_bytes()
    data = without_outputs(data) if whole and path.endswith(".ipynb") else data
    digest = hashlib.sha256(data).hexdigest()
    return digest, len(data), None if digest in known and len(data) >= KEPT_FROM else data


def without_outputs(notebook: bytes) -> bytes:
    """A notebook without what its cells showed; what is no notebook stays as it is."""
    try:
        data = json.loads(notebook)
        for cell in data["cells"]:
            if cell.get("cell_type") == "code":
                cell["outputs"], cell["execution_count"] = [], None
        data.get("metadata", {}).pop("widgets", None)
    except (ValueError, LookupError, TypeError, AttributeError):
        return notebook
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _digest_of(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def _files_below(path: str) -> Iterator[str]:
    if os.path.isfile(path):
        yield path
        return
    for place, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _NEVER)
        yield from (file for name in sorted(names) if os.path.isfile(file := os.path.join(place, name)))


def _notebooks(plan: Plan) -> Iterator[Path]:
    """The notebook of the pipeline, and those that its cells were taken from."""
    folder = Path(plan.pipeline.cwd or os.getcwd())
    if plan.pipeline.notebook:
        yield folder / plan.pipeline.notebook
    for step in plan.pipeline.steps:
        cells = (*step.component.cells, *step.component.setup)
        for name in dict.fromkeys(cell.notebook for cell in cells if cell.notebook):
            yield folder / name


def outermost(root: Path, cwd: Path) -> Path:
    """The project's folder, if the steps run in it; else the folder of their git repository, or their own."""
    if cwd.is_relative_to(root):
        return root
    return next((place for place in (cwd, *cwd.parents) if (place / ".git").exists()), cwd)


def _sources(step: Step) -> Iterator[str]:
    component = step.component
    yield from (cell.source for cell in (*component.cells, *component.setup))
    yield from (item.source for item in component.definitions if item.wanted)


def _texts(sources: Iterable[str]) -> Iterator[str]:
    for source in sources:
        yield from (match.group(2) for match in _TEXT.finditer(source))


def _strings(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _strings(value)
        elif isinstance(value, Mapping):
            yield from _strings(value.values())


def _inside(step: Step, path: str) -> str:
    """A path relative to the pipeline's folder."""
    return os.path.normpath(os.path.join(step.component.folder, path))


def _is_mounted(path: str, step: Step) -> bool:
    return any(os.path.normpath(path).startswith(item.path.rstrip("/") + "/") for item in step.options.volumes)
