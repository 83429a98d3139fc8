"""From a filter's tree to SQL. What the user wrote reaches SQLite only as parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jupyter_mlops.store.search_parser import Both, Comparison, Filter, Key, Not, Value, error_at

MAX_KEYS = 40  # SQLite joins at most 64 tables
_NUMBERS = ("seconds",)
_TIMES = ("created", "started", "finished")


@dataclass
class Statement:
    """A query for ids of runs that grows part by part; `text` is the user's, for errors."""

    text: str
    joins: dict[tuple[str, str], str] = field(default_factory=dict)
    where: str = ""
    order: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def sql(self) -> str:
        """The statement; its parameters are `parameters(limit, offset)`."""
        order = ", ".join([*self.order, "r.run DESC"])
        return f"SELECT r.id FROM {self._tables()} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608

    def parameters(self, limit: int, offset: int) -> list[Any]:
        """Values for the question marks, in order."""
        return [*self.count_parameters(), limit, offset]

    def count_sql(self) -> str:
        """The statement that counts all; its parameters are `count_parameters()`."""
        return f"SELECT count(*) FROM {self._tables()}"  # noqa: S608

    def count_parameters(self) -> list[Any]:
        """Values for the question marks, in order."""
        return [*(name for _, name in self.joins), *self.values]

    def filter_by(self, tree: Filter | None) -> None:
        """Keep the runs for which `tree` holds."""
        self.where = self._condition(tree) if tree else ""

    def order_by(self, keys: list[tuple[Key, bool]]) -> None:
        """Sort; runs without a value come last either way."""
        for key, descending in keys:
            column = self._column(key, "number" if key.table == "metrics" else "text")
            direction = "DESC" if descending else "ASC"
            if key.table in ("params", "tags"):
                alias = column.partition(".")[0]
                self.order.append(f"{alias}.number {direction} NULLS LAST")
            self.order.append(f"{column} {direction} NULLS LAST")

    def _tables(self) -> str:
        tables = [
            f"LEFT JOIN {table} {alias} ON {alias}.id = r.id AND {alias}.name = ?"
            for (table, _), alias in self.joins.items()
        ]
        return " ".join(["runs r", *tables, *([f"WHERE {self.where}"] if self.where else [])])

    def _condition(self, tree: Filter) -> str:
        if isinstance(tree, Both):
            return "(" + f" {tree.word.upper()} ".join(map(self._condition, tree.parts)) + ")"
        if isinstance(tree, Not):
            return f"NOT coalesce({self._condition(tree.part)}, 0)"
        return self._comparison(tree)

    def _comparison(self, tree: Comparison) -> str:
        if tree.op == "in":
            parts = (self._comparison(Comparison(tree.key, "=", (value,), tree.position)) for value in tree.values)
            return "(" + " OR ".join(parts) + ")"
        value = self._checked(tree)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        column = self._column(tree.key, "number" if is_number or tree.key.table == "metrics" else "text")
        if value is None:
            missing = f"{column} IS NULL" + (f" OR {column} = 'null'" if tree.key.table == "params" else "")
            return f"(NOT ({missing}))" if tree.op == "!=" else f"({missing})"
        self.values.append(_as_text(value) if isinstance(value, bool) else value)
        if tree.op == "!=" and tree.key.table in ("params", "tags") and is_number:
            return f"({column} IS NOT ? AND {column.partition('.')[0]}.id IS NOT NULL)"
        return f"{column} {tree.op} ?"

    def _checked(self, tree: Comparison) -> Value:
        """The value as the column has it."""
        value, key = tree.values[0], tree.key
        if tree.op == "like" and not isinstance(value, str):
            raise error_at(self.text, tree.position, "`like` compares with text in quotes, % for any characters")
        if value is None:
            if tree.op in ("=", "!="):
                return None
            raise error_at(self.text, tree.position, "none can only be compared with = and !=")
        if key.table == "attribute" and key.name in _TIMES and isinstance(value, str) and tree.op != "like":
            return self._time(value, tree.position)
        numeric = key.table == "metrics" or (key.table == "attribute" and key.name in (*_NUMBERS, *_TIMES))
        if numeric and isinstance(value, (bool, str)):
            raise error_at(self.text, tree.position, f"`{key.name}` is a number")
        if key.table == "attribute" and not numeric and not isinstance(value, str):
            raise error_at(self.text, tree.position, f"`{key.name}` is compared with text in quotes")
        return value if not isinstance(value, int) or abs(value) < 2**63 else float(value)

    def _time(self, text: str, position: int) -> float:
        """Seconds since the epoch of an ISO date or time, local unless it says otherwise."""
        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            raise error_at(
                self.text, position, f"{text!r} is not a date such as 2026-01-31 or 2026-01-31T12:00"
            ) from None

    def _column(self, key: Key, column: str) -> str:
        if key.table == "attribute":
            return f"r.{'pipeline' if key.name == 'name' else key.name}"
        wanted = (key.table, key.name)
        if wanted not in self.joins and len(self.joins) >= MAX_KEYS:
            raise error_at(self.text, key.position, f"more than {MAX_KEYS} different params, metrics and tags")
        alias = self.joins.setdefault(wanted, f"j{len(self.joins)}")
        return f"{alias}.{column}"


def _as_text(value: bool) -> str:
    return "true" if value else "false"
