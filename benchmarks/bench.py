"""Run every benchmark, print the figures, and write benchmarks/RESULTS.md: `make bench`.

Arguments are names of benchmarks to run alone; RESULTS.md is then made of these and of what earlier runs left.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from datetime import UTC, datetime

from harness import RESULTS, ROOT, Figure, Peer, Report, row

ORDER = (
    "import_time",
    "analysis",
    "chain",
    "unchanged",
    "notebook_step",
    "fan_out",
    "hand_over",
    "store",
    "extension",
    "cluster",
)
HEAD = """# Results

Made by `make bench`: ours and the peers' measured in turn, in one run. `(Nx)`: the peer takes N times as long.

"""


def main(names: list[str]) -> int:
    """Measure; 1 when a benchmark broke or a promise is not kept."""
    possible = [name for name in ORDER if name != "cluster" or os.environ.get("KUBECONFIG")]
    broken = [name for name in names or possible if not measured(name)]
    reports = [load(name) for name in ORDER if (RESULTS / f"{name}.json").exists()]
    (ROOT / "benchmarks" / "RESULTS.md").write_text(page(reports))
    missed = [item.what for report in reports for item in report.figures if not item.kept]
    print(
        f"\nwrote benchmarks/RESULTS.md; not kept: {', '.join(missed) or 'none'}; broken: {', '.join(broken) or 'none'}"
    )
    return int(bool(missed or broken))


def measured(name: str) -> bool:
    """Run one benchmark and save what it says; false when it broke."""
    print(f"\n{name}", flush=True)
    try:
        importlib.import_module(name).main().save()
    except Exception:
        traceback.print_exc()
        return False
    return True


def load(name: str) -> Report:
    """The report that a benchmark saved."""
    data = json.loads((RESULTS / f"{name}.json").read_text())
    figures = [Figure(**{**item, "peers": tuple(Peer(**peer) for peer in item["peers"])}) for item in data["figures"]]
    return Report(name, figures)


def page(reports: list[Report]) -> str:
    """RESULTS.md."""
    machine = json.loads((RESULTS / f"{reports[0].name}.json").read_text())["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
    lines = [f"{where}, {datetime.now(UTC):%Y-%m-%d}; load of the machine when it began: {machine['load']}.\n"]
    lines += ["| work | ours | peers | promise | kept | how |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row(item)) + " |" for report in reports for item in report.figures]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
