"""What is said of a value without handing it over."""

from __future__ import annotations

import pytest

from jupyter_mlops.runtime.describe import describe


@pytest.mark.parametrize(
    "columns",
    [{}, {"a": [1, 2]}, {"a": [1.5], "b": ["text"], "c": [None], "d": [True]}, {"a": [1, 2, 3], "b": [[1], {}, "x"]}],
)
def test_the_bytes_of_a_table_are_those_that_pandas_says(columns: dict[str, list[object]]) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(columns)
    for made in (table, table.set_index("a") if "a" in columns else table, table.astype(str).astype("category")):
        assert describe(made, "").bytes == int(made.memory_usage(deep=False).sum())
