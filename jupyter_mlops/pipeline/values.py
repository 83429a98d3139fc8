"""What can be written into a plan: plain JSON data."""

from __future__ import annotations

from typing import Any


def is_plain(value: Any) -> bool:
    """Whether the value is JSON data (NaN and infinities included, as Python's JSON writes them)."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if isinstance(value, (list, tuple)):
        return all(is_plain(item) for item in value)
    return isinstance(value, dict) and all(isinstance(key, str) and is_plain(item) for key, item in value.items())
