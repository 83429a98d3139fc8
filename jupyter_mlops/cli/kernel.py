"""The verbs in a kernel: a session that knows the current notebook, and results that show themselves."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.cli.grammar import Verb
from jupyter_mlops.cli.session import OnEvent, Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.errors import Usage
from jupyter_mlops.store.events import Event


@dataclass(frozen=True)
class Result:
    """What a verb found or did: `data` is what `--json` prints; in a notebook it shows itself."""

    verb: str
    data: Mapping[str, Any]
    text: str
    rich: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, **self.rich}


class KernelSession:
    """The session of a cell: runs are shown as a live graph, and the notebook may be left out."""

    def __init__(self, shell: Any) -> None:
        self.stop = threading.Event()
        self._shell = shell

    @contextmanager
    def progress(self, before: Iterable[Event] = ()) -> Iterator[OnEvent]:
        """Show the run as a graph; the kernel's interrupt asks it to stop."""
        from jupyter_mlops.cli.interrupts import stopping
        from jupyter_mlops.widgets.live_run import LiveRun

        with LiveRun(before) as live, stopping(self.stop, live.announce_stop):
            yield live.on_event

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """The kernel's interrupt sets `stop`."""
        from jupyter_mlops.cli.interrupts import stopping

        with stopping(self.stop, lambda: self.write("Stopping; interrupt again to end it at once.\n")):
            yield

    def tell(self, text: str) -> None:
        """Nothing: the cell shows that it is at work, and what it printed would stay in the notebook."""

    def notebook(self, given: str | None) -> str:
        """The notebook given, or the one that this cell is in."""
        return given or current_notebook(self._shell.user_ns)

    def write(self, text: str) -> None:
        """Print now."""
        sys.stdout.write(text)
        sys.stdout.flush()


def current_notebook(namespace: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> str:
    """The path of the notebook that a kernel works for, as Jupyter or VS Code tell it.

    Raises:
        Usage: neither does.
    """
    told = [str(namespace.get("__vsc_ipynb_file__", "")), environ.get("JPY_SESSION_NAME", "")]
    for path in filter(None, told):
        for candidate in (Path(path), Path(Path(path).name)):
            if candidate.suffix == ".ipynb" and candidate.is_file():
                return str(candidate)
    raise Usage(
        "This kernel does not know which notebook it works for.",
        hint="Name it, for example: %mlops run analysis.ipynb (and save it first).",
    )


def session_of(shell: Any) -> Session:
    """The session of an IPython shell: of its kernel, or of the terminal it runs in."""
    if getattr(shell, "kernel", None) is not None:
        return KernelSession(shell)
    from jupyter_mlops.cli.terminal import TerminalSession

    return TerminalSession()


def shown(verb: Verb, result: Any, data: Mapping[str, Any]) -> Result:
    """The result of a verb as an object for the notebook."""
    text = "\n".join(verb.lines(result, Style(width=120)))
    return Result(verb.name, data, text, _rich(verb.name, data, text))


def _rich(verb: str, data: Mapping[str, Any], text: str) -> dict[str, str]:
    """What a browser shows beside the text: pictures of graphs, tables of runs, text as it is for the rest."""
    from jupyter_mlops.widgets import tables

    if verb == "graph":
        from jupyter_mlops.widgets.graph_picture import GraphPicture

        return GraphPicture(data).mimebundle()
    if verb == "runs":
        return {"text/html": tables.runs_html(data["runs"])}
    return {"text/html": tables.lines_html(text.splitlines())}
