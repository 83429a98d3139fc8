"""What was changed, so that it can be undone: of an edited notebook the cells above the edit need not be read again."""

from __future__ import annotations

from typing import Any

NEW = object()
MADE = object()


class Journal(list[Any]):
    """Changes in order, three items each: where, key, what was there before (`NEW`: nothing).

    They are no tuples: Python would look through all of them for garbage. `where` is a dict, a set or a list that
    something was added to, or an object whose attribute `key` was set. Of `MADE`, `where` is an object that was made
    to hold the objects in `key`: these forget it.
    """

    def undo(self, size: int) -> None:
        """Undo the latest changes, until it has this length; also the order of dicts is as it was."""
        while len(self) > size:
            before, key, where = self.pop(), self.pop(), self.pop()
            if before is MADE:
                for item in key:
                    del item.held_by[where]
            elif before is not NEW:
                if type(where) is dict:
                    where[key] = before
                else:
                    setattr(where, key, before)
            elif type(where) is dict:
                del where[key]
            elif type(where) is set:
                where.discard(key)
            else:
                where.pop()
