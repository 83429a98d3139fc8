"""What is known of functions and methods of libraries: changes, sharing, random state, settings."""

import pytest

from jupyter_mlops.notebook.hidden_state import RANDOM_STATES, configures, is_setting, random_use
from jupyter_mlops.notebook.library import changed_argument, function_result, is_pure_method, method_result
from tests.unit.notebook.pipelines import notebook

INPLACE = frozenset({"inplace"})


@pytest.mark.parametrize(
    ("name", "flags", "origin", "expected"),
    [
        pytest.param("upper", (), "", "plain", id="a method of texts gives a plain value"),
        pytest.param("dropna", (), "", "fresh", id="a method of tables gives a new table"),
        pytest.param("head", (), "", "inside", id="a part of a table shares with it"),
        pytest.param("union", (), "", "inner", id="a new set holds what the old ones hold"),
        pytest.param("append", (), "", None, id="a method that changes its list"),
        pytest.param("frobnicate", (), "", None, id="a method that nobody knows may change anything"),
        pytest.param("dropna", INPLACE, "", None, id="in place, a method of tables changes its table"),
        pytest.param("plot", (), "pandas.read_csv", "fresh", id="a table's plot leaves the table alone"),
        pytest.param("plot", (), "matplotlib.pyplot.subplots", None, id="an axis's plot draws on the axis"),
        pytest.param(
            "plot", (), "sklearn.metrics.RocCurveDisplay.from_estimator", None, id="a display keeps what it draws"
        ),
        pytest.param("get_xlim", (), "matplotlib.pyplot.subplots", "inside", id="reading an axis changes nothing"),
    ],
)
def test_what_a_method_gives(name, flags, origin, expected):
    assert method_result(name, frozenset(flags), origin) == expected


@pytest.mark.parametrize(
    ("name", "pure"), [("strip", True), ("groupby", True), ("append", False), ("fit", False), ("unheard_of", False)]
)
def test_pure_methods_leave_their_receiver_alone(name, pure):
    assert is_pure_method(name) is pure


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("copy.deepcopy", "deep copy", id="a deep copy shares nothing"),
        pytest.param("copy.copy", "copy", id="a copy holds the same things"),
        pytest.param("itertools.chain", "holder", id="a chain keeps what it goes over"),
        pytest.param("itertools.islice", "holder", id="so do other iterators"),
        pytest.param("collections.defaultdict", "holder", id="a dictionary keeps what makes its defaults"),
        pytest.param("collections.deque", "inner", id="collections hold the same things"),
        pytest.param("sklearn.model_selection.train_test_split", "scatter", id="a split gives separate parts"),
        pytest.param("math.sqrt", "plain", id="a number"),
        pytest.param("os.path.join", "plain", id="a text"),
        pytest.param("numpy.zeros", "fresh", id="a new array"),
        pytest.param("numpy.asarray", None, id="perhaps the same array"),
        pytest.param("pandas.read_csv", "fresh", id="a new table"),
        pytest.param("pandas.DataFrame", None, id="perhaps a view of the same data"),
        pytest.param("random.choice", None, id="one of the same things"),
        pytest.param("sklearn.metrics.f1_score", "fresh", id="a score"),
        pytest.param("sklearn.metrics.ConfusionMatrixDisplay", "fresh", id="a class of a module that keeps nothing"),
        pytest.param("sklearn.datasets.load_iris", "fresh", id="a data set"),
        pytest.param("sklearn.pipeline.Pipeline", None, id="a pipeline keeps its parts"),
        pytest.param("sklearn.pipeline.make_pipeline", None, id="so does one from a function"),
        pytest.param("sklearn.utils.check_array", None, id="a check may give what it was given"),
        pytest.param("somelib.work", None, id="a function that nobody knows"),
    ],
)
def test_what_a_function_gives(name, expected):
    assert function_result(name) == expected


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("random.shuffle", 0),
        ("heapq.heappush", 0),
        ("setattr", 0),
        ("json.dump", 1),
        ("torch.nn.init.zeros_", 0),
        ("torch.zeros", None),
        ("somelib.zeros_", None),
        ("sorted", None),
    ],
)
def test_the_argument_that_a_function_changes(name, position):
    assert changed_argument(name) == position


@pytest.mark.parametrize(
    ("second", "feeds_third"),
    [
        pytest.param("random.shuffle(rows)", True, id="shuffling changes the list"),
        pytest.param("rows.sort()", True, id="sorting in place changes the list"),
        pytest.param("n = sorted(rows)", False, id="a sorted copy does not"),
        pytest.param("n = rows.count(1)", False, id="counting does not"),
        pytest.param("rows.dropna(inplace=True)", True, id="a flag makes it a change"),
        pytest.param("n = rows.dropna()", False, id="without the flag it is none"),
    ],
)
def test_a_step_that_changes_a_list_hands_it_on(second, feeds_third):
    flow = notebook(("a", "import random\nrows = [1]"), ("b", second), ("c", "print(rows)"))
    sources = {item.name: item.sources for item in flow.steps[2].inputs}
    assert sources["rows"] == (("b",) if feeds_third else ("a",))


NUMPY, PYTHON, TORCH = "numpy.random.state", "random.state", "torch.random.state"


@pytest.mark.parametrize(
    ("function", "keywords", "expected"),
    [
        pytest.param("random.seed", (), [(PYTHON, "seed")], id="Python's seed"),
        pytest.param("numpy.random.seed", (), [(NUMPY, "seed")], id="numpy's seed"),
        pytest.param("torch.manual_seed", (), [(TORCH, "seed")], id="torch's seed"),
        pytest.param("transformers.set_seed", (), [(name, "seed") for name in RANDOM_STATES], id="a seed for all"),
        pytest.param("numpy.random.default_rng", (), [], id="a generator of one's own"),
        pytest.param("random.Random", (), [], id="Python's generator of one's own"),
        pytest.param("numpy.random.rand", (), [(NUMPY, "draw")], id="numpy draws"),
        pytest.param("random.random", (), [(PYTHON, "draw")], id="Python draws"),
        pytest.param("random.nested.thing", (), [], id="something deeper is not Python's generator"),
        pytest.param("torch.randn", (), [(TORCH, "draw")], id="torch draws"),
        pytest.param("torch.nn.Linear", (), [(TORCH, "draw")], id="a layer draws its weights"),
        pytest.param("sklearn.cluster.KMeans", (), [(NUMPY, "draw")], id="an estimator draws from numpy's"),
        pytest.param("sklearn.cluster.KMeans", ("random_state",), [], id="not with a state of its own"),
        pytest.param("math.sqrt", (), [], id="a root draws nothing"),
    ],
)
def test_what_a_function_does_to_random_generators(function, keywords, expected):
    assert random_use(function, keywords) == expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("pandas.set_option", True),
        ("os.chdir", True),
        ("seaborn.set_theme", True),
        ("seaborn.lineplot", False),
        ("pandas.read_csv", False),
    ],
)
def test_calls_that_set_something_of_the_process(function, expected):
    assert configures(function) is expected


@pytest.mark.parametrize(
    ("chain", "expected"),
    [("matplotlib.pyplot.rcParams", True), ("os.environ", True), ("numpy.random.x", False), ("random.x", False)],
)
def test_assignments_that_set_something_of_the_process(chain, expected):
    assert is_setting(chain) is expected
