"""The graphs of `kfp_oracle.py`, as pipelines of ours."""

from __future__ import annotations

from typing import Any

from jupyter_mlops.pipeline.model import (
    Component,
    Input,
    Loop,
    Options,
    Parameter,
    Pipeline,
    Retries,
    Secret,
    Step,
    Volume,
)
from jupyter_mlops.runtime.spec import CellSource


def step(name: str, *takes: str, outputs: tuple[str, ...] = (), **more: Any) -> Step:
    """A step that takes `x` of each of `takes` under their names."""
    options = {key: more.pop(key) for key in list(more) if key in Options.__dataclass_fields__}
    inputs = tuple(Input(source, ((source, "x"),)) for source in takes)
    cells = (CellSource(0, f"cell-{name}", "x = 1", 1),)
    more = {"inputs": inputs, **more}
    return Step(name, Component("cells", cells), outputs=outputs, options=Options(**options), **more)


def pipeline(name: str, *steps: Step, parameters: tuple[Parameter, ...] = ()) -> Pipeline:
    return Pipeline(name, steps, parameters)


X = ("x",)
ACC = (Input("acc", (("measure", "acc"),)),)
TYPED = ("depth", "lr", "tag", "flag", "rows", "table")

GRAPHS = {
    "chain": pipeline("chain", step("load", outputs=X), step("left", "load", outputs=X)),
    "after": pipeline("after", step("load", outputs=X), step("quiet", after=("load",))),
    "diamond": pipeline(
        "diamond",
        step("load", outputs=X),
        step("left", "load", outputs=X),
        step("right", "load", outputs=X),
        step("join", "left", "right"),
    ),
    "parameters": pipeline(
        "parameters",
        step("typed", params={name: name for name in TYPED}),
        parameters=(
            Parameter("depth", "int", required=True),
            Parameter("lr", "float", 0.1),
            Parameter("tag", "str", "a"),
            Parameter("flag", "bool", True),
            Parameter("rows", "list[int]", [1, 2]),
            Parameter("table", "dict[str, int]", {"a": 1}),
        ),
    ),
    "condition": pipeline(
        "condition",
        step("measure", outputs=X, exports=("acc",)),
        step("tune", "measure", outputs=X, when="acc < 0.9", controls=ACC),
        step("use", "tune"),
    ),
    "condition_on_a_parameter": pipeline(
        "condition-on-a-parameter",
        step("quiet", when="params.depth >= 2"),
        parameters=(Parameter("depth", "int", 3), Parameter("tag", "str", "a")),
    ),
    "either": pipeline(
        "either",
        step("measure", outputs=X, exports=("acc",)),
        step("tune", "measure", outputs=X, when="acc < 0.9", controls=ACC),
        step("use", inputs=(Input("x", (("tune", "x"), ("measure", "x"))),)),
    ),
    "loop": pipeline(
        "loop",
        step("load", outputs=X),
        step("score", "load", outputs=X, for_each=Loop("depth", values=(2, 4, 8))),
        step("total", "score"),
    ),
    "exit_handler": pipeline(
        "exit-handler", step("load", outputs=X), step("left", "load", outputs=X), step("bye", exit=True)
    ),
    "retries": pipeline("retries", step("quiet", retries=Retries(3, 10.0, 1.5, 60.0))),
    "resources": pipeline("resources", step("quiet", cpu=2.0, memory="1Gi", gpu=1)),
    "caching_off": pipeline("caching-off", step("quiet", cache=False)),
    "environment": pipeline("environment", step("quiet", env={"A": "b"})),
    "on_kubernetes": pipeline(
        "on-kubernetes",
        step(
            "quiet",
            volumes=(Volume("data", "/data"),),
            secrets=(Secret("s", "k", "E"),),
            timeout=90.0,
            labels={"team": "a"},
            annotations={"note": "b"},
        ),
    ),
}
