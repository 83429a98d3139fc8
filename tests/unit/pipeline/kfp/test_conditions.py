"""Conditions in CEL: what is translated, to what, and what is refused."""

import pytest

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp.conditions import hints, kind_from, translate
from jupyter_mlops.pipeline.kfp.kinds import BOOLEAN, DOUBLE, INTEGER, JSON, LIST, STRUCT, TEXT

KINDS = {"n": INTEGER, "acc": DOUBLE, "name": TEXT, "flag": BOOLEAN, "rows": LIST, "table": STRUCT, "any": JSON}
VARIABLES = {name: (name, kind) for name, kind in KINDS.items()}


def written(expression):
    return translate(expression, VARIABLES, "train").replace("inputs.parameter_values", "v")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("acc > 0.9", "v['acc'] > 0.9"),
        ("acc > 1", "v['acc'] > 1.0"),
        ("n > 3", "int(v['n']) > 3"),
        ("n > 3.5", "double(int(v['n'])) > 3.5"),
        ("name == 'it\\'s'", "v['name'] == 'it\\'s'"),
        ("flag", "v['flag'] == true"),
        ("flag == False", "!(v['flag'] == true)"),
        ("not flag", "!(v['flag'] == true)"),
        ("name", "v['name'] != ''"),
        ("rows", "size(v['rows']) > 0"),
        ("0 < acc < 1", "(0.0 < v['acc']) && (v['acc'] < 1.0)"),
        ("acc > 0.5 or n == 1", "(v['acc'] > 0.5) || (int(v['n']) == 1)"),
        ("name in ['a', 'b']", "v['name'] in ['a', 'b']"),
        ("'a' in name", "v['name'].contains('a')"),
        ("3 not in rows", "!(3.0 in v['rows'])"),
        ("n / 2 > 1", "(double(int(v['n'])) / 2.0) > 1.0"),
        ("len(rows) == 2", "size(v['rows']) == 2"),
        ("True", "true"),
    ],
)
def test_a_condition_in_cel(expression, expected):
    assert written(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "metrics.acc > 0.9",
            "acc is None",
            "n % 2 == 0",
            "n // 2 > 1",
            "n ** 2 > 1",
            "max(acc, 1) > 0",
            "rows[0] > 1",
        ),
        *("name > 1", "name == n", "any > 1", "table", "table['a'] > 1", "'a' * 2 == name", "rows < rows", "None"),
        *("n > 9007199254740993", "n in ['a']", "(name or 'x') == 'x'", "{'a': 1}", "n & 1", "+name", "name in n"),
    ],
)
def test_what_means_something_else_there_is_refused_with_a_way_out(expression):
    with pytest.raises(Refused, match="KFP cannot evaluate") as caught:
        written(expression)
    assert "train" in caught.value.message
    assert "when ok" in caught.value.hint


@pytest.mark.parametrize(
    ("expression", "name", "kind"),
    [
        ("x > 0.9", "x", DOUBLE),
        ("0 < x", "x", DOUBLE),
        ("x == 'a'", "x", TEXT),
        ("x in ['a', 'b']", "x", TEXT),
        ("x", "x", BOOLEAN),
        ("not x and y > 2", "x", BOOLEAN),
        ("x == True", "x", BOOLEAN),
        ("x > params.n", "x", DOUBLE),
        ("3 in x", "x", LIST),
        ("len(x) > 2", "x", LIST),
        ("x + 1 > 2", "x", DOUBLE),
        ("x > y", "y", DOUBLE),
        ("-x < -1", "x", DOUBLE),
    ],
)
def test_the_use_of_a_value_tells_its_type(expression, name, kind):
    known = {"params.n": INTEGER}
    assert kind_from(hints(expression, known.get).get(name, set()), "it") is kind


def test_a_value_with_two_types_is_refused():
    with pytest.raises(Refused, match="as number and as text"):
        kind_from({"number", "text"}, "'x' of 'load'")
