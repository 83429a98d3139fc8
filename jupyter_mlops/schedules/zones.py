"""Time zones by their names in the IANA database."""

from __future__ import annotations

import difflib
from zoneinfo import ZoneInfo, available_timezones

from jupyter_mlops.errors import Usage


def read_zone(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        Usage: there is none; the hint names a similar one.
    """
    try:
        # On some machines the database holds files that are no zones, and names of machines' own.
        if name in available_timezones() - {"localtime", "Factory"}:
            return ZoneInfo(name)
    except (OSError, ValueError):
        pass
    known = sorted(available_timezones())
    last = {zone.rpartition("/")[2].lower(): zone for zone in known}
    near = last.get(name.rpartition("/")[2].lower()) or next(iter(difflib.get_close_matches(name, known, 1, 0.6)), "")
    hint = f"Did you mean {near!r}?" if near else "Write it like Europe/Berlin or UTC."
    raise Usage(f"There is no time zone {name!r}.", hint=hint)
