"""Values from one process to another through a file: write in one, read in the other, and use every byte once."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Figure, Peer, Report, alternate, timed

# Each way writes `value` and reads it back; both sides run in processes of their own.
OURS_WRITE = """
from jupyter_mlops.runtime.bundle import write_bundle
def write(value):
    ref, _ = write_bundle("value.bin", {"value": value}, namespace={})
    open("seal", "w").write(ref.seal)
"""
OURS_READ = """
from jupyter_mlops.runtime.bundle import read_bundle
from jupyter_mlops.runtime.spec import BundleRef
def read():
    return read_bundle(BundleRef("value.bin", open("seal").read()), namespace={})["value"]
"""
PICKLE_WRITE = """
import pickle
def write(value):
    with open("value.bin", "wb") as file: pickle.dump(value, file, protocol=5)
"""
PICKLE_READ = """
import pickle
def read():
    with open("value.bin", "rb") as file: return pickle.load(file)
"""
JOBLIB_WRITE = "import joblib\ndef write(value): joblib.dump(value, 'value.bin')\n"
JOBLIB_READ = "import joblib\ndef read(): return joblib.load('value.bin')\n"
WAYS = {
    "ours": (OURS_WRITE, OURS_READ),
    "pickle5": (PICKLE_WRITE, PICKLE_READ),
    "joblib": (JOBLIB_WRITE, JOBLIB_READ),
}
ARRAY = "import numpy as np\nvalue = np.random.default_rng(0).random(500_000_000 // 8)\ndef use(value): value.sum()\n"
FRAME = (
    "import numpy as np, pandas as pd\n"
    "r = np.random.default_rng(0)\n"
    "value = pd.DataFrame(r.random((1_250_000, 20)), columns=[f'c{i}' for i in range(20)])\n"
    "def use(value): value.sum()\n"
)
CLOCK = "import time\nstarted = time.perf_counter()\n{work}\nprint(time.perf_counter() - started)\n"


def main() -> Report:
    """Measure and report."""
    report = Report("hand_over")
    with TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        for what, make, times in (("500 MB array", ARRAY, 2.0), ("200 MB DataFrame", FRAME, None)):
            ours, pickle5, joblib = alternate(*(partial(trip, way, make, folder) for way in WAYS), rounds=5)
            peers = (Peer("pickle5", pickle5), Peer("joblib", joblib))
            note = "write + read in another process + one pass over the data; ours with digest and seal"
            report.add(Figure(f"hand over a {what}", ours, "s", peers, times=times, note=note))
    return report


def trip(way: str, make: str, folder: Path) -> float:
    """Seconds to write in one process and to read and use in another."""
    write, read = WAYS[way]
    use = make.partition("def use")[2]
    imports = make.partition("\n")[0]
    writing = f"{write}{make}{CLOCK.format(work='write(value)')}"
    reading = f"{imports}\n{read}def use{use}{CLOCK.format(work='use(read())')}"
    seconds = sum(float(timed([sys.executable, "-c", code], folder).output) for code in (writing, reading))
    (folder / "value.bin").unlink()
    return seconds


if __name__ == "__main__":
    main().save()
