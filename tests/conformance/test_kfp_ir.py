"""Our IR beside that of Kubeflow Pipelines' SDK: it accepts ours, and makes the same of the same graphs.

The SDK is in an environment of its own, `.venv-kfp` (`make kfp`): it forbids versions that we need.
"""

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.pipeline.kfp import compile_pipeline, problems
from jupyter_mlops.pipeline.kfp.conditions import translate
from jupyter_mlops.pipeline.kfp.kinds import BOOLEAN, DOUBLE, INTEGER, LIST, TEXT
from jupyter_mlops.pipeline.model import validate
from jupyter_mlops.runtime.expressions import evaluate
from tests.conformance.kfp_pipelines import GRAPHS

HERE = Path(__file__).parent

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


def test_a_condition_holds_in_kfp_when_it_holds_in_a_notebook(ask):
    values = {"n": 3, "acc": 0.75, "name": 'it\'s \\ "a"', "flag": False, "rows": [1.0, 2.0], "empty": ""}
    made = Expressions(random.Random(20)).some(600)
    variables = {name: (f"channel--{name}", KINDS[name]) for name in values}
    written = [translate(expression, variables, "step") for expression in made]
    given = {f"channel--{name}": value for name, value in values.items()}
    answer = ask(conditions=[[condition, given] for condition in written])["conditions"]
    expected = [bool(evaluate(expression, values)) for expression in made]
    wrong = [both for both in zip(made, written, expected, answer, strict=True) if both[2] is not both[3]]
    assert wrong == []
    assert 150 < sum(expected) < 450


KINDS = {"n": INTEGER, "acc": DOUBLE, "name": TEXT, "flag": BOOLEAN, "rows": LIST, "empty": TEXT}


class Expressions:
    """Conditions at random, of all that is translated."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def some(self, count: int) -> list[str]:
        return [self.truth(3) for _ in range(count)]

    def one(self, *choices: str) -> str:
        return self._chance.choice(choices)

    def truth(self, depth: int) -> str:
        if depth == 0:
            return self.one("flag", "name", "empty", "n", "rows", "True", "acc", "flag == True", "flag != True")
        kind = self._chance.randrange(7)
        if kind == 0:
            return f"not {self.truth(depth - 1)}" if self._chance.random() < 0.5 else f"not ({self.truth(depth - 1)})"
        if kind == 1:
            return f"({self.truth(depth - 1)}) {self.one('and', 'or')} ({self.truth(depth - 1)})"
        if kind == 2:
            middle = f" {self.compared()} {self.number(1)}" if self._chance.random() < 0.3 else ""
            return f"{self.number(depth - 1)} {self.compared()} {self.number(depth - 1)}{middle}"
        if kind == 3:
            # The evaluator has no `contains` of a sum.
            sign = self.one("==", "!=", "<", ">=", "in", "not in")
            return f"{self.text()} {sign} {self.text() if 'in' not in sign else self.one('name', 'empty')}"
        if kind == 4:
            return f"{self.text()} {self.one('in', 'not in')} [{self.text()}, {self.text()}]"
        if kind == 5:
            return f"{self.number(1)} {self.one('in', 'not in')} {self.one('rows', '[1, 2.5]', '(1, 3)')}"
        return f"({self.truth(depth - 1)}) if ({self.truth(0)}) else ({self.truth(depth - 1)})"

    def compared(self) -> str:
        return self.one("<", "<=", ">", ">=", "==", "!=")

    def number(self, depth: int) -> str:
        if depth == 0 or self._chance.random() < 0.3:
            return self.one("n", "acc", "1", "-2", "0.75", "3.0", "1e20", "len(rows)", "len(name)")
        return f"({self.number(depth - 1)} {self.one('+', '-', '*')} {self.number(depth - 1)}) / 2"

    def text(self) -> str:
        return self.one("name", "empty", "'it'", '"it\'s"', "'\\\\'", "name + 'x'", "'é'", "'a\\nb'")


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
    conditions = dict(
        re.findall(r'"taskInfo": \{"name": "(condition-\d+)"\}, "triggerPolicy": \{"condition": "(!?)', text)
    )
    ordered = sorted(named, key=lambda name: (re.sub(r"\d+$", "", name), conditions.get(name, "")))
    for index, name in enumerate(ordered):
        text = re.sub(rf"{name}(?!\d)", f"PART{index}-{name.rpartition('-')[0]}", text)
    return json.dumps(json.loads(text), sort_keys=True)
