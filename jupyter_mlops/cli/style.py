"""How text looks in this terminal: colours, icons that it can show, and its width."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TextIO

from jupyter_mlops.widgets.states import look, plain

# A pipe has no width: what reads it should not lose text.
_WIDE = 200


@dataclass(frozen=True)
class Style:
    """`color` off gives plain text; `unicode` off gives ASCII icons; `width` in columns."""

    color: bool = False
    unicode: bool = True
    width: int = 80

    def paint(self, code: str, text: str) -> str:
        """Text in an ANSI colour or weight (`"1"` bold, `"2"` dim, `"31"` red)."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text

    def bold(self, text: str) -> str:
        """Text that stands out."""
        return self.paint("1", text)

    def dim(self, text: str) -> str:
        """Text of less weight."""
        return self.paint("2", text)

    def icon(self, state: str) -> str:
        """The icon of a state, one column wide."""
        seen = look(state)
        return self.paint(seen.color, seen.icon if self.unicode else seen.ascii)

    def word(self, state: str) -> str:
        """The name of a state, coloured."""
        return self.paint(look(state).color, plain(state))

    def glyph(self, unicode: str, ascii_only: str) -> str:
        """One of two spellings, by what the terminal can show."""
        return unicode if self.unicode else ascii_only


def style_of(stream: TextIO) -> Style:
    """The style that fits a stream: `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are honoured."""
    return Style(color=_colored(stream), unicode=_shows_unicode(stream), width=_width(stream))


def _colored(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") not in (None, "", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _shows_unicode(stream: TextIO) -> bool:
    try:
        "○▶◆↷✓✗■│└─".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _width(stream: TextIO) -> int:
    if (columns := os.environ.get("COLUMNS", "")).isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDE
    except (OSError, ValueError, AttributeError):
        return _WIDE
