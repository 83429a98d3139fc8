"""Progress of a run: a live tree on a terminal, one plain line a change of state in a pipe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Self, TextIO

from jupyter_mlops.cli.render.columns import pad, width_of
from jupyter_mlops.cli.render.tree import tree_lines
from jupyter_mlops.cli.style import Style
from jupyter_mlops.store.events import Event, Note, RunCreated, RunFinished, TaskFinished, TaskStarted, TaskWaiting
from jupyter_mlops.widgets.run_picture import RunPicture, advance
from jupyter_mlops.widgets.states import plain, seconds_text, shortened

# Columns for the names of tasks: at least, and at most.
_NARROW, _WIDE = 16, 40
# Characters of a task's reason: all of it stands below the tree at the end.
_REASON = 100
_STOPPING = "Stopping the run; Ctrl-C again ends it at once."


class SilentProgress:
    """Follows the run without showing it."""

    def __init__(self) -> None:
        self.picture = RunPicture()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None: ...

    def on_event(self, event: Event) -> None:
        """Take one event of the run."""
        self.picture = advance(self.picture, event)

    def announce_stop(self) -> None:
        """Say that the run was asked to stop."""


class PlainProgress(SilentProgress):
    """One line a change of state: `12:01:03 train  succeeded  1.2 s`. A reader that goes away does not stop the run."""

    def __init__(self, stream: TextIO, local_time: Callable[[float], time.struct_time] = time.localtime) -> None:
        super().__init__()
        self._stream: TextIO | None = stream
        self._local_time = local_time
        self._width = _NARROW

    def on_event(self, event: Event) -> None:
        """Print a line if the event changes a state."""
        super().on_event(event)
        text = self._text(event)
        if text:
            self._print(f"{time.strftime('%H:%M:%S', self._local_time(event.at))} {text}")

    def announce_stop(self) -> None:
        """Say that the run was asked to stop."""
        self._print(_STOPPING)

    def _text(self, event: Event) -> str:
        if isinstance(event, RunCreated):
            steps = len(self.picture.tasks)
            self._width = min(max([_NARROW, *(width_of(plain(name)) for name in self.picture.tasks)]), _WIDE)
            return f"run {event.run}  {plain(event.pipeline)}  {steps} step{'' if steps == 1 else 's'}"
        if isinstance(event, RunFinished):
            return _columns("run", self._width, event.state, self._run_reason(plain(event.reason)))
        if isinstance(event, Note) and event.text and not event.task:
            return _columns("run", self._width, self.picture.state, plain(event.text))
        if isinstance(event, TaskStarted):
            attempt = f"attempt {event.attempt}" if event.attempt > 1 else ""
            return _columns(plain(event.task), self._width, "running", attempt)
        if isinstance(event, TaskWaiting):
            return _columns(plain(event.task), self._width, "waiting", plain(event.reason)) if event.reason else ""
        if isinstance(event, TaskFinished):
            state = event.state if event.final else f"{event.state}, will be tried again"
            seconds = seconds_text(event.seconds) if event.state in ("succeeded", "failed") else ""
            return _columns(plain(event.task), self._width, state, seconds, shortened(plain(event.reason), _REASON))
        return ""

    def _run_reason(self, reason: str) -> str:
        """Why the run did not succeed; why a task failed stands in the line of that task."""
        if any(task.state == "failed" for task in self.picture.tasks.values()):
            return reason.partition(": ")[0]
        return shortened(reason)

    def _print(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None


class LiveProgress(SilentProgress):
    """A tree that redraws itself, gone when the run is over; a run shorter than `patience` seconds never shows it."""

    def __init__(self, stream: TextIO, style: Style, *, patience: float = 0.3) -> None:
        super().__init__()
        self._stream = stream
        self._style = style
        self._patience = patience
        self._over = threading.Event()
        self._notice = ""
        self._thread = threading.Thread(target=self._show, name="mlops-progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def announce_stop(self) -> None:
        """Say below the tree that the run was asked to stop."""
        self._notice = _STOPPING

    def _show(self) -> None:
        if self._over.wait(self._patience):
            return
        # Imported here: a cached run is over before this line.
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, no_color=not self._style.color, highlight=False)
        with Live(console=console, get_renderable=lambda: self._text(console), transient=True, refresh_per_second=10):
            self._over.wait()

    def _text(self, console: Any) -> Any:
        from rich.text import Text

        lines = tree_lines(self.picture, self._style, now=time.time(), height=max(console.height - 3, 4))
        if self.picture.reason and self.picture.state in ("pending", "running"):
            lines.append(self._style.paint("33", plain(self.picture.reason)))
        if self._notice:
            lines.append(self._style.paint("33", self._notice))
        return Text.from_ansi("\n".join(lines), no_wrap=True, overflow="ellipsis")


def _columns(name: str, width: int, *rest: str) -> str:
    return "  ".join([pad(name, width), *(part for part in rest if part)]).rstrip()
