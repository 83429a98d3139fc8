"""A worker of the pool: imports ahead, waits for one launch on its standard input, does it and ends.

For where a fork is unsafe. Standard input stays open while it works: when that closes, the parent is gone, and so are
we. Python >= 3.9, standard library; IPython is imported by the runtime where it is installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from typing import IO

from jupyter_mlops.targets.local import process_tree, task_process
from jupyter_mlops.targets.local.launch import Launch
from jupyter_mlops.targets.local.preload import UnfitToFork, import_installed
from jupyter_mlops.targets.local.zygote_main import prepare_runtime


def main() -> int:
    """Do one launch; the first line of input says what to import, the second what to do."""
    # Kept apart from descriptor 0, which the task gets closed.
    requests = os.fdopen(os.dup(0), "rb")
    prepare_runtime()
    for module in json.loads(requests.readline() or b"[]"):
        with contextlib.suppress(UnfitToFork):  # nobody forks here
            import_installed(module)
    line = requests.readline()
    if not line:
        return 0
    threading.Thread(target=_end_with_parent, args=(requests,), daemon=True).start()
    sys.stdout.flush()
    sys.stderr.flush()
    task_process.prepare()
    code = task_process.work(Launch(**json.loads(line)))
    task_process.leave(code)
    return code


def _end_with_parent(requests: IO[bytes]) -> None:
    requests.read()
    process_tree.kill_descendants(os.getpid())
    process_tree.send_to_group(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
