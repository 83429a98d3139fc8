"""Where logical lines begin: an escape such as `!ls` counts only there, not inside a string or a bracket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What decides whether the next physical line still belongs to this one.
_TOKEN = re.compile(
    r"""(?P<triple>\"\"\"|''')
    | (?P<string>"(?:\\.|[^"\\])*"? | '(?:\\.|[^'\\])*'?)
    | (?P<comment>\#.*)
    | (?P<open>[(\[{]) | (?P<close>[)\]}])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\s*(?:!|%(?=[A-Za-z_%])|\?)")
_ASSIGNED = re.compile(r"\s*[^\W\d][\w.,\s\[\]'\"*()]*?(?<![=<>!+\-*/%&|^@:])=\s*(?:!|%(?=[A-Za-z_]))")
_HELP = re.compile(r"\s*%?[\w.*%]+(?:\[[^\]]*\])*\?{1,2}\s*$")


@dataclass(frozen=True)
class EscapedLine:
    """A logical line in IPython's own syntax: `first` and `last` are physical lines from 0, `text` joins them."""

    first: int
    last: int
    text: str


def escaped_lines(lines: list[str]) -> Iterator[EscapedLine]:
    """The logical lines that are IPython's and not Python's, in order."""
    scanner = _Scanner()
    index = 0
    while index < len(lines):
        line = lines[index]
        if scanner.at_start and (_ESCAPE.match(line) or _ASSIGNED.match(line) or _HELP.match(line)):
            found = _joined(lines, index)
            yield found
            index = found.last + 1
        else:
            scanner.read(line)
            index += 1


class _Scanner:
    """Whether the text read so far ends inside a string, a bracket or a continued line."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._continued = False

    @property
    def at_start(self) -> bool:
        return not (self._quote or self._depth or self._continued)

    def read(self, line: str) -> None:
        position = 0
        comment = False
        while position < len(line):
            if self._quote:
                position = self._skip_string(line, position)
                continue
            match = _TOKEN.search(line, position)
            if match is None:
                break
            position = match.end()
            comment = match.lastgroup == "comment"
            if match.lastgroup == "triple":
                self._quote = match.group()
            elif match.lastgroup == "open":
                self._depth += 1
            elif match.lastgroup == "close":
                self._depth = max(0, self._depth - 1)
        self._continued = not self._quote and not comment and line.endswith("\\")

    def _skip_string(self, line: str, position: int) -> int:
        end = line.find(self._quote, position)
        while end > 0 and (len(line[:end]) - len(line[:end].rstrip("\\"))) % 2:
            end = line.find(self._quote, end + 1)
        if end < 0:
            return len(line)
        length, self._quote = len(self._quote), ""
        return end + length


def _joined(lines: list[str], first: int) -> EscapedLine:
    last, text = first, lines[first]
    while text.endswith("\\") and last + 1 < len(lines):
        last += 1
        text = text[:-1] + " " + lines[last].strip()
    return EscapedLine(first, last, text)
