"""What may happen to attempts on a Kubernetes, on a cluster whose pods are processes here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_mlops.engine.target import Attempt
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.labels import labels
from jupyter_mlops.kube.request import Request, Response
from jupyter_mlops.targets.kubernetes.code_zip import code_zip
from jupyter_mlops.targets.kubernetes.places import RunPlace, step_job
from jupyter_mlops.targets.kubernetes.target import KubernetesTarget
from tests.conformance.target_suite import PATIENCE_S, WAITING, Bench, bench
from tests.small_cluster import SmallCluster

__all__ = ["bench"]

ANCHOR = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}}
PLACE = RunPlace("run", "image", "claim", ("code",), "digest", ANCHOR)
ABSENT = {"waiting": {"reason": "ErrImageNeverPull"}}
NO_IMAGE = {"containerStatuses": [{"name": "main", "image": "image", "state": ABSENT}]}
NO_NODE = {
    "conditions": [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/2 nodes are available: 2 Insufficient cpu.",
        }
    ]
}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "code.zip"
    path.write_bytes(code_zip())
    return path


@pytest.fixture
def cluster(code: Path) -> Iterator[SmallCluster]:
    made = SmallCluster(code)
    yield made
    made.close()


@pytest.fixture
def target(cluster: SmallCluster) -> Iterator[KubernetesTarget]:
    made = KubernetesTarget(Kube(cluster, "here"), PLACE, patience=1.0)
    yield made
    made.close()


def until(ready: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.02)


def waits(bench: Bench, attempt: str) -> list[dict]:
    return bench.reports.events(attempt, "task.waiting")


def pod_of(cluster: SmallCluster) -> str:
    until(lambda: cluster.of("pods"))
    return cluster.of("pods")[0]["metadata"]["name"]


def test_a_step_whose_pod_finds_no_node_says_so_waits_on_and_runs_when_there_is_one(
    bench: Bench, cluster: SmallCluster
) -> None:
    cluster.hold = NO_NODE
    attempt = bench.start("x = 1")
    bench.reports.wait(lambda: waits(bench, attempt.id), "a reason")
    [told] = waits(bench, attempt.id)
    assert told["reason"] == "No node can take it: of 2 nodes 2 have too little cpu free (it asks for 0.1)."
    assert (told["code"], told["lasting"]) == ("unschedulable", False)
    assert not bench.reports.outcomes(attempt.id)
    cluster.release()
    assert bench.reports.outcome(attempt.id).state == "succeeded"
    assert [event.get("reason", "") for event in waits(bench, attempt.id)][-1] == ""


def test_a_step_that_waits_for_what_does_not_come_fails_and_its_job_is_removed(
    bench: Bench, cluster: SmallCluster
) -> None:
    cluster.hold = NO_IMAGE
    attempt = bench.start("x = 1")
    outcome = bench.reports.outcome(attempt.id)
    assert (outcome.state, outcome.taken_away) == ("failed", False)
    assert "The image image is not on the node" in outcome.reason
    until(lambda: not cluster.of("jobs"))


def test_a_job_that_gets_no_pod_says_why_from_its_events(bench: Bench, cluster: SmallCluster) -> None:
    cluster.suspend = lambda job: True
    attempt = bench.start("x = 1")
    until(lambda: cluster.of("jobs"))
    job = cluster.of("jobs")[0]
    cluster.objects[("jobs", job["metadata"]["name"])]["spec"]["suspend"] = False
    refusal = (
        'Error creating: pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2'
    )
    cluster._told("jobs", "MODIFIED", job)
    cluster.happened("FailedCreate", refusal, job["metadata"]["name"])
    bench.reports.wait(lambda: any(event.get("code") == "quota" for event in waits(bench, attempt.id)), "the quota")
    said = [event["reason"] for event in waits(bench, attempt.id) if event.get("code") == "quota"]
    assert said == ["The namespace's quota q has no room: of pods it asks for 1, 2 of 2 are in use."]
    cluster.resume(job["metadata"]["name"])
    assert bench.reports.outcome(attempt.id).state == "succeeded"


def test_a_job_in_a_queue_waits_for_it_and_says_which(cluster: SmallCluster, bench: Bench) -> None:
    def queued(job) -> bool:
        job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "gpus"
        return True

    cluster.suspend = queued
    attempt = bench.start("x = 1")
    bench.reports.wait(lambda: waits(bench, attempt.id), "a reason")
    assert "the queue gpus has not admitted it yet" in waits(bench, attempt.id)[0]["reason"]
    cluster.resume(cluster.of("jobs")[0]["metadata"]["name"])
    assert bench.reports.outcome(attempt.id).state == "succeeded"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("EvictionByEvictionAPI", "Its node was drained."),
        ("PreemptionByScheduler", "A pod of higher priority took its place."),
        ("", "Its pod was deleted."),
    ],
)
def test_an_attempt_that_the_cluster_takes_away_has_not_failed_by_itself(
    bench: Bench, cluster: SmallCluster, reason: str, said: str
) -> None:
    attempt = bench.start(WAITING)
    bench.wait_for_file("pid")
    cluster.take_away(pod_of(cluster), reason)
    outcome = bench.reports.outcome(attempt.id)
    assert (outcome.state, outcome.taken_away) == ("failed", True)
    assert said in outcome.reason
    assert (attempt.directory / "executed.ipynb").exists()


def test_a_pod_that_is_deleted_before_it_began_is_no_failure_either(bench: Bench, cluster: SmallCluster) -> None:
    cluster.hold = NO_NODE
    attempt = bench.start("x = 1")
    cluster.take_away(pod_of(cluster))
    assert bench.reports.outcome(attempt.id).taken_away


def test_a_job_that_somebody_deletes_has_failed(bench: Bench, cluster: SmallCluster) -> None:
    attempt = bench.start(WAITING)
    bench.wait_for_file("pid")
    with cluster._guard:
        cluster._delete("jobs", cluster.of("jobs")[0]["metadata"]["name"])
    outcome = bench.reports.outcome(attempt.id)
    assert (outcome.state, outcome.taken_away, outcome.reason) == ("failed", False, "Its Job was deleted by somebody.")


def test_the_second_pod_of_a_job_neither_runs_the_code_again_nor_counts(bench: Bench, cluster: SmallCluster) -> None:
    attempt = bench.start("print('once', file=open('ran', 'a'))", "import time; time.sleep(2)")
    bench.wait_for_file("ran")
    with cluster._guard:
        first = cluster.objects[("pods", pod_of(cluster))]
        second = {**first, "metadata": {**first["metadata"], "name": "second", "uid": "second"}}
        cluster._run(second)
    until(lambda: cluster.objects[("pods", "second")]["status"]["phase"] == "Failed")
    assert bench.reports.outcome(attempt.id).state == "succeeded"
    assert bench.wait_for_file("ran") == "once"


def clash(cluster: SmallCluster, attempt: Attempt, marks: dict[str, str]) -> None:
    """Have a Job of the name that the attempt's will have."""
    spec = attempt.spec
    job = step_job(PLACE, spec.task, spec.step, spec.attempt, attempt.options, "spec.json")
    cluster._put("jobs", {"metadata": {"name": job["metadata"]["name"], "labels": marks, "uid": "old"}})


