from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_mlops.engine.journal import StoreJournal
from jupyter_mlops.engine.keeping import bundle_digest, covers, keep, restore, show_executed
from jupyter_mlops.engine.run_journal import CachedResult
from jupyter_mlops.errors import MlopsError
from jupyter_mlops.runtime.spec import BundleRef, TaskResult, ValueInfo
from tests.unit.engine.play import step


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt"
    folder.mkdir()
    (folder / "outputs.bundle").write_text("values")
    (folder / "executed.ipynb").write_text("{}")
    return folder


def result(attempt: Path, **files: str) -> TaskResult:
    bundle = BundleRef(str(attempt / "outputs.bundle"), "5ea1")
    return TaskResult("succeeded", 1.0, bundle, {"x": ValueInfo("int", "d1")}, files=files)


def test_the_bundle_moves_into_the_store_under_a_digest_of_seal_and_values(
    journal: StoreJournal, attempt: Path
) -> None:
    made = result(attempt)
    kept = keep(journal, attempt, made, attempt)
    assert kept.bundle is not None
    assert kept.bundle == BundleRef(bundle_digest(made), "5ea1")
    path = journal.artifact(kept.bundle.path)
    assert path is not None
    assert path.read_text() == "values"
    assert not (attempt / "outputs.bundle").exists()


def test_equal_seals_with_other_values_are_other_bundles(attempt: Path) -> None:
    one = result(attempt)
    assert bundle_digest(one) != bundle_digest(replace(one, outputs={"x": ValueInfo("int", "d2")}))


def test_a_bundle_that_a_killed_engine_had_taken_is_found(journal: StoreJournal, attempt: Path) -> None:
    made = result(attempt)
    first = keep(journal, attempt, made, attempt)
    assert keep(journal, attempt, made, attempt) == first


def test_a_bundle_that_is_nowhere_is_an_error(journal: StoreJournal, attempt: Path) -> None:
    (attempt / "outputs.bundle").unlink()
    with pytest.raises((MlopsError, OSError)):
        keep(journal, attempt, result(attempt), attempt)


