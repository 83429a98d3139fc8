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

    def undo(self, size: int) -> Undone:
        """Undo the latest changes, until it has this length; also the order of dicts is as it was."""
        undone: Undone = []
        while len(self) > size:
            before, key, where = self.pop(), self.pop(), self.pop()
            undone += (where, key, before, value_at(where, key, before))
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
        return undone

    def redo(self, undone: Undone) -> None:
        """Do again what `undo` gave: only where all is as it was after that."""
        for place in range(len(undone) - 4, -1, -4):
            where, key, before, after = undone[place : place + 4]
            self.extend((where, key, before))
            if before is MADE:
                for item in key:
                    item.held_by[where] = after
            elif type(where) is dict:
                if after is NEW:
                    where.pop(key, None)
                else:
                    where[key] = after
            elif type(where) is set:
                where.add(key)
            elif type(where) is list:
                where.append(after)
            else:
                setattr(where, key, after)


# Changes that were undone, latest first, four items each: where, key, what was there before, and after.
Undone = list[Any]


def value_at(where: Any, key: Any, before: Any) -> Any:
    """What is there now, where there was `before` (`NEW`: nothing)."""
    if before is MADE:
        return key[0].held_by[where]
    if type(where) is dict:
        return where.get(key, NEW)
    if type(where) is list:
        return where[-1]
    return None if type(where) is set else getattr(where, key)
