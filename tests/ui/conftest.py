"""A browser in front of a JupyterLab. All of it is left out, with a reason, where a part is missing."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.ui.lab import Lab

if TYPE_CHECKING:
    from tests.ui.person import Person

# What a browser needs in a container; and nothing in the background.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Other tests fill the machine meanwhile. Nothing is promised of how long a page takes here: test_figures measures that.
PATIENCE_MS = 60_000
TEST_S = 400
# What the browser itself says of requests that fail; whether they should is what tests are about.
_OF_THE_NETWORK = re.compile(r"^(Failed to load resource|WebSocket connection to)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test ends by what it waits for, which can be said, and not by its own time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TEST_S))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("no Chromium: install it, or set CHROMIUM to where it is")
    return found


@pytest.fixture(scope="session")
def source(root: Path) -> Path:
    """The source tree, with the front end built."""
    for module in ("jupyterlab", "playwright"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: install jupyter-mlops[lab,test]")
    if not (root / "jupyter_mlops" / "labextension" / "package.json").is_file():
        pytest.skip("the front end is not built: run npm ci and npm run build in labextension/")
    return root


@pytest.fixture(scope="session")
def lab(source: Path, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The JupyterLab of all tests that need no other."""
    lab = Lab(tmp_path_factory.mktemp("lab"), source)
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def own_lab(source: Path, chromium: str, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Make a JupyterLab for one test: to stop it, or to set it up otherwise."""
    labs: list[Lab] = []

    def making(**options: Any) -> Lab:
        labs.append(Lab(tmp_path / f"lab-{len(labs)}", source, **options))
        labs[-1].start()
        return labs[-1]

    yield making
    for lab in labs:
        lab.stop()


# Not for the session: while Playwright is there no other test of this process can have an event loop.
@pytest.fixture(scope="module")
def browser(chromium: str, source: Path) -> Iterator[Any]:
    """The browser; each person has a context of their own in it."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong in the page because of us. A test fails if there is anything."""
    found: list[str] = []
    yield found
    assert not found, "\n".join(found)


@pytest.fixture
def people(browser: Any, faults: list[str]) -> Iterator[Callable[[Lab, str], Person]]:
    """Sit a person down before a browser of their own: `people(lab, folder)`."""
    contexts: list[Any] = []

    def coming(lab: Lab, folder: str) -> Person:
        context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
        contexts.append(context)
        from tests.ui.person import Person

        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: _note(faults, f"{error.message}\n{error.stack}", ""))
        page.on("console", lambda said: said.type == "error" and _note(faults, said.text, said.location.get("url", "")))
        return Person(page, lab, folder)

    yield coming
    for context in contexts:
        context.close()


def _note(faults: list[str], text: str, place: str) -> None:
    if ("jupyter-mlops" in text or "jupyter-mlops" in place) and not _OF_THE_NETWORK.match(text):
        faults.append(f"{text} ({place})")


@pytest.fixture
def folder(lab: Lab, request: pytest.FixtureRequest) -> str:
    """A folder below the server's root that no other test uses; with runs of its own."""
    name = re.sub(r"\W+", "-", request.node.name)[:60]
    (lab.root / name / ".jupyter_mlops").mkdir(parents=True)
    return name


@pytest.fixture
def person(people: Callable[[Lab, str], Person], lab: Lab, folder: str) -> Person:
    """Somebody who works in that folder."""
    return people(lab, folder)


@pytest.fixture
def write(lab: Lab, folder: str) -> Callable[..., Path]:
    """Write a notebook of cells into the folder. A cell is source, or (metadata, source), or a `# Heading`."""

    def writing(name: str, *cells: str | tuple[dict[str, Any], str]) -> Path:
        return write_notebook(lab.root / folder / name, *cells)

    return writing


def write_notebook(file: Path, *cells: str | tuple[dict[str, Any], str]) -> Path:
    """Write a notebook file of these cells."""
    content = {"cells": [_cell(f"cell-{at}", cell) for at, cell in enumerate(cells)]}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**content, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return file


def _cell(name: str, cell: str | tuple[dict[str, Any], str]) -> dict[str, Any]:
    metadata, source = cell if isinstance(cell, tuple) else ({}, cell)
    if re.match(r"#+ [A-Z]", source) and "\n" not in source:
        return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}
    code = {"outputs": [], "execution_count": None}
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {"jupyter_mlops": metadata} if metadata else {},
        "source": source,
        **code,
    }
