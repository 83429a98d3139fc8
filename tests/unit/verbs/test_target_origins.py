"""What is said of each setting of a target: its value, and where that comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.store.project import Project
from jupyter_mlops.targets.kubernetes.cluster import KubernetesCluster
from jupyter_mlops.verbs.target_answers import TargetData
from jupyter_mlops.verbs.target_origins import settings_in_force


def answer(**known: Any) -> TargetData:
    """What the verb `target` says of a cluster."""
    shared = {"name": "kubernetes", "available": True, "missing": "", "hint": "", "capabilities": []}
    return TargetData(**{**shared, "context": "near", "namespace": "team", "image": "", **known})


@pytest.fixture
def of(tmp_path: Path):
    """Gives `{name: (value, origin)}` for the text of the project's file."""
    (tmp_path / ".jupyter_mlops").mkdir()

    def asking(text: str, name: str = "kubernetes", given=None, **known: Any) -> dict[str, tuple[str, str]]:
        (tmp_path / "jupyter_mlops.toml").write_text(text)
        found = settings_in_force(Project.find(tmp_path), name, answer(**known), given)
        assert len({item["name"] for item in found}) == len(found)
        return {item["name"]: (item["value"], item["origin"]) for item in found}

    return asking


def test_every_setting_of_a_cluster_is_told_of(of) -> None:
    assert set(of("")) == set(KubernetesCluster.SETTINGS)


def test_what_is_nowhere_set_has_its_default_or_none(of) -> None:
    found = of("")
    assert found["claim"] == ("mlops-store", "default")
    assert found["python"] == found["volumes"] == found["env"] == found["image"] == ("", "none")


def test_the_kubeconfig_says_where_and_our_own_pod_says_the_image(of) -> None:
    found = of("", image="notebook:1")
    assert found["context"] == ("near", "kubeconfig")
    assert found["namespace"] == ("team", "kubeconfig")
    assert found["image"] == ("notebook:1", "pod")


def test_the_project_is_before_the_kubeconfig_and_what_is_asked_before_the_project(of) -> None:
    text = '[kubernetes]\nnamespace = "ours"\ncontext = "far"\nimage = "ml:1"\nclaim = ""\n'
    found = of(text, image="ml:1")
    assert found["namespace"] == ("ours", "project")
    assert found["image"] == ("ml:1", "project")
    assert found["claim"] == ("", "none")
    found = of(text, given={"namespace": "other", "context": ""})
    assert found["namespace"] == ("other", "given")
    assert found["context"] == ("far", "project")


def test_values_read_as_they_are_written(of) -> None:
    found = of('[kubernetes]\npip = true\npatience = 60\nleave_out = ["data", "ä"]\nenv = {A = "1"}\nqueue = false\n')
    assert found["pip"] == ("true", "project")
    assert found["patience"] == ("60", "project")
    assert found["leave_out"] == ('["data", "ä"]', "project")
    assert found["env"] == ('{"A": "1"}', "project")


def test_another_target_has_what_its_table_has(of) -> None:
    assert of("", name="local") == {}


def test_a_file_that_cannot_be_read_hides_nothing_else(of) -> None:
    found = of('kubernetes = "far"\n')
    assert found["context"] == ("near", "kubeconfig")
