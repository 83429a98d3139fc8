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
    expect(person.chip(1)).to_have_attribute("data-state", "succeeded")
    expect(person.chip(4)).to_have_attribute("data-state", "succeeded")


def test_the_panel_opens_in_the_main_area_above_the_cells(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_in_notebook7("work.ipynb")
    shown = person.page.locator("#main-panel").get_by_test_id("mlops-panel")
    button = person.notebook.locator('[data-jp-item-name="mlops-panel"]').locator("jp-button, button").first

    button.click()
    expect(shown).to_be_visible()
    person.sees_steps("load", "train")
    expect(person.cell(0)).to_be_in_viewport()

    button.click()
    expect(shown).to_have_count(0)
    person.command("Show Pipeline")
    expect(shown).to_be_visible()
