"""Quantities as Kubernetes writes them: "500m" cores, "4Gi" bytes, "1e3". Read exactly, compared and written again."""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal

from jupyter_mlops.errors import Usage

_BINARY = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
# The API server allows no more than this; without it, "1e999999999" would be computed here.
_MOST_DIGITS, _MOST_EXPONENT = 40, 40
_EXACT = Context(prec=200)
_WRITTEN = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,6}))?", re.ASCII)


def parse(text: object) -> Decimal:
    """The amount: cores, bytes or a count, exactly. Takes a number too, as JSON may have one.

    Raises:
        Usage: it is no quantity.
    """
    found = None if isinstance(text, bool) else _WRITTEN.fullmatch(str(text))
    if found is None or len(found[2]) > _MOST_DIGITS or abs(int(found[5] or 0)) > _MOST_EXPONENT:
        raise Usage(f"{str(text)[:60]!r} is not a quantity.", hint='Write it like "500m", "2", "512Mi" or "4Gi".')
    number = Decimal(found[1] + found[2])
    if found[3]:
        return _EXACT.multiply(number, Decimal(_BINARY[found[3]]))
    return number.scaleb(_DECIMAL[found[4] or ""] + int(found[5] or 0), _EXACT)


def compare(one: object, other: object) -> int:
    """-1, 0 or 1: whether the first is less, the same amount, or more."""
    first, second = parse(one), parse(other)
    return (first > second) - (first < second)


def cores(number: float) -> str:
    """Cores as a quantity: 0.5 is "500m", 2 is "2". What is finer than a thousandth is rounded up.

    Raises:
        Usage: it is not above 0.
    """
    if not _is_number(number) or not 0 < number < 1e9:
        raise Usage(f"A step cannot have {number} cores.", hint="Give a number above 0, like 0.5 or 2.")
    thousandths = math.ceil(Decimal(str(number)) * 1000)
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"


def show_bytes(amount: object) -> str:
    """An amount of memory for people: "64 MiB", "1.5 GiB"; as it was written where it is no quantity."""
    try:
        left = parse(amount)
    except Usage:
        return str(amount)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if abs(left) < 1024 or unit == "TiB":
            break
        left /= 1024
    return f"{left:.1f}".removesuffix(".0") + f" {unit}" if left else "0 bytes"


def _is_number(number: object) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
