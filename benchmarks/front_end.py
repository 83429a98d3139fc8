"""What JupyterLab pays for having us: time of the server's start, and size of what a browser downloads."""

from __future__ import annotations

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
    report = Report("front_end")
    with TemporaryDirectory() as folder:
        own = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"), folder)

        def start() -> float:
            return float(timed([sys.executable, "-W", "ignore", "-c", START], Path(folder), **own).output)

        note = "import and load, of which the server already has tornado and its own modules; CPU time"
        report.add(Figure("start of the server extension", median(start, rounds=7), "ms", promise=150, note=note))
    front_end.build()
    size = sum(bundle_size.gzipped(path) for path in bundle_size.downloaded())
    report.add(Figure("download of the front end, gzipped", size, "KB", promise=150, note="without JupyterLab's own"))
    return report


if __name__ == "__main__":
    main().save()
