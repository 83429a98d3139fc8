"""How each state is shown: an icon and a word always, a colour where there is one. The same on every screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StateLook:
    """`icon` is one column wide; `ascii` stands in where a terminal cannot show it; `color` is an ANSI code."""

    word: str
    icon: str
    ascii: str
    color: str


LOOKS: Mapping[str, StateLook] = {
    "pending": StateLook("pending", "○", ".", "2"),
    "running": StateLook("running", "▶", ">", "36"),
    "cached": StateLook("cached", "◆", "=", "34"),
    "skipped": StateLook("skipped", "↷", "-", "2"),
    "succeeded": StateLook("succeeded", "✓", "+", "32"),
    "failed": StateLook("failed", "✗", "x", "31"),
    "canceled": StateLook("canceled", "■", "#", "33"),
}

_UNKNOWN = StateLook("", "·", "?", "")


def look(state: str) -> StateLook:
    """The look of a state; one that this version does not know is shown by its word."""
    return LOOKS.get(state, _UNKNOWN)


def plain(text: str) -> str:
    """Text on one line without control characters: a name must not move the cursor or start an escape sequence."""
    return "".join(" " if char in "\n\r\t" else char for char in text if char.isprintable() or char in "\n\r\t")


def seconds_text(seconds: float | None) -> str:
    """A duration for people: `12 ms`, `1.2 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def bytes_text(count: int) -> str:
    """A size for people: `0 bytes`, `12.3 KiB`, `1.2 GiB`."""
    if count < 1024:
        return f"{count} byte{'' if count == 1 else 's'}"
    size, units = float(count), iter(("KiB", "MiB", "GiB", "TiB"))
    unit = ""
    while size >= 1023.95 and (following := next(units, "")):
        size, unit = size / 1024, following
    return f"{size:.1f} {unit}"


def number_text(value: object) -> str:
    """A metric or parameter, short: numbers to four digits, other values as they print, long ones by both ends."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return shortened(str(value), 100)


def shortened(text: str, longest: int = 300) -> str:
    """Text that fits a few lines: both ends of one that is longer."""
    return text if len(text) <= longest else f"{text[: longest - 20]}…{text[-19:]}"
