"""The small YAML that we write is read back as the same data, and reads well."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.pipeline.block_yaml import to_yaml

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        ["yes", "No", "null", "1e3", "0x10", "1_000", "12:30:45", "2020-01-01", "~", "- a", "a: b", "a #b"]
    )
)
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(st.lists(DATA, min_size=1, max_size=3))
def test_a_reader_of_yaml_gets_the_same_data(documents):
    read = list(yaml.safe_load_all(to_yaml(*documents)))
    assert [json.dumps(item) for item in read] == [json.dumps(item) for item in documents]


@pytest.mark.parametrize("text", ["\ud83d", "a\u2028b", "\x85", "\ufeff", "\x00\x7f"])
def test_characters_that_yaml_forbids_are_escaped(text):
    written = to_yaml({"key": text})
    written.encode()
    assert json.loads(written.partition(": ")[2]) == text


def test_people_read_blocks_and_plain_words():
    data = {"name": "load", "args": ["/a/b.zip", "{{$}}"], "empty": {}, "none": [], "rows": [{"a": 1, "b": [True]}]}
    assert to_yaml(data) == (
        'name: load\nargs:\n- /a/b.zip\n- "{{$}}"\nempty: {}\nnone: []\nrows:\n- a: 1\n  b:\n  - true\n'
    )


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), float("inf"), object()])
def test_what_json_cannot_say_is_an_error(value):
    with pytest.raises(TypeError):
        to_yaml({"a": value})
