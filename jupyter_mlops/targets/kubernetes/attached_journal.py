"""A run written down here whose values are on a volume in the cluster: known by digest, found by tasks alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path, PurePath, PurePosixPath

from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.run_journal import CachedResult
from jupyter_mlops.errors import Refused
from jupyter_mlops.runtime.spec import BundleRef
from jupyter_mlops.store.artifacts import valid_digest
from jupyter_mlops.store.cache import Cache
from jupyter_mlops.store.project import HOME_NAME, Project
from jupyter_mlops.targets.kubernetes.places import STORE, RunPlace

# In the facts of a cached result: its bundle, which is not in the store here.
_BUNDLE = "bundle_there"


class AttachedJournal(StoreJournal):
    """The journal of a run of `place` whose tasks keep their values on a `volume`, which they have at `store`.

    That a value is still there is believed until a task cannot load it; then the one that made it runs again. Results
    are used again only with the same volume and image: what they were made by is not this machine.
    """

    keeps_files = False

    def __init__(
        self, project: Project, run: str, pipeline: str, *, place: RunPlace, volume: str, store: str = STORE
    ) -> None:
        super().__init__(project, run, pipeline)
        self._store = PurePosixPath(store)
        self._cache = Cache(project.cache / "elsewhere" / _digest_of(place, volume), project.artifacts)

    @property
    def _confines(self) -> Path:
        """Pods say what they have made; of what is here, only what came from them is theirs."""
        return self.directory

    def keep_value(self, path: Path, digest: str) -> None:
        """The pod has taken it over already.

        Raises:
            Refused: what it says it has kept is not what it says it has made.
        """
        if path.name != digest:
            raise Refused("The values that the step kept on the volume are not those that it describes.")

    def value(self, digest: str) -> PurePath:
        """Where tasks find it, if it is there."""
        return self._store / HOME_NAME / "artifacts" / valid_digest(digest)[:2] / digest

    def cached(self, key: str) -> CachedResult | None:
        """The result under a key, if what came home of it is still here."""
        found = super().cached(key)
        if found is None:
            return None
        facts = dict(found.result.facts)
        there = facts.pop(_BUNDLE, None)
        try:
            bundle = BundleRef(valid_digest(there["path"]), str(there["seal"])) if there else None
        except (TypeError, LookupError):
            return None
        return replace(found, result=replace(found.result, facts=facts, bundle=bundle))

    def save(self, key: str, found: CachedResult) -> None:
        """Keep a result; its bundle is not looked for here."""
        result = found.result
        there = {_BUNDLE: asdict(result.bundle)} if result.bundle else {}
        super().save(key, replace(found, result=replace(result, bundle=None, facts={**result.facts, **there})))


def _digest_of(place: RunPlace, volume: str) -> str:
    """The folder of results that were made on this volume in this image."""
    text = json.dumps([volume, place.image, place.python])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
