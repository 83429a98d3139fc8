"""CPU time of the import that every kernel and step pays."""

from __future__ import annotations

import sys
from pathlib import Path

from harness import Figure, Peer, Report, alternate, peer_python, timed

CODE = "import time; t = time.process_time(); import {name}; print((time.process_time() - t) * 1000)"


def main() -> Report:
    """Measure and report."""
    report = Report("import_time")
    pythons = {"jupyter_mlops": sys.executable, "kfp": peer_python("kfp"), "papermill": peer_python("papermill")}

    def measure(name: str) -> float:
        return float(timed([pythons[name], "-W", "ignore", "-c", CODE.format(name=name)], Path.cwd()).output)

    ours, kfp, papermill = alternate(*(lambda name=name: measure(name) for name in pythons), rounds=7)
    peers = (Peer("kfp", kfp), Peer("papermill", papermill))
    report.add(Figure("import jupyter_mlops, CPU", ours, "ms", peers, promise=60))
    return report


if __name__ == "__main__":
    main().save()
