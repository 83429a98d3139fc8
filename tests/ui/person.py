"""Somebody before a browser: what they do with the keyboard and the mouse, and what they see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.ui.lab import Lab

READY_MS = 60_000
RUN_MS = 60_000


class Person:
    """Works in `folder` of `lab`."""

    def __init__(self, page: Page, lab: Lab, folder: str) -> None:
        self.page = page
        self.lab = lab
        self.folder = folder

    # ------------------------------------------------------------------------------------------------ JupyterLab itself
    def open_notebook(self, name: str) -> None:
        """Open it in a JupyterLab with nothing else in it, and wait until one can work."""
        place = f"lab/workspaces/{self.folder}/tree/{self.folder}/{name}"
        self.page.goto(f"{self.lab.address}/{place}?reset&token={self.lab.token}")
        self.wait_for_notebook()

    def wait_for_notebook(self) -> None:
        """Until the notebook is drawn, and its first chips: the server was asked and answered."""
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
        self.page.keyboard.press("Control+s")
        self.page.locator(".lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty").wait_for(state="detached")

    def choose(self, *entries: str) -> None:
        """Choose in the menu that is open, going through submenus."""
        for entry in entries:
            menu = self.page.locator(".lm-Menu").last
            menu.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def choose_in_main_menu(self, menu: str, *entries: str) -> None:
        self.page.locator(".lm-MenuBar-item").get_by_text(menu, exact=True).click()
        self.choose(*entries)

    def command(self, label: str) -> None:
        """Execute a command by its name in the palette."""
        self.page.keyboard.press("Control+Shift+c")
        search = self.page.locator(".lm-CommandPalette-input")
        search.fill(label)
        self.page.locator(".lm-CommandPalette-item.lm-mod-active").wait_for()
        self.page.keyboard.press("Enter")

    def use_theme(self, name: str) -> None:
        self.choose_in_main_menu("Settings", "Theme", name)
        self.page.locator(f'body[data-jp-theme-name="{name}"]').wait_for()

    # ------------------------------------------------------------------------------------------------------ in the notebook
    def chip(self, at: int) -> Locator:
        return self.cell(at).get_by_test_id("mlops-chip")

    def chips(self) -> list[tuple[str | None, str | None]]:
        """(step or role, state) of each chip."""
        found = self.notebook.get_by_test_id("mlops-chip").all()
        return [(chip.get_attribute("data-step") or chip.get_attribute("data-role"), chip.get_attribute("data-state")) for chip in found]

    def open_cell_menu(self, at: int) -> None:
        """Press our button in the cell's toolbar."""
        self.select(at)
        self.cell(at).locator('[data-jp-item-name="mlops-step"]').locator("jp-button, button").first.click()

    def name_step(self, name: str) -> None:
        """Answer the dialog that asks for it."""
        self.page.get_by_test_id("mlops-step-name").fill(name)
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()

    def open_property_inspector(self) -> None:
        self.page.get_by_role("tab", name="Property Inspector").click()
        self.page.get_by_test_id("mlops-field-role").wait_for()

    def set_property(self, name: str, value: str) -> None:
        """Fill a field of the property inspector, and leave it."""
        field = self.page.get_by_test_id(f"mlops-field-{name}")
        if field.locator("select").count():
            field.locator("select").select_option(value)
        else:
            field.locator("input, textarea").fill(value)
            field.locator("input, textarea").press("Tab")

    def run(self) -> None:
        """Press the notebook's button."""
        self.notebook.locator('[data-jp-item-name="mlops-run"]').locator("jp-button, button").first.click()

    def metadata(self, at: int) -> Any:
        """What is saved at a cell."""
        self.save()
        file = self.lab.root / self.folder / self.page.url.rpartition("/")[2].partition("?")[0]
        return json.loads(file.read_text())["cells"][at]["metadata"].get("jupyter_mlops")
