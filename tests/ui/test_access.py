"""Everybody can use it: axe-core finds nothing serious in any theme, and the keyboard is enough."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow

LIGHT, DARK, CONTRAST = "JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"
WORK = (
    ({"role": "parameters"}, "depth = 2"),
    "# Load",
    "rows = [1, 2]\nprint('loaded')",
    "# Train",
    "print(sum(rows) / 0, depth)",
    "# Report",
    "print(later)",
)


@pytest.fixture
def axe(root):
    """Gives what is serious within an element: `axe(locator)`."""
    script = root / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("no axe-core: run npm ci in labextension/")

    def looking(what) -> list[str]:
        page = what.page
        if not page.evaluate("'axe' in window"):
            page.add_script_tag(path=script)
        found = what.first.evaluate("node => axe.run(node, { resultTypes: ['violations'] })")
        return [
            f"{item['id']} ({item['impact']}): {item['help']}: {item['nodes'][0]['html'][:200]}"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
        ]

    return looking


@pytest.fixture
def themed(person):
    """Somebody who likes a theme; the next one gets the light one again."""
    yield person
    person.use_theme(LIGHT)


@pytest.mark.parametrize("theme", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
def test_nothing_serious_is_found_in_any_view(themed, write, axe, theme) -> None:
    person = themed
    write("work.ipynb", *WORK[:-2])
    person.open_notebook("work.ipynb")
    person.use_theme(theme)
    panel = person.open_panel()
    person.press_run()
    person.sees_state("train", "failed")
    found = {"panel": axe(panel), "chips": axe(person.chip(4))}
    view = person.open_run()
    expect(view.get_by_test_id("mlops-task-failure")).to_be_visible()
    found["run"] = axe(view)
    person.node("load", within=view).click()
    expect(view.get_by_test_id("mlops-log")).to_contain_text("loaded")
    found["log"] = axe(view)
    found["home"] = axe(person.open_home())
    assert {name: items for name, items in found.items() if items} == {}


def test_nothing_serious_is_found_where_there_are_problems(person, write, axe) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    expect(panel.get_by_test_id("mlops-diagnostics")).to_contain_text("later")
    assert axe(panel) == []


def test_the_keyboard_is_enough_to_open_walk_run_and_find_what_failed(person, write) -> None:
    write("work.ipynb", *WORK[:-2])
    person.open_notebook("work.ipynb")
    person.cell(0).wait_for()
    keys = person.page.keyboard
    person.wait_for_kernel()  # a notebook takes the focus when its kernel has started
    person.command("Show Pipeline")
    person.sees_steps("load", "train")
    person.tab_to(person.panel.get_by_test_id("mlops-node"))
    for key, step in (("Home", "load"), ("ArrowDown", "train"), ("ArrowUp", "load")):
        keys.press(key)
        expect(person.node(step)).to_be_focused()
    person.tab_to(person.panel.get_by_test_id("mlops-run"))
    keys.press("Enter")
    person.sees_state("train", "failed")
    person.tab_to(person.panel.get_by_test_id("mlops-open-run"))
    keys.press("Enter")
    failure = person.run_view.get_by_test_id("mlops-task-failure")
    expect(failure).to_contain_text("division by zero")
    person.tab_to(failure.get_by_role("button", name="Go to cell"))
    keys.press("Enter")
    expect(person.cell(4)).to_contain_class("jp-mod-active")
