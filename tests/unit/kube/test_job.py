"""A Job runs its pod once, belongs to its run, and waits in its queue."""

from __future__ import annotations

import pytest

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube.job import job
from jupyter_mlops.kube.labels import QUEUE, labels
from jupyter_mlops.kube.pod_settings import PodSettings, Work
from jupyter_mlops.kube.pod_template import pod_template

WORK = Work(
    "my/ml:1", ("python3", "-V"), labels=labels("step", run="r", attempt=2), annotations={"a.example.org/b": "c"}
)
ANCHOR = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "run-1", "uid": "u-1"}}


def test_its_pod_is_not_tried_again() -> None:
    made = job("fit-1", WORK, PodSettings(), keep=60)
    assert made["spec"] == {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "ttlSecondsAfterFinished": 60,
        "podReplacementPolicy": "Failed",
        "template": pod_template(WORK),
    }


def test_it_is_found_by_the_labels_of_its_pod_and_goes_with_its_owner() -> None:
    made = job("fit-1", WORK, PodSettings(), owner=ANCHOR, deadline=90)
    assert made["metadata"]["labels"] == made["spec"]["template"]["metadata"]["labels"]
    assert made["metadata"]["annotations"] == {"a.example.org/b": "c"}
    assert [entry["uid"] for entry in made["metadata"]["ownerReferences"]] == ["u-1"]
    assert made["spec"]["activeDeadlineSeconds"] == 90


def test_the_job_waits_in_the_queue_and_not_its_pod_too() -> None:
    made = job("fit-1", WORK, PodSettings(queue="team"))
    assert made["metadata"]["labels"][QUEUE] == "team"
    assert QUEUE not in made["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(("name", "queue"), [("Fit", ""), ("a.b", ""), ("", ""), ("a" * 64, ""), ("fit", "a b")])
def test_a_name_that_cannot_be_is_told(name: str, queue: str) -> None:
    with pytest.raises(Usage, match="cannot be the name of"):
        job(name, WORK, PodSettings(queue=queue))