def test_files_and_folders_come_back_as_they_were(journal: StoreJournal, attempt: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    for name in ("out/a.txt", "out/deep/b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    kept = keep(journal, attempt, result(attempt, **{"out": "d", "c.txt": "d", "gone.txt": "d"}), tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    declared = ("out", "c.txt", "gone.txt")
    assert restore(journal, kept, elsewhere, declared)
    for name in ("out/a.txt", "out/deep/b.txt", "c.txt"):
        assert (elsewhere / name).read_text() == name
    (elsewhere / "c.txt").chmod(0o600)
    before = (elsewhere / "c.txt").stat().st_mtime_ns
    assert restore(journal, kept, elsewhere, declared)
    assert (elsewhere / "c.txt").stat().st_mtime_ns == before, "a file that is right is left alone"


def test_nothing_is_restored_if_a_part_is_gone(journal: StoreJournal, attempt: Path, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("c")
    kept = keep(journal, attempt, result(attempt, **{"c.txt": "d"}), tmp_path)
    journal.project.artifacts.delete(kept.facts["kept_files"]["c.txt"])
    assert not restore(journal, kept, tmp_path, ("c.txt",))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The folder of a notebook: with a link to the outside and a folder of results."""
    folder = tmp_path / "work" / "elsewhere"
    (folder / "out").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "out" / "link").symlink_to(tmp_path / "outside")
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "/tmp/evil.txt",
        "../evil.txt",
        "out/../../evil.txt",
        "out/../evil.txt",
        "link/evil.txt",
        "out/link/evil.txt",
        "outer.txt",
        "out2/evil.txt",
        "evil.txt",
        "",
        ".",
        "..",
        "out/..",
    ],
)
def test_a_record_cannot_name_files_that_its_step_does_not_write(
    journal: StoreJournal, elsewhere: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "evil").write_text("evil")
    digest = journal.keep(tmp_path / "evil")
    before = sorted(tmp_path.rglob("*"))
    made = TaskResult("succeeded", 1.0, facts={"kept_files": {name: digest}})
    assert not restore(journal, made, elsewhere, ("out", "c.txt"))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("out/a.txt", "out"),
        ("out/deep/a.txt", "out/"),
        ("./c.txt", "c.txt"),
        ("link/a.txt", "link/a.txt"),
        ("link/a.txt", "link"),
        ("../next/a.txt", "../next"),
        ("../b.txt", "../b.txt"),
    ],
)
def test_a_step_gets_back_what_it_writes_wherever_that_is(
    journal: StoreJournal, elsewhere: Path, tmp_path: Path, name: str, declared: str
) -> None:
    (tmp_path / "mine").write_text("mine")
    made = TaskResult("succeeded", 1.0, facts={"kept_files": {name: journal.keep(tmp_path / "mine")}})
    assert restore(journal, made, elsewhere, (declared,))
    assert (elsewhere / name).read_text() == "mine"


def test_what_a_step_says_of_an_absolute_path_counts(journal: StoreJournal, elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    place = str(tmp_path / "outside" / "a.txt")
    made = TaskResult("succeeded", 1.0, facts={"kept_files": {place: journal.keep(tmp_path / "mine")}})
    assert restore(journal, made, elsewhere, (place,))
    assert Path(place).read_text() == "mine"


@pytest.mark.parametrize("kept", [{"c.txt": "../../etc/passwd"}, {"c.txt": 3}, {"c.txt": None}, ["c.txt"], "c.txt", 7])
def test_a_record_that_makes_no_sense_is_no_hit(journal: StoreJournal, elsewhere: Path, kept: object) -> None:
    made = TaskResult("succeeded", 1.0, facts={"kept_files": kept})
    assert not restore(journal, made, elsewhere, ("c.txt",))
    assert not restore(journal, TaskResult("succeeded", 1.0, BundleRef("../../x", "s")), elsewhere)


def test_a_file_that_was_changed_in_the_store_is_not_put_back(
    journal: StoreJournal, elsewhere: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    digest = journal.keep(tmp_path / "mine")
    path = journal.artifact(digest)
    assert path is not None
    path.chmod(0o644)
    path.write_text("evil")
    made = TaskResult("succeeded", 1.0, facts={"kept_files": {"c.txt": digest}})
    before = sorted(elsewhere.iterdir())
    assert not restore(journal, made, elsewhere, ("c.txt",))
    assert sorted(elsewhere.iterdir()) == before
    assert journal.artifact(digest) is None, "the next time it is no hit either"


def test_a_place_that_cannot_be_written_is_no_hit(journal: StoreJournal, elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (elsewhere / "c.txt").mkdir()
    made = TaskResult("succeeded", 1.0, facts={"kept_files": {"c.txt": journal.keep(tmp_path / "mine")}})
    assert not restore(journal, made, elsewhere, ("c.txt",))
    assert not restore(journal, replace(made, facts={"kept_files": {"c.txt/x/y": "0" * 64}}), elsewhere, ("c.txt",))


def test_a_notebook_of_a_record_that_is_no_artifact_is_not_shown(journal: StoreJournal, tmp_path: Path) -> None:
    show_executed(journal, TaskResult("succeeded", 1.0, facts={"executed": "../../etc/passwd"}), tmp_path / "1")
    assert not (tmp_path / "1").exists()


def test_a_cached_task_shows_its_executed_notebook(journal: StoreJournal, attempt: Path, tmp_path: Path) -> None:
    kept = keep(journal, attempt, result(attempt), attempt)
    for _ in range(2):
        show_executed(journal, kept, tmp_path / "0")
    assert (tmp_path / "0" / "executed.ipynb").read_text() == "{}"
    show_executed(journal, replace(kept, facts={}), tmp_path / "1")
    assert not (tmp_path / "1").exists()


def test_a_result_covers_what_it_was_asked_for() -> None:
    made = step("a", gives="x", exports="n")
    found = CachedResult(TaskResult("succeeded", 1.0), "r/a", names=("x", "n", "y"))
    assert covers(found, made)
    assert not covers(replace(found, names=("x",)), made)
