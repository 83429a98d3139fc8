"""Packages that components ask for."""

from __future__ import annotations

import importlib.metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp.packages import fits, need


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch):
    def have(version: str) -> None:
        monkeypatch.setattr(importlib.metadata, "version", lambda name: version)

    return have


@pytest.mark.parametrize(
    "package",
    ["a", "a>=1.2", "a==1.2.3", "a[x]>=1,<2", "a~=1.2", "a==1.2.*", 'a>1; python_version<"4"', "a (>=1)", "a!=1.4"],
)
def test_a_version_that_is_allowed_fits(version, package: str) -> None:
    version("1.2.3")
    assert fits(package)


@pytest.mark.parametrize(
    "package", ["a>=1.3", "a==1.2", "a<1.2.3", "a~=1.3", "a==1.3.*", "a!=1.2.*", "a @ https://x/a.whl", "a %%"]
)
def test_another_version_does_not(version, package: str) -> None:
    version("1.2.3")
    assert not fits(package)


_VERSIONS = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@given(_VERSIONS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _VERSIONS)
def test_versions_compare_as_packaging_says(here: str, operator: str, wanted: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(importlib.metadata, "version", lambda name: here)
        assert fits(f"a{operator}{wanted}") == Requirement(f"a{operator}{wanted}").specifier.contains(here)


def test_what_is_missing_is_named_and_nothing_is_installed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTER_MLOPS_PIP", raising=False)
    need(["pytest"], [], str(tmp_path))
    with pytest.raises(MlopsError, match="needs surely-not-there>=1, and"):
        need(["pytest", "surely-not-there>=1"], [], str(tmp_path))
