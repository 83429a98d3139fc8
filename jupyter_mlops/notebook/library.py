"""What is known of methods and functions that are not the notebook's: do they change their receiver, what do they
share.

A method that is not listed may change what it belongs to. A function that is not listed does not change its arguments
(those that do are listed), and what it gives may share objects with them.
"""

from __future__ import annotations

from typing import Literal

# How the result relates to the receiver (or the arguments): something inside it, a new object, a new container of what
# is inside it, a plain value, or a copy: one that shares what is inside it, or a deep one that shares nothing. A
# holder is a new object that keeps what it is given.
Result = Literal["inside", "fresh", "inner", "plain", "self", "copy", "deep copy", "holder"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ------------------------------------------------------------------------------------------------------------ methods

_PLAIN_METHODS = _words(
    # text and bytes
    """capitalize casefold center count encode decode endswith expandtabs find format format_map index isalnum isalpha
    isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip
    removeprefix removesuffix rfind rindex rjust rstrip startswith strip swapcase title translate upper zfill hex
    bit_length as_integer_ratio is_integer conjugate isoformat strftime timestamp total_seconds weekday toordinal
    item tobytes __len__ __contains__ __repr__ __str__ exists is_file is_dir issubset issuperset isdisjoint
    score get_depth get_n_leaves duplicated_count match_count size_in_bytes numel dim ndimension is_contiguous
    to_string to_html to_latex to_markdown memory_usage_total info read_text read_bytes as_posix"""
)
_FRESH_METHODS = _words(
    # pandas, numpy and polars: what gives a new table or array
    """abs agg aggregate all any apply applymap argmax argmin argsort assign astype asof_copy between bfill clip combine
    combine_first compare copy corr corrwith cov crosstab cummax cummin cumprod cumsum describe diff div divide dot drop
    drop_duplicates droplevel dropna duplicated eq equals ewm expanding explode ffill fillna filter floordiv ge gt
    get_dummies idxmax idxmin infer_objects interpolate isin isna isnull le lt mad mask max mean median melt
    memory_usage
    merge min mod mode mul multiply ne nlargest notna notnull nsmallest nunique pct_change pivot pivot_table pow prod
    quantile query radd rank rename rename_axis reorder_levels replace resample reset_index rolling round sample sem
    set_axis set_index shift skew sort_index sort_values std sub subtract sum swaplevel to_dict to_frame to_json to_list
    to_numpy_copy to_period to_records to_timestamp tolist transform truediv truncate tz_convert tz_localize unique
    unstack stack value_counts var where nonzero ptp trace repeat cumulative_sum searchsorted
    split rsplit splitlines partition rpartition extractall extract get_params predict predict_proba predict_log_proba
    decision_function inverse_transform kneighbors get_feature_names_out cost_complexity_pruning_path staged_predict
    to_csv to_parquet to_pickle to_excel to_feather to_hdf to_sql to_clipboard to_stata to_xarray savefig save
    dump_model
    save_model hist boxplot plot bar barh scatter pie line area kde density hexbin pairplot detach_copy deepcopy
    bool long int float double half cpu cuda numpy_copy argwhere logsumexp softmax log_softmax exp log sqrt sigmoid tanh
    matmul mm bmm norm isoweekday date time now today fromtimestamp glob rglob iterdir with_suffix with_name joinpath
    select collect lazy with_columns group_by_dynamic iterrows_copy month_name day_name normalize strptime
    value total_copy add_prefix add_suffix"""
)
_INSIDE_METHODS = _words(
    """get keys values items head tail iloc loc groupby get_group first last nth view reshape ravel squeeze
    transpose swapaxes T diagonal to_numpy iterrows itertuples iteritems xs at pipe expand expand_as permute unsqueeze
    narrow chunk detach numpy to contiguous flatten
    parameters named_parameters children modules state_dict named_children most_common elements
    get_booster get_config feature_importances classes __getitem__ __iter__ __enter__ get_support best_estimator
    get_children get_figure get_axes get_xlim get_ylim get_xlabel get_ylabel get_title get_legend_handles_labels
    show display render _repr_html_ _ipython_display_ group groups groupdict span match search findall finditer
    fullmatch"""
)
_INNER_METHODS = _words("union intersection difference symmetric_difference")

# Of methods that change what they belong to: what they give.
CHANGING_RESULTS: dict[str, Result] = {
    "fit": "self",
    "partial_fit": "self",
    "set_params": "self",
    "fit_transform": "fresh",
    "fit_predict": "fresh",
    "fit_resample": "fresh",
    "append": "plain",
    "add": "inside",
    "update": "plain",
    "extend": "plain",
    "insert": "plain",
    "sort": "plain",
    "clear": "plain",
    "write": "plain",
    "reverse": "plain",
    "remove": "plain",
}
# On figures and axes these draw, on tables they give a new picture.
_DRAWING_METHODS = _words("plot hist boxplot bar barh scatter pie line area hexbin legend show")

PURE_METHODS: dict[str, Result] = {
    **dict.fromkeys(_INSIDE_METHODS, "inside"),
    **dict.fromkeys(_FRESH_METHODS, "fresh"),
    **dict.fromkeys(_INNER_METHODS, "inner"),
    **dict.fromkeys(_PLAIN_METHODS, "plain"),
}


# Methods of containers: they change only the container itself, not what is inside it.
SHALLOW_METHODS = _words(
    """append add extend insert pop popitem remove discard clear update setdefault sort reverse appendleft popleft
    extendleft rotate move_to_end write writelines subtract difference_update intersection_update"""
)
EXTENDING_METHODS = frozenset({"extend", "update", "extendleft"})
# Methods that begin so put what they are given inside; others only remember it.
KEEPING = ("add", "set", "register", "attach", "put", "push", "insert", "append", "connect", "compile", "__setitem__")
# Methods that are known to change what they belong to, if somebody keeps them to call them later.
CHANGING_METHODS = SHALLOW_METHODS | _words("put put_nowait send step emit shuffle seed set register fit partial_fit")


def is_pure_method(name: str) -> bool:
    """Whether a method of this name leaves what it belongs to as it is."""
    return name in PURE_METHODS


def method_result(name: str, flags: frozenset[str], origin: str) -> Result | None:
    """What a method gives; None when it may change its receiver. `origin` is what made the receiver, if known."""
    if "inplace" in flags or (name in _DRAWING_METHODS and _keeps_drawing(origin)):
        return None
    if origin in _GENERATORS and name not in {"getstate", "get_state"}:
        return None
    return PURE_METHODS.get(name)


def _keeps_drawing(origin: str) -> bool:
    """Whether an object of this origin holds what it draws: a figure, axes, a display of scikit-learn."""
    return origin.startswith("matplotlib") or (origin.startswith("sklearn.") and "Display" in origin)


# ---------------------------------------------------------------------------------------------------------- functions

PARTIAL = "functools.partial"
CALLABLES = frozenset({"operator.methodcaller"})
# Functions that make something of their own out of what they are given, by names that do not look like classes.
MAKERS = CALLABLES | {PARTIAL, "functools.partialmethod"}
BUILTIN_TYPES = frozenset({"list", "dict", "set", "bytearray", "frozenset", "tuple", "str", "object"})
DEFAULTS = "collections.defaultdict"
_VIEWS = {DEFAULTS} | _words("functools.lru_cache functools.cache")
ITERATORS = _words("builtins.iter builtins.zip builtins.enumerate builtins.map builtins.filter builtins.reversed")
_GENERATORS = _words(
    """random.Random numpy.random.RandomState numpy.random.default_rng numpy.random.Generator numpy.random.PCG64
    numpy.random.MT19937 numpy.random.Philox numpy.random.SFC64 torch.Generator sklearn.utils.check_random_state"""
)
_ITERTOOLS = _words(
    """accumulate batched chain chain.from_iterable combinations combinations_with_replacement compress count cycle
    dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile zip_longest"""
)
# What goes on when somebody takes from it.
GOING_ON = ITERATORS | _GENERATORS | {f"itertools.{name}" for name in _ITERTOOLS}
# What functions of Python call on the objects that they are given.
_ITERATION = ("__iter__", "__next__", "__getitem__")
_TEXT = ("__str__", "__repr__", "__format__")
PROTOCOLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        _words("list tuple set frozenset dict iter next sum sorted min max any all enumerate zip map filter reversed"),
        (*_ITERATION, "__reversed__", "__len__"),
    ),
    **dict.fromkeys(["print", "str", "repr", "format", "ascii"], _TEXT),
    **dict.fromkeys(_words("set frozenset dict"), (*_ITERATION, "__hash__", "__eq__")),
    **dict.fromkeys(_words("any all filter"), (*_ITERATION, "__bool__", "__len__")),
    **dict.fromkeys(_words("min max sorted"), (*_ITERATION, "__lt__", "__gt__")),
    "sum": (*_ITERATION, "__add__", "__radd__"),
    "len": ("__len__",),
    "bool": ("__bool__", "__len__"),
    "int": ("__int__", "__index__"),
    "float": ("__float__",),
    "abs": ("__abs__",),
    "round": ("__round__",),
    "hash": ("__hash__",),
    "divmod": ("__divmod__",),
    "pow": ("__pow__",),
    "getattr": ("__getattr__", "__getattribute__"),
    "hasattr": ("__getattr__", "__getattribute__"),
    "copy.copy": ("__copy__", "__reduce__", "__getstate__"),
    "copy.deepcopy": ("__deepcopy__", "__reduce__", "__getstate__"),
}


