"""Values of xgboost, which are handles of a C library."""

import numpy as np
import pytest

from jupyter_mlops.runtime.bundle import read_bundle, write_bundle
from jupyter_mlops.runtime.compare import differences

xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")


def matrix(scale: float = 1.0):
    data = np.arange(12.0).reshape(4, 3) * scale
    data[0, 0] = np.nan
    return xgboost.DMatrix(data, label=[0, 1, 0, 1], weight=[1, 2, 3, 4], feature_names=["a", "b", "c"])


def test_a_matrix_is_handed_over_with_labels_weights_and_names(tmp_path):
    ref, _ = write_bundle(str(tmp_path / "bundle"), {"train": matrix()}, namespace={})
    back = read_bundle(ref, namespace={})["train"]
    assert differences(matrix(), back) == []
    assert back.get_label().tolist() == [0, 1, 0, 1]
    assert back.feature_names == ["a", "b", "c"]
    assert back.num_nonmissing() == 11


def test_matrices_are_compared_by_what_they_hold():
    assert differences(matrix(), matrix(2.0)) != []


def test_a_booster_says_the_same_after_hand_over(tmp_path):
    booster = xgboost.train({"max_depth": 2}, matrix(), num_boost_round=3)
    ref, _ = write_bundle(str(tmp_path / "bundle"), {"model": booster}, namespace={})
    back = read_bundle(ref, namespace={})["model"]
    assert back.predict(matrix()).tolist() == booster.predict(matrix()).tolist()
