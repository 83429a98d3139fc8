"""Tests on a real cluster: whichever KUBECONFIG names. They make namespaces of their own and delete them."""

from __future__ import annotations

import os
import subprocess

import pytest


@pytest.fixture(scope="session")
def cluster() -> str:
    """The path of the kubeconfig of a cluster that answers."""
    path = os.environ.get("KUBECONFIG", "")
    if not path:
        pytest.skip("needs a Kubernetes cluster: KUBECONFIG is not set")
    done = subprocess.run(
        ["kubectl", "--request-timeout=5s", "get", "--raw", "/version"], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"needs a Kubernetes cluster: that of KUBECONFIG does not answer: {done.stderr.strip()}")
    return path
