"""Values from one process to another through a file: write in one, read in the other, use every byte once."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Figure, Peer, Report, timed

ROUNDS = 5

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
WRITING = "import time\nstarted = time.perf_counter()\nwrite(value)\nprint(time.perf_counter() - started)\n"
READING = """
import time
started = time.perf_counter()
value = read()
there = time.perf_counter()
use(value)
print(there - started, time.perf_counter() - there)
"""


def main() -> Report:
    """Measure and report."""
    report = Report("hand_over")
    with TemporaryDirectory(dir=Path.cwd()) as name:
        for what, make, times in (("500 MB array", ARRAY, 2.0), ("200 MB DataFrame", FRAME, None)):
            rounds = [[trip(way, make, Path(name)) for way in WAYS] for _ in range(ROUNDS)]
            trips = dict(zip(WAYS, zip(*rounds, strict=True), strict=True))
            there = {way: statistics.median(write + read for write, read, _ in taken) for way, taken in trips.items()}
            used = {way: statistics.median(map(sum, taken)) for way, taken in trips.items()}
            for title, seconds, promise in (
                (f"hand over a {what}", there, times),
                (f"the {what}, every byte used once", used, None),
            ):
                peers = (Peer("pickle5", seconds["pickle5"]), Peer("joblib", seconds["joblib"]))
                note = "write in one process + read in another; ours with digest and seal, read by mapping"
                report.add(Figure(title, seconds["ours"], "s", peers, times=promise, note=note))
    return report


def trip(way: str, make: str, folder: Path) -> tuple[float, float, float]:
    """Seconds to write in one process, and to read and to use every byte once in another."""
    write, read = WAYS[way]
    imports, use = make.partition("\n")[0], make.partition("def use")[2]
    (written,) = _numbers(f"{write}{make}{WRITING}", folder)
    there, used = _numbers(f"{imports}\n{read}def use{use}{READING}", folder)
    (folder / "value.bin").unlink()
    return written, there, used


def _numbers(code: str, folder: Path) -> list[float]:
    return [float(word) for word in timed([sys.executable, "-c", code], folder).output.split()]


if __name__ == "__main__":
    main().save()
