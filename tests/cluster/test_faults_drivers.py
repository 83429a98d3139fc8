"""Drivers that are taken away, and two that drive one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_mlops.kube.resource import CONFIG_MAPS, JOBS, PODS
from jupyter_mlops.targets.kubernetes.places import RunPlace, driver_job
from jupyter_mlops.verbs.run import run
from tests.cluster.test_home import on_volume
from tests.cluster.test_runs import notebook, store
from tests.cluster.watched import (
    Watching,
    first_time,
    folder,
    until,
    wait_for_word,
    watching,
)

__all__ = ["folder", "store", "watching"]


def test_a_driver_that_is_evicted_is_followed_by_another_that_goes_on(
    folder: Path, watching: Watching, cluster
) -> None:
    replaced: list[str] = []

    def take() -> None:
        wait_for_word(folder, watching, "work", "the first")
        replaced.append(watching.pod("driver"))
        watching.evict(replaced[0])

    watching.at_start_of("work", take)
    path = notebook(
        folder, "%%step before --no-cache\nx = 1", f"%%step work --no-cache\n{first_time('driver')}\nprint(x)"
    )
    answer = run(path, target="kubernetes", on_event=watching)
    watching.done()
    assert answer["state"] == "succeeded"
    drivers = f"jupyter-mlops.io/part=driver,jupyter-mlops.io/run={watching.run}"

    def ended() -> list[str]:
        [job] = cluster.kube.list(JOBS, labels=drivers).items
        found = [item["type"] for item in job["status"].get("conditions", []) if item["status"] == "True"]
        return [kind for kind in found if kind in ("Complete", "Failed")]

    assert until(ended, "the end of the driver's Job") == ["Complete"]
    assert replaced != [item["metadata"]["name"] for item in cluster.kube.list(PODS, labels=drivers).items]


def test_of_two_drivers_of_a_run_the_second_gives_way(folder: Path, watching: Watching, cluster) -> None:
    said: list[str] = []

    def another() -> None:
        watching.pod()
        mine = f"jupyter-mlops.io/run={watching.run}"
        [order] = cluster.kube.list(CONFIG_MAPS, labels=f"{mine},jupyter-mlops.io/part=plan").items
        place = RunPlace.from_data(json.loads(order["data"]["order.json"])["place"])
        job = driver_job(place, 2, order["metadata"]["name"])
        cluster.kube.create(JOBS, job)
        marks = f"batch.kubernetes.io/job-name={job['metadata']['name']}"

        def ended() -> Any:
            pods = cluster.kube.list(PODS, labels=marks).items
            return [item for item in pods if item["status"].get("phase") in ("Failed", "Succeeded")]

        [pod] = until(ended, "the end of the second driver")
        assert pod["status"]["phase"] == "Failed"
        said.append(pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"])
        on_volume(cluster, "second-is-over", "open('/mlops/store/second', 'w').close()")

    watching.at_start_of("work", another)
    wait = "import os, time\nwhile not os.path.exists('/mlops/store/second'): time.sleep(0.2)"
    answer = run(notebook(folder, f"%%step work --no-cache\n{wait}"), target="kubernetes", on_event=watching)
    watching.done()
    assert answer["state"] == "succeeded"
    assert answer["tasks"][0]["attempt"] == 1
    assert "The run is driven by the pod" in said[0]
