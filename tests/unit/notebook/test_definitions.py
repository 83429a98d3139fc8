"""Which statements could be definitions, seen from the cell alone."""

import pytest

from jupyter_mlops.notebook.definitions import candidates
from jupyter_mlops.notebook.hidden_state import _CONFIGURING_CALLS, _SEABORN, configures, may_configure


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("import os", ["import"]),
        ("def f(): pass\nclass C: pass", ["code", "code"]),
        ("P = namedtuple('P', 'x y')", ["type"]),
        ("pd.set_option('x', 1)", ["setting"]),
        ("plt.rcParams['x'] = 1", ["setting"]),
        ("set_option('x', 1)", ["setting"]),
        ("sns.set()", ["setting"]),
        ("data.head()", []),
        ("model.fit(data).score(data)", []),
        ("plt.style.use('x')\nplt.show()", ["setting"]),
        ("x = 1", []),
    ],
)
def test_calls_that_are_a_setting_in_no_module_are_none(source, kinds):
    assert [item.kind for item in candidates(source)] == kinds


def test_a_call_that_sets_a_name_is_seen_as_one_that_does():
    (found,) = candidates("data.head(n := 3)")
    assert found.names == ("n",)


@pytest.mark.parametrize("name", sorted({*_CONFIGURING_CALLS, *(f"seaborn.{name}" for name in _SEABORN)}))
def test_every_configuring_call_may_configure_by_its_last_name(name):
    assert configures(name)
    assert may_configure(name.rpartition(".")[2])


@pytest.mark.parametrize("name", ["head", "fit", "copy", "show"])
def test_others_do_not(name):
    assert not may_configure(name)
