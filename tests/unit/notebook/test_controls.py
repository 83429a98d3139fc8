"""The names that `when` and `for_each` read."""

import pytest

from jupyter_mlops.notebook.annotations import StepDeclaration
from jupyter_mlops.notebook.controls import Controls, read_controls


def controls(options):
    return read_controls(StepDeclaration("step", (0,), options=options))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, Controls(), id="no controls read nothing"),
        pytest.param({"when": None, "for_each": None}, Controls(), id="empty options read nothing"),
        pytest.param({"when": "", "for_each": ""}, Controls(), id="empty texts read nothing"),
        pytest.param({"when": "b > a"}, Controls("b > a", names=("a", "b")), id="a condition reads its names, sorted"),
        pytest.param(
            {"when": "len(rows) > 3"}, Controls("len(rows) > 3", names=("rows",)), id="functions are no names"
        ),
        pytest.param({"when": True}, Controls("True"), id="a condition that is no text"),
        pytest.param({"when": "metrics.f1 > 0.5"}, Controls("metrics.f1 > 0.5"), id="metrics are no values of steps"),
        pytest.param(
            {"when": "params.depth > params.min_depth"},
            Controls("params.depth > params.min_depth", names=("depth", "min_depth")),
            id="a parameter is read by its name",
        ),
        pytest.param({"when": "params"}, Controls("params"), id="the parameters as a whole name none"),
        pytest.param(
            {"for_each": "depth in [2, limit]"},
            Controls(variable="depth", items="[2, limit]", names=("limit",)),
            id="a loop reads its items and not its variable",
        ),
        pytest.param(
            {"for_each": {"variable": "d", "items": "depths"}},
            Controls(variable="d", items="depths", names=("depths",)),
            id="a loop as a mapping",
        ),
        pytest.param(
            {"for_each": {"variable": "d", "items": [2, 4]}},
            Controls(variable="d", items="[2, 4]"),
            id="a loop over plain data",
        ),
        pytest.param({"for_each": {}}, Controls(), id="an empty mapping is no loop"),
        pytest.param({"for_each": 3}, Controls(), id="what is neither text nor mapping is no loop"),
        pytest.param(
            {"when": "ok", "for_each": "x in xs"},
            Controls("ok", "x", "xs", ("ok", "xs")),
            id="both at once",
        ),
    ],
)
def test_controls_are_read_from_options(options, expected):
    assert controls(options) == expected


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"when": "a >"}, "'a >' cannot be read", id="a condition that is no expression"),
        pytest.param({"when": "open('f')"}, "open cannot be called", id="a call that is not known"),
        pytest.param({"when": "a.b"}, "attributes can be read of", id="an attribute of a value"),
        pytest.param({"for_each": "depths"}, "is not a loop", id="a loop without a variable"),
        pytest.param({"for_each": "d in"}, "cannot be read", id="a loop without items"),
        pytest.param(
            {"for_each": {"variable": "d", "items": "("}}, "cannot be read", id="items that are no expression"
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_no_exception(options, says):
    found = controls(options)
    assert says in found.problem
    assert found == Controls(options.get("when", ""), problem=found.problem)
