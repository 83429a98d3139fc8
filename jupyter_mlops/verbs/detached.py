"""A run that outlives who started it: an engine in a process of its own, told what to do on its standard input."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.engine.run import RunOptions
from jupyter_mlops.errors import MlopsError, Unavailable
from jupyter_mlops.store.events_file import read_run
from jupyter_mlops.store.project import Project
from jupyter_mlops.store.run_ids import new_run_id
from jupyter_mlops.store.run_state import load_run
from jupyter_mlops.verbs.summary import summary

BEGUN_WITHIN_S = 60.0
# The project's files go to a cluster first; a run there is not known here before they have.
SENT_WITHIN_S = 900.0
_LOOK_EVERY_S = 0.02


def start_detached(
    plan: Plan,
    project: Project,
    *,
    target: str,
    given: Mapping[str, str],
    options: RunOptions,
) -> dict[str, Any]:
    """Start an engine for `plan` in its own session and return the run as soon as it has begun.

    Raises:
        Unavailable: the engine ended, or did not begin in time; the message says what it said.
    """
    project.ensure()
    run = new_run_id()
    order = {
        "plan": plan.to_data(),
        "params": dict(plan.params),
        "run": run,
        "start": str(project.start or project.root),
        "target": target,
        "given": dict(given),
        "parallel": options.parallel,
        "experiment": options.experiment,
        "attached": options.attached,
    }
    engine = subprocess.Popen(
        [sys.executable, "-m", "jupyter_mlops.verbs.detached"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=project.root,
    )
    assert engine.stdin is not None
    with engine.stdin:
        engine.stdin.write(json.dumps(order).encode())
    _await_begin(engine, project.run_directory(run), BEGUN_WITHIN_S if target == "local" else SENT_WITHIN_S)
    return summary(load_run(project.run_directory(run)), project)


def _await_begin(engine: subprocess.Popen[bytes], directory: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not read_run(directory).events:
        if engine.poll() is not None:
            said = engine.stderr.read().decode(errors="replace").strip() if engine.stderr else ""
            raise Unavailable(f"The run did not begin: {said or f'its engine ended with {engine.returncode}'}")
        if time.monotonic() > deadline:
            engine.terminate()
            raise Unavailable(f"The run did not begin within {seconds:.0f} s.")
        time.sleep(_LOOK_EVERY_S)
    if engine.stderr:
        engine.stderr.close()
    # Its end must be waited for by somebody, or it stays a zombie for as long as this process lives.
    threading.Thread(target=engine.wait, name="mlops-detached", daemon=True).start()


def main() -> int:
    """Drive the run that standard input describes."""
    from jupyter_mlops.verbs.run import drive_to_end

    order = json.loads(sys.stdin.buffer.read())
    options = RunOptions(parallel=order["parallel"], run=order["run"], experiment=order["experiment"])
    options = replace(options, attached=order["attached"])
    try:
        plan, project = Plan.from_data(order["plan"], order["params"]), Project.find(order["start"])
        done = drive_to_end(plan, project, order["target"], options, order["given"])
    except MlopsError as error:
        sys.stderr.write(str(error))
        return error.exit_code
    return int(done["state"] != "succeeded")


if __name__ == "__main__":
    raise SystemExit(main())
