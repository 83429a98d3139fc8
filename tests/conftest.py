"""What all tests share: an environment of their own, and a CI that lets no test be skipped without a good reason."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Reasons for which a test may be skipped in CI: what CI cannot change.
ALLOWED_SKIPS = {
    r"since Python 3\.1[2-9]": "CI runs all tests with the oldest Python, and the units with a newer one",
    r"needs (macOS|Windows)": "CI runs on Linux",
    r"needs a Kubernetes cluster: KUBECONFIG is not set": "not every machine can run one",
    r"needs (the API server to be|a cluster whose one node is) .*this machine": "the cluster may be elsewhere",
    r"needs (an image with )?Python 3\.9": "not every machine has one; the image is made where one is",
    r"root without mounts": "a container may forbid mounting, and no permission stops root",
}

PASSED_A_DOT = 100
_PASSED = itertools.count(1)

# The cluster of tests/cluster, which no other test sees.
CLUSTER = os.environ.get("KUBECONFIG", "")

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's folders."""
    home = tmp_path_factory.mktemp("home")
    os.environ["IPYTHONDIR"] = str(home / "ipython")
    os.environ["MPLCONFIGDIR"] = _shared_font_cache(tmp_path_factory)
    os.environ["JUPYTER_CONFIG_DIR"] = str(home / "jupyter")
    os.environ["XDG_CACHE_HOME"] = str(home / "cache")
    os.environ["KUBECONFIG"] = str(home / "no-kubeconfig")
    for name in ("JUPYTER_MLOPS_HOME", "PYTHONHASHSEED", "MPLBACKEND"):
        os.environ.pop(name, None)


def _shared_font_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One folder for all workers: matplotlib takes seconds to list the fonts, once."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "matplotlib"
    shared.mkdir(exist_ok=True)
    return str(shared)


@pytest.fixture
def hangup_ends() -> Iterator[None]:
    """A hangup is heard, also where these tests run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the source tree."""
    return Path(__file__).resolve().parent.parent


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """In CI one dot says a hundred tests: thousands of them would be most of the output, beside what failed."""
    if not os.environ.get("CI") or not report.passed or report.when != "call":
        return None
    return "passed", "" if next(_PASSED) % PASSED_A_DOT else ".", ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip that CI could have avoided is a failure."""
    if _unwarranted_skips(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which skips those were."""
    for line in _unwarranted_skips(config):
        terminalreporter.write_line(f"skipped for a reason that CI could remove: {line}", red=True)


def _unwarranted_skips(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None:
        return []
    skipped = ((report.nodeid, str(report.longrepr)) for report in reporter.stats.get("skipped", ()))
    return [f"{test}: {why}" for test, why in skipped if not any(re.search(allowed, why) for allowed in ALLOWED_SKIPS)]