def called_methods(name: str) -> tuple[str, ...]:
    """The methods that a function (full name) calls on what it is given: those of Python and of `operator`."""
    module, _, last = name.rpartition(".")
    return (f"__{last.strip('_')}__", f"__r{last}__") if module == "operator" else PROTOCOLS.get(name, ())


_TRAINED = ("torch", "lightning", "pytorch_lightning", "keras", "tensorflow", "transformers", "fastai", "flax")
_STATELESS = ("scipy.", "numpy.", "sklearn.", "functools.", "operator.", "math.", "torch.nn.functional")


def is_trained(origin: str) -> bool:
    """Whether an object of this origin is what others train: it changes when it is given to them."""
    return origin.partition(".")[0] in _TRAINED and not origin.startswith("torch.utils.data")


def is_stateful(origin: str) -> bool:
    """Whether calling an object that a library's class made may change it, for all that is known."""
    return origin.rpartition(".")[2][:1].isupper() and not origin.startswith(_STATELESS)


_PLAIN_FUNCTIONS = _words(
    """len int float str bool bytes complex hash id isinstance issubclass callable chr ord hex oct bin repr ascii format
    print input hasattr range all any dir display type"""
)
_FRESH_FUNCTIONS = _words(
    "abs round divmod pow open sum bytearray memoryview object slice Exception ValueError KeyError"
)
_INNER_FUNCTIONS = _words("list tuple set frozenset dict sorted reversed enumerate zip iter map filter")
_INSIDE_FUNCTIONS = _words("min max next getattr vars")
BUILTINS: dict[str, Result] = {
    **dict.fromkeys(_PLAIN_FUNCTIONS, "plain"),
    **dict.fromkeys(_FRESH_FUNCTIONS, "fresh"),
    **dict.fromkeys(_INNER_FUNCTIONS, "inner"),
    **dict.fromkeys(_INSIDE_FUNCTIONS, "inside"),
}
# Modules whose functions give new objects, and those functions that do not.
_FRESH_MODULES = _words(
    """numpy pandas math cmath statistics json re time datetime os glob string random secrets hashlib base64 scipy
    seaborn
    matplotlib plotly altair requests urllib csv sqlite3 polars platform textwrap uuid decimal fractions calendar"""
)
_SHARING = _words(
    """numpy.asarray numpy.asanyarray numpy.ascontiguousarray numpy.reshape numpy.ravel numpy.squeeze numpy.transpose
    numpy.atleast_1d numpy.atleast_2d numpy.atleast_3d numpy.broadcast_to numpy.broadcast_arrays numpy.swapaxes
    numpy.expand_dims numpy.moveaxis numpy.rollaxis numpy.split numpy.array_split numpy.hsplit numpy.vsplit numpy.flip
    numpy.fliplr numpy.flipud numpy.rot90 numpy.diagonal numpy.real numpy.imag numpy.frombuffer numpy.nditer
    numpy.ndenumerate
    numpy.vectorize pandas.DataFrame pandas.Series pandas.Index pandas.Categorical pandas.ExcelWriter json.JSONEncoder
    random.choice random.choices random.sample sqlite3.Cursor csv.reader csv.writer csv.DictReader csv.DictWriter"""
)
# Their results share nothing with one another.
_SCATTERING = _words("train_test_split")
_PLAIN_MODULES = ("os.path.", "math.", "time.")
_SKLEARN_FRESH = _words("sklearn.metrics sklearn.datasets sklearn.model_selection.cross_val_score")
_COPIES: dict[str, Result] = {"copy.deepcopy": "deep copy", "copy.copy": "copy"}


