"""The panel shows what the open notebook is as a pipeline, and what is wrong with it."""

from __future__ import annotations

import shutil

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow

WORK = ("import math", "# Load", "rows = [1, 2]", "# Train", "total = sum(rows)", "print(total)")


def test_a_public_notebook_without_any_annotation_is_a_pipeline(person, lab, folder, root) -> None:
    shutil.copy(root / "tests" / "public_notebooks" / "01_digits_svm.ipynb", lab.root / folder)
    person.open_notebook("01_digits_svm.ipynb")
    panel = person.open_panel()
    expect(panel.get_by_test_id("mlops-node").nth(2)).to_be_visible()
    assert panel.get_by_test_id("mlops-edge").count() >= 2
    expect(panel.get_by_test_id("mlops-summary")).to_contain_text("from the headings")
    expect(panel.get_by_test_id("mlops-diagnostics")).to_be_visible()


def test_the_graph_changes_with_the_cells(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.sees_steps("load", "train")
    expect(panel.get_by_test_id("mlops-edge")).to_have_count(1)
    person.edit(4, "total = 3")
    expect(panel.get_by_test_id("mlops-edge")).to_have_count(0)
    person.sees_steps("load", "train")


def test_a_problem_leads_to_its_cell_and_goes_when_it_is_mended(person, write) -> None:
    write("work.ipynb", *WORK[:-1], "print(totl)")
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    problem = panel.get_by_test_id("mlops-diagnostics").get_by_role("listitem").filter(has_text="totl")
    expect(problem).to_be_visible()
    person.select(0)
    problem.get_by_test_id("mlops-go").click()
    expect(person.cell(5)).to_contain_class("jp-mod-active")
    person.edit(5, "print(total)")
    expect(problem).to_have_count(0)


def test_a_quick_fix_mends_the_notebook(person, write) -> None:
    write("work.ipynb", *WORK[:-1], "print(totl)")
    person.open_notebook("work.ipynb")
    fixes = person.open_panel().get_by_test_id("mlops-fix")
    fixes.filter(has_text="total").first.click()
    expect(person.cell(5).locator(".cm-content")).to_have_text("print(total)")
    expect(fixes).to_have_count(0)


def test_a_click_on_a_step_twice_goes_to_its_first_cell(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.node("train").dblclick()
    expect(person.cell(4)).to_contain_class("jp-mod-active")


def test_parameters_are_filled_in_and_taken_by_the_run(person, write) -> None:
    write("work.ipynb", ({"role": "parameters"}, "depth = 2"), "# Train", "print('depth is', depth)")
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.set_parameter("depth", "7")
    person.press_run()
    person.sees_state("train", "succeeded")
    view = person.open_run()
    person.node("train", within=view).click()
    expect(view.get_by_test_id("mlops-log")).to_contain_text("depth is 7")


def test_without_the_server_part_the_panel_says_how_to_get_it(people, own_lab) -> None:
    lab = own_lab(with_server_part=False)
    from tests.ui.conftest import write_notebook

    write_notebook(lab.root / "here" / "work.ipynb", *WORK)
    person = people(lab, "here")
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    expect(panel.get_by_role("alert")).to_contain_text("The server has no MLOps part.")
    expect(panel.get_by_role("alert")).to_contain_text("Install jupyter-mlops")
    expect(panel.get_by_test_id("mlops-again")).to_be_enabled()


@pytest.mark.parametrize(
    "content", ["", "no JSON {", '{"no": "notebook"}', "[1, 2]"], ids=["empty", "text", "object", "list"]
)
def test_a_file_that_is_no_notebook_is_told(person, lab, folder, content) -> None:
    file = lab.root / folder / "work.ipynb"
    file.write_text(content)
    person.open_broken_notebook("work.ipynb")
    panel = person.open_panel()
    expect(panel.get_by_role("alert")).to_contain_text("cannot be read as a notebook")
    person.command("Run as Pipeline")
    expect(person.page.locator(".Toastify__toast").filter(has_text="The run did not start.")).to_be_visible()
    assert file.read_text() == content
    panel.get_by_role("button", name="Open as Text").click()
    expect(person.document.locator(".jp-FileEditor .cm-content")).to_contain_text(content)


def test_a_notebook_of_an_older_format_is_a_pipeline(person, lab, folder) -> None:
    import nbformat

    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_heading_cell("Load", level=1),
                    nbformat.v3.new_code_cell("rows = [1, 2]"),
                    nbformat.v3.new_heading_cell("Train", level=1),
                    nbformat.v3.new_code_cell("total = sum(rows)"),
                ]
            )
        ]
    )
    old.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (lab.root / folder / "old.ipynb").write_text(nbformat.v3.writes_json(old))
    person.open_notebook("old.ipynb")
    person.page.locator(".jp-Dialog").filter(has_text="converted").get_by_role("button", name="Ok").click()
    person.open_panel()
    person.sees_steps("load", "train")


def test_an_old_token_is_a_sentence_and_a_way_out(person, write) -> None:
    write("work.ipynb", *WORK)
    person.open_notebook("work.ipynb")
    panel = person.open_panel()
    person.sees_steps("load", "train")
    person.page.context.clear_cookies()
    person.page.route(
        "**/jupyter-mlops/api/analysis",
        lambda route: route.continue_(headers={**route.request.headers, "authorization": "token old"}),
    )
    person.edit(4, "total = 3")
    expect(panel.get_by_role("alert").filter(has_text="Log in again")).to_be_visible()
    person.sees_steps("load", "train")


def test_a_store_that_cannot_be_written_is_a_sentence_and_a_way_out(person, write, lab, folder) -> None:
    write("work.ipynb", *WORK)
    (lab.root / folder / ".jupyter_mlops").rmdir()
    (lab.root / folder / ".jupyter_mlops").write_text("no folder")
    person.open_notebook("work.ipynb")
    person.open_panel()
    person.press_run()
    told = person.page.locator(".Toastify__toast")
    expect(told).to_contain_text("The run did not start.")
    told.get_by_role("button", name="Details").click()
    details = person.page.locator(".jp-Dialog")
    expect(details).to_contain_text("cannot be written")
    expect(details).to_contain_text("JUPYTER_MLOPS_HOME")
