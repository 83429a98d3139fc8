"""State that no name shows: random generators, and settings of the process."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

RandomUse = Literal["seed", "draw"]

# Implicit names: they hold a dot, so they are no identifiers.
RANDOM_STATES = ("random.state", "numpy.random.state", "torch.random.state")

_SEEDS = {
    "random.seed": "random.state",
    "random.setstate": "random.state",
    "numpy.random.seed": "numpy.random.state",
    "numpy.random.set_state": "numpy.random.state",
    "torch.manual_seed": "torch.random.state",
    "torch.random.manual_seed": "torch.random.state",
    "torch.seed": "torch.random.state",
    "torch.set_rng_state": "torch.random.state",
}
_OWN_GENERATORS = frozenset(
    """random.Random random.SystemRandom numpy.random.default_rng numpy.random.Generator numpy.random.RandomState
    numpy.random.SeedSequence numpy.random.PCG64 numpy.random.MT19937 numpy.random.Philox numpy.random.SFC64
    numpy.random.BitGenerator""".split()
)
_TORCH_DRAWS = ("torch.rand", "torch.normal", "torch.bernoulli", "torch.multinomial", "torch.poisson", "torch.nn.")
# One call that seeds several generators.
_SEED_ALL = frozenset(
    """lightning.seed_everything pytorch_lightning.seed_everything lightning.pytorch.seed_everything
    fastai.torch_core.set_seed transformers.set_seed tensorflow.keras.utils.set_random_seed keras.utils.set_random_seed
    accelerate.utils.set_seed""".split()
)


# Functions and classes (prefixes of full names) that draw from numpy's global generator unless given `random_state`.
_DRAWS_INSIDE = (
    "sklearn.cluster.KMeans sklearn.cluster.MiniBatchKMeans sklearn.cluster.SpectralClustering sklearn.datasets.make_ "
    "sklearn.decomposition.FastICA sklearn.decomposition.NMF sklearn.decomposition.TruncatedSVD "
    "sklearn.decomposition.LatentDirichletAllocation sklearn.decomposition.MiniBatch sklearn.ensemble. "
    "sklearn.gaussian_process. sklearn.kernel_approximation. sklearn.linear_model.SGD sklearn.linear_model.Perceptron "
    "sklearn.linear_model.PassiveAggressive sklearn.manifold. sklearn.mixture. "
    "sklearn.model_selection.train_test_split "
    "sklearn.model_selection.RandomizedSearchCV sklearn.model_selection.ShuffleSplit "
    "sklearn.model_selection.StratifiedShuffleSplit sklearn.model_selection.GroupShuffleSplit sklearn.neural_network. "
    "sklearn.random_projection. sklearn.tree.DecisionTree sklearn.tree.ExtraTree sklearn.utils.shuffle "
    "sklearn.utils.resample sklearn.inspection.permutation_importance"
)
_DRAWING_PREFIXES = tuple(_DRAWS_INSIDE.split())
_OWN_STATE = frozenset({"random_state", "seed"})


def random_use(function: str, keywords: Collection[str] = ()) -> list[tuple[str, RandomUse]]:
    """What a library's function (full name) does to global random generators: (implicit name, seed or draw).

    With a keyword that gives it a generator or a seed of its own it does nothing to them.
    """
    if function in _SEEDS:
        return [(_SEEDS[function], "seed")]
    if function in _SEED_ALL:
        return [(name, "seed") for name in RANDOM_STATES]
    if function in _OWN_GENERATORS:
        return []
    if function.startswith("numpy.random."):
        return [("numpy.random.state", "draw")]
    if function.startswith("random.") and function.count(".") == 1:
        return [("random.state", "draw")]
    if function.startswith(_DRAWING_PREFIXES):
        return [] if _OWN_STATE.intersection(keywords) else [("numpy.random.state", "draw")]
    if function.startswith(_TORCH_DRAWS):
        return [("torch.random.state", "draw")]
    return []


# Calls (full names, or all of a module where it ends in a dot) whose effect is a setting of the process.
_CONFIGURING_CALLS = frozenset(
    """pandas.set_option pandas.reset_option pandas.options.mode numpy.set_printoptions numpy.seterr
    warnings.filterwarnings warnings.simplefilter warnings.resetwarnings matplotlib.use matplotlib.rc
    matplotlib.rcdefaults
    matplotlib.pyplot.rc matplotlib.pyplot.style.use matplotlib.style.use matplotlib.pyplot.switch_backend
    matplotlib.pyplot.ion
    matplotlib.pyplot.ioff matplotlib.rcParams.update matplotlib.pyplot.rcParams.update matplotlib.pyplot.set_cmap
    matplotlib_inline.backend_inline.set_matplotlib_formats IPython.display.set_matplotlib_formats
    sklearn.set_config torch.set_default_dtype torch.set_default_device torch.set_default_tensor_type
    torch.set_num_threads torch.use_deterministic_algorithms torch.set_printoptions torch.set_grad_enabled
    torch.autograd.set_detect_anomaly torch.set_float32_matmul_precision
    tensorflow.get_logger tensorflow.config.set_visible_devices jax.config.update
    logging.basicConfig logging.disable logging.getLogger.setLevel logging.captureWarnings
    sys.path.append sys.path.insert sys.path.extend sys.setrecursionlimit os.chdir os.putenv os.environ.update
    os.environ.setdefault os.environ.pop locale.setlocale decimal.getcontext.prec random.seed.never gc.disable gc.enable
    optuna.logging.set_verbosity plotly.io.templates.default altair.renderers.enable
    altair.data_transformers.disable_max_rows
    altair.themes.enable polars.Config.set_tbl_rows tqdm.pandas tqdm.auto.tqdm.pandas tqdm.tqdm.pandas
    tqdm.notebook.tqdm.pandas nltk.data.path.append dotenv.load_dotenv faulthandler.enable joblib.parallel_config
    mlflow.autolog mlflow.set_tracking_uri mlflow.set_experiment mlflow.sklearn.autolog mlflow.xgboost.autolog
    mlflow.lightgbm.autolog mlflow.pytorch.autolog mlflow.tensorflow.autolog mlflow.keras.autolog
    mlflow.statsmodels.autolog mlflow.enable_system_metrics_logging""".split()
)
_SEABORN = frozenset(
    {"set", "set_theme", "set_style", "set_context", "set_palette", "set_color_codes", "reset_defaults"}
)
CONFIGURING_MAGICS = frozenset(
    """matplotlib config env set_env cd load_ext reload_ext autoreload precision colors xmode pprint""".split()
)


def configures(function: str) -> bool:
    """Whether a call (full name) sets something of the process that later steps must set too."""
    if function.startswith("seaborn."):
        return function.rpartition(".")[2] in _SEABORN
    return function in _CONFIGURING_CALLS


def may_configure(method: str) -> bool:
    """Whether a function of this name, in some module, is one of those."""
    return method in _CONFIGURING_NAMES


_CONFIGURING_NAMES = _SEABORN.union(name.rpartition(".")[2] for name in _CONFIGURING_CALLS)


# Modules whose attributes and items are settings: `plt.rcParams[...] = ...`, `os.environ[...] = ...`.
def is_setting(chain: str) -> bool:
    """Whether assigning to an attribute or item of this (full name) sets something of the process."""
    return not chain.startswith(("numpy.random.", "random."))
