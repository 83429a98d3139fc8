"""The experiments of a project, with the numbers that MLflow needs."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from jupyter_mlops.store.index import Index
from jupyter_mlops.store.mlflow_api.request import Problem

DEFAULT_ID = "0"
# A run belongs to the experiment of its pipeline; this tag says which one its code chose.
TAG = "mlflow.experimentName"


class Experiments:
    """Names and numbers. `index` gives the index as of now; `default` is the project's own experiment."""

    def __init__(self, index: Callable[[], Index], default: str) -> None:
        self._index = index
        self.default = default
        self._added: dict[str, None] = {}

    def id_of(self, name: str) -> str:
        """The number of an experiment: from its name alone, so that every process says the same."""
        if name == self.default:
            return DEFAULT_ID
        return str(int(sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:14], 16) + 1)

    def name_of(self, id: str) -> str:
        """The experiment with that number.

        Raises:
            Problem: there is none.
        """
        found = self.find(id)
        if found is None:
            raise Problem("RESOURCE_DOES_NOT_EXIST", f"There is no experiment with the number {id[:40]!r}.")
        return found

    def find(self, id: str) -> str | None:
        """The experiment with that number, if there is one."""
        known = (self.default, *self._added)
        found = next((name for name in known if self.id_of(name) == id), None)
        return found or next((name for name in self.names() if self.id_of(name) == id), None)

    def spelled(self, name: str) -> str:
        """MLflow calls the one that is always there `Default`."""
        return self.default if name == "Default" and not self.known(name) else name

    def known(self, name: str) -> bool:
        """Whether it was made here, or has a run."""
        return name in (self.default, *self._added) or name in self.names()

    def names(self) -> list[str]:
        """All of them, the default one first."""
        rows = self._index().query(
            "SELECT experiment AS name FROM runs UNION SELECT text FROM tags WHERE name = ?", (TAG,)
        )
        return list(dict.fromkeys([self.default, *self._added, *(row["name"] for row in rows if row["name"])]))

    def add(self, name: str) -> None:
        """Take note of one that has no run yet."""
        self._added[name] = None
