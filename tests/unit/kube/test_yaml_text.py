"""What is written is what YAML's readers read."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.kube.yaml_text import documents

TRICKY = st.sampled_from(
    ["", "yes", "No", "~", "1", "1e3", "0x1", "a: b", "- a", "#", "*", "a ", "&a", "12:30", "=", "<<", "a:"]
)
TEXTS = TRICKY | st.text()
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(TEXTS, DATA, min_size=1), min_size=1, max_size=3))
def test_a_reader_gets_what_was_written(items: list[dict[str, Any]]) -> None:
    assert list(yaml.safe_load_all(documents(items))) == items


def test_it_reads_well() -> None:
    item = {"kind": "Role", "metadata": {"name": "a"}, "rules": [{"apiGroups": [""], "verbs": ["get"]}], "none": []}
    assert documents([item, {"a": 1}]) == (
        'kind: Role\nmetadata:\n  name: a\nrules:\n- apiGroups:\n  - ""\n  verbs:\n  - get\nnone: []\n---\na: 1\n'
    )


@pytest.mark.parametrize("value", [1.5, b"x", object(), {1: 2}, {"a": {None: 1}}])
def test_what_is_no_plain_data_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        documents([{"a": value}])
