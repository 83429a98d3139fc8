"""Files from anywhere: what is no pipeline, or would not end, is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlops.errors import MlopsError, Refused, Usage
from jupyter_mlops.pipeline.kfp.reading import is_ir, read_document, read_ir, to_pipeline
from jupyter_mlops.pipeline.kfp.reading.document import MAX_BYTES, Document

INFO = "pipelineInfo: {name: p}\nschemaVersion: 2.1.0\n"
BOMB = (
    "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 9))
    + INFO
)


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, name: str = "p.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Workflow\napiVersion: v1\n", "it is a Kubernetes Workflow"),
        ("implementation: {container: {}}\n", "a single component of KFP 1"),
        ("a: 1\n", "it has no pipelineInfo"),
        ("[1, 2]\n", "it has no pipelineInfo"),
        ("", "it has no pipelineInfo"),
        ("{: :", "cannot be read as YAML"),
        ("a: !!python/object/apply:os.system [ls]\n", "cannot be read as YAML"),
        (BOMB, "too large"),
        (INFO + "x: " + "[" * 200 + "]" * 200, "nested too deeply"),
        (INFO + "1: 2\n", "keys that are no text"),
        (INFO + "---\n" + INFO, "no pipeline"),
    ],
)
def test_what_is_no_pipeline_is_refused_in_a_sentence(written, text: str, said: str) -> None:
    with pytest.raises(Usage, match=said):
        read_document(written(text))


def test_a_version_that_is_not_known_is_refused(written) -> None:
    with pytest.raises(Refused, match="schemaVersion '3"):
        read_document(written("pipelineInfo: {name: p}\nschemaVersion: 3.0.0\n"))


def test_a_file_that_is_too_large_is_not_read(written) -> None:
    path = written("")
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(Usage, match="16 MiB"):
        read_document(path)


def test_json_is_read_as_well_and_a_plan_is_not_taken_for_it(written) -> None:
    assert is_ir(written(json.dumps({"pipelineInfo": {}}), "a.json"))
    assert not is_ir(written(json.dumps({"format": 1, "steps": []}), "b.json"))
    assert not is_ir(written("{", "c.json"))
    assert not is_ir(written("", "d.ipynb"))


def spec(tasks: dict, **components: dict) -> Document:
    executor = {"container": {"image": "i", "command": ["true"]}}
    return Document(
        {
            "pipelineInfo": {"name": "p"},
            "schemaVersion": "2.1.0",
            "components": {"comp-a": {"executorLabel": "exec-a"}, **components},
            "deploymentSpec": {"executors": {"exec-a": executor}},
            "root": {"dag": {"tasks": tasks}},
        }
    )


A = {"componentRef": {"name": "comp-a"}}
ITSELF = {"dag": {"tasks": {"x": {"componentRef": {"name": "itself"}}}}}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (spec({"a": {**A, "dependentTasks": ["b"]}, "b": {**A, "dependentTasks": ["a"]}}), "cycle: a -> b"),
        (spec({"a": {**A, "dependentTasks": ["z"]}}), "comes after 'z', which there is not"),
        (spec({"a": {"componentRef": {"name": "gone"}}}), "has no 'gone'"),
        (spec({"a": {"componentRef": {"name": "itself"}}}, itself=ITSELF), "contains itself"),
        (spec({"a": []}), "has no 'a'"),
        (spec({"a": {**A, "triggerPolicy": {"condition": "inputs.parameter_values['q'] == 1"}}}), "reads 'q'"),
        (spec({"a": {"componentRef": {"name": "c"}}}, c={"executorLabel": "gone"}), "has no 'gone'"),
        (spec({"a": {**A, "inputs": 5}}), "cannot be read"),
    ],
)
def test_a_file_that_refers_to_what_is_not_in_it_says_so(document: Document, said: str) -> None:
    with pytest.raises(MlopsError, match=said):
        to_pipeline(document)


def test_settings_that_no_step_can_have_are_refused_by_name() -> None:
    document = spec({"a": A})
    asked = Document(document.spec, {"exec-a": {"useSecretAsMagic": []}})
    with pytest.raises(Refused, match="useSecretAsMagic"):
        to_pipeline(asked)


def test_options_of_kubernetes_become_options_of_the_step() -> None:
    document = spec({"a": {**A, "retryPolicy": {"maxRetryCount": 2, "backoffDuration": "3s", "backoffFactor": 1.5}}})
    constant = {"runtimeValue": {"constant": "keys"}}
    settings = {
        "secretAsEnv": [{"secretNameParameter": constant, "keyToEnv": [{"secretKey": "k", "envVar": "K"}]}],
        "pvcMount": [{"pvcNameParameter": {"runtimeValue": {"constant": "data"}}, "mountPath": "/data"}],
        "activeDeadlineSeconds": "60",
        "nodeSelector": {"labels": {"disk": "ssd"}},
    }
    [step] = to_pipeline(Document(document.spec, {"exec-a": settings})).steps
    options = step.options
    assert (options.secrets[0].name, options.secrets[0].key, options.secrets[0].env) == ("keys", "k", "K")
    assert (options.volumes[0].claim, options.volumes[0].path, options.timeout) == ("data", "/data", 60.0)
    assert (options.retries.limit, options.retries.delay, options.retries.backoff) == (2, 3.0, 1.5)
    assert json.loads(step.component.container)["platform"] == {"nodeSelector": {"labels": {"disk": "ssd"}}}
    assert not options.cache  # the file does not ask for it


def test_the_fixtures_survive_the_plan_s_json() -> None:
    for path in (Path(__file__).parents[4] / "kfp_files").glob("*.yaml"):
        pipeline = read_ir(path)
        assert type(pipeline).from_json(pipeline.to_json()) == pipeline
