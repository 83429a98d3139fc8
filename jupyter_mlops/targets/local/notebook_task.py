"""A whole notebook as a task: papermill runs it with the engine `mlops`, or through its own kernel in other languages.

Writes what every task writes (`runtime.spec.TaskResult` and the files beside it), in a process of its own.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MlopsError, NotFound, Refused
from jupyter_mlops.notebook import document
from jupyter_mlops.runtime import tracking
from jupyter_mlops.runtime.digests import path_sha256
from jupyter_mlops.runtime.spec import BundleRef, ErrorInfo, TaskResult, TaskSpec, ValueInfo
from jupyter_mlops.runtime.use import Sampler
from jupyter_mlops.targets.local.kernels import find_kernel

INJECTED = "injected-parameters"


def run_notebook_task(spec_path: str) -> int:
    """Do the work of the spec and write `result.json` beside it; 0 if it succeeded, 1 if it failed."""
    started = time.perf_counter()
    spec = TaskSpec.from_json(Path(spec_path).read_text(encoding="utf-8"))
    os.environ.update(tracking.environment(spec.run, spec.task, spec.directory, {**spec.params, **spec.bind}))
    os.chdir(spec.cwd)
    task, sampler = _NotebookTask(spec), Sampler(spec.directory).start()
    error = task.run()
    result = TaskResult(
        fate="failed" if error else "succeeded",
        seconds=time.perf_counter() - started,
        error=error,
        bundle=task.left.bundle,
        outputs=task.left.outputs,
        exports=task.left.exports,
        files={} if error else {path: path_sha256(path) for path in spec.files_out if os.path.exists(path)},
        facts={
            "python": sys.version.split()[0],
            "platform": sys.platform,
            "pid": os.getpid(),
            "use": sampler.stop(),
        },
    )
    partial = Path(spec.directory, "result.json.part")
    partial.write_text(result.to_json(), encoding="utf-8")
    partial.replace(Path(spec.directory, "result.json"))
    return 1 if error else 0


@dataclass(frozen=True)
class _Left:
    """The values that later steps take."""

    bundle: BundleRef | None = None
    outputs: Mapping[str, ValueInfo] = field(default_factory=dict)
    exports: Mapping[str, Any] = field(default_factory=dict)


class _NotebookTask:
    def __init__(self, spec: TaskSpec) -> None:
        self.spec = spec
        self.left = _Left()
        self._events = os.path.join(spec.directory, "events.jsonl")
        self._taken = False
        self._injected_before = 1 << 30

    def run(self) -> ErrorInfo | None:
        """Execute; the answer is what went wrong."""
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from papermill.exceptions import PapermillException, PapermillExecutionError

        try:
            self._execute()
            self._need_values()
        except PapermillExecutionError as error:
            return self._cell_error(error)
        except (CellTimeoutError, DeadKernelError, PapermillException, RuntimeError, OSError) as error:
            _log(f"{type(error).__name__}: {error}")
            return ErrorInfo(type(error).__name__, str(error))
        except MlopsError as error:
            _log(str(error))
            return ErrorInfo(type(error).__name__, error.message, error.hint)
        except KeyboardInterrupt:
            return ErrorInfo("KeyboardInterrupt", "interrupted")
        return None

    def _execute(self) -> None:
        import papermill

        from jupyter_mlops.targets.local.session_processes import ForkedProcess

        spec = self.spec
        if not Path(spec.notebook).is_file():
            raise NotFound(f"The notebook {spec.notebook} is not there.")
        kernel, language = _kernel_of(spec)
        papermill.execute_notebook(
            spec.notebook,
            os.path.join(spec.directory, "executed.ipynb"),
            parameters={**spec.params, **spec.bind},
            engine_name=_engine_name(),
            kernel_name=kernel,
            language=language,
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
            cwd=spec.cwd,
            execution_timeout=spec.cell_timeout,
            processes=ForkedProcess(),
            leaving=self._take_values,
            told=self._tell,
        )

    def _take_values(self, session: Any) -> None:
        """Called by the engine while the notebook's values are still there."""
        spec = self.spec
        self._taken = True
        if not spec.outputs and not spec.exports:
            return
        path = os.path.join(spec.directory, "outputs.bundle")
        left = session.leave({"exports": spec.exports, "outputs": spec.outputs, "path": path, "task": spec.task})
        bundle = BundleRef(**left["bundle"]) if left.get("bundle") else None
        outputs = {name: _value_info(info) for name, info in left.get("outputs", {}).items()}
        self.left = _Left(bundle, outputs, left["exports"])

    def _need_values(self) -> None:
        names = ", ".join((*self.spec.outputs, *self.spec.exports))
        if names and not self._taken:
            raise Refused(
                f"Values ({names}) cannot be taken out of a notebook that runs in another kernel.",
                hint="Hand over files instead.",
            )

    def _tell(self, kind: str, index: int, tags: list[str], about: Mapping[str, Any]) -> None:
        """Called by the engine when a cell starts and ends."""
        if INJECTED in tags:
            self._injected_before = index
            return
        event = {"type": kind, "at": time.time(), "task": self.spec.task, "cell": self._original(index)}
        if kind == "cell.finished":
            event["seconds"] = about.get("duration") or 0.0
            event["fate"] = "failed" if about.get("status") == "failed" else "succeeded"
        tracking.append_event(self._events, event)

    def _original(self, index: int) -> int:
        """The index in the source: a cell with the parameters was put in, and those after it moved one down."""
        return index - 1 if index > self._injected_before else index

    def _cell_error(self, error: Any) -> ErrorInfo:
        from jupyter_mlops.runtime.cells import without_ansi

        lines = without_ansi(tuple(error.traceback))
        _log("\n".join(lines) or f"{error.ename}: {error.evalue}")
        return ErrorInfo(error.ename, error.evalue, cell=self._original(error.cell_index), traceback=lines)


def _kernel_of(spec: TaskSpec) -> tuple[str, str | None]:
    """(kernel, its language where the notebook does not say): its own kernel, or Python's if it names none.

    Raises:
        NotFound: the kernel is not installed.
        NotANotebook: the file cannot be read.
    """
    source = document.read(spec.notebook)
    kernel = find_kernel(spec.kernel or source.kernel or "python3")
    return kernel.name, None if source.language else kernel.language


def _engine_name() -> str:
    """Registered by its entry point where this package is installed, by us where it runs from its folder."""
    from papermill.engines import papermill_engines

    from jupyter_mlops.targets.local.papermill_engine import MlopsEngine

    papermill_engines.register("mlops", MlopsEngine)
    return "mlops"


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _value_info(data: dict[str, Any]) -> ValueInfo:
    return ValueInfo(**{**data, "shape": None if data["shape"] is None else tuple(data["shape"])})