def function_result(name: str) -> Result | Literal["scatter"] | None:
    """What a library's function (full name) gives; None when it may share objects with its arguments."""
    if name in _COPIES:
        return _COPIES[name]
    module = name.partition(".")[0]
    last = name.rpartition(".")[2]
    if last in _SCATTERING:
        return "scatter"
    if name.startswith(_PLAIN_MODULES):
        return "plain"
    if name in _SHARING or name in MAKERS or name in _GENERATORS or name.startswith("operator.i"):
        return None
    if module in _FRESH_MODULES:
        return "fresh"
    if module == "itertools" or name in _VIEWS:  # what is put into a list later comes out of its iterator, too
        return "holder"
    if module == "collections":
        return "inner"
    if module == "sklearn" and (last[:1].islower() or name.rpartition(".")[0] in _SKLEARN_FRESH):
        return None if last.startswith("make_pipeline") or last in {"clone", "check_array", "check_X_y"} else "fresh"
    return None


_CHANGING_FUNCTIONS: dict[str, int] = {
    "random.shuffle": 0,
    "numpy.random.shuffle": 0,
    "numpy.put": 0,
    "numpy.copyto": 0,
    "numpy.place": 0,
    "numpy.putmask": 0,
    "numpy.fill_diagonal": 0,
    "numpy.put_along_axis": 0,
    "heapq.heapify": 0,
    "heapq.heappush": 0,
    "heapq.heappop": 0,
    "heapq.heapreplace": 0,
    "heapq.heappushpop": 0,
    "bisect.insort": 0,
    "bisect.insort_left": 0,
    "bisect.insort_right": 0,
    "operator.setitem": 0,
    "operator.delitem": 0,
    **dict.fromkeys(
        [
            f"operator.{name}"
            for name in """iadd iand iconcat ifloordiv ilshift imatmul imod imul ior ipow irshift isub itruediv
            ixor""".split()
        ],
        0,
    ),
    "setattr": 0,
    "delattr": 0,
    "next": 0,
    "json.dump": 1,
    "pickle.dump": 1,
    "sklearn.utils.fixes.setattr": 0,
}


def changed_argument(name: str) -> int | None:
    """The position of the argument that a function (full name) changes in place, None if it changes none."""
    if name in _CHANGING_FUNCTIONS:
        return _CHANGING_FUNCTIONS[name]
    # torch marks what works in place: torch.nn.init.zeros_, torch.nn.utils.clip_grad_norm_
    return 0 if name.startswith("torch.") and name.endswith("_") else None
