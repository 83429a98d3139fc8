"""What JupyterLab pays for having us: time of the server's start, and size of what a browser downloads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import ROOT, Figure, Report, median, timed

sys.path.insert(0, str(ROOT / "tools"))
import bundle_size
import front_end

# A server without extensions, then ours as the server itself would find, link and load it.
START = """
import time
from jupyter_server.serverapp import ServerApp
app = ServerApp()
app.initialize(["--allow-root", "--no-browser"], find_extensions=False, new_httpserver=False)
manager = app.extension_manager
started = time.process_time()
manager.add_extension("jupyter_mlops_server", enabled=True)
manager.link_extension("jupyter_mlops_server")
manager.load_extension("jupyter_mlops_server")
taken = (time.process_time() - started) * 1000
assert "jupyter_mlops" in app.web_app.settings, "the extension did not load"
print(taken)
"""


def main() -> Report:
    """Measure and report."""
    report = Report("extension")
    with TemporaryDirectory() as folder:
        own = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"), folder)

        def start() -> float:
            return float(timed([sys.executable, "-W", "ignore", "-c", START], Path(folder), **own).output)

        note = "import and load, of which the server already has tornado and its own modules; CPU time"
        report.add(Figure("start of the server extension", median(start, rounds=7), "ms", promise=150, note=note))
    front_end.build()
    size = sum(bundle_size.gzipped(path) for path in bundle_size.downloaded())
    report.add(Figure("download of the front end, gzipped", size, "KB", promise=150, note="without JupyterLab's own"))
    report.add(_layout())
    return report


def _layout() -> Figure:
    """The layout of 500 steps in Node, once its code is compiled; dagre took 880 ms for such a graph."""
    command = [sys.executable, str(ROOT / "tools" / "front_end.py"), "npm", "run", "--silent", "bench"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures = {item["steps"]: item for item in map(json.loads, said.splitlines())}
    note = f"with groups {figures[500]['layout_with_groups_ms']:.0f} ms; 2000 steps {figures[2000]['layout_ms']:.0f} ms"
    return Figure("layout of a graph of 500 steps", figures[500]["layout_ms"], "ms", promise=50, note=note)


if __name__ == "__main__":
    main().save()
