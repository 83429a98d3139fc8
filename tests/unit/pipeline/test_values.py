from __future__ import annotations

from jupyter_mlops.pipeline.values import is_plain


def test_only_plain_data_can_be_written_into_a_plan() -> None:
    assert is_plain([{"a": [None, True, 1, 1.5, "x", float("nan")]}])
    for value in (object(), {1: 2}, {"a": {1, 2}}, [b"x"], 1j):
        assert not is_plain(value)
