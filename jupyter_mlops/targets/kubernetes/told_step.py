"""A step in its pod, for an engine that cannot see the volume: what to do comes in ConfigMaps, and all that becomes of
it leaves as frames on standard output. Values stay: they are taken over into the store on the volume, by digest.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from jupyter_mlops.engine.damage import DAMAGED_FACT, take_damaged
from jupyter_mlops.engine.keeping import LOGGED, bundle_digest
from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.code_bundle import CodeBundle, bundle
from jupyter_mlops.kube.code_reader import read
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.runtime.errors import BundleRefused, MlopsError
from jupyter_mlops.runtime.spec import BundleRef, ErrorInfo, TaskResult, TaskSpec
from jupyter_mlops.runtime.task import FINAL, RESULT
from jupyter_mlops.store.artifacts import FileArtifacts, is_digest
from jupyter_mlops.store.mirror import Sender
from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.attempt_files import read_result
from jupyter_mlops.targets.kubernetes.parcel import arrive, arrived, joined
from jupyter_mlops.targets.kubernetes.pod_main import begins_now
from jupyter_mlops.targets.kubernetes.run_step import run_step
from jupyter_mlops.targets.kubernetes.storage import Storage
from jupyter_mlops.targets.kubernetes.workplace import Files, seen

if TYPE_CHECKING:
    from jupyter_mlops.targets.kubernetes.url_store import UrlStore

END = {"mlops": "end"}
"""The last line that a step prints: whoever reads it has read all."""
VOLUME_FACT = "volume"
"""In the facts of a result: the volume that its values are kept on."""
COMES_HOME = 32 << 20
"""Bytes of a logged file that still travels as frames; a larger one stays with the values."""
_SPEC = "spec.json"
_LOOK_EVERY_S = 0.3
_STAYS = (".bundle", ".part", ".lock", ".tmp")
_NOBODY = 125


@dataclass(frozen=True)
class StepOrder:
    """What the pod is told. `store` is the folder of the volume there, `home` the attempt's folder at the engine's,
    `volume` the name of the volume. With a `storage` the folder goes with the pod: its `work` below it is what pods of
    the run have in common. `began` is when the engine asked for it, by its clock (seconds since the epoch).
    """

    spec: TaskSpec
    store: str
    home: str
    volume: str = ""
    storage: Storage | None = None
    work: str = ""
    began: float = 0.0

    @property
    def files(self) -> Path:
        """The folder whose files pods of the run share."""
        return Path(self.store, "work", self.work, "files")

    @property
    def local(self) -> FileArtifacts:
        """The values in the store's folder."""
        return Project(Path(self.store)).artifacts

    @property
    def inputs(self) -> set[str]:
        """The digests of the values that it begins with."""
        return {Path(ref.path).name for item in self.spec.inputs for ref in item.bundles if ref is not None}

    def opened(self) -> UrlStore:
        """The storage.

        Raises:
            MlopsError: the image lacks what it needs.
        """
        from jupyter_mlops.targets.kubernetes.url_store import UrlStore  # few runs have one

        assert self.storage is not None
        return UrlStore(self.storage, self.local)

    def to_bundle(self) -> CodeBundle:
        """As pieces for ConfigMaps, with the digest of all of it."""
        data = {**vars(self), "spec": self.spec.to_json(), "storage": self.storage and self.storage.to_data()}
        return bundle(gzip.compress(json.dumps(data).encode("utf-8", "surrogatepass"), mtime=0))

    @classmethod
    def read(cls, digest: str, folder: str) -> StepOrder:
        """What `to_bundle` made, from the files of the pieces.

        Raises:
            SystemExit: the files are not those of the digest; it says so.
            Usage: another version wrote them.
        """
        try:
            data = json.loads(gzip.decompress(read(digest, folder)))
            own = {"spec": TaskSpec.from_json(data["spec"]), "storage": Storage.from_data(data["storage"])}
            return cls(**{**data, **own})
        except (ValueError, LookupError, TypeError, EOFError, OSError) as error:
            raise Usage(f"The order of this step cannot be read: {error}.") from error


def order_maps(order: CodeBundle, stem: str, run: str) -> list[dict[str, Any]]:
    """The ConfigMaps of an order, which belongs to one attempt."""
    made = []
    for index, body in enumerate(order.config_maps):
        metadata = {**body["metadata"], "name": f"{stem}-{index}", "labels": labels("plan", run=run)}
        made.append({**body, "metadata": metadata})
    return made


def step(digest: str, folder: str) -> int:
    """Do what the order says in a process of its own, and print the attempt's folder while it grows; its exit code."""
    order = StepOrder.read(digest, folder)
    spec = order.spec
    directory = Path(spec.directory)
    directory.mkdir(parents=True, exist_ok=True)
    if not begins_now(directory):
        return 1
    Path(spec.cwd).mkdir(parents=True, exist_ok=True)
    (directory / _SPEC).write_text(spec.to_json(), encoding="utf-8")
    status = _await(_forked(lambda: _fetch(order))) if order.storage else 0
    before = seen(order.files) if order.storage else {}
    child = _forked(lambda: run_step(str(directory / _SPEC))) if status == 0 else 0
    with _mirrored(directory, sys.stdout, whole_values=spec.final):
        if child:
            status = _await(child)
            _keep(order, directory, before)
    code = os.waitstatus_to_exitcode(status)
    # What was killed by a signal is told as a shell does it: a process 1 cannot kill itself.
    return code if code >= 0 else 128 - code


