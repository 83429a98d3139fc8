"""What a verb needs from the place where it was typed: a terminal, a pipe or a kernel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from jupyter_mlops.store.events import Event

OnEvent: TypeAlias = "Callable[[Event], None]"


class Session(Protocol):
    """Called from the thread that runs the verb; `stop` is set from a signal handler."""

    stop: threading.Event

    def progress(self, before: Iterable[Event] = ()) -> AbstractContextManager[OnEvent]:
        """Show a run while it goes on: its events go to what this yields, from any one thread at a time.

        `before` is what an earlier engine did of it: taken as known and not told again.
        """
        ...

    def notebook(self, given: str | None) -> str:
        """The notebook to work on: the one given, or the current one where there is such a thing.

        Raises:
            Usage: none was given and none is current.
        """
        ...

    def stoppable(self) -> AbstractContextManager[None]:
        """While the block lasts, Ctrl-C or the kernel's interrupt sets `stop`; a second one ends the work at once."""
        ...

    def tell(self, text: str) -> None:
        """Say what is done now to a person who waits; nothing in a pipe."""
        ...

    def write(self, text: str) -> None:
        """Print a piece of text now, for verbs that stream."""
        ...
