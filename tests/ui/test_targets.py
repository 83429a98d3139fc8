"""Where runs can go, and where the tasks of a run were: for everybody, in light and dark."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.ui.test_access import DARK, LIGHT, axe, themed  # noqa: F401

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow


def _as_on_a_cluster(home: Path) -> None:
    """Make of the only run one that was on a cluster: its events say so, and a pod of `train` was seen."""
    [folder] = (home / "runs").iterdir()
    for events in folder.glob("events*.jsonl"):
        text = re.sub(r'"target": ?"local"', '"target":"kubernetes"', events.read_text(encoding="utf-8"))
        events.write_text(text, encoding="utf-8")
    now = time.time()
    pod = {"kind": "pod", "pod": "train-1-abc", "node": "n1", "phase": "Failed", "reason": "OOMKilled"}
    amounts = {"requests": {"memory": "2Gi"}, "limits": {"memory": "4Gi"}, "restarts": 1, "exit_code": 137}
    event = {"kind": "event", "id": "e1", "type": "Warning", "reason": "BackOff", "message": "It died again."}
    lines = [{"at": now, **pod, **amounts, "image": "my/ml:1"}, {"at": now, **event, "count": 3, "last": now}]
    place = folder / "tasks" / "train" / "1"
    (place / "cluster.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    use = [{"at": now + at, "kind": "use", "cpu": at / 2, "memory": (at + 1) << 28} for at in range(6)]
    (place / "use.jsonl").write_text("".join(json.dumps(line) + "\n" for line in use), encoding="utf-8")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_targets_and_where_a_task_was(themed, write, lab, folder, axe, theme) -> None:  # noqa: F811
    person = themed
    write("work.ipynb", "# Load", "rows = [1]", "# Train", "print(sum(rows))")
    person.open_notebook("work.ipynb")
    person.use_theme(theme)
    panel = person.open_panel()
    panel.get_by_test_id("mlops-show-targets").click()
    targets = person.page.get_by_test_id("mlops-targets")
    here = targets.locator("[data-target=local]")
    here.get_by_role("button", name="Check").click()
    expect(here.get_by_text("good, in")).to_be_visible()
    expect(here.get_by_role("button", name="Check again")).to_be_enabled()
    expect(targets.locator("[data-target=kubernetes]")).to_contain_text("kubernetes")
    found = {"targets": axe(targets)}
    person.go_to_tab("work.ipynb")
    person.press_run()
    person.sees_state("train", "succeeded")
    expect(panel.get_by_test_id("mlops-last-run")).to_have_attribute("data-state", "succeeded")
    _as_on_a_cluster(lab.root / folder / ".jupyter_mlops")
    # A page asks no more about a run that is over: a new one, in which nothing else comes to the front by itself.
    person.open_notebook("work.ipynb")
    person.open_panel()
    view = person.open_run()
    person.node("train", within=view).click()
    view.get_by_role("tab", name="Resources").click()
    expect(view.get_by_test_id("mlops-use")).to_contain_text("1.5 GiB")
    found["resources"] = axe(view)
    view.get_by_role("tab", name="Pods").click()
    expect(view.get_by_test_id("mlops-pods")).to_contain_text("OOMKilled")
    expect(view.get_by_test_id("mlops-pods")).to_contain_text("It died again.")
    found["pods"] = axe(view)
    assert {name: items for name, items in found.items() if items} == {}
