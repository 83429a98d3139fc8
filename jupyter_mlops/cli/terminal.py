"""The session of a terminal or a pipe."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from jupyter_mlops.cli.interrupts import stopping
from jupyter_mlops.cli.progress import LiveProgress, PlainProgress, SilentProgress
from jupyter_mlops.cli.session import OnEvent
from jupyter_mlops.cli.style import style_of
from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.store.events import Event
from jupyter_mlops.widgets.run_picture import picture_of


class HardStop(MlopsError):
    """Ctrl-C, twice."""

    exit_code, code = 130, "interrupted"


class TerminalSession:
    """What the verbs need from a terminal. With `as_json` progress goes to stderr, and only if a person looks at it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.stop = threading.Event()
        self._as_json = as_json

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop.set()

    @contextmanager
    def progress(self, before: Iterable[Event] = ()) -> Iterator[OnEvent]:
        """Show a run on the terminal while it goes on; Ctrl-C sets `stop`."""
        shown = self._progress()
        shown.picture = picture_of(before)
        try:
            with stopping(self.stop, shown.announce_stop), shown:
                yield shown.on_event
        except KeyboardInterrupt as stopped:
            run = shown.picture.run
            hint = str(stopped) or (f"`jupyter mlops retry {run}` goes on with it." if run else "")
            raise HardStop("Interrupted before the run could end cleanly.", hint=hint) from None

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Ctrl-C sets `stop` and says so; a second one ends the work."""
        try:
            with stopping(self.stop, lambda: self._say("Stopping; Ctrl-C again ends it at once.")):
                yield
        except KeyboardInterrupt:
            raise HardStop("Interrupted.", hint="Start it again.") from None

    def tell(self, text: str) -> None:
        """Say on stderr what is done now, if a person looks at it."""
        if sys.stderr.isatty():
            self._say(style_of(sys.stderr).dim(text))

    def notebook(self, given: str | None) -> str:
        """The notebook given; a terminal has no current one."""
        if not given:
            raise Usage("Which notebook?", hint="For example: jupyter mlops run analysis.ipynb")
        return given

    def write(self, text: str) -> None:
        """Print now."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def _progress(self) -> PlainProgress | LiveProgress | SilentProgress:
        stream = sys.stderr if self._as_json else sys.stdout
        style = style_of(stream)
        if stream.isatty():
            return LiveProgress(stream, style)
        return SilentProgress() if self._as_json else PlainProgress(stream)
