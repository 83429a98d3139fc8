"""Tensors: memory stays shared with views and numpy, parameters stay tied, nothing is copied into the stream."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlops.runtime import hidden_state
from jupyter_mlops.runtime.bundle import bundle_header, read_bundle, write_bundle
from jupyter_mlops.runtime.compare import differences
from tests.unit.runtime.conftest import Step

torch = pytest.importorskip("torch", reason="torch is not installed")

BEHAVIOUR = {
    "views": (
        "import torch\na = torch.arange(10.); b = a[2:5]; c = a.view(2, 5).t(); n = a.numpy()",
        "a b c n",
        "a[3] = -1; assert b[1] == c[3, 0] == n[3] == -1",
    ),
    "every sort of tensor": (
        (
            "import torch\n"
            "h = torch.ones(3, dtype=torch.bfloat16); e = torch.empty(0); o = torch.tensor([True])\n"
            "s = torch.tensor(3.); p = torch.nn.Parameter(torch.ones(2)); sp = torch.eye(3).to_sparse()\n"
            "d = torch.float32"
        ),
        "h e o s p sp d",
        (
            "import torch\n"
            "assert h.dtype is torch.bfloat16 and e.numel() == 0 and o[0] and s == 3 and p.requires_grad\n"
            "assert sp.is_sparse and sp.to_dense()[1, 1] == 1 and d is torch.float32"
        ),
    ),
    "a model, its optimiser and its gradients": (
        (
            "import torch\nfrom torch import nn\n"
            "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n"
            "  self.l = nn.Linear(4, 2); self.tied = self.l.weight\n"
            " def forward(self, x): return self.l(x)\n"
            "m = Net(); opt = torch.optim.Adam(m.parameters()); m(torch.ones(1, 4)).sum().backward(); opt.step()"
        ),
        "Net m opt",
        (
            "import torch\nassert m.tied is m.l.weight is opt.param_groups[0]['params'][0] and isinstance(m, Net)\n"
            "assert m.l.weight.grad.shape == (2, 4); opt.step(); opt.zero_grad(); m(torch.ones(1, 4)).sum().backward()"
        ),
    ),
    "a loader": (
        (
            "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
            "a = torch.arange(4.); dl = DataLoader(TensorDataset(a), batch_size=2)"
        ),
        "a dl",
        "assert [batch[0].tolist() for batch in dl] == [[0, 1], [2, 3]]; a[0] = 9; assert dl.dataset[0][0] == 9",
    ),
}


@pytest.mark.parametrize("case", BEHAVIOUR)
def test_tensors_behave_as_in_the_notebook(case: str, hand_over: Callable[..., Step]) -> None:
    source, names, check = BEHAVIOUR[case]
    hand_over(Step(source), *names.split()).do(check)


def test_a_tensor_goes_out_of_band(tmp_path: Path) -> None:
    big = torch.rand(2_000_000)
    ref, _ = write_bundle(str(tmp_path / "b"), {"big": big}, namespace={})
    assert bundle_header(ref)["stream"] < 1000
    assert differences(read_bundle(ref, namespace={})["big"], big) == []


def test_the_random_state_goes_on() -> None:
    state = hidden_state.get_random("torch.random.state")
    first = torch.rand(3)
    hidden_state.set_random("torch.random.state", state)
    assert (torch.rand(3) == first).all()
