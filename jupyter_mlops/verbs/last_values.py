"""Comparing the last values of two ways of running, in a process of its own: loading them runs the user's code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_mlops.errors import Unavailable
from jupyter_mlops.runtime.spec import BundleRef, TaskSpec


@dataclass(frozen=True)
class StepValues:
    """Names whose last writer is `step`, with its bundle of last values, one an item for a loop."""

    step: str
    names: tuple[str, ...]
    bundles: tuple[BundleRef, ...]
    loop: bool = False


def compare_values(linear: BundleRef, steps: Sequence[StepValues], spec: TaskSpec) -> list[dict[str, Any]]:
    """What differs: `[{"step", "name", "linear", "pipeline"}]`. `spec` has what values may refer to: parameters, setup
    cells and definitions.

    Raises:
        Unavailable: the process that compares did not answer.
    """
    order = {
        "linear": asdict(linear),
        "steps": [asdict(step) for step in steps],
        "spec": spec.to_json(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlops.verbs.last_values"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=spec.cwd or None,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout.rpartition("\n")[2])
    except ValueError as error:
        raise Unavailable(
            f"The last values cannot be compared: {_last_words(done.stderr) or f'exit code {done.returncode}'}",
            hint="What the cells show is the same, both ways.",
        ) from error
    return found


def _last_words(text: str) -> str:
    """The last line that a process said, without the name of an exception's module."""
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    return re.sub(r"^(?:\w+\.)+(?=\w+: )", "", last.strip())


def main() -> int:
    """Compare what standard input describes; the last line printed is the answer."""
    order = json.loads(sys.stdin.read())
    answer = _compare(order)
    sys.stdout.write("\n" + json.dumps(answer))
    return 0


def _compare(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    from jupyter_mlops.runtime.compare import differences

    spec = TaskSpec.from_json(order["spec"])
    linear = _load(order["linear"], spec)
    found = []
    for step in order["steps"]:
        bundles = [_load(ref, spec) for ref in step["bundles"]]
        for name in step["names"]:
            values = [bundle.get(name, _MISSING) for bundle in bundles]
            ours = values if step["loop"] else (values[-1] if values else _MISSING)
            theirs = linear.get(name, _MISSING)
            if ours is _MISSING and theirs is _MISSING:
                continue
            for text in differences(theirs, ours, name):
                where, _, both = text.partition(": ")
                left, _, right = both.partition(" / ")
                found.append({"step": step["step"], "name": where, "linear": left, "pipeline": right})
    return found


class _Missing:
    """A name without a value."""

    def __repr__(self) -> str:
        return "no value"


_MISSING = _Missing()


def _load(ref: Mapping[str, str], spec: TaskSpec) -> Mapping[str, Any]:
    from jupyter_mlops.runtime.bundle import read_bundle
    from jupyter_mlops.runtime.definitions import Definitions
    from jupyter_mlops.runtime.outputs import CellOutputs
    from jupyter_mlops.runtime.parameters import bound
    from jupyter_mlops.runtime.shell import open_cells

    cells = open_cells(lambda *_: None)
    namespace = cells.main.__dict__
    namespace.update(bound(spec.params, spec.paths))
    made = Definitions(namespace, spec.definitions, transform=cells.transform)
    for cell in spec.setup:
        made.make_wanted(before=cell.index)
        cells.run(cell, CellOutputs(0))
        made.ran_setup(cell)
    return read_bundle(BundleRef(**ref), namespace=namespace, definitions=made)


if __name__ == "__main__":
    raise SystemExit(main())
