"""What a run takes along into the cluster: its order, and the files beside the notebook, in one archive.

The archive is a zip of `order.json` (any JSON data), `files.json` (which file has which content) and `content/DIGEST`
for each content that the volume does not have; and of `results.json` and `value/DIGEST`, results to be used again. It
travels in pieces, one a ConfigMap; the driver puts the files into the working folder of the run, and keeps large
contents on the volume, so that they are not sent a second time. What arrives is checked: names, sizes and digests.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from jupyter_mlops.errors import NotFound, Usage
from jupyter_mlops.kube.code_bundle import PIECE

KEPT_FROM = 16 << 10
"""Bytes from which on a content is kept on the volume: smaller ones are sent each time."""
MOST_BYTES = 64 << 20
"""Bytes that an archive may have, and all its contents together: the cluster keeps it in its own store meanwhile."""
ORDER_ENTRY, FILES_ENTRY, CONTENT = "order.json", "files.json", "content/"
ENTRIES, VALUE = "results.json", "value/"
ORDER_MOST = 256 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FORGOTTEN_AFTER_S = 30 * 24 * 3600.0
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Carried:
    """A file: `name` is its path below the folder of all (with `/`), `digest` the SHA-256 of its content."""

    name: str
    digest: str
    size: int
    executable: bool = False


@dataclass(frozen=True)
class Arrived:
    """What an archive brought: its order, and the folder with its files. `kept` are digests now on the volume."""

    order: dict[str, Any]
    folder: Path
    kept: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


def pack(
    order: Mapping[str, Any],
    files: Iterable[Carried],
    contents: Mapping[str, bytes],
    results: Mapping[str, bytes] | None = None,
) -> bytes:
    """The archive; `contents` by digest are those that the volume does not have, `results` are by their names in the
    archive. The same gives the same bytes.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, ORDER_ENTRY, json.dumps(order, ensure_ascii=False).encode("utf-8", "backslashreplace"))
        _write(archive, FILES_ENTRY, json.dumps([asdict(item) for item in files]).encode())
        for digest, content in sorted(contents.items()):
            _write(archive, CONTENT + digest, content)
        for name, content in sorted((results or {}).items()):
            _write(archive, name, content)
    return target.getvalue()


def pieces(data: bytes, most: int = PIECE) -> tuple[bytes, ...]:
    """The archive in parts that a ConfigMap can hold."""
    return tuple(data[start : start + most] for start in range(0, len(data), most))


def inside(archive: bytes) -> tuple[dict[str, Any], tuple[Carried, ...], dict[str, bytes]]:
    """What `pack` was given: the order, the files, and the contents by digest, which are not checked here.

    Raises:
        Usage: the archive is not as `pack` makes it.
    """
    with _opened(archive) as opened:
        order, files = _json(opened, ORDER_ENTRY, dict), _files(_json(opened, FILES_ENTRY, list))
        contents: dict[str, bytes] = {}
        for item in files:
            with contextlib.suppress(KeyError):
                info = opened.getinfo(CONTENT + item.digest)
                if info.file_size != item.size:
                    raise Usage(f"{item.name!r} is not what was sent.", hint=_AGAIN)
                contents[item.digest] = opened.read(info)
        return order, files, contents


def results_in(archive: bytes) -> dict[str, bytes]:
    """The results that `pack` was given, which are not checked here.

    Raises:
        Usage: the archive is not as `pack` makes it.
    """
    with _opened(archive) as opened:
        found = [item for item in opened.infolist() if item.filename == ENTRIES or item.filename.startswith(VALUE)]
        if sum(item.file_size for item in found) > MOST_BYTES:
            raise Usage("The results that the run took along are too large.", hint=_AGAIN)
        return {item.filename: opened.read(item) for item in found}


