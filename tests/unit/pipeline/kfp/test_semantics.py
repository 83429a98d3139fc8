"""The check of an IR finds every way to break one."""

import json

import pytest

from jupyter_mlops.pipeline.kfp import compile_pipeline, problems
from tests.conformance.kfp_pipelines import GRAPHS


def specs():
    return {name: compile_pipeline(pipeline, image="img").spec for name, pipeline in GRAPHS.items()}


SPECS = specs()


@pytest.mark.parametrize("name", SPECS)
def test_nothing_is_wrong_with_ours(name):
    assert list(problems(SPECS[name])) == []


def tasks(spec, component="root"):
    found = spec["root"] if component == "root" else spec["components"][component]
    return found["dag"]["tasks"]


def inputs(spec, task, kind):
    return tasks(spec)[task]["inputs"][kind]


BREAKS = {
    "another version": ("chain", lambda spec: spec.update(schemaVersion="1"), "schemaVersion"),
    "a bad name": ("chain", lambda spec: spec["pipelineInfo"].update(name="Big Name"), "pipeline's name"),
    "no component": ("chain", lambda spec: spec["components"].pop("comp-left"), "refers to the component"),
    "no executor": ("chain", lambda spec: spec["deploymentSpec"]["executors"].pop("exec-left"), "uses the executor"),
    "an unused executor": ("chain", lambda spec: spec["deploymentSpec"]["executors"].update(x={}), "No component uses"),
    "an unused component": ("chain", lambda spec: tasks(spec).pop("left"), "No task uses"),
    "no such task": ("chain", lambda spec: tasks(spec)["left"].update(dependentTasks=["no"]), "comes after 'no'"),
    "a cycle": ("chain", lambda spec: tasks(spec)["load"].update(dependentTasks=["left"]), "wait for each other"),
    "a task's name": ("chain", lambda spec: tasks(spec)["left"]["taskInfo"].update(name="Left"), "bad name"),
    "an input left out": ("chain", lambda spec: tasks(spec)["left"].pop("inputs"), "does not give 'load'"),
    "an input too many": (
        "chain",
        lambda spec: inputs(spec, "left", "artifacts").update(more=inputs(spec, "left", "artifacts")["load"]),
        "gives 'more'",
    ),
    "no such output": (
        "chain",
        lambda spec: inputs(spec, "left", "artifacts")["load"]["taskOutputArtifact"].update(outputArtifactKey="no"),
        "which there is not",
    ),
    "no such parameter": (
        "parameters",
        lambda spec: inputs(spec, "typed", "parameters").update(lr={"componentInputParameter": "no"}),
        "which there is not",
    ),
    "another type": (
        "parameters",
        lambda spec: inputs(spec, "typed", "parameters").update(lr={"componentInputParameter": "tag"}),
        "another type",
    ),
    "an unknown type": (
        "parameters",
        lambda spec: spec["root"]["inputDefinitions"]["parameters"]["lr"].update(parameterType="DOUBLE"),
        "which there is not",
    ),
    "a wrong default": (
        "parameters",
        lambda spec: spec["root"]["inputDefinitions"]["parameters"]["lr"].update(defaultValue="a"),
        "is no NUMBER_DOUBLE",
    ),
    "a parameter that may be left out": (
        "parameters",
        lambda spec: spec["root"]["inputDefinitions"]["parameters"]["depth"].update(isOptional=True),
        "may be left out",
    ),
    "a list for one": (
        "loop",
        lambda spec: spec["components"]["comp-total"]["inputDefinitions"]["artifacts"]["score"].pop("isArtifactList"),
        "another type",
    ),
    "items that are none": (
        "loop",
        lambda spec: tasks(spec)["for-loop-1"]["parameterIterator"].update(items={"raw": "3"}),
        "no list",
    ),
    "an item without a name": (
        "loop",
        lambda spec: tasks(spec)["for-loop-1"]["parameterIterator"].update(itemInput="no"),
        "loops with 'no'",
    ),
    "an output of nothing": (
        "loop",
        lambda spec: tasks(spec, "comp-for-loop-1").update(other=tasks(spec, "comp-for-loop-1").pop("score")),
        "which there is not",
    ),
    "an output not promised": (
        "loop",
        lambda spec: spec["components"]["comp-for-loop-1"].pop("outputDefinitions"),
        "promised or given",
    ),
    "a condition over nothing": (
        "condition",
        lambda spec: tasks(spec)["condition-1"]["triggerPolicy"].update(condition="inputs.parameter_values['no'] > 1"),
        "condition over 'no'",
    ),
    "components in each other": (
        "condition",
        lambda spec: tasks(spec, "comp-condition-1")["use"]["componentRef"].update(name="comp-condition-1"),
        "contain each other",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_one_is_found(name):
    graph, do, words = BREAKS[name]
    spec = json.loads(json.dumps(SPECS[graph]))
    do(spec)
    assert [text for text in problems(spec) if words in text], list(problems(spec))
