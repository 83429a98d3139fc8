"""A run is started, watched, mended, compared; and goes on whatever becomes of the page and the server."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow

# Steps that wait for a file can be looked at while they run.
WAIT = "import os, time\nwhile not os.path.exists('go.txt'):\n    time.sleep(0.02)\n"
WORK = ("# Load", "rows = [1, 2]\nprint('loaded')\n" + WAIT + "print('done')", "# Train", "total = sum(rows)")


@pytest.fixture
def go(lab, folder):
    """Let the steps that wait go on."""

    def going() -> None:
        (lab.root / folder / "go.txt").write_text("")

    yield going
    going()


def test_states_are_seen_while_they_change_in_graph_cells_and_list(person, write, go) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.press_run()
    person.sees_state("load", "running")
    person.sees_state("train", "pending")
    expect(person.chip(1)).to_have_attribute("data-state", "running")
    expect(panel.get_by_test_id("mlops-stop")).to_be_visible()
    go()
    person.sees_state("load", "succeeded")
    person.sees_state("train", "succeeded")
    expect(person.chip(3)).to_have_attribute("data-state", "succeeded")
    expect(panel.get_by_test_id("mlops-runs").locator("[data-run]")).to_have_attribute("data-state", "succeeded")
    expect(panel.get_by_test_id("mlops-run")).to_be_enabled()


def test_a_log_is_followed(person, write, go) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.press_run()
    person.sees_state("load", "running")
    view = person.open_run()
    person.node("load", within=view).click()
    log = view.get_by_test_id("mlops-log")
    expect(log).to_contain_text("loaded")
    expect(log).not_to_contain_text("done")
    go()
    expect(log).to_contain_text("done")
    person.sees_state("train", "succeeded", within=view)


def test_a_run_that_fails_leads_to_its_cell_is_mended_and_gone_on_with(person, write) -> None:
    write("work.ipynb", "# Load", "rows = [1, 2]", "# Train", "total = sum(rows)", "print(total / 0)")
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.press_run()
    person.sees_state("train", "failed")
    view = person.open_run()
    failure = view.get_by_test_id("mlops-task-failure")
    expect(failure).to_contain_text("ZeroDivisionError: division by zero")
    expect(failure).to_contain_text("print(total / 0)")
    failure.get_by_role("button", name="Go to cell").click()
    expect(person.cell(4)).to_contain_class("jp-mod-active")
    person.edit(4, "print(total / 1)")
    person.press_run()
    person.sees_state("load", "cached")
    person.sees_state("train", "succeeded")


def test_a_run_that_failed_is_retried_once_its_cause_is_gone(person, write, go) -> None:
    write("work.ipynb", "# Load", "rows = [1, 2]", "# Train", "print(len(rows), open('go.txt').read())")
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.press_run()
    person.sees_state("train", "failed")
    go()
    panel.get_by_test_id("mlops-retry").click()
    person.sees_state("train", "succeeded")
    person.sees_state("load", "succeeded")
    expect(panel.get_by_test_id("mlops-runs").locator("[data-run]")).to_have_count(1)


def test_a_run_is_stopped(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.press_run()
    person.sees_state("load", "running")
    panel.get_by_test_id("mlops-stop").click()
    expect(panel.get_by_test_id("mlops-last-run")).to_have_attribute("data-state", "canceled")


def test_only_what_changed_is_run_from_a_step_on(person, write, go) -> None:
    go()
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.press_run()
    person.sees_state("train", "succeeded")
    person.node("train").click()
    panel.get_by_test_id("mlops-run-from").click()
    person.sees_state("load", "cached")
    person.sees_state("train", "succeeded")
    expect(panel.get_by_test_id("mlops-runs").locator("[data-run]")).to_have_count(2)


def test_two_runs_are_compared(person, write) -> None:
    write(
        "work.ipynb",
        ({"role": "parameters"}, "depth = 2"),
        "# Train",
        "import jupyter_mlops as mlops\nmlops.log_metric('loss', 1 / depth)",
    )
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    runs = panel.get_by_test_id("mlops-runs").locator("[data-run][data-state=succeeded]")
    for count, depth in enumerate(("2", "4"), 1):
        person.set_parameter("depth", depth)
        person.press_run()
        expect(runs).to_have_count(count)
    view = person.open_run()
    person.document.get_by_role("button", name="Compare").click()
    compared = view.get_by_test_id("mlops-compare")
    for text in ("depth", "loss", "0.25", "0.5"):
        expect(compared).to_contain_text(text)


def test_a_page_that_is_loaded_anew_shows_the_run_that_goes_on(person, write, go) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.press_run()
    person.sees_state("load", "running")
    person.reload()
    person.sees_state("load", "running")
    go()
    person.sees_state("train", "succeeded")
    expect(person.panel.get_by_test_id("mlops-runs").locator("[data-run]")).to_have_count(1)


def test_a_server_that_is_started_again_tells_of_the_run_that_went_on(people, own_lab) -> None:
    from tests.ui.conftest import write_notebook

    lab = own_lab()
    write_notebook(lab.root / "here" / "work.ipynb", *WORK)
    (lab.root / "here" / ".jupyter_mlops").mkdir()
    person = people(lab, "here")
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.press_run()
    person.sees_state("load", "running")
    lab.stop()
    expect(panel.get_by_role("alert").first).to_contain_text("connection to the server is lost")
    (lab.root / "here" / "go.txt").write_text("")
    lab.start()
    person.sees_state("train", "succeeded")
    expect(panel.get_by_role("alert")).to_have_count(0)


def test_a_run_that_is_deleted_under_the_view_says_so(person, write, go, lab, folder) -> None:
    go()
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.press_run()
    person.sees_state("train", "succeeded")
    view = person.open_run()
    person.document.get_by_role("button", name="Delete").click()
    person.page.locator(".jp-Dialog button.jp-mod-warn").click()
    expect(view.get_by_test_id("mlops-run-deleted")).to_be_visible()
    expect(person.panel.get_by_test_id("mlops-runs").locator("[data-run]")).to_have_count(0)