def joined(folder: Path, digest: str) -> bytes:
    """The archive whose pieces lie in a folder, as files 000, 001, ...

    Raises:
        Usage: it is not what was sent.
        NotFound: there are none.
    """
    found = hashlib.sha256()
    data = bytearray()
    for path in sorted(path for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else ():
        part = path.read_bytes()
        found.update(part)
        data += part
    if not data:
        raise NotFound("What the run should take along is not in the cluster any more.", hint=_AGAIN)
    if found.hexdigest() != digest:
        raise Usage("What the run took along is not what was sent.", hint=_AGAIN)
    return bytes(data)


def arrive(archive: bytes, place: Path, kept: Path, *, forget: bool = True) -> Arrived:
    """Put the files of an archive into `place`/files, and its order beside them; all of it or nothing.

    `kept` is the folder of contents by digest that all runs of the volume share. With `forget`, those that nobody wants
    go: only for who writes down that they are gone, as others rely on them.

    Raises:
        Usage: the archive is not as `pack` makes it.
        NotFound: a content was not sent and is not on the volume.
        OSError: the volume cannot be written.
    """
    beside = place.with_name(f".{place.name}.{os.getpid()}.arriving")
    shutil.rmtree(beside, ignore_errors=True)
    folder = beside / "files"
    folder.mkdir(parents=True)
    try:
        with _opened(archive) as opened:
            order, files = _json(opened, ORDER_ENTRY, dict), _files(_json(opened, FILES_ENTRY, list))
            new = _keep_large(opened, files, kept)
            for item in files:
                put(item, _content(opened, item, kept), _below(folder, item.name))
        (beside / FILES_ENTRY).write_text(json.dumps([item.name for item in files]), encoding="utf-8")
        (beside / ORDER_ENTRY).write_text(json.dumps(order), encoding="utf-8")
        os.replace(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    forgotten = _forget_old(kept, {item.digest for item in files}) if forget else ()
    return Arrived(order, place / "files", new, forgotten)


def arrived(place: Path) -> Arrived | None:
    """What an earlier driver of the run has put there; None if there was none."""
    try:
        return Arrived(json.loads((place / ORDER_ENTRY).read_text(encoding="utf-8")), place / "files")
    except FileNotFoundError:
        return None


def is_carried_name(name: object) -> bool:
    """Whether it may name a file below a folder: relative, with `/`, and without ways out."""
    if not isinstance(name, str) or not name or len(name.encode("utf-8", "replace")) > 4096 or "\0" in name:
        return False
    parts = name.split("/")
    return all(part not in ("", ".", "..") and len(part.encode("utf-8", "replace")) <= 255 for part in parts)


_AGAIN = "Start the run again."


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _opened(archive: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(archive))
    except zipfile.BadZipFile as error:
        raise Usage("What the run took along cannot be read.", hint=_AGAIN) from error


def _json(archive: zipfile.ZipFile, name: str, kind: type) -> Any:
    try:
        info = archive.getinfo(name)
        found = json.loads(archive.read(info)) if info.file_size <= ORDER_MOST else None
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Usage(f"What the run took along has no readable {name}.", hint=_AGAIN) from error
    if not isinstance(found, kind):
        raise Usage(f"What the run took along has no {name} as it should be.", hint=_AGAIN)
    return found


def _files(data: list[Any]) -> tuple[Carried, ...]:
    found = []
    for item in data:
        try:
            one = Carried(**item)
        except TypeError as error:
            raise Usage("What the run took along lists something that is no file.", hint=_AGAIN) from error
        sound = is_carried_name(one.name) and _is_digest(one.digest) and type(one.size) is int and one.size >= 0
        if not sound or type(one.executable) is not bool:
            raise Usage(f"{one.name!r} cannot be a file that a run takes along.", hint=_AGAIN)
        found.append(one)
    if len({item.name for item in found}) != len(found):
        raise Usage("What the run took along has two files of one name.", hint=_AGAIN)
    return tuple(found)


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _below(folder: Path, name: str) -> Path:
    path = folder.joinpath(*name.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _kept_file(kept: Path, digest: str) -> Path:
    return kept / digest[:2] / digest


def _keep_large(archive: zipfile.ZipFile, files: Collection[Carried], kept: Path) -> tuple[str, ...]:
    """Put large contents that were sent on the volume; gives the digests of all large ones that are there now."""
    sent = set(archive.namelist())
    large = {item.digest: item for item in files if item.size >= KEPT_FROM}
    for digest, item in large.items():
        path = _kept_file(kept, digest)
        if CONTENT + digest in sent and not path.exists():
            put(item, lambda item=item: archive.open(CONTENT + item.digest), path)  # type: ignore[misc]
    return tuple(sorted(digest for digest in large if _kept_file(kept, digest).exists()))


def _content(archive: zipfile.ZipFile, item: Carried, kept: Path) -> Callable[[], IO[bytes]]:
    """Opens the content of a file: as it was sent, or as the volume has it."""
    try:
        info = archive.getinfo(CONTENT + item.digest)
    except KeyError:
        path = _kept_file(kept, item.digest)
        if not path.is_file():
            raise NotFound(f"{item.name!r} was on the volume, and is not there any more.", hint=_AGAIN) from None
        os.utime(path)  # it is wanted: contents that nobody wants go after a while
        return lambda: path.open("rb")
    return lambda: archive.open(info)


def put(item: Carried, source: Callable[[], IO[bytes]], path: Path) -> None:
    """Write the content of a file, by rename, if it is what its digest says.

    Raises:
        Usage: it is something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{secrets.token_hex(12)}.part")
    try:
        found, size = hashlib.sha256(), 0
        with source() as read, beside.open("wb") as written:
            for block in _blocks(read):
                size += len(block)
                if size > item.size:
                    break
                found.update(block)
                written.write(block)
        if size != item.size or found.hexdigest() != item.digest:
            raise Usage(f"{item.name!r} is not what was sent, or was damaged on the volume.", hint=_AGAIN)
        beside.chmod(0o755 if item.executable else 0o644)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _forget_old(kept: Path, wanted: Collection[str]) -> tuple[str, ...]:
    """Remove contents that no run has asked for in a month; gives their digests."""
    before, gone = time.time() - _FORGOTTEN_AFTER_S, []
    for path in kept.glob("??/*"):
        try:
            if path.name not in wanted and path.stat().st_mtime < before:
                path.unlink()
                gone.append(path.name)
        except OSError:
            continue
    return tuple(gone)
