"""The filter language: `metrics.acc > 0.9 and params.model = 'rf'`. Text to a tree; errors carry their position.

filter     = and-term { "or" and-term }        and-term = not-term { "and" not-term }
not-term   = "not" not-term | "(" filter ")" | comparison
comparison = key ( = | == | != | < | <= | > | >= ) value | key ["not"] like TEXT | key ["not"] in "(" values ")"
key        = params.NAME | metrics.NAME | tags.NAME | attribute      NAME may be quoted: metrics."val acc"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Union

from jupyter_mlops.errors import Usage

Value = Union[str, float, int, bool, None]
Table = Literal["params", "metrics", "tags", "attribute"]

ATTRIBUTES = (
    "run", "name", "pipeline", "experiment", "state", "created", "started", "finished", "seconds", "notebook", "target",
    "user", "reason",
)  # fmt: skip
MAX_DEPTH, MAX_COMPARISONS = 40, 200

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
      | (?P<op><=|>=|!=|<>|==|=|<|>)
      | (?P<mark>[(),])
      | (?P<word>[^\W\d][\w./-]*(?:"(?:[^"]|"")*"|`[^`]*`)?)
    )""",
    re.VERBOSE,
)
_LITERALS: dict[str, Value] = {"true": True, "false": False, "none": None, "null": None}


@dataclass(frozen=True)
class Key:
    """What is compared: a row of a table by its name, or an attribute of the run."""

    table: Table
    name: str
    position: int = 0


@dataclass(frozen=True)
class Comparison:
    """`op` is one of = != < <= > >= like in; `values` has one item but for `in`."""

    key: Key
    op: str
    values: tuple[Value, ...]
    position: int = 0


@dataclass(frozen=True)
class Both:
    """All of the parts hold ("and"), or one at least ("or")."""

    word: Literal["and", "or"]
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold; what a run does not have, does not hold."""

    part: Filter


Filter = Union[Comparison, Both, Not]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def parse(text: str) -> Filter | None:
    """The filter that `text` says; None if it is empty.

    Raises:
        Usage: it cannot be read; the message shows where.
    """
    if not text.strip():
        return None
    parser = _Parser(text)
    found = parser.filter(0)
    parser.expect_end()
    return found


def parse_order(text: str) -> list[tuple[Key, bool]]:
    """`"metrics.acc desc, started"` as (key, descending) pairs."""
    if not text.strip():
        return []
    return _Parser(text).order()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._comparisons = 0

    def filter(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise self._error("more than 40 parentheses or `not`s within each other")
        return self._joined("or", depth)

    def order(self) -> list[tuple[Key, bool]]:
        found = []
        while True:
            key = self._key()
            descending = self._word("desc") or (self._word("asc") and False)
            found.append((key, descending))
            if not self._mark(","):
                self.expect_end()
                return found

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise self._error("expected `and`, `or` or the end")

    def _joined(self, word: Literal["and", "or"], depth: int) -> Filter:
        def part() -> Filter:
            return self._joined("and", depth) if word == "or" else self._not(depth)

        parts = [part()]
        while self._word(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts))

    def _not(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise self._error("more than 40 parentheses or `not`s within each other")
        if self._word("not"):
            return Not(self._not(depth + 1))
        if self._mark("("):
            found = self.filter(depth + 1)
            self._expect_mark(")")
            return found
        return self._comparison()

    def _comparison(self) -> Filter:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise self._error(f"more than {MAX_COMPARISONS} comparisons")
        key = self._key()
        position = self._peek().position
        negated = self._word("not")
        if self._word("like"):
            found: Filter = Comparison(key, "like", (self._value(),), position)
        elif self._word("in"):
            found = Comparison(key, "in", self._values(), position)
        elif negated:
            raise self._error("expected `like` or `in` after `not`")
        else:
            found = Comparison(key, self._operator(), (self._value(),), position)
        return Not(found) if negated else found

    def _key(self) -> Key:
        token = self._take()
        if token.kind != "word":
            self._next -= 1
            raise self._error("expected a name such as metrics.acc or state")
        table, dot, name = token.text.partition(".")
        if not dot:
            return self._attribute(token)
        if table.lower() in ("attribute", "attributes", "run"):
            return self._attribute(_Token("word", name, token.position))
        for known in ("params", "metrics", "tags"):
            if table.lower() in (known, known[:-1]) and name:
                return Key(known, _unquoted(name), token.position)
        self._next -= 1
        raise self._error("a name starts with params., metrics. or tags., or is an attribute of the run")

    def _attribute(self, token: _Token) -> Key:
        name = {"status": "state", "duration": "seconds", "id": "run"}.get(token.text.lower(), token.text.lower())
        if name not in ATTRIBUTES:
            self._next -= 1
            raise self._error(f"`{token.text}` is none of the attributes {', '.join(ATTRIBUTES)}")
        return Key("attribute", name, token.position)

    def _operator(self) -> str:
        if self._peek().kind != "op":
            raise self._error("expected a comparison such as = or >=")
        return {"==": "=", "<>": "!="}.get(found := self._take().text, found)

    def _value(self) -> Value:
        token = self._take()
        if token.kind == "number":
            return float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
        if token.kind == "text":
            return _unquoted(token.text)
        if token.kind == "word" and token.text.lower() in _LITERALS:
            return _LITERALS[token.text.lower()]
        self._next -= 1
        raise self._error("expected a number, or text in quotes")

    def _values(self) -> tuple[Value, ...]:
        self._expect_mark("(")
        found = [self._value()]
        while self._mark(","):
            found.append(self._value())
        self._expect_mark(")")
        return tuple(found)

    def _word(self, word: str) -> bool:
        token = self._peek()
        return self._accept(token.kind == "word" and token.text.lower() == word)

    def _mark(self, mark: str) -> bool:
        token = self._peek()
        return self._accept(token.kind == "mark" and token.text == mark)

    def _expect_mark(self, mark: str) -> None:
        if not self._mark(mark):
            raise self._error(f"expected `{mark}`")

    def _accept(self, fits: bool) -> bool:
        self._next += fits
        return fits

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _error(self, message: str) -> Usage:
        return error_at(self._text, self._peek().position, message)


def error_at(text: str, position: int, message: str) -> Usage:
    """The error for a filter that is wrong at `position` (characters from 0)."""
    rest = text[position:].strip()
    at = f"`{rest[:20]}`" if rest else "the end"
    return Usage(
        f"The filter is wrong at position {position + 1}, {at}: {message}.",
        hint="Write for example: metrics.acc > 0.9 and params.model = 'rf'.",
    )


def _tokens(text: str) -> list[_Token]:
    found = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            raise error_at(text, start, "this cannot be read")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match.group(kind), match.start(kind)))
        position = match.end()
    return [*found, _Token("end", "", end)]


def _unquoted(text: str) -> str:
    for quote in "'\"":
        if len(text) >= 2 and text[0] == text[-1] == quote:
            return text[1:-1].replace(quote * 2, quote)
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == "`" else text