def arrive_here(parcel: str, digest: str, place: str, kept: str, run: str = "", storage: str = "") -> int:
    """In the pod: put a parcel's files into a folder, once, and into a `storage` (as JSON); 0 if they are there."""
    try:
        found = arrived(Path(place))
        if found is None:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            found = arrive(joined(Path(parcel), digest), Path(place), Path(kept), forget=False)
        where = Storage.from_data(json.loads(storage)) if storage else None
        if where is not None:
            from jupyter_mlops.targets.kubernetes.url_store import UrlStore

            UrlStore(where, FileArtifacts(Path(kept))).record(run, "arrival", 0.0, (), found.folder, {})
    except (MlopsError, OSError) as error:
        sys.stderr.write(f"What the run takes along could not be put where its steps are: {error}\n")
        return 1
    return 0


def _forked(work: Callable[[], int]) -> int:
    """The id of a process that does it and ends: what it imports and starts is not in this one."""
    child = os.fork()
    if child:
        signal.signal(signal.SIGTERM, lambda *_: _forward(child))
        return child
    code = _NOBODY
    try:
        code = work()
    except BaseException:
        traceback.print_exc()  # nobody else can: the process ends before it would be printed
        raise
    finally:
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(code)


def _await(child: int) -> int:
    return os.waitpid(child, 0)[1]


def _fetch(order: StepOrder) -> int:
    """Bring what the step begins with from the storage; 0 if it is here, else the result says what is wrong."""
    try:
        store = order.opened()
        store.bring(order.inputs)
        store.bring_files(order.spec.run, order.files)
    except (MlopsError, OSError) as error:
        info = ErrorInfo(MlopsError.__name__, f"What it begins with could not be brought: {error}")
        result = TaskResult(fate="failed", seconds=0.0, error=info)
        Path(order.spec.directory, RESULT).write_text(result.to_json(), encoding="utf-8")
        return 1
    return 0


def _forward(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)


def _keep(order: StepOrder, directory: Path, before: Files) -> None:
    """Take the values over into the store on the volume, or into the storage with the files that are not as `before`,
    and write into the result where they are.
    """
    result = read_result(directory)
    if result is None:
        return
    facts = {**result.facts, VOLUME_FACT: order.volume}
    error = result.error
    if error is not None and error.kind == BundleRefused.__name__:
        facts[DAMAGED_FACT] = sorted(take_damaged(order.spec.inputs))
        with contextlib.suppress(MlopsError):
            for digest in facts[DAMAGED_FACT] if order.storage else ():
                order.opened().artifacts.delete(digest)
    if isinstance(facts.get("final"), Mapping):
        facts["final"] = {**facts["final"], "path": str(Path(order.home, FINAL))}
    try:
        result = replace(result, facts=facts, bundle=_kept(order, result, before))
    except (MlopsError, OSError) as problem:
        said = ErrorInfo(type(problem).__name__, f"its values could not be kept: {problem}")
        result = replace(result, facts=facts, bundle=None, outputs={}, fate="failed", error=said)
    beside = directory / f"{RESULT}.part"
    beside.write_text(result.to_json(), encoding="utf-8")
    os.replace(beside, directory / RESULT)


def _is_large_artifact(path: Path) -> bool:
    return path.parent.name == LOGGED and path.stat().st_size > COMES_HOME


def _kept(order: StepOrder, result: TaskResult, before: Files) -> BundleRef | None:
    """The bundle where it is now, and large files that were logged are beside it."""
    logged = Path(order.spec.directory, LOGGED).glob("*")
    made = {path.name: path for path in logged if is_digest(path.name) and _is_large_artifact(path)}
    if result.bundle is not None:
        made[bundle_digest(result)] = Path(result.bundle.path)
    remote = order.opened() if order.storage else None
    for digest, path in made.items():
        (remote or order.local).take_over(path, digest)
    if remote is not None:
        pod = f"{order.spec.task}.{order.spec.attempt}"
        remote.record(order.spec.run, pod, order.began, {*order.inputs, *made}, order.files, before)
    if result.bundle is None:
        return None
    return BundleRef(str(order.local.path(bundle_digest(result))), result.bundle.seal)


@contextlib.contextmanager
def _mirrored(directory: Path, out: TextIO, *, whole_values: bool) -> Iterator[None]:
    """While inside, what is new in the folder is printed; at the end all of it, the result last, and then the end."""

    def wanted(name: str) -> bool:
        if name.endswith(_STAYS):
            return whole_values and name == FINAL
        return name not in (RESULT, _SPEC) and not _is_large_artifact(directory / name)

    sender, over = Sender(directory, wanted), threading.Event()

    def tell(finder: Sender) -> None:
        out.writelines(frame.to_line() + "\n" for frame in finder.look())
        out.flush()

    def follow() -> None:
        while not over.wait(_LOOK_EVERY_S):
            tell(sender)

    thread = threading.Thread(target=follow, name="mlops-mirror", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        tell(sender)
        tell(Sender(directory, lambda name: name == RESULT))
        out.write(json.dumps(END) + "\n")
        out.flush()
