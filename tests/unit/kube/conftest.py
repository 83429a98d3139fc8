from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from jupyter_mlops.kube.access import Access
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.transport import HttpTransport
from tests.unit.kube.api_double import ApiDouble, Fixed


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread


@pytest.fixture
def serve():
    """Start a double with a script; what was started ends with the test."""
    doubles = []

    def start(script, **options):
        doubles.append(ApiDouble(script, **options))
        return doubles[-1]

    yield start
    for double in doubles:
        double.close()


@pytest.fixture
def kube_of():
    """A client of a double."""
    opened = []

    def start(double, namespace="here"):
        opened.append(Kube(HttpTransport(Fixed(Access(double.url))), namespace))
        return opened[-1]

    yield start
    for kube in opened:
        kube.transport.close()
