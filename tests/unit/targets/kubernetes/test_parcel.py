"""What a run takes along arrives as it was sent, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.targets.kubernetes.parcel import (
    KEPT_FROM,
    Carried,
    arrive,
    arrived,
    is_carried_name,
    joined,
    pack,
    pieces,
)
from jupyter_mlops.targets.kubernetes.told_step import arrive_here

ORDER = {"plan": {"steps": []}, "params": {"name": "Zoë \ud800"}}


def carried(name: str, content: bytes, **more: bool) -> Carried:
    return Carried(name, hashlib.sha256(content).hexdigest(), len(content), **more)


def packed(files: dict[str, bytes], *, leave: frozenset[str] = frozenset()) -> bytes:
    made = [carried(name, content) for name, content in files.items()]
    contents = {item.digest: files[item.name] for item in made if item.name not in leave}
    return pack(ORDER, made, contents)


def forged(listed: object, contents: dict[str, bytes] | None = None, order: object = None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("order.json", json.dumps({} if order is None else order))
        archive.writestr("files.json", json.dumps(listed))
        for digest, content in (contents or {}).items():
            archive.writestr(f"content/{digest}", content)
    return target.getvalue()


def entry(name: object, content: bytes = b"x", **more: object) -> dict[str, object]:
    return {"name": name, "digest": hashlib.sha256(content).hexdigest(), "size": len(content), **more}


def below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


part = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
names = st.lists(part.filter(lambda text: text not in (".", "..")), min_size=1, max_size=4).map("/".join)


def is_free_of_clashes(files: dict[str, bytes]) -> bool:
    """No file is also a folder of another."""
    return not any(other.startswith(f"{name}/") for name in files for other in files)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, st.binary(max_size=3 * KEPT_FROM), max_size=6).filter(is_free_of_clashes))
def test_files_of_any_name_and_content_come_through(tmp_path_factory, files: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("volume")
    assert all(map(is_carried_name, files))
    found = arrive(packed(files), folder / "work" / "run", folder / "kept")
    assert below(found.folder) == files
    assert found.order["plan"] == ORDER["plan"]


@given(st.text(max_size=40))
def test_a_name_that_is_taken_stays_below_its_folder(name: str) -> None:
    if is_carried_name(name):
        whole = os.path.normpath(os.path.join("/folder", name))
        assert whole == f"/folder/{name}"


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../../x", "a/..", "./a", "a//b", "a/", "a\0b", 3, None, "x" * 300, "a/" * 3000],
)
def test_a_name_that_leads_elsewhere_is_refused(name: object, tmp_path: Path) -> None:
    assert not is_carried_name(name)
    with pytest.raises(Usage):
        arrive(forged([entry(name)], {str(entry(name)["digest"]): b"x"}), tmp_path / "run", tmp_path / "kept")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "listed",
    [
        {},
        ["a"],
        [{"name": "a"}],
        [entry("a", mode=1)],
        [{**entry("a"), "size": -1}],
        [{**entry("a"), "size": True}],
        [{**entry("a"), "digest": "../../x"}],
        [{**entry("a"), "executable": "yes"}],
        [entry("a"), entry("a")],
    ],
)
def test_a_list_that_is_none_is_refused(listed: object, tmp_path: Path) -> None:
    with pytest.raises(Usage):
        arrive(forged(listed, {str(entry("a")["digest"]): b"x"}), tmp_path / "run", tmp_path / "kept")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"y", b"xx", b""])
def test_content_that_is_not_what_its_digest_says_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(Usage, match="is not what was sent"):
        arrive(forged([entry("a")], {str(entry("a")["digest"]): content}), tmp_path / "run", tmp_path / "kept")
    assert below(tmp_path) == {}


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"PK nothing", forged([], order=[])):
        with pytest.raises(Usage):
            arrive(data, tmp_path / "run", tmp_path / "kept")


def test_large_contents_are_sent_once(tmp_path: Path) -> None:
    files = {"data/large.bin": os.urandom(KEPT_FROM), "small.txt": b"small"}
    first = arrive(packed(files), tmp_path / "one", tmp_path / "kept")
    assert first.kept == (hashlib.sha256(files["data/large.bin"]).hexdigest(),)
    again = arrive(packed(files, leave=frozenset({"data/large.bin"})), tmp_path / "two", tmp_path / "kept")
    assert below(again.folder) == files
    (again.folder / "data/large.bin").write_bytes(b"a step writes")
    third = arrive(packed(files, leave=frozenset({"data/large.bin"})), tmp_path / "three", tmp_path / "kept")
    assert below(third.folder) == files


def test_content_that_was_not_sent_and_is_not_there_is_said(tmp_path: Path) -> None:
    files = {"large.bin": os.urandom(KEPT_FROM)}
    with pytest.raises(NotFound, match=r"'large\.bin' was on the volume"):
        arrive(packed(files, leave=frozenset(files)), tmp_path / "run", tmp_path / "kept")
    assert not (tmp_path / "run").exists()


def test_content_that_was_damaged_on_the_volume_is_not_used(tmp_path: Path) -> None:
    files = {"large.bin": os.urandom(KEPT_FROM)}
    arrive(packed(files), tmp_path / "one", tmp_path / "kept")
    [kept] = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    kept.write_bytes(os.urandom(KEPT_FROM))
    with pytest.raises(Usage, match="damaged"):
        arrive(packed(files, leave=frozenset(files)), tmp_path / "two", tmp_path / "kept")


def test_contents_that_nobody_wants_for_long_are_forgotten(tmp_path: Path) -> None:
    arrive(packed({"old.bin": os.urandom(KEPT_FROM)}), tmp_path / "one", tmp_path / "kept")
    [old] = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    os.utime(old, (time.time() - 40 * 24 * 3600,) * 2)
    found = arrive(packed({"new.bin": os.urandom(KEPT_FROM)}), tmp_path / "two", tmp_path / "kept")
    assert found.forgotten == (old.name,)
    assert not old.exists()


def test_who_cannot_write_down_what_is_gone_leaves_it(tmp_path: Path) -> None:
    archive = packed({"new.bin": os.urandom(KEPT_FROM)})
    arrive(packed({"old.bin": os.urandom(KEPT_FROM)}), tmp_path / "one", tmp_path / "kept")
    [old] = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    os.utime(old, (time.time() - 40 * 24 * 3600,) * 2)
    (tmp_path / "parcel").mkdir()
    (tmp_path / "parcel" / "000").write_bytes(archive)
    digest = hashlib.sha256(archive).hexdigest()
    assert arrive_here(str(tmp_path / "parcel"), digest, str(tmp_path / "two"), str(tmp_path / "kept")) == 0
    assert old.exists()


def test_what_can_be_run_still_can(tmp_path: Path) -> None:
    made = pack({}, [carried("tool", b"#!", executable=True)], {hashlib.sha256(b"#!").hexdigest(): b"#!"})
    found = arrive(made, tmp_path / "run", tmp_path / "kept")
    assert os.access(found.folder / "tool", os.X_OK)


def test_a_second_driver_finds_what_the_first_has_unpacked(tmp_path: Path) -> None:
    assert arrived(tmp_path / "run") is None
    arrive(packed({"a": b"1"}), tmp_path / "run", tmp_path / "kept")
    found = arrived(tmp_path / "run")
    assert found is not None
    assert (below(found.folder), found.order["plan"]) == ({"a": b"1"}, ORDER["plan"])


def test_pieces_make_the_archive_again(tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    parts = pieces(data)
    assert len(parts) == 3
    for index, piece in enumerate(parts):
        (tmp_path / f"{index:03}").write_bytes(piece)
    (tmp_path / "..data").write_bytes(b"the kubelet's own")
    assert joined(tmp_path, hashlib.sha256(data).hexdigest()) == data
    (tmp_path / "002").unlink()
    with pytest.raises(Usage, match="not what was sent"):
        joined(tmp_path, hashlib.sha256(data).hexdigest())
    with pytest.raises(NotFound):
        joined(tmp_path / "none", "")


def test_the_same_files_make_the_same_archive() -> None:
    files = {"b": b"2", "a": b"1"}
    assert packed(files) == packed(files)
