"""The local target: every attempt is a process of its own on this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jupyter_mlops.engine.target import Attempt, Outcome, Report, StopReason
from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops.pipeline.model import Options
from jupyter_mlops.store.atomic_write import FULL
from jupyter_mlops.targets.base import Capabilities, Capability
from jupyter_mlops.targets.local import limits
from jupyter_mlops.targets.local.imports import modules_of
from jupyter_mlops.targets.local.kernels import Kernel, find_kernel
from jupyter_mlops.targets.local.launch import RUN_TASK, Launch
from jupyter_mlops.targets.local.outcome import full_reason
from jupyter_mlops.targets.local.pool import Pool
from jupyter_mlops.targets.local.step_tracking import StepTracking
from jupyter_mlops.targets.local.supervisor import GRACE_S, Start, Supervisor, Tell
from jupyter_mlops.targets.local.zygote import Launcher, ProcessKey, Zygote

Method = Literal["fork", "spawn"]

RUN_NOTEBOOK = "jupyter_mlops.targets.local.notebook_task:run_notebook_task"
# What only names the attempt cannot matter to a library that is imported before it.
_NOT_READ_AT_IMPORT = ("JUPYTER_MLOPS_", "MLFLOW_")


class LocalTarget:
    """Runs attempts as processes on this machine, up to `slots` at once (default: the cores this process may use).

    `method` "fork" forks them from a warm process, "spawn" takes pre-warmed ones (the default where fork is unsafe).
    `environ` is what attempts inherit. A stopped attempt has `grace` seconds after SIGINT and as many after SIGTERM.
    """

    name = "local"

    def __init__(
        self,
        *,
        slots: int | None = None,
        method: Method | None = None,
        environ: Mapping[str, str] | None = None,
        grace: float = GRACE_S,
    ) -> None:
        if slots is not None and slots < 1:
            raise Usage(f"A target needs at least one slot, not {slots}.")
        self.method: Method = method or ("fork" if sys.platform == "linux" else "spawn")
        self._environ = dict(os.environ if environ is None else environ)
        self._machine = limits.this_machine(self._environ)
        self._slots = slots or self._machine.cores
        self._tracking = StepTracking()
        self._supervisor = Supervisor(self._make_launcher, memory=self._machine.memory, grace=grace)

    @property
    def slots(self) -> int:
        """How many attempts may run at once."""
        return self._slots

    @property
    def capabilities(self) -> Capabilities:
        """What this machine can do, and why not what it cannot."""
        gpu = "" if self._machine.gpus else "this machine has no NVIDIA GPU"
        return Capabilities(
            self.name,
            (
                Capability("pipelines"),
                Capability("notebooks"),
                Capability("gpu", gpu),
                Capability("images", "steps run in the environment of the notebook's kernel"),
            ),
        )

    def refusal(self, options: Options) -> str:
        """Why the options cannot be honoured here; empty when they can."""
        return limits.refusal(options, self._machine)

    def warm(self, modules: Sequence[str] = (), *, kernel: str = "") -> None:
        """Have a process import these libraries now, for the attempts that will come."""
        found = find_kernel(kernel)
        env = self._environment(found, Options(), {})
        self._supervisor.warm(ProcessKey.of(found.python or sys.executable, env), tuple(modules))

    def start(self, attempt: Attempt, report: Callable[[Report], None]) -> None:
        """Begin an attempt; it ends with one outcome, also if it cannot begin."""
        try:
            start = self._prepare(attempt, report)
        except OSError as error:
            place = attempt.directory
            reason = full_reason(place) if error.errno in FULL else f"{place} cannot be written: {error.strerror}"
            report(Report(attempt.id, outcome=Outcome("failed", reason=reason)))
            return
        except MlopsError as error:
            report(Report(attempt.id, outcome=Outcome("failed", reason=str(error))))
            return
        self._supervisor.start(start)

    def stop(self, attempt: str, reason: StopReason) -> None:
        """End an attempt and its children: SIGINT (as Ctrl-C in the notebook), SIGTERM, then SIGKILL."""
        self._supervisor.stop(attempt, reason)

    def close(self) -> None:
        """Stop what still runs and free everything."""
        self._supervisor.close()
        self._tracking.close()

    def _prepare(self, attempt: Attempt, report: Callable[[Report], None]) -> Start:
        spec = attempt.spec
        kernel = find_kernel(spec.kernel)
        if not spec.notebook and not kernel.python:
            raise Usage(
                f"Cells of {kernel.language or kernel.name} cannot be steps.", hint="Run the notebook as one step."
            )
        if not Path(spec.cwd).is_dir():
            raise Usage(f"The working directory {spec.cwd} is not there.")
        directory = attempt.directory.absolute()
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "spec.json").write_text(spec.to_json(), encoding="utf-8")
        self._note(attempt, report)
        env = self._environment(kernel, attempt.options, attempt.env)
        tracking, report = self._tracking.admit(attempt, {**env, **attempt.env}, report)
        # A whole notebook is driven by papermill, which is in this environment.
        python = sys.executable if spec.notebook else kernel.python
        launch = Launch(
            id=attempt.id,
            argument=str(directory / "spec.json"),
            log=str(directory / "log"),
            cwd=spec.cwd,
            env={**env, **self._gpus_for(attempt.options), **attempt.env, **tracking},
            call=RUN_NOTEBOOK if spec.notebook else RUN_TASK,
        )
        modules = (("papermill",) if spec.notebook else ()) + modules_of(spec)
        memory = limits.parse_memory(attempt.options.memory) if attempt.options.memory else 0
        return Start(attempt, report, ProcessKey.of(python, env), launch, modules, memory)

    def _environment(self, kernel: Kernel, options: Options, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment that libraries may read when they are imported; it decides which warm process is used."""
        chosen = {**kernel.env, **options.env}
        chosen |= {name: value for name, value in extra.items() if not name.startswith(_NOT_READ_AT_IMPORT)}
        environ = {**self._environ, **chosen}
        threads = limits.thread_variables(options, cores=self._machine.cores, slots=self._slots, environ=environ)
        return {**environ, **threads, "PYTHONHASHSEED": "0"}

    def _gpus_for(self, options: Options) -> dict[str, str]:
        return {"CUDA_VISIBLE_DEVICES": ",".join(self._machine.gpus[: options.gpu])} if options.gpu else {}

    def _note(self, attempt: Attempt, report: Callable[[Report], None]) -> None:
        texts = limits.notes(attempt.options, self._machine)
        if not texts:
            return
        with (attempt.directory / "log").open("a", encoding="utf-8") as log:
            log.writelines(f"[jupyter_mlops] {text}\n" for text in texts)
        report(Report(attempt.id, events=tuple(_note_event(text, attempt) for text in texts)))

    def _make_launcher(self, key: ProcessKey, tell: Tell) -> Launcher:
        if self.method == "fork":
            return Zygote(key, tell)
        return Pool(key, tell, spares=1)


def _note_event(text: str, attempt: Attempt) -> dict[str, Any]:
    return {"type": "note", "at": time.time(), "task": attempt.spec.task, "text": text}
