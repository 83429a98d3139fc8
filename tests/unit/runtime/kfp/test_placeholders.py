"""Placeholders in the commands of components."""

from __future__ import annotations

import json

import pytest

from jupyter_mlops.runtime.errors import MlopsError
from jupyter_mlops.runtime.kfp.placeholders import Surroundings

DATA = {"name": "d", "uri": "/in/d", "metadata": {"rows": 3}, "type": {}}
GIVEN = {
    "inputs": {"parameterValues": {"x": 1.5, "t": 'a "b"', "l": [1]}, "artifacts": {"d": {"artifacts": [DATA]}}},
    "outputs": {
        "parameters": {"p": {"outputFile": "/out/p"}},
        "artifacts": {"m": {"artifacts": [{"uri": "/out/m", "name": "m"}]}},
        "outputFile": "/out/o.json",
    },
}
AROUND = Surroundings(GIVEN, {"pipeline_job_name": "job-1"})


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("plain $HOME {{x}}", "plain $HOME {{x}}"),
        ("--x={{$.inputs.parameters['x']}}", "--x=1.5"),
        ("{{$.inputs.parameters['l']}}", "[1]"),
        ("{{$.inputs.parameters['t']}}", 'a "b"'),
        ("{{$.inputs.artifacts['d'].path}}", "/in/d"),
        ("{{$.inputs.artifacts['d'].uri}}", "/in/d"),
        ("{{$.inputs.artifacts['d'].metadata['rows']}}", "3"),
        ("{{$.inputs.artifacts['d'].name}}", "d"),
        ("{{$.outputs.parameters['p'].output_file}}", "/out/p"),
        ("{{$.outputs.artifacts['m'].path}}", "/out/m"),
        ("{{$.outputs.output_file}}", "/out/o.json"),
        ("{{$.pipeline_job_name}}-x", "job-1-x"),
        ("{{$.inputs.parameters['t'].json_escape[1]}}", 'a \\"b\\"'),
    ],
)
def test_a_placeholder_stands_for_its_value(word: str, means: str) -> None:
    assert AROUND.word(word) == means


def test_everything_at_once_is_json_and_can_be_escaped_into_text() -> None:
    assert json.loads(AROUND.word("{{$}}")) == GIVEN
    assert json.loads(f'"{AROUND.word("{{$.json_escape[1]}}")}"') == json.dumps(GIVEN)


def test_structures_give_one_word_several_or_none() -> None:
    concat = '{"Concat": ["x=", "{{$.inputs.parameters[\'x\']}}"]}'
    given = json.dumps({"IfPresent": {"InputName": "x", "Then": ["--x", "{{$.inputs.parameters['x']}}"]}})
    absent = {"IfPresent": {"InputName": "q", "Then": ["--q"], "Else": "--none"}}
    nothing = {"IfPresent": {"InputName": "q", "Then": ["--q"]}}
    assert AROUND.words([concat, given, absent, nothing]) == ["x=1.5", "--x", "1.5", "--none"]


def test_values_are_not_read_again() -> None:
    around = Surroundings({"inputs": {"parameterValues": {"t": "{{$}}"}, "artifacts": {}}, "outputs": {}})
    assert around.word("{{$.inputs.parameters['t']}}") == "{{$}}"


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(MlopsError, match="not known"):
        AROUND.word("{{$.workspace_path}}")
