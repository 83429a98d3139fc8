"""Steps and roles are shown at cells, and set there: by toolbar, menus, keys, and the property inspector."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow
WORK = ("import math", "# Load", "rows = [1, 2]", "# Train", "total = sum(rows)", "print(total)")


def test_each_cell_shows_the_step_that_it_is_in(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    expect(person.chip(2)).to_have_attribute("data-step", "load")
    expect(person.chip(4)).to_have_attribute("data-step", "train")
    expect(person.chip(5)).to_have_attribute("data-step", "train")
    expect(person.chip(0)).to_have_attribute("data-role", "setup")
    expect(person.chip(1)).to_have_count(0)


def test_a_step_is_set_by_the_toolbar_of_the_cell(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.open_cell_menu(5)
    person.choose("Set Step…")
    person.name_step("report")
    expect(person.chip(5)).to_have_attribute("data-step", "report")
    expect(person.chip(4)).to_have_attribute("data-step", "train")
    assert person.metadata(5) == {"role": "step", "step": "report"}


def test_a_wrong_name_is_said_and_cannot_be_set(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.select(5)
    person.page.keyboard.press("Shift+s")
    field = person.page.get_by_test_id("mlops-step-name")
    field.fill("no good!")
    expect(person.page.locator(".jp-Dialog").get_by_role("status")).not_to_be_empty()
    expect(person.page.locator(".jp-Dialog button.jp-mod-accept")).to_be_disabled()
    person.name_step("good")
    expect(person.chip(5)).to_have_attribute("data-step", "good")


def test_a_role_is_set_by_the_menu_and_cleared_again(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.open_cell_menu(5)
    person.choose("Skip")
    expect(person.chip(5)).to_have_attribute("data-role", "skip")
    person.open_cell_menu(5)
    person.choose("Clear Step and Role")
    expect(person.chip(5)).to_have_attribute("data-step", "train")
    assert person.metadata(5) is None


def test_many_cells_are_set_at_once_and_undone_at_once(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    expect(person.chip(2)).to_have_attribute("data-step", "load")
    person.select(2, to=4)
    person.page.keyboard.press("Shift+s")
    person.name_step("all")
    for at in (2, 4):
        expect(person.chip(at)).to_have_attribute("data-step", "all")
    person.page.keyboard.press("Control+z")
    for at, step in ((2, "load"), (4, "train")):
        expect(person.chip(at)).to_have_attribute("data-step", step)


def test_a_step_and_its_options_are_set_by_the_property_inspector(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.select(5)
    person.open_property_inspector()
    person.set_property("step", "report")
    expect(person.chip(5)).to_have_attribute("data-step", "report")
    person.set_property("cpu", "0.5")
    person.set_property("cache", "false")
    person.select(5)
    assert person.metadata(5) == {"role": "step", "step": "report", "cpu": 0.5, "cache": False}


def test_the_steps_that_were_found_are_written_and_undone(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    expect(person.chip(2)).to_have_attribute("data-step", "load")
    person.select(2)
    person.choose_in_main_menu("Run", "Pipeline Step", "Write Found Steps Into Cells")
    expect(person.page.get_by_text("cells now say what they are for")).to_be_visible()
    assert person.metadata(2)["step"] == "load"
    person.select(2)
    person.page.keyboard.press("Control+z")
    assert person.metadata(2) is None
