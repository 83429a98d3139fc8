"""Notebook 7 shows one document a page: its toolbar, its cells and the panel have what JupyterLab's have."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytest.importorskip("notebook", reason="no Notebook 7: install jupyter-mlops[test]")
pytestmark = pytest.mark.slow

WORK = ("# Load", "rows = [1, 2]", "# Train", "total = sum(rows)", "print(total)")


def test_a_notebook_is_seen_and_run_as_a_pipeline(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_in_notebook7("work.ipynb")
    expect(person.chip(1)).to_have_attribute("data-step", "load")
    person.run()
    expect(person.chip(1)).to_have_attribute("data-state", "succeeded", timeout=60_000)
    expect(person.chip(4)).to_have_attribute("data-state", "succeeded")


def test_the_panel_is_shown_beside_the_notebook(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_in_notebook7("work.ipynb")
    person.select(1)
    person.command("Show Pipeline")
    expect(person.panel).to_be_visible()
    person.sees_steps("load", "train")
