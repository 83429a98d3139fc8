"""`mlops.runs`: past runs in a notebook, as tables that can be searched."""

from __future__ import annotations

from typing import Any

from jupyter_mlops.verbs.runs import list_runs, show
from jupyter_mlops.widgets.tables import runs_html, runs_text


class RunList(list[dict[str, Any]]):
    """Runs as plain data, shown as a table."""

    def __repr__(self) -> str:
        return runs_text(self)

    def _repr_html_(self) -> str:
        return runs_html(self)


class RunHistory:
    """The runs of the project that the current folder belongs to."""

    def search(self, query: str = "", *, order_by: str | None = None, limit: int = 50, offset: int = 0) -> RunList:
        """Runs for which `query` holds, for example `"metrics.acc > 0.9 and params.model = 'rf'"`.

        Raises:
            Usage: the query cannot be read; the message shows where.
        """
        return RunList(list_runs(query, order_by=order_by, limit=limit, offset=offset))

    def get(self, run: str = "last") -> dict[str, Any]:
        """One run with its tasks, metrics and parameters: by its id, the beginning of it, or `last`."""
        return show(run)

    def __repr__(self) -> str:
        return repr(self.search())

    def _repr_html_(self) -> str:
        return self.search()._repr_html_()


runs = RunHistory()
