from __future__ import annotations

import pytest

from jupyter_mlops.errors import NotFound, Refused
from jupyter_mlops.targets.base import Capabilities, Capability, load_target, target_names


def test_the_local_target_is_built_in_and_takes_settings() -> None:
    target = load_target("local", slots=3)
    try:
        assert (target.name, target.slots) == ("local", 3)
    finally:
        target.close()


def test_a_target_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(NotFound, match="no target 'moon'") as caught:
        load_target("moon")

    assert "local" in caught.value.hint
    assert "local" in target_names()


def test_what_a_target_cannot_do_is_refused_with_its_reason() -> None:
    known = Capabilities("local", (Capability("pipelines"), Capability("gpu", "there is none")))

    known.need("pipelines")
    with pytest.raises(Refused, match="The target local cannot do gpu: there is none"):
        known.need("gpu")
    with pytest.raises(Refused, match="does not know of it"):
        known.need("teleport")
