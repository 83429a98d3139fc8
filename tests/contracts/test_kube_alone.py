"""The client of Kubernetes works where nothing but Python is, as in a pod that runs it from a zip."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from jupyter_mlops.targets.kubernetes.code_zip import code_zip

CODE = """
import importlib, pathlib, sys
for name in MODULES:
    importlib.import_module(f"jupyter_mlops.kube.{name}")
assert "site" not in sys.modules
from jupyter_mlops.errors import MissingLibrary
from jupyter_mlops.kube.contexts import contexts
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.in_cluster import in_cluster
from jupyter_mlops.kube.resource import PODS
folder = pathlib.Path(FOLDER)
connection = in_cluster({"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}, folder)
try:
    Kube(connection.transport, connection.namespace).list(PODS)
except Unreachable as failure:
    print(connection.namespace, failure.message)
try:
    contexts(str(folder / "namespace"))
except MissingLibrary as failure:
    print(failure)
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """What of the library travels into a pod."""
    path = tmp_path / "code.zip"
    path.write_bytes(code_zip())
    return path


def test_the_client_works_without_site_packages(packed: Path, tmp_path: Path) -> None:
    names = map(Path, zipfile.ZipFile(packed).namelist())
    modules = [path.stem for path in names if path.parent == Path("jupyter_mlops/kube")]
    (tmp_path / "token").write_text("x")
    (tmp_path / "namespace").write_text("team")
    # An authority is needed for TLS; here nobody listens, and no certificate is ever seen.
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=x",
            "-keyout",
            "key",
            "-out",
            "ca.crt",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    start = f"import sys; sys.path.insert(0, {str(packed)!r}); MODULES = {modules!r}; FOLDER = {str(tmp_path)!r}\n"
    command = [sys.executable, "-S", "-I", "-c", start + CODE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    unreachable, missing = done.stdout.splitlines()
    assert unreachable == "team The cluster at https://127.0.0.1:1 does not answer: nothing listens there."
    assert "pip install kubernetes" in missing


def test_the_client_keeps_to_python_3_9(root: Path) -> None:
    paths = [str(root / "jupyter_mlops/kube"), str(root / "jupyter_mlops/errors.py")]
    command = [str(Path(sys.executable).with_name("vermin")), "--quiet", "--no-tips", "-t=3.9-", "--violations", *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
