"""What something can do, and in plain words why not, or why nobody could tell."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Capability"]


@dataclass(frozen=True)
class Capability:
    """Something a target can do, unless `missing` says in plain words why not.

    `unknown` says why it could not be found out; then it counts as available, and trying it tells.
    """

    name: str
    missing: str = ""
    unknown: str = ""

    @property
    def available(self) -> bool:
        """Whether it can be used, as far as is known."""
        return not self.missing

    @property
    def answer(self) -> str:
        """In one word: yes, no, unknown."""
        return "no" if self.missing else "unknown" if self.unknown else "yes"
