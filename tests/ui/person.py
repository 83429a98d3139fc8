"""Somebody before a browser: what they do with the keyboard and the mouse, and what they see."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.ui.lab import Lab

READY_MS = 90_000
RUN_MS = 90_000
PALETTE_MS = 5_000
SAVED_MS = 10_000
PALETTE_TRIES = 6


class Person:
    """Works in `folder` of `lab`."""

    def __init__(self, page: Page, lab: Lab, folder: str) -> None:
        self.page = page
        self.lab = lab
        self.folder = folder

    # JupyterLab itself
    def open_notebook(self, name: str) -> None:
        """Open it in a JupyterLab with nothing else in it, and wait until one can work."""
        self._go_to(name)
        self.wait_for_notebook()

    def open_broken_notebook(self, name: str) -> None:
        """Open a file that JupyterLab cannot load, and keep it open when JupyterLab wants to close it."""
        self._go_to(name)
        dialog = self.page.locator(".jp-Dialog")
        dialog.filter(has_text="File Load Error").get_by_role("button", name="Close").click()
        dialog.filter(has_text="Save your work").get_by_role("button", name="Cancel").click()

    def open_in_notebook7(self, name: str) -> None:
        """Open it in a page of Notebook 7."""
        self.page.goto(f"{self.lab.address}/notebooks/{self.folder}/{name}?token={self.lab.token}")
        self.wait_for_notebook()

    def _go_to(self, name: str) -> None:
        place = f"lab/workspaces/{self.folder}/tree/{self.folder}/{name}"
        self.page.goto(f"{self.lab.address}/{place}?reset&token={self.lab.token}")

    def wait_for_notebook(self) -> None:
        """Until the notebook is drawn."""
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=READY_MS)
        self.notebook.locator(".jp-Cell").first.wait_for(timeout=READY_MS)

    def reload(self) -> None:
        """As with F5."""
        self.page.reload()
        self.wait_for_notebook()

    @property
    def notebook(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def cell(self, at: int) -> Locator:
        return self.notebook.locator(".jp-Cell").nth(at)

    def select(self, at: int, *, to: int | None = None) -> None:
        """Select a cell in command mode, or those from it to another."""
        self.cell(at).locator(".jp-InputPrompt").click()
        if to is not None:
            self.cell(to).locator(".jp-InputPrompt").click(modifiers=["Shift"])

    def edit(self, at: int, source: str) -> None:
        """Replace a cell's source by typing."""
        self.cell(at).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def save(self) -> None:
        """Save, and once more if what was just set came into the notebook after that."""
        dirty = self.page.locator(".lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty")
        self.page.keyboard.press("Control+s")
        try:
            dirty.wait_for(state="detached", timeout=SAVED_MS)
        except NotInTime:
            self.page.keyboard.press("Control+s")
            dirty.wait_for(state="detached")

    def wait_for_kernel(self) -> None:
        """Until the notebook's kernel has started and does nothing."""
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(timeout=READY_MS)

    def choose(self, *entries: str) -> None:
        """Choose in the menu that is open, going through submenus."""
        for entry in entries:
            menu = self.page.locator(".lm-Menu").last
            menu.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def choose_in_main_menu(self, menu: str, *entries: str) -> None:
        self.page.locator(".lm-MenuBar-item").get_by_text(menu, exact=True).click()
        self.choose(*entries)

    def command(self, label: str) -> None:
        """Execute a command by its name in the palette, once that has found it.

        The palette closes when something else takes the focus, as a notebook does whose kernel has started: then it is
        opened again.
        """
        palette = self.page.locator(".jp-ModalCommandPalette")
        found = palette.locator(".lm-CommandPalette-item.lm-mod-active .lm-CommandPalette-itemLabel")
        for _ in range(PALETTE_TRIES):
            if not palette.is_visible():
                self.page.keyboard.press("Control+Shift+c")
            with contextlib.suppress(NotInTime):
                palette.locator("input").fill(label, timeout=PALETTE_MS)
                found.filter(has_text=label).wait_for(timeout=PALETTE_MS)
                self.page.keyboard.press("Enter")
                palette.wait_for(state="hidden", timeout=PALETTE_MS)
                return
        raise AssertionError(f"The palette does not find {label!r}.")

    def use_theme(self, name: str) -> None:
        self.choose_in_main_menu("Settings", "Theme", name)
        self.page.locator(f'body[data-jp-theme-name="{name}"]').wait_for(state="attached")

    # in the notebook
    def chip(self, at: int) -> Locator:
        return self.cell(at).get_by_test_id("mlops-chip")

    def chips(self) -> list[tuple[str | None, str | None]]:
        """(step or role, state) of each chip."""
        found = self.notebook.get_by_test_id("mlops-chip").all()
        return [
            (chip.get_attribute("data-step") or chip.get_attribute("data-role"), chip.get_attribute("data-state"))
            for chip in found
        ]

    def open_cell_menu(self, at: int) -> None:
        """Press our button in the cell's toolbar."""
        self.select(at)
        self.cell(at).locator('[data-jp-item-name="mlops-step"]').locator("jp-button, button").first.click()

    def name_step(self, name: str) -> None:
        """Answer the dialog that asks for it."""
        self.page.get_by_test_id("mlops-step-name").fill(name)
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()

    def open_property_inspector(self) -> None:
        """Open it with the part about the cell, which is folded at first."""
        self.page.get_by_role("tab", name="Property Inspector").click()
        self.page.locator(".jp-Collapse-header").get_by_text("Pipeline Step", exact=True).click()
        self.page.get_by_test_id("mlops-field-role").wait_for()

    def set_property(self, name: str, value: str) -> None:
        """Fill a field of the property inspector, and leave it."""
        field = self.page.get_by_test_id(f"mlops-field-{name}").locator("select, input, textarea")
        # It may be made anew at this moment, after the field before it has changed.
        if field.evaluate("field => field.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)
            field.press("Tab")

    def run(self) -> None:
        """Press the notebook's button."""
        self.notebook.locator('[data-jp-item-name="mlops-run"]').locator("jp-button, button").first.click()

    def metadata(self, at: int) -> Any:
        """What is saved at a cell."""
        self.save()
        file = self.lab.root / self.folder / self.page.url.rpartition("/")[2].partition("?")[0]
        return json.loads(file.read_text())["cells"][at]["metadata"].get("jupyter_mlops")

    # the panel and its graph
    @property
    def panel(self) -> Locator:
        return self.page.get_by_test_id("mlops-panel")

    def open_panel(self) -> Locator:
        """Click our icon at the left."""
        self.page.get_by_role("tab", name="MLOps").click()
        self.panel.wait_for()
        return self.panel

    def sees_steps(self, *names: str, within: Locator | None = None) -> None:
        """Wait until the graph has these steps, in any order, and no others."""
        nodes = (within or self.panel).get_by_test_id("mlops-node")
        expect(nodes).to_have_count(len(names), timeout=RUN_MS)
        for name in names:
            expect(self.node(name, within=within)).to_have_count(1)

    def sees_state(self, step: str, state: str, *, within: Locator | None = None) -> None:
        """Wait until the graph shows a step in this state."""
        expect(self.node(step, within=within)).to_have_attribute("data-state", state, timeout=RUN_MS)

    def set_parameter(self, name: str, value: str) -> None:
        """Fill in a parameter of the next run."""
        self.panel.get_by_test_id("mlops-params").get_by_role("textbox", name=name, exact=True).fill(value)

    def node(self, step: str, *, within: Locator | None = None) -> Locator:
        """A step in the graph of the panel, or of a view."""
        return (within or self.panel).locator(f'[data-testid="mlops-node"][data-step="{step}"]')

    def press_run(self) -> None:
        """Press Run in the panel."""
        self.panel.get_by_test_id("mlops-run").click()

    # the run view
    @property
    def document(self) -> Locator:
        """What is shown in the main area, with its toolbar."""
        return self.page.locator(".lm-DockPanel-widget:not(.lm-mod-hidden)")

    @property
    def run_view(self) -> Locator:
        return self.document.get_by_test_id("mlops-run-view")

    def open_run(self) -> Locator:
        """Open the panel's last run."""
        self.panel.get_by_test_id("mlops-open-run").click()
        self.run_view.wait_for()
        return self.run_view

    def open_home(self) -> Locator:
        """Follow the panel's link to all runs."""
        self.panel.get_by_test_id("mlops-runs").get_by_role("button", name="All runs").click()
        home = self.page.get_by_test_id("mlops-home")
        home.locator("[data-run]").first.wait_for()
        return home

    def tab_to(self, what: Locator, *, most: int = 80) -> None:
        """Press the Tab key until something has the focus."""
        for _ in range(most):
            if what.evaluate_all("found => found.includes(document.activeElement)"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} is not reached by the Tab key")

    def go_to_tab(self, name: str) -> None:
        """Go to an open document by its tab."""
        self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel").get_by_text(name, exact=True).click()
