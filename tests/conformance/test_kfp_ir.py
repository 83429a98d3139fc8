"""Our IR beside that of Kubeflow Pipelines' SDK: it accepts ours, and makes the same of the same graphs.

The SDK is in an environment of its own, `.venv-kfp` (`make kfp`): it forbids versions that we need.
"""

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.pipeline.kfp import compile_pipeline, problems
from jupyter_mlops.pipeline.model import validate

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("kfp_pipelines", HERE / "kfp_pipelines.py")
assert _spec is not None
assert _spec.loader is not None
kfp_pipelines = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kfp_pipelines)
GRAPHS = kfp_pipelines.GRAPHS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ask(root):
    python = root / ".venv-kfp" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no environment with kfp: `make kfp`")

    def ask(**request: Any) -> dict[str, Any]:
        done = subprocess.run(
            [python, HERE / "kfp_oracle.py"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=150,
            cwd=HERE,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="module")
def theirs(ask):
    return ask(graphs=True)


def compiled(name: str) -> Any:
    assert validate(GRAPHS[name]) == []
    return compile_pipeline(GRAPHS[name], image="img")


def test_the_sdk_reads_every_graph_of_ours(ask, tmp_path):
    paths = {}
    for name in GRAPHS:
        paths[name] = tmp_path / f"{name}.yaml"
        paths[name].write_text(compiled(name).to_yaml())
    answer = ask(accept=[str(path) for path in paths.values()])
    expected = {name: sorted(item.name for item in GRAPHS[name].parameters) for name in GRAPHS}
    assert {name: answer[str(path)] for name, path in paths.items()} == expected


@pytest.mark.parametrize("name", GRAPHS)
def test_the_sdk_makes_the_same_of_the_same_graph(name, theirs):
    ours = compiled(name)
    assert normalised(ours.spec) == normalised(theirs[name][0])


def test_the_sdk_says_the_same_of_volumes_secrets_and_limits(theirs):
    ours = compiled("on_kubernetes")
    text = json.dumps(ours.platform).replace(ours.code.name, "CODE")
    assert json.loads(text) == theirs["on_kubernetes"][1]


def test_both_are_compared_on_the_same_graphs(theirs):
    assert set(theirs) == set(GRAPHS)


@pytest.mark.parametrize("name", GRAPHS)
def test_our_own_check_finds_nothing_in_what_the_sdk_makes(name, theirs):
    assert list(problems(theirs[name][0])) == []


def normalised(spec: dict[str, Any]) -> dict[str, Any]:
    """Without what is a matter of taste: versions, commands, the order of keys, and the numbers of inner graphs."""
    spec = json.loads(json.dumps(spec))
    for executor in spec["deploymentSpec"]["executors"].values():
        executor["container"].pop("command")
        executor["container"].pop("args")
    for component in spec["components"].values():
        for kind in component.get("dag", {}).get("outputs", {}).values():
            for selector in kind.values():
                selector.get("artifactSelectors", []).sort(key=str)
    spec.pop("sdkVersion")
    return json.loads(_renumbered(_one_ofs(json.dumps(spec, sort_keys=True))))


def _one_ofs(text: str) -> str:
    """The SDK numbers what comes out of two branches; we name it after the step."""
    for found in sorted(set(re.findall(r"pipelinechannel--condition-branches-\d+-oneof-\d+", text))):
        text = text.replace(found, "pipelinechannel--tune-bundle")
    return text


def _renumbered(text: str) -> str:
    """Numbers by where they first stand in the text; of two branches, the first is the one without a `!`."""
    parts = r"(?:condition-branches|condition|for-loop|exit-handler|loop-item-param)-\d+"
    named = dict.fromkeys(re.findall(parts, text))
    conditions = dict(re.findall(r'"taskInfo": \{"name": "(condition-\d+)"\}, "triggerPolicy": \{"condition": "(!?)', text))
    ordered = sorted(named, key=lambda name: (re.sub(r"\d+$", "", name), conditions.get(name, "")))
    for index, name in enumerate(ordered):
        text = re.sub(rf"{name}(?!\d)", f"PART{index}-{name.rpartition('-')[0]}", text)
    return json.dumps(json.loads(text), sort_keys=True)
