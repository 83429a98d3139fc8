"""Which cells may run again in every step."""

from __future__ import annotations

import pytest

from jupyter_mlops.notebook.document import read_text
from jupyter_mlops.notebook.setup_cells import has_code, setup_cells

SETUP = [
    "import os, numpy as np\nfrom a.b import c as d",
    "from os.path import *",
    "'''docs'''\nimport os\npass",
    "import os\nSEED = 42\nNAMES = ('a', 1, None)",
    "def f(x, n=3, *args, k: int = -1, **kw) -> str:\n    return x + y",
    "async def f(): pass",
    "import functools\n@functools.lru_cache(maxsize=None)\ndef f(x): return x",
    "class A:\n    x = 1\n    y: int = 2\n    def f(self, n=x): return self\n    @property\n    def g(self): ...",
    "class A: pass\nclass B(A):\n    class C(A): pass",
    "import dataclasses as d\n@d.dataclass\nclass P:\n    x: list = d.field(default_factory=list)",
    "try:\n    import tomllib\nexcept ImportError:\n    import tomli as tomllib",
    "import pandas as pd\npd.set_option('display.max_rows', 5)",
    "import pandas as pd\npd.options.display.width = 100",
    "import matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (10, 5)\nplt.style.use('ggplot')",
    "import warnings\nwarnings.filterwarnings('ignore', category=FutureWarning)",
    "from warnings import filterwarnings\nfilterwarnings('ignore')",
    "import os\nos.environ['A'] = '1'",
    "import logging\nlogging.getLogger('x').setLevel(logging.ERROR)",
    "import mlflow\nmlflow.set_experiment('churn')\nmlflow.sklearn.autolog(log_models=False)",
    "import mlflow.pytorch\nmlflow.pytorch.autolog()\nmlflow.xgboost.autolog()",
    "%matplotlib inline",
    "%load_ext autoreload\n%autoreload 2\nimport os",
]
NOT_SETUP = [
    "x = 1",
    "A = 1\nB = 'x'",
    "import os\nx = []",
    "import os\nx = os.getcwd()",
    "import os\nprint(os)",
    "import numpy as np\nnp.random.seed(0)",
    "def f(x=[]): pass",
    "def f(x=y): pass",
    "class A:\n    seen = {}",
    "class A:\n    seen: list = []",
    "class A:\n    def f(self, seen=[]): pass",
    "class A(Unknown): pass",
    "class A:\n    x = unknown",
    "def d(f): return f\n@d\ndef g(): pass",
    "def f(): pass\nf()",
    "import os\nif os.name: x = 1",
    "try:\n    import a\nexcept ImportError:\n    print('no a')",
    "try:\n    x = 1\nexcept ValueError:\n    pass",
    "import os\nos.environ['A'] = x",
    "!pip install x",
    "%run other.py",
    "%%time\nimport os",
    "%%bash\nls",
    "import os\n(",
    "",
    "# comment",
    "import os\nx.y = 1",
    "import os\nx, y = 1, 2",
]


@pytest.mark.parametrize("source", SETUP)
def test_imports_definitions_and_configuration_are_setup(source: str) -> None:
    assert setup_cells(read_text(f"# %%\n{source}\n", "n.py").cells) == {0}


@pytest.mark.parametrize("source", NOT_SETUP)
def test_what_would_differ_when_run_again_is_not(source: str) -> None:
    assert setup_cells(read_text(f"# %%\n{source}\n", "n.py").cells) == frozenset()


@pytest.mark.parametrize(
    ("cells", "setup"),
    [
        (["import os\nSEED = 1", "SEED = 2"], set()),
        (["import os\nSEED = 1", "def f():\n    global SEED"], {1}),
        (["import os\nSEED = 1", "x = SEED"], {0}),
        (["Base = make()", "class A(Base): pass"], set()),
        (["class Base: pass", "class A(Base): pass"], {0, 1}),
        (["f = 1", "def f(): pass"], set()),
        (["import a\nx = a.b()", "class A(a.B): pass"], {1}),
        (["x = f()\nimport a", "class A(a.B): pass"], {1}),
        (["try:\n    pass\nexcept ValueError as os: pass", "def os(): pass"], set()),
    ],
)
def test_what_a_name_was_before_counts(cells: list[str], setup: set[int]) -> None:
    text = "".join(f"# %%\n{source}\n" for source in cells)
    assert setup_cells(read_text(text, "n.py").cells) == setup


def test_cells_that_are_setup_by_word_give_their_names_to_the_others() -> None:
    cells = read_text("# %%\nBase = make()\n# %%\nclass A(Base): pass\n", "n.py").cells
    assert setup_cells(cells, given={0}) == {0, 1}
    assert setup_cells(read_text("# %%\n(\n", "n.py").cells, given={0}) == {0}


@pytest.mark.parametrize(
    ("source", "expected"), [("x", True), ("# x\n\n", False), ("%time", True), ("(", True), ("'''x'''", True)]
)
def test_comments_are_no_code(source: str, expected: bool) -> None:
    assert has_code(read_text(f"# %%\n{source}", "n.py").cells[0]) is expected


def test_prose_is_no_code() -> None:
    assert not has_code(read_text("# %% [markdown]\n# x", "n.py").cells[0])
