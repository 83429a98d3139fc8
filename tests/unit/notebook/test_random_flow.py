"""Who draws after whom: the state of a generator between steps."""

import pytest

from tests.unit.notebook.pipelines import notebook

NUMPY = "numpy.random.state"
SEED = "import numpy as np\nnp.random.seed(0)"


def sources(flow, step):
    found = next(item for item in flow.steps if item.name == step)
    return {item.name: item.sources for item in found.inputs if item.name.endswith(".state")}


def test_without_a_seed_nothing_is_tied():
    flow = notebook(("a", "import numpy as np\nx = np.random.rand()"), ("b", "y = np.random.rand()"))
    assert sources(flow, "b") == {}


def test_steps_that_draw_follow_each_other():
    flow = notebook(("a", SEED), ("b", "x = np.random.rand()"), ("c", "y = np.random.rand()"))
    assert (sources(flow, "b"), sources(flow, "c")) == ({NUMPY: ("a",)}, {NUMPY: ("b",)})


def test_a_step_that_may_draw_in_a_library_comes_after_the_seed_only():
    flow = notebook(("a", SEED), ("b", "x = np.random.rand()"), ("c", "import lib\nz = lib.work()"))
    assert sources(flow, "c") == {NUMPY: ("a",)}


def test_the_state_comes_from_whoever_drew_last_not_from_whoever_stands_last():
    flow = notebook(
        ("a", SEED),
        ("draws", "x = np.random.rand()"),
        ("other", "v = []"),
        ("end", "v.append(np.random.rand())"),
    )
    assert sources(flow, "end")[NUMPY] == ("draws",)


def test_a_second_seed_begins_anew():
    flow = notebook(("a", SEED), ("b", "x = np.random.rand()"), ("c", "np.random.seed(1)\ny = np.random.rand()"))
    assert sources(flow, "c") == {}


@pytest.mark.parametrize(
    ("call", "draws"),
    [
        ("shuffle([1, 2])", True),
        ("shuffle([1, 2], random_state=3)", False),
        ("RandomForestClassifier()", True),
        ("RandomForestClassifier(random_state=0)", False),
        ("LinearRegression()", False),
    ],
)
def test_estimators_draw_unless_they_have_a_state_of_their_own(call, draws):
    imports = (
        "from sklearn.utils import shuffle\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.linear_model import LinearRegression\n"
    )
    flow = notebook(("a", SEED), ("b", f"{imports}x = {call}"), ("c", "y = np.random.rand()"))
    assert sources(flow, "c") == {NUMPY: ("b" if draws else "a",)}
