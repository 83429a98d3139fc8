"""Code arrives in a pod byte by byte, or it is not run."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.errors import Usage
from jupyter_mlops.kube import code_bundle
from jupyter_mlops.kube.code_bundle import MOST_PIECES, PIECE, CodeBundle, bundle, reader
from jupyter_mlops.kube.code_reader import REFUSED
from jupyter_mlops.kube.names import is_dns_label

PROGRAM = "import sys\nprint(sys.argv[1:], __name__)\nraise SystemExit(5)\n"


def _zip(program: str = PROGRAM) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), program)
    return made.getvalue()


def _mounted(made: CodeBundle, folder: Path) -> Path:
    """The folder as the kubelet makes it: links into a folder of its own, beside which other links are."""
    real = folder / "..2026"
    real.mkdir(parents=True)
    (folder / "..data").symlink_to(real)
    for item in made.config_maps:
        for key, text in item["binaryData"].items():
            (real / key).write_bytes(base64.b64decode(text))
            (folder / key).symlink_to(f"..data/{key}")
    return folder


def _run(made: CodeBundle, folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [word.replace(code_bundle.FOLDER, str(folder)) for word in made.command(arguments, python=sys.executable)]
    scratch = folder.parent / "tmp"
    scratch.mkdir(exist_ok=True)
    environ = {**os.environ, "TMPDIR": str(scratch), **env}
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=folder.parent, check=False)


def test_a_small_bundle_is_one_immutable_config_map_named_by_its_digest() -> None:
    made = bundle(b"code")
    digest = hashlib.sha256(b"code").hexdigest()
    assert made.config_maps == [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"code-{digest[:32]}-4-0",
                "labels": {"app.kubernetes.io/managed-by": "jupyter-mlops", "jupyter-mlops.io/part": "code"},
                "annotations": {"jupyter-mlops.io/digest": digest},
            },
            "immutable": True,
            "binaryData": {"000": "Y29kZQ=="},
        }
    ]


@given(st.binary(min_size=1, max_size=300), st.integers(10, 50))
def test_the_pieces_make_the_whole(data: bytes, piece: int) -> None:
    made = bundle(data, piece)
    assert b"".join(made.pieces) == data
    assert all(0 < len(part) <= piece for part in made.pieces)
    assert all(is_dns_label(name) for name in made.names)
    keys = [key for item in made.config_maps for key in item["binaryData"]]
    assert keys == sorted(set(keys))


def test_what_is_larger_than_one_object_is_split_below_the_servers_limit() -> None:
    made = bundle(bytes(PIECE + 1))
    assert [len(piece) for piece in made.pieces] == [PIECE, 1]
    assert len("000") + PIECE < 1 << 20


def test_code_that_is_split_in_another_way_has_other_names() -> None:
    assert not set(bundle(b"abc", 1).names) & set(bundle(b"abc", 2).names)
    assert bundle(b"abc", 1) == bundle(b"abc", 1)


def test_all_pieces_are_mounted_in_one_folder() -> None:
    made = bundle(b"abc", 1)
    assert made.mount.names == made.names
    assert len(made.names) == 3


def test_what_cannot_be_sent_is_told() -> None:
    with pytest.raises(Usage, match="no code"):
        bundle(b"")
    with pytest.raises(Usage, match="at most 0 MB can be sent") as error:
        bundle(bytes(MOST_PIECES + 1), piece=1)
    assert "volume" in error.value.hint


@pytest.mark.parametrize("piece", [PIECE, 40])
def test_the_reader_runs_what_was_sent(tmp_path: Path, piece: int) -> None:
    made = bundle(_zip(), piece)
    done = _run(made, _mounted(made, tmp_path / "code"), "a b", "$(HOME)", "ü")
    assert (done.returncode, done.stdout) == (5, "['a b', '$(HOME)', 'ü'] __main__\n")


def test_a_changed_bundle_is_refused_with_a_sentence(tmp_path: Path) -> None:
    made = bundle(_zip())
    folder = _mounted(made, tmp_path / "code")
    (folder / "000").write_bytes(_zip("print('mine')"))
    done = _run(made, folder)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert done.stderr.startswith("The code of this step is not what was sent (SHA-256 ")
    assert made.digest[:12] in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("change", ["removed", "swapped", "added"])
def test_a_piece_that_is_not_as_it_was_is_refused(tmp_path: Path, change: str) -> None:
    made = bundle(_zip(), 100)
    folder = _mounted(made, tmp_path / "code")
    first, second = (folder / "..data" / name for name in ("000", "001"))
    if change == "removed":
        (folder / "001").unlink()
    elif change == "swapped":
        one = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(one)
    else:
        (folder / "999").write_bytes(b"more")
    assert _run(made, folder).returncode == REFUSED


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = _run(bundle(_zip()), tmp_path / "none")
    assert done.returncode == REFUSED
    assert done.stderr.startswith("The code of this step cannot be read: ")


def test_what_was_sent_runs_as_a_zip_of_its_own_would(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    program = "import os, sys\nprint(os.getpid(), sys.argv, sys.path, sys.flags.isolated, __name__)"
    made = bundle(_zip(program))
    done = _run(made, _mounted(made, tmp_path / "code"), "a", PYTHONPATH=str(tmp_path / "other"))
    zipped = next((tmp_path / "tmp").glob("mlops-*/code.zip"))
    assert zipped.parent.stat().st_mode & 0o777 == 0o700
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "other")}
    alone = subprocess.run([sys.executable, str(zipped), "a"], capture_output=True, text=True, env=environ, check=True)
    assert done.stdout.partition(" ")[2] == alone.stdout.partition(" ")[2], done.stderr


def test_the_reader_starts_no_second_python(tmp_path: Path) -> None:
    made = bundle(_zip("import sys\nprint(sys.orig_argv[1], 'tempfile' in sys.modules)"))
    done = _run(made, _mounted(made, tmp_path / "code"))
    assert done.stdout == "-c False\n", done.stderr


def test_the_first_folder_for_temporary_files_that_can_be_written_is_taken(tmp_path: Path) -> None:
    made = bundle(_zip("import sys\nprint(sys.argv[0].startswith('/tmp/mlops-'))"))
    done = _run(made, _mounted(made, tmp_path / "code"), TMPDIR=str(tmp_path / "none"))
    assert done.stdout == "True\n", done.stderr


def test_modules_beside_the_work_do_not_take_the_place_of_the_readers(tmp_path: Path) -> None:
    made = bundle(_zip())
    (tmp_path / "hashlib.py").write_text("raise SystemExit('not mine')")
    for environment in ({"PYTHONPATH": str(tmp_path)}, {"PYTHONPATH": "."}, {"PYTHONPATH": ""}):
        done = _run(made, _mounted(made, tmp_path / f"code{len(environment['PYTHONPATH'])}"), **environment)
        assert done.returncode == 5, done.stderr


def test_the_reader_is_small_enough_for_a_command_and_nothing_in_it_is_expanded() -> None:
    assert len(reader()) < 4_000
    assert "$" not in reader()


def test_the_reader_is_found_in_a_zip(tmp_path: Path, root: Path) -> None:
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for file in sorted((root / "jupyter_mlops").rglob("*.py")):
            made.write(file, file.relative_to(root))
    program = f"import sys; sys.path.insert(0, {str(archive)!r}); from jupyter_mlops.kube.code_bundle import reader"
    done = subprocess.run([sys.executable, "-I", "-c", f"{program}; print(reader())"], capture_output=True, text=True)
    assert done.stdout == reader() + "\n", done.stderr
