"""Makes the pictures of docs/images: JupyterLab with the panel, a run, a failure, a comparison, all runs, the dark.

Run it with the Python that has jupyterlab, playwright and jupyter-mlops, after the front end was built:
`python tools/screenshots.py [NAME...]`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.ui.conftest import FLAGS, write_notebook  # noqa: E402
from tests.ui.lab import Lab  # noqa: E402
from tests.ui.person import Person  # noqa: E402

IMAGES = ROOT / "docs" / "images"
FOLDER = "churn"
MOST_BYTES = 200_000
VIEW = {"width": 1280, "height": 800}

# Long enough to be seen while it runs, and with all that a view shows.
CELLS = (
    ({"role": "parameters"}, "depth = 4\nrate = 0.1"),
    "import time\n\nimport jupyter_mlops as mlops",
    "# Load the customers",
    """customers = [{"age": 20 + i % 60, "calls": i % 7, "left": i % 3 == 0} for i in range(600)]
print(len(customers), "customers")""",
    "# Clean",
    """known = [row for row in customers if row["age"] < 75]
print(len(known), "left after cleaning")""",
    "# Describe",
    """share = sum(row["left"] for row in known) / len(known)
mlops.log_metric("share", share)""",
    "# Train",
    """loss = 1.0
for epoch in range(40):
    loss *= 1 - rate / depth * len(known) / 600
    mlops.log_metric("loss", loss, step=epoch)
    print(f"epoch {epoch}: loss {loss:.3f}", flush=True)
    time.sleep(0.1)""",
    "# Report",
    """print(f"loss {loss:.3f}, {share:.0%} leave")""",
)


def main(names: list[str]) -> int:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    lab = Lab(Path(tempfile.mkdtemp()), ROOT)
    write_notebook(lab.root / FOLDER / "churn.ipynb", *CELLS)
    (lab.root / FOLDER / ".jupyter_mlops").mkdir()
    lab.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_context(viewport=VIEW, device_scale_factor=1, locale="en-US").new_page()
            visit(Person(page, lab, FOLDER), lambda name: picture(page, name) if not names or name in names else None)
    finally:
        lab.stop()
        shutil.rmtree(lab.home, ignore_errors=True)
    return 0


def visit(person: Person, take: Callable[[str], None]) -> None:
    """One way through all views, as somebody would go who works."""
    person.open_notebook("churn.ipynb")
    panel = person.open_panel()
    person.sees_steps("load_the_customers", "clean", "describe", "train", "report")
    person.press_run()
    person.sees_state("train", "running")
    view = person.open_run()
    person.node("train", within=view).click()
    expect(view.get_by_test_id("mlops-log")).to_contain_text("epoch 9", timeout=60_000)
    take("run")
    person.sees_state("report", "succeeded", within=view)
    person.go_to_tab("churn.ipynb")
    person.sees_state("report", "succeeded", within=panel)
    take("panel")
    for depth in ("2", "8"):
        before = panel.get_by_test_id("mlops-runs").locator("[data-state=succeeded]").count()
        person.set_parameter("depth", depth)
        person.press_run()
        expect(panel.get_by_test_id("mlops-runs").locator("[data-state=succeeded]")).to_have_count(
            before + 1, timeout=60_000
        )
    person.open_run()
    person.document.get_by_role("button", name="Compare").click()
    expect(person.run_view.get_by_test_id("mlops-compare")).to_contain_text("loss")
    take("compare")
    person.go_to_tab("churn.ipynb")
    person.edit(len(CELLS) - 1, 'print(f"loss {loss / (share - share):.3f}")')
    person.press_run()
    person.sees_state("report", "failed")
    person.open_run()
    expect(person.run_view.get_by_test_id("mlops-task-failure")).to_be_visible()
    take("failure")
    person.open_home()
    take("home")
    person.use_theme("JupyterLab Dark")
    person.go_to_tab("churn.ipynb")
    take("dark")


def picture(page: object, name: str) -> None:
    """Take it once nothing moves, without notes that lie over it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.mouse.move(5, 400)
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled", style=".Toastify { display: none }")
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}  {size // 1000} KB")
    if size > MOST_BYTES:
        raise SystemExit(f"{file.name} is larger than {MOST_BYTES // 1000} KB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
