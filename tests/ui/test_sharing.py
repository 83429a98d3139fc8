"""Two people at one notebook: what one sets the other sees, at cells, in the graph, and while it runs."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytest.importorskip("jupyter_collaboration", reason="no jupyter-collaboration: install jupyter-mlops[test]")
pytestmark = pytest.mark.slow

WORK = ("# Load", "rows = [1, 2]", "# Train", "total = sum(rows)", "print(total)")


@pytest.fixture
def two(people, own_lab):
    """Two people, each with the same notebook open and the panel beside it."""
    from tests.ui.conftest import write_notebook

    lab = own_lab(together=True)
    write_notebook(lab.root / "here" / "work.ipynb", *WORK)
    (lab.root / "here" / ".jupyter_mlops").mkdir()
    found = [people(lab, "here"), people(lab, "here")]
    for person in found:
        person.open_notebook("work.ipynb")
        person.open_panel()
        person.sees_steps("load", "train")
    return found


def test_what_one_sets_types_and_runs_the_other_sees(two) -> None:
    one, other = two
    one.select(4)
    one.page.keyboard.press("Shift+s")
    one.name_step("report")
    for person in two:
        expect(person.chip(4)).to_have_attribute("data-step", "report")
        person.sees_steps("load", "train", "report")
    other.edit(4, "print(rows)")
    for person in two:
        expect(person.cell(4).locator(".cm-content")).to_have_text("print(rows)")
        expect(person.panel.get_by_test_id("mlops-edge")).to_have_count(2)
    other.press_run()
    for person in two:
        for step in ("load", "train", "report"):
            person.sees_state(step, "succeeded")
