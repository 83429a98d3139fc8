"""Random state and results of cells, by the names that dataflow gives them."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

from jupyter_mlops.runtime import hidden_state


@pytest.mark.parametrize(
    ("name", "draw"), [("random.state", random.random), ("numpy.random.state", lambda: float(np.random.rand()))]
)
def test_a_state_that_is_put_back_gives_the_same_numbers(name: str, draw: object) -> None:
    state = hidden_state.get_random(name)
    first = draw()  # type: ignore[operator]
    hidden_state.set_random(name, state)
    assert draw() == first  # type: ignore[operator]


def test_the_state_of_a_library_waits_for_its_import() -> None:
    code = (
        "import sys\nfrom jupyter_mlops.runtime import hidden_state as h\n"
        "key = {'key': list(range(624)), 'pos': 5}\n"
        "state = {'bit_generator': 'MT19937', 'state': key, 'has_gauss': 0, 'gauss': 0.0}\n"
        "assert h.get_random('numpy.random.state') is h.MISSING\n"
        "h.set_random('numpy.random.state', state)\n"
        "assert 'numpy' not in sys.modules and h.get_random('numpy.random.state') is state\n"
        "import numpy as np\n"
        "assert np.random.get_state(legacy=False)['state']['pos'] == 5\n"
        "assert h.get_random('numpy.random.state')['state']['key'][7] == 7\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "is_result"), [("_", True), ("___", True), ("_12", True), ("____", False), ("_x", False)]
)
def test_names_of_results(name: str, is_result: bool) -> None:
    assert hidden_state.is_result(name) is is_result


def test_names_of_generators() -> None:
    assert hidden_state.is_random("torch.random.state")
    assert not hidden_state.is_random("random")
