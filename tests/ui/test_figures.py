"""What is promised of speed in the browser. The figures are printed; a test allows for a machine that is busy."""

from __future__ import annotations

import time
from contextlib import nullcontext

import pytest

from jupyter_mlops.store.project import Project
from tests.many_runs import write_many_runs

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow

STEPS, RUNS = 50, 10_000
# Longer than 50 ms is what browsers call a long task: somebody who scrolls sees it.
GRAPH_MS, TYPING_MS, SCROLL_MS = 300, 16, 50
# A shared machine is some times slower than a free one.
PATIENCE = 8

# From the press of the mouse to the first frame in which all steps are seen.
_WATCH = """
count => {
  let begin;
  document.addEventListener('pointerdown', () => (begin = begin ?? performance.now()), true);
  window.mlopsShown = new Promise(resolve => {
    const look = () => {
      const nodes = [...document.querySelectorAll('[data-testid=mlops-panel] [data-testid=mlops-node]')];
      const seen = nodes.filter(node => node.getClientRects().length > 0).length;
      begin !== undefined && seen >= count ? resolve(performance.now() - begin) : requestAnimationFrame(look);
    };
    look();
  });
}
"""

# The longest task of the page from now on.
_WATCH_TASKS = """
() => {
  window.mlopsLongest = 0;
  const look = list => list.getEntries().forEach(({ duration }) => {
    window.mlopsLongest = Math.max(window.mlopsLongest, duration);
  });
  new PerformanceObserver(look).observe({ type: 'longtask' });
}
"""


@pytest.fixture
def long_notebook(write) -> str:
    """A chain of steps, a heading each."""
    cells = ["# Step 0", "value_0 = 1"]
    for step in range(1, STEPS):
        cells += [f"# Step {step}", f"value_{step} = value_{step - 1} + 1\nprint(value_{step})"]
    return write("long.ipynb", *cells).name


def test_the_panel_shows_fifty_steps_soon_after_it_is_opened(person, long_notebook) -> None:
    person.open_notebook(long_notebook)
    expect(person.chip(1)).to_have_attribute("data-step", "step_0")
    person.page.evaluate(_WATCH, STEPS)
    person.open_panel()
    expect(person.panel.get_by_test_id("mlops-node")).to_have_count(STEPS)
    took = person.page.evaluate("window.mlopsShown")
    print(f"graph of {STEPS} steps {took:.0f} ms after opening (promised: {GRAPH_MS} ms)")
    assert took <= GRAPH_MS * PATIENCE


def test_typing_is_not_blocked_by_us(person, long_notebook) -> None:
    person.open_notebook(long_notebook)
    person.open_panel()
    expect(person.panel.get_by_test_id("mlops-node")).to_have_count(STEPS)
    profiler = person.page.context.new_cdp_session(person.page)
    profiler.send("Profiler.enable")
    profiler.send("Profiler.setSamplingInterval", {"interval": 500})
    person.cell(3).locator(".cm-content").click()
    person.page.keyboard.press("End")
    profiler.send("Profiler.start")
    for letter in "  # a comment that somebody writes, and goes on writing":
        # A pause, after which the notebook is analysed while the person writes on.
        pause = person.page.expect_response("**/jupyter-mlops/api/analysis") if letter == "," else nullcontext()
        with pause:
            person.page.keyboard.type(letter, delay=20)
    profile = profiler.send("Profiler.stop")["profile"]
    longest = _longest_stretch(profile, "jupyter-mlops")
    print(f"typing blocked by us for at most {longest:.1f} ms (promised: {TYPING_MS} ms)")
    assert longest <= TYPING_MS * PATIENCE


def test_ten_thousand_runs_are_scrolled_without_lag(person, lab, folder, write) -> None:
    project = Project(lab.root / folder).ensure()
    write_many_runs(project, RUNS, began=time.time() - RUNS)
    person.open_notebook(write("work.ipynb", "# Load", "rows = [1, 2]").name)
    person.open_panel()
    table = person.open_home().get_by_test_id("mlops-runs-table")
    expect(table).to_have_attribute("aria-rowcount", str(RUNS + 1))
    person.page.evaluate(_WATCH_TASKS)
    table.hover()
    for _ in range(40):
        person.page.mouse.wheel(0, 400)
        person.page.wait_for_timeout(16)
    for part in (0.5, 0.25, 1):  # as somebody who drags the scroll bar
        table.evaluate("(table, part) => (table.scrollTop = part * table.scrollHeight)", part)
        expect(table.locator("[data-row]:not([data-run])")).to_have_count(0)
    expect(table.locator(f'[data-row="{RUNS - 1}"]')).to_be_in_viewport()
    longest = person.page.evaluate("window.mlopsLongest")
    print(f"longest task while {RUNS} runs are scrolled {longest:.0f} ms, 0 if under 50 (promised: {SCROLL_MS} ms)")
    assert longest <= SCROLL_MS * PATIENCE


def _longest_stretch(profile, address: str) -> float:
    """Milliseconds of the longest time without a pause in which a script of this address was on the stack."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", ())}

    def is_ours(at: int | None) -> bool:
        while at is not None:
            if address in nodes[at]["callFrame"]["url"]:
                return True
            at = parents.get(at)
        return False

    known: dict[int, bool] = {}
    longest = stretch = 0
    for sample, micros in zip(profile["samples"], profile["timeDeltas"], strict=True):
        stretch = stretch + micros if known.setdefault(sample, is_ours(sample)) else 0
        longest = max(longest, stretch)
    return longest / 1000
