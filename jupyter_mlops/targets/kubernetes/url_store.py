"""In a pod: what runs keep at a URL in place of a volume.

    <url>/artifacts/<first two>/<digest>            values, and contents of files
    <url>/runs/<run>/<time>.files.<task>.<n>.json   what a pod has made and used, with the files that it has changed
    <url>/runs/<run>/<time>.values.<task>.<n>.json  the same of a pod that has changed none

Pods share no folder: each begins with the files that those before it have left, put together from their records in the
order in which the engine asked for them, and tells at its end what it has changed. So nothing is written twice, and two
that work at the same time do not see each other's files before they are whole.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MissingLibrary, MlopsError, Refused, Unavailable
from jupyter_mlops.kube.names import dns_name
from jupyter_mlops.store.artifacts import ArtifactStore, FileArtifacts, is_digest
from jupyter_mlops.store.artifacts_fsspec import FsspecArtifacts
from jupyter_mlops.store.artifacts_retry import RetryingArtifacts
from jupyter_mlops.store.run_ids import is_run_id
from jupyter_mlops.store.url_folder import UrlFolder
from jupyter_mlops.targets.kubernetes.parcel import Carried, is_carried_name, put
from jupyter_mlops.targets.kubernetes.storage import LIBRARIES, Storage
from jupyter_mlops.targets.kubernetes.workplace import Files, seen

_RUNS = "runs"
_AT_ONCE = 8


@dataclass(frozen=True)
class Record:
    """What one pod has left: the digests of `values` that it made or used, and the `files` that are others now (None:
    gone). `written` is in seconds since the epoch, by the pod's clock.
    """

    values: tuple[str, ...] = ()
    files: Mapping[str, Carried | None] = field(default_factory=dict)
    written: float = 0.0

    @property
    def digests(self) -> set[str]:
        """All that it needs."""
        return {*self.values, *(item.digest for item in self.files.values() if item is not None)}

    def to_json(self) -> bytes:
        """As text."""
        files = {name: item and asdict(item) for name, item in self.files.items()}
        return json.dumps({"values": self.values, "files": files, "written": self.written}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Record:
        """Read what `to_json` gave; names that could lead elsewhere are left out.

        Raises:
            Refused: it is something else.
        """
        try:
            told = json.loads(data)
            files = {name: None if item is None else Carried(**item) for name, item in told["files"].items()}
            sound = {
                name: item
                for name, item in files.items()
                if is_carried_name(name) and (item is None or (item.name == name and is_digest(item.digest)))
            }
            return cls(tuple(filter(is_digest, told["values"])), sound, float(told["written"]))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise Refused(f"A record beside the values of the run cannot be read: {error!r}.") from error


class UrlStore:
    """A storage, with a local cache of values.

    Raises:
        MissingLibrary: the image lacks what such URLs need.
    """

    def __init__(self, storage: Storage, cache: FileArtifacts) -> None:
        self.url, self._cache = storage.url, cache
        with self._explained():
            self._folder = UrlFolder(storage.url, **storage.options)
            values = FsspecArtifacts(f"{storage.url}/artifacts", cache, **storage.options)
        self.artifacts: ArtifactStore = RetryingArtifacts(values)

    # For a step.

    def bring(self, digests: Collection[str]) -> None:
        """Have these values in the cache. What is not there any more is left out: who needs it finds that out."""

        def one(digest: str) -> None:
            if self.artifacts.exists(digest):
                self.artifacts.path(digest)

        self._all(one, digests)

    def bring_files(self, run: str, folder: Path) -> None:
        """Put the files that the pods of a run have left into a folder.

        Raises:
            Usage: one is not what was recorded.
        """
        files: dict[str, Carried | None] = {}
        for record in self._records(run, only="files"):
            files.update(record.files)

        def one(item: Carried) -> None:
            put(item, lambda: self.artifacts.open(item.digest), folder.joinpath(*item.name.split("/")))

        self._all(one, [item for item in files.values() if item is not None])

    def take_over(self, path: Path, digest: str) -> None:
        """Take a value over, under the digest that its writer computed."""
        with self._explained():
            self.artifacts.take_over(path, digest)

    def record(self, run: str, pod: str, began: float, values: Collection[str], folder: Path, before: Files) -> None:
        """Write down what a pod has used and made, and what is new in a folder of which `before` was seen first.

        `began` (seconds since the epoch, by the clock of the engine) orders the records of a run.
        """
        now = seen(folder)
        files: dict[str, Carried | None] = {name: None for name in before if name not in now}
        with self._explained():
            for name in sorted(now):
                if now[name] != before.get(name):
                    path = folder / name
                    digest = self.artifacts.put_file(path)
                    self._cache.delete(digest)  # it is there twice now
                    stat = path.stat()
                    files[name] = Carried(name, digest, stat.st_size, bool(stat.st_mode & 0o100))
            record = Record(tuple(sorted(values)), files, time.time())
            kind = "files" if files else "values"
            name = f"{began * 1000:015.0f}.{kind}.{dns_name(pod)}.json"
            self._folder.write(f"{_RUNS}/{run}/{name}", record.to_json())

    # For who looks after all runs.

    def runs(self) -> dict[str, float]:
        """All runs, and when something was last written of each (seconds since the epoch)."""
        return {run: max(item.written for item in records) for run, records in self._by_run().items()}

    def remove(self, runs: Collection[str]) -> None:
        """Remove runs, and the values that only they needed."""
        with self._explained():
            for digest in self.needed_only_by(runs):
                self.artifacts.delete(digest)
            for name in self._names(_RUNS):
                if _run_of(name) in runs:
                    self._folder.remove(name)

    def bytes_of(self, runs: Collection[str]) -> int:
        """Bytes of the values that only these runs need."""
        with self._explained():
            return sum(self.artifacts.size(digest) or 0 for digest in self.needed_only_by(runs))

    def needed_only_by(self, runs: Collection[str]) -> set[str]:
        """Digests that no other run's records name."""
        mine: set[str] = set()
        others: set[str] = set()
        for run, records in self._by_run().items():
            for item in records:
                (mine if run in runs else others).update(item.digests)
        return mine - others

    def _by_run(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        with self._explained():
            for name, data in self._folder.read_all(self._names(_RUNS)).items():
                if is_run_id(run := _run_of(name)):
                    found.setdefault(run, []).append(Record.from_json(data))
        return found

    def _records(self, run: str, only: str) -> list[Record]:
        with self._explained():
            names = [name for name in self._names(f"{_RUNS}/{run}") if f".{only}." in name.rpartition("/")[2]]
            contents = self._folder.read_all(names)
            return [Record.from_json(contents[name]) for name in sorted(names)]

    def _names(self, folder: str) -> list[str]:
        return [name for name in self._folder.names(folder) if name.endswith(".json")]

    def _all(self, work: Any, items: Collection[Any]) -> None:
        with self._explained(), ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(work, items))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Each library raises what it likes."""
        try:
            yield
        except MissingLibrary as error:
            library = LIBRARIES.get(self.url.partition("://")[0], "")
            names = "fsspec and " + library if library else "fsspec"
            hint = f"Make an image with it: pip install {names.replace(' and ', ' ')}"
            raise MissingLibrary(f"The image needs {names} for {self.url}.", hint=hint) from error
        except MlopsError:
            raise
        except PermissionError as error:
            hint = "Pods get in by env, secrets, storage_options or step_service_account under [kubernetes]."
            raise Refused(f"{self.url} may not be used: {error}.", hint=hint) from error
        except Exception as error:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            hint = "Does the bucket exist, and can pods reach it? storage_options says where it is."
            raise Unavailable(f"{self.url} cannot be used: {said}.", hint=hint) from error


def _run_of(name: str) -> str:
    return name.split("/")[-2]
