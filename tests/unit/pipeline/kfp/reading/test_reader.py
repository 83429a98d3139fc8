"""What the graphs of a file become: steps, conditions, loops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp.reading import read_ir, to_pipeline
from jupyter_mlops.pipeline.kfp.reading.document import Document
from jupyter_mlops.pipeline.kfp.reading.executors import program
from jupyter_mlops.pipeline.model import Pipeline, validate
from jupyter_mlops.runtime.expressions import evaluate

FILES = Path(__file__).parents[4] / "kfp_files"


def read(name: str) -> Pipeline:
    pipeline = read_ir(FILES / f"{name}.yaml")
    assert validate(pipeline) == []
    return pipeline


def test_parameters_have_their_types_and_defaults() -> None:
    found = {item.name: (item.type, item.default) for item in read("iris").parameters}
    assert found == {
        "standard_scaler": ("bool", True),
        "min_max_scaler": ("bool", False),
        "neighbors": ("list", [3, 6, 9]),
    }
    assert [(item.type, item.default) for item in read("control").parameters] == [("int", 3)]


def test_a_function_s_source_and_call_are_cells_and_its_packages_are_known() -> None:
    step = read("iris").by_name["train-model"]
    own = json.loads(step.component.container)
    assert (own["kind"], own["function"]) == ("python", "train_model")
    assert own["packages"] == ["pandas>=1.3", "scikit-learn"]
    source, call = step.component.cells
    assert "def train_model(" in source.source
    assert call.source == "outputs = train_model(**inputs)"
    assert step.options.image == "mlops/examples:1"


def test_steps_of_a_loop_go_over_what_the_ones_before_made_for_each_item() -> None:
    steps = read("control").by_name
    assert steps["add"].options.for_each.text == "item in numbers_Output"
    assert steps["add-2"].options.for_each.text == "item in zip(numbers_Output, add_Output)"
    [guard] = json.loads(steps["add-2"].component.container)["guards"]
    assert guard == {"condition": "int(add_Output) > 10", "values": {"add_Output": {"row": [1]}}}
    assert evaluate(steps["add-3"].options.for_each.items, {}) == [[1, 10], [1, 20], [3, 10], [3, 20]]
    assert steps["twice.add-2"].group == "twice"


def test_an_exit_handler_runs_at_the_end_and_hears_of_its_tasks() -> None:
    steps = read("leaving").by_name
    assert [name for name, step in steps.items() if step.options.exit] == ["tell"]
    assert json.loads(steps["tell"].component.container)["statuses"] == {"status_of_exit_handler_1": ["fails", "say"]}
    assert steps["fails"].options.when == "fail == True"


def test_resources_variables_and_caching_are_options() -> None:
    options = read("things").by_name["read-lines"].options
    assert (options.cpu, options.memory, options.env) == (1.0, "1G", {"MODE": "test"})
    assert not options.cache  # it reads the name of its run
    chosen = read("choosing").by_name["say-5"]
    assert (chosen.options.cache, chosen.options.retries.limit, chosen.title) == (False, 2, "Say it")


INSTALL = """
if ! [ -x "$(command -v pip)" ]; then
    python3 -m ensurepip || apt-get install python3-pip
fi
PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location --index-url https://a/simple \
--trusted-host https://a/simple 'a[b]>=1,<2' 'c; python_version<"3.9"' && \
python3 -m pip install --quiet 'kfp==2.1.0' '--no-deps' && "$0" "$@"
"""


def test_packages_and_their_index_are_read_from_the_bootstrap() -> None:
    main = "python3 -m kfp.dsl.executor_main"
    container = {
        "command": ["sh", "-c", INSTALL, "sh", "-ec", main, "def f(): ..."],
        "args": ["--function_to_execute", "f"],
    }
    own, source = program(Document({}), "exec-f", {"container": {"image": "i", **container}})
    assert own["packages"] == ["a[b]>=1,<2", 'c; python_version<"3.9"']
    assert own["index_urls"] == ["https://a/simple"]
    assert source == "def f(): ...\n"


def nested_loops() -> dict[str, Any]:
    """A loop over the items of the items of another."""
    outer = {"dag": {"tasks": {"inner": {**loop("comp-inner", {"inputParameter": "row"}), "inputs": component("row")}}}}
    outer["inputDefinitions"] = {"parameters": {"row": {"parameterType": "LIST"}}}
    inner = {"dag": {"tasks": {"a": {"componentRef": {"name": "comp-a"}, "inputs": component("x")}}}}
    inner["inputDefinitions"] = {"parameters": {"row": {}, "x": {"parameterType": "NUMBER_INTEGER"}}}
    own = {"executorLabel": "exec-a", "inputDefinitions": {"parameters": {"x": {"parameterType": "NUMBER_INTEGER"}}}}
    return {
        "pipelineInfo": {"name": "p"},
        "schemaVersion": "2.1.0",
        "components": {"comp-outer": outer, "comp-inner": inner, "comp-a": own},
        "deploymentSpec": {"executors": {"exec-a": {"container": {"image": "i", "command": ["true"]}}}},
        "root": {"dag": {"tasks": {"outer": loop("comp-outer", {"raw": "[[1], [2, 3]]"}, "row")}}},
    }


def loop(name: str, items: dict[str, str], item: str = "x") -> dict[str, Any]:
    return {"componentRef": {"name": name}, "parameterIterator": {"itemInput": item, "items": items}}


def component(name: str) -> dict[str, Any]:
    return {"parameters": {name: {"componentInputParameter": name}}}


def test_a_loop_over_what_the_loop_around_it_gives_is_refused() -> None:
    with pytest.raises(Refused, match="in a loop over what another loop around it makes"):
        to_pipeline(Document(nested_loops()))
