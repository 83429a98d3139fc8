"""Values and files of runs at a URL: no pod shares a folder with another, and nothing is left behind."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import MissingLibrary, Refused, Unavailable, Usage
from jupyter_mlops.kube.pod_settings import Work
from jupyter_mlops.kube.resource import CONFIG_MAPS
from jupyter_mlops.pipeline.model import Options, Retries
from jupyter_mlops.store.artifacts import FileArtifacts
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.targets.argo.submit import settings_of
from jupyter_mlops.targets.kubernetes import delivery
from jupyter_mlops.targets.kubernetes.claims import place_of_volume, volume_of
from jupyter_mlops.targets.kubernetes.courier import Couriers, Order
from jupyter_mlops.targets.kubernetes.places import RunPlace, driver_job, step_job, together
from jupyter_mlops.targets.kubernetes.settings import ClusterSettings, read_settings
from jupyter_mlops.targets.kubernetes.storage import Storage, read_url
from jupyter_mlops.targets.kubernetes.submit import anchor_name, courier_place
from jupyter_mlops.targets.kubernetes.unseen_files import for_unseen_files
from jupyter_mlops.targets.kubernetes.url_store import Record, UrlStore
from jupyter_mlops.targets.kubernetes.workplace import seen
from tests.told_cluster import ToldCluster
from tests.unit.targets.kubernetes.test_attached import Desk, code, states

__all__ = ["code"]

FILES = (
    (
        "%%step write\nfrom pathlib import Path\nPath('old.txt').unlink()\nPath('out').mkdir()\n"
        "Path('out/a.txt').write_text(Path('data.txt').read_text())\nq = 1"
    ),
    "%%step change\nwith open('out/a.txt', 'a') as file: file.write('!')\nr = q",
    (
        "%%step read\nfrom pathlib import Path\nr\n"
        "print(Path('out/a.txt').read_text(), Path('data.txt').read_text(), Path('old.txt').exists())"
    ),
)
VALUES = ("%%step one\nxs = [1, 2, 3]", "%%step two\nprint('sum', sum(xs))")


class ForgetfulCluster(ToldCluster):
    """What a pod has as its store is gone when the next one begins."""

    store = Path("nowhere")

    def _run(self, pod: dict[str, Any]) -> None:
        for path in self.store.iterdir():
            shutil.rmtree(path)
        super()._run(pod)


@pytest.fixture
def desk(code: Path, tmp_path: Path) -> Iterator[Desk]:
    for name in ("pods", "volume", "bucket"):
        (tmp_path / name).mkdir()
    cluster = ForgetfulCluster(code, tmp_path / "pods")
    cluster.store = tmp_path / "volume"
    url = f"file://{tmp_path}/bucket"
    yield Desk(tmp_path, cluster, ClusterSettings(image="ml:1", storage=url))
    cluster.close()


def contents(desk: Desk) -> list[Path]:
    return list((desk.folder / "bucket" / "artifacts").glob("??/*"))


def delivered(desk: Desk, order: Order, where: Storage | None) -> list[dict[str, Any]]:
    """What a courier prints."""
    path, out = desk.folder / "order.json", io.StringIO()
    path.write_text(replace(order, storage=where).to_text())
    assert delivery.deliver(str(path), out) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def opened(tmp_path: Path) -> UrlStore:
    return UrlStore(Storage(f"file://{tmp_path}/bucket"), FileArtifacts(tmp_path / "cache"))


def test_values_go_by_the_url_and_no_claim_is_made(desk: Desk) -> None:
    run = desk.run(*VALUES)
    assert states(run) == {"one": "succeeded", "two": "succeeded"}
    assert "sum 6" in (run / "tasks/two/1/log").read_text()
    asked = desk.asked()
    assert not [what for what in asked if "persistentvolumeclaims" in what]
    assert len(contents(desk)) == 1
    assert states(desk.run(*VALUES)) == {"one": "cached", "two": "cached"}


def test_files_go_from_step_to_step_changed_made_and_removed(desk: Desk) -> None:
    (desk.folder / "old.txt").write_text("old")
    (desk.folder / "data.txt").write_text("data")
    run = desk.run(*FILES)
    assert (states(run), (run / "tasks/read/1/log").read_text()) == (
        {"write": "succeeded", "change": "succeeded", "read": "succeeded"},
        "data! data False\n",
    )
    assert not desk.cluster.of("configmaps", **{"jupyter-mlops.io/part": "plan"})


def test_a_value_that_is_gone_or_damaged_is_made_again(desk: Desk) -> None:
    first = desk.run(*VALUES)
    bundle = load_run(first).tasks["one"].result["bundle"]["path"]
    [path] = [path for path in contents(desk) if path.name == bundle]
    path.unlink()
    again = desk.run(VALUES[0], "%%step two\nprint('again', sum(xs))")
    assert (states(again), path.exists()) == ({"one": "succeeded", "two": "succeeded"}, True)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"x" * len(good))
    once_more = desk.run(VALUES[0], "%%step two\nprint('once more', sum(xs))")
    assert "once more 6" in (once_more / "tasks/two/2/log").read_text()
    assert path.read_bytes() == good


def test_a_storage_that_cannot_be_used_fails_the_step_with_a_way_out(desk: Desk) -> None:
    desk.settings = replace(desk.settings, storage="gs://bucket/runs")
    [task] = load_run(desk.run("%%step one\nx = 1", options=None)).tasks.values()
    assert task.state == "failed"
    assert "gcsfs" in task.reason
    assert "pip install fsspec gcsfs" in task.reason


def test_retry_goes_on_where_the_values_are_also_when_settings_are_others(desk: Desk) -> None:
    cells = (VALUES[0], "%%step two\nimport os\nassert os.path.exists('go'), 'not yet'\nprint('sum', sum(xs))")
    failed = desk.run(*cells)
    assert states(failed) == {"one": "succeeded", "two": "failed"}
    desk.settings = replace(desk.settings, storage="")
    assert states(desk.retry(failed)) == {"one": "succeeded", "two": "failed"}
    assert "not yet" in load_run(failed).tasks["two"].reason


def test_pods_have_no_claim_but_what_lets_them_in() -> None:
    settings = read_settings(
        {"image": "ml:1", "storage": "s3://b/x", "storage_options": {"anon": False}, "secrets": ["aws:id:AWS_ID"]}
    )
    place = RunPlace("r", "ml:1", "claim", ("code",), "d", {}, one_node=True, storage=settings.at_url, work="p/r")
    assert RunPlace.from_data(json.loads(json.dumps(place.to_data()))) == place
    step = step_job(place, "t", "t", 1, settings.options(Options()), "spec")["spec"]["template"]
    assert "persistentVolumeClaim" not in json.dumps(step)
    assert "affinity" not in step["spec"]
    courier = Couriers(None, place)._job("c", {"a": "b"})["spec"]["template"]["spec"]
    assert "AWS_ID" in json.dumps(courier["containers"][0]["env"])
    assert "persistentVolumeClaim" in json.dumps(courier["volumes"])
    assert "persistentVolumeClaim" not in json.dumps(Couriers(None, replace(place, claim=""))._job("c", {}))
    assert "persistentVolumeClaim" in json.dumps(driver_job(place, 1, "order"))
    assert together(place, Work("i", ("c",)))[1] == place.settings


def test_couriers_find_values_by_what_the_run_began_with(desk: Desk) -> None:
    run = desk.run(*VALUES)
    anchor = desk.kube.get(CONFIG_MAPS, anchor_name(run.name))
    gone = {**anchor["data"], "claim": "of-a-driver-once"}
    desk.kube.patch(CONFIG_MAPS, anchor_name(run.name), {"data": gone})
    where = courier_place(desk.kube, run.name, ClusterSettings(image="ml:1"))
    assert (where.claim, where.storage and where.storage.url) == ("", desk.settings.storage)
    bundle = load_run(run).tasks["one"].result["bundle"]["path"]
    *frames, answer = delivered(desk, Order(run.name, values={bundle: None, "ab" * 32: None}), where.storage)
    assert (answer["absent"], len(frames)) == (["ab" * 32], 1)


def test_what_a_run_alone_needs_goes_with_it(desk: Desk) -> None:
    first = desk.run(VALUES[0], "%%step two\nys = [*xs, 4]", "%%step three\nprint(len(ys))")
    second = desk.run(VALUES[0], "%%step other\nprint('max', max(xs))")
    kept = load_run(first).tasks["one"].result["bundle"]["path"]
    told = {"keep": [second.name], "age": 0.0, "everyone": True}
    where = Storage(desk.settings.storage)
    [looked] = delivered(desk, Order(sweep={**told, "everyone": False, "dry_run": False}), where)
    assert (looked["sweep"]["runs"], len(contents(desk))) == ([], 2)
    [looked] = delivered(desk, Order(sweep={**told, "dry_run": True}), where)
    found = looked["sweep"]
    assert (found["runs"], found["bytes"] > 0, len(contents(desk))) == ([first.name], True, 2)
    delivered(desk, Order(sweep={**told, "dry_run": False}), where)
    assert {path.parent.name for path in (desk.folder / "bucket" / "runs").glob("*/*")} == {second.name}
    assert {path.name for path in contents(desk)} == {kept}
    delivered(desk, Order(remove=(second.name,)), where)
    assert contents(desk) == []


def test_records_are_read_in_the_order_of_the_engine(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    store, run, folder = opened(tmp_path), new_run_id(), tmp_path / "files"
    folder.mkdir()
    for began, text in ((20.0, "second"), (3.0, "first")):
        (folder / "a").write_text(text)
        store.record(run, f"pod-{text}", began, (), folder, {})
    there = tmp_path / "there"
    store.bring_files(run, there)
    assert (there / "a").read_text() == "second"
    before = seen(there)
    (there / "a").unlink()
    (there / "b").write_text("b")
    (there / "b").chmod(0o755)
    store.record(run, "last", 30.0, (), there, before)
    anywhere = tmp_path / "anywhere"
    store.bring_files(run, anywhere)
    assert list(seen(anywhere)) == ["b"]
    assert (anywhere / "b").stat().st_mode & 0o100


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", ""])
def test_a_record_leads_nowhere_else(name: str) -> None:
    file = {"name": name, "digest": "ab" * 32, "size": 1, "executable": False}
    told = json.dumps({"values": ["no digest", "cd" * 32], "files": {name: file}, "written": 1})
    assert Record.from_json(told.encode()) == Record(("cd" * 32,), {}, 1.0)


@pytest.mark.parametrize("told", [b"", b"[]", b'{"values": 1}', b'{"values": [], "files": {"a": 3}, "written": 0}'])
def test_a_record_that_is_none_is_refused(told: bytes) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        Record.from_json(told)


def test_each_way_to_fail_is_said_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingLibrary, match="pip install fsspec adlfs"):
        UrlStore(Storage("abfs://c@a/x"), FileArtifacts(tmp_path / "cache"))
    store = opened(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError("403")

    def fail(*_: object) -> None:
        raise RuntimeError("no credentials")

    monkeypatch.setattr(store.artifacts, "exists", refuse)
    with pytest.raises(Refused, match="may not be used"):
        store.bring(["ab" * 32])
    monkeypatch.setattr(store.artifacts, "exists", fail)
    with pytest.raises(Unavailable, match="no credentials"):
        store.bring(["ab" * 32])


@pytest.mark.parametrize("url", ["s3://bucket/a/b", "gs://bucket", "abfs://box@account.dfs.core.windows.net/x"])
def test_urls_of_object_stores_are_taken(url: str) -> None:
    assert read_url(f"{url}/") == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("bucket/x", "no URL"),
        ("ftp://host/x", "is not one of"),
        ("http://host/x", "is not one of"),
        ("memory://x", "is not one of"),
        ("simplecache::s3://bucket/x", "is not one of"),
        ("s3:///x", "no bucket"),
        ("s3://me:secret@bucket/x", "does not belong into it"),
        ("s3://bucket/x?token=1", "does not belong into it"),
        ("s3://bucket/../x", "characters"),
        ("s3://bucket/a b", "characters"),
        ("file:///", "names no folder"),
        ("file://host/x", "names no folder"),
    ],
)
def test_urls_where_nothing_can_be_kept_are_refused(url: str, said: str) -> None:
    with pytest.raises(Usage, match=said):
        read_settings({"image": "i", "storage": url})


def test_a_folder_has_to_be_on_a_volume_of_all_pods() -> None:
    with pytest.raises(Usage, match="no volume is mounted there"):
        read_settings({"image": "i", "storage": "file:///data/mlops"})
    found = read_settings({"image": "i", "storage": "file:///data/mlops", "volumes": ["nfs:/data"]})
    assert found.at_url
    assert [item.claim for item in found.at_url.access.volumes] == ["nfs"]


def test_where_it_cannot_be_it_is_said(desk: Desk) -> None:
    with pytest.raises(Refused, match="on a volume"):
        settings_of({"image": "i", "storage": "s3://b/x"}, "")
    plan = desk.plan("%%step one\nx = 1")
    [step] = plan.pipeline.steps
    component = replace(step, component=replace(step.component, container={"kind": "command"}))
    with pytest.raises(Refused, match="Leave it out"):
        for_unseen_files(replace(plan, pipeline=replace(plan.pipeline, steps=(component,))), otherwise="Leave it out.")


def test_a_volume_is_known_by_its_name() -> None:
    claim = {"metadata": {"name": "c", "uid": "u"}}
    assert place_of_volume(volume_of("ns", claim)) == {"namespace": "ns", "claim": "c"}
    assert place_of_volume(volume_of("ns", {}, "s3://b/x")) == {"namespace": "ns", "storage": "s3://b/x"}
    assert place_of_volume(None) == place_of_volume("other") == {}


def test_an_attempt_that_failed_leaves_its_files_to_the_next(desk: Desk) -> None:
    cell = (
        "from pathlib import Path\ncount = Path('count')\ncount.write_text(count.read_text() + 'x' "
        "if count.exists() else 'x')\nassert len(count.read_text()) > 1\nprint(count.read_text())"
    )
    plan = desk.plan(f"%%step one --retries 1\n{cell}")
    assert plan.steps[0].options.retries.limit == Retries(1).limit
    run = desk.run(f"%%step one --retries 1\n{cell}")
    assert (run / "tasks/one/2/log").read_text() == "xx\n"
