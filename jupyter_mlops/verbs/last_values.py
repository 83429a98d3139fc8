"""Comparing the last values of two ways of running, in a process of its own: loading them runs the user's code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_mlops.errors import Unavailable
from jupyter_mlops.runtime.spec import BundleRef, Definition


@dataclass(frozen=True)
class StepValues:
    """Names whose last writer is `step`, with its bundle of last values, one an item for a loop."""

    step: str
    names: tuple[str, ...]
    bundles: tuple[BundleRef, ...]
    loop: bool = False


def compare_values(
    linear: BundleRef, steps: Sequence[StepValues], definitions: Sequence[Definition], *, cwd: str
) -> list[dict[str, Any]]:
    """What differs: `[{"step", "name", "linear", "pipeline"}]`.

    Raises:
        Unavailable: the process that compares did not answer.
    """
    order = {
        "linear": asdict(linear),
        "steps": [asdict(step) for step in steps],
        "definitions": [asdict(item) for item in definitions],
    }
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlops.verbs.last_values"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=cwd or None,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout.rpartition("\n")[2])
    except ValueError as error:
        raise Unavailable(f"The last values cannot be compared: {done.stderr.strip()[-500:]}") from error
    return found


def main() -> int:
    """Compare what standard input describes; the last line printed is the answer."""
    order = json.loads(sys.stdin.read())
    answer = _compare(order)
    sys.stdout.write("\n" + json.dumps(answer))
    return 0


def _compare(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    from jupyter_mlops.runtime.compare import differences

    definitions = tuple(
        Definition(**{**item, "names": tuple(item["names"]), "needs": tuple(item["needs"])})
        for item in order["definitions"]
    )
    linear = _load(order["linear"], definitions)
    found = []
    for step in order["steps"]:
        bundles = [_load(ref, definitions) for ref in step["bundles"]]
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


def _load(ref: Mapping[str, str], definitions: Sequence[Definition]) -> Mapping[str, Any]:
    from jupyter_mlops.runtime.bundle import read_bundle
    from jupyter_mlops.runtime.definitions import Definitions
    from jupyter_mlops.runtime.shell import open_cells

    cells = open_cells(lambda *_: None)
    namespace = cells.main.__dict__
    made = Definitions(namespace, definitions, transform=cells.transform)
    return read_bundle(BundleRef(**ref), namespace=namespace, definitions=made)


if __name__ == "__main__":
    raise SystemExit(main())
