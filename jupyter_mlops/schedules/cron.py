"""Cron expressions of five fields, read as strictly as Kubernetes reads them, and the times that they mean.

Where a day of the month and a day of the week are both given, a day counts that fits one of them; a field that is `*`
leaves it to the other. A time that a zone skips does not come; one that it has twice comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from jupyter_mlops.errors import Usage

_MONTHS = {name: at + 1 for at, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
_DAYS = {name: at for at, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_SHORT = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EXAMPLE = 'Write five fields, minute hour day month weekday: "0 6 * * 1-5" is 06:00 from Monday to Friday.'
_YEARS = 9
"""A 29th of February comes at least once in so many years."""


@dataclass(frozen=True)
class Cron:
    """An expression that was read: the values of each field, and whether its days were left open."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def times(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """The times after `after` (with a zone of its own), in `zone`, in order; it ends when none comes for years."""
        day = after.astimezone(zone).date() - timedelta(days=1)
        after = after.astimezone(UTC)  # two times of one zone are compared by their clocks
        ends = day + timedelta(days=366 * _YEARS)
        # Times of one day may come before those of the day before it, where a zone turns its clocks back at midnight.
        held: list[datetime] = []
        while day <= ends:
            if self._fits(day):
                held += [time for time in self._on(day, zone) if time > after]
                held.sort(key=lambda time: time.astimezone(UTC))
            sure = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
            while held and held[0] < sure:
                ends = held[0].date() + timedelta(days=366 * _YEARS)
                yield held.pop(0)
            day += timedelta(days=1)

    def _fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_day and by_weekday) if self.any_day or self.any_weekday else (by_day or by_weekday)

    def _on(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                found = []
                for fold in (0, 1):
                    local = datetime(day.year, day.month, day.day, hour, minute, fold=fold, tzinfo=zone)
                    real = local.astimezone(UTC)
                    if real.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None) and real not in found:
                        found.append(real)
                yield from (real.astimezone(zone) for real in found)


def read_cron(text: str) -> Cron:
    """Read an expression.

    Raises:
        Usage: it is none; the message names the field.
    """
    said = " ".join(text.split())
    if said.startswith("@") and said not in _SHORT:
        raise Usage(f"{said!r} is no schedule.", hint=f"There are: {', '.join(_SHORT)}. {_EXAMPLE}")
    words = _SHORT.get(said, said).split(" ")
    if len(words) != len(_FIELDS):
        raise Usage(f"The schedule {text!r} has {len(words) if said else 0} fields, not five.", hint=_EXAMPLE)
    minutes, hours, days, months, weekdays = (_field(word, *field) for word, field in zip(words, _FIELDS, strict=True))
    cron = Cron(
        text=said,
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=weekdays,
        any_day=_is_open(words[2]),
        any_weekday=_is_open(words[4]),
    )
    if not any(day <= _longest(month) for month in cron.months for day in cron.days) and cron.any_weekday:
        raise Usage(f"The schedule {text!r} never comes: there is no such day.", hint=_EXAMPLE)
    return cron


def _longest(month: int) -> int:
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _is_open(word: str) -> bool:
    """As Kubernetes has it: a list with a star in it is open, one with a step is not."""
    return any(part in ("*", "?", "*/1", "?/1") for part in word.split(","))


def _field(word: str, name: str, least: int, most: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        try:
            found.update(_values(part, least, most, names))
        except ValueError as error:
            sunday = " Sunday is 0." if names is _DAYS else ""
            hint = f"It is {least} to {most}, *, a list, a range or a step, such as */15 or 1-5.{sunday}"
            raise Usage(f"{part!r} cannot be the {name} of a schedule{error}.", hint=hint) from None
    return frozenset(found)


def _values(part: str, least: int, most: int, names: Mapping[str, int]) -> range:
    """The values of `*`, `5`, `1-5`, `*/2`, `1-9/2` or `5/10` (from 5 on)."""
    span, slash, step_word = part.partition("/")
    step = _number(step_word, {}) if slash else 1
    if step < 1:
        raise ValueError(": a step is at least 1")
    if span in ("*", "?"):
        return range(least, most + 1, step)
    first_word, dash, last_word = span.partition("-")
    first = _number(first_word, names)
    last = _number(last_word, names) if dash else most if slash else first
    if first > last:
        raise ValueError(f": {first} comes after {last}")
    if first < least or last > most:
        raise ValueError("")
    return range(first, last + 1, step)


def _number(word: str, names: Mapping[str, int]) -> int:
    if word.lower() in names:
        return names[word.lower()]
    if not (word.isascii() and word.isdigit() and len(word) <= 4):
        raise ValueError("")
    return int(word)