def test_a_job_of_the_same_name_of_an_engine_that_died_makes_room(bench: Bench, cluster: SmallCluster) -> None:
    attempt = bench.attempt("x = 1")
    clash(cluster, attempt, labels("step", run="run", step="step"))
    bench.target.start(attempt, bench.reports.put)
    assert bench.reports.outcome(attempt.id).state == "succeeded"
    [job] = cluster.of("jobs")
    assert job["metadata"]["uid"] != "old"


def test_a_job_of_the_same_name_that_is_not_ours_is_left_alone_and_named(bench: Bench, cluster: SmallCluster) -> None:
    attempt = bench.attempt("x = 1")
    clash(cluster, attempt, {"app": "theirs"})
    bench.target.start(attempt, bench.reports.put)
    outcome = bench.reports.outcome(attempt.id)
    assert outcome.state == "failed"
    assert "There is another Job of the name" in outcome.reason
    assert [item["metadata"]["uid"] for item in cluster.of("jobs")] == ["old"]


def test_a_stop_while_a_job_is_made_leaves_one_of_that_name_that_is_not_ours_alone(
    bench: Bench, cluster: SmallCluster
) -> None:
    attempt = bench.attempt("x = 1")
    clash(cluster, attempt, {"app": "theirs"})
    asking, asked = threading.Event(), threading.Event()
    answer = cluster.send

    def slow(request: Request) -> Response:
        found = answer(request)
        if request.method == "POST":
            asking.set()
            asked.wait(PATIENCE_S)
        return found

    cluster.send = slow  # type: ignore[method-assign]
    bench.target.start(attempt, bench.reports.put)
    assert asking.wait(PATIENCE_S)
    bench.target.stop(attempt.id, "user")
    asked.set()
    bench.reports.outcome(attempt.id)
    bench.target.close()
    assert [item["metadata"]["uid"] for item in cluster.of("jobs")] == ["old"]
    assert not [request for request in cluster.asked if request.method == "DELETE"]


def test_a_request_for_a_job_whose_answer_is_lost_makes_one_job(bench: Bench, cluster: SmallCluster) -> None:
    lost = []
    answer = cluster._create

    def losing(plural, body):
        made = answer(plural, body)
        if plural == "jobs" and not lost:
            lost.append(body)
            return 503, {"kind": "Status", "code": 503, "reason": "ServiceUnavailable", "message": "gone"}
        return made

    cluster._create = losing  # type: ignore[method-assign]
    bench.target._waiting._patience = PATIENCE_S
    attempt = bench.start("x = 1")
    assert bench.reports.outcome(attempt.id).state == "succeeded"
    assert len(cluster.of("jobs")) == len(lost) == 1


def test_a_quota_on_jobs_is_waited_for(bench: Bench, cluster: SmallCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_mlops.targets.kubernetes.making._LATER_S", 0.2)
    cluster.refuse["jobs"] = 403, 'jobs.batch "j" is forbidden: exceeded quota: q, requested: count/jobs.batch=1'
    attempt = bench.start("x = 1")
    bench.reports.wait(lambda: waits(bench, attempt.id), "a reason")
    assert waits(bench, attempt.id)[0]["code"] == "quota"
    cluster.refuse.clear()
    assert bench.reports.outcome(attempt.id).state == "succeeded"


def test_the_right_to_make_jobs_is_missed_at_once(bench: Bench, cluster: SmallCluster) -> None:
    cluster.refuse["jobs"] = 403, 'jobs.batch is forbidden: User "driver" cannot create resource "jobs"'
    _, outcome = bench.run("x = 1")
    assert outcome.state == "failed"
    assert 'User "driver" cannot create resource "jobs"' in outcome.reason
    assert "target rbac" in outcome.reason


def test_watches_that_are_cut_are_taken_up_again(bench: Bench, cluster: SmallCluster) -> None:
    attempt = bench.start(WAITING.replace("600", "1"))
    bench.wait_for_file("pid")
    cluster.cut()
    assert bench.reports.outcome(attempt.id).state == "succeeded"


def test_a_stop_before_the_pod_began_ends_it(bench: Bench, cluster: SmallCluster) -> None:
    cluster.hold = NO_NODE
    attempt = bench.start("x = 1")
    pod_of(cluster)
    bench.target.stop(attempt.id, "user")
    assert bench.reports.outcome(attempt.id).state == "canceled"
    until(lambda: not cluster.of("jobs"))


def test_the_time_of_a_step_counts_from_when_its_container_began(bench: Bench, cluster: SmallCluster) -> None:
    cluster.hold = NO_NODE
    attempt = bench.start("x = 1")
    pod_of(cluster)
    assert not any(report.began for report in bench.reports._of(attempt.id))
    cluster.release()
    bench.reports.outcome(attempt.id)
    assert [report.began for report in bench.reports._of(attempt.id)].count(True) == 1


def of_containers() -> list[str]:
    """The threads that see to a container: its log, and what it uses."""
    return [thread.name for thread in threading.enumerate() if thread.name in ("mlops-log", "mlops-use")]


def test_of_an_image_whose_attempt_is_given_up_nothing_more_is_asked(bench: Bench, cluster: SmallCluster) -> None:
    cluster.hold = {"phase": "Running"}
    command = {"kind": "command", "command": ["sleep"], "args": ["60"], "image": "i"}
    ports = {"inputs": {"parameters": {}, "artifacts": {}}, "outputs": {"parameters": {}, "artifacts": {}}}
    attempt = bench.start(container={**command, **ports})
    until(lambda: len(of_containers()) == 2)
    cluster.refuse["jobs"] = (403, "you may not")
    bench.target.stop(attempt.id, "user")
    assert bench.reports.outcome(attempt.id).state == "canceled"
    cluster.cut()
    until(lambda: not of_containers())
