"""Pipelines at random and by hand: the IR is sound, the same for the same pipeline, and nothing is left out of it."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.kfp import compile_pipeline, problems, read_files
from jupyter_mlops.pipeline.model import Input, Loop, Options, Parameter, Pipeline, Volume, validate
from tests.conformance.kfp_pipelines import GRAPHS, pipeline, step

PARAMETERS = (Parameter("n", "int", 3), Parameter("flag", "bool", True), Parameter("rows", "list[str]", ["a"]))
NAMES = st.lists(st.text(st.sampled_from("abzé-_. Ä9")).map(str.strip), min_size=1, max_size=8, unique=True)


@st.composite
def pipelines(draw):
    """Steps that take `x` of earlier ones, nearest first, some with conditions, loops, an order or an end."""
    names = [f"s{name}" for name in draw(NAMES)]
    steps = []
    for index, name in enumerate(names):
        if draw(st.integers(0, 9)) == 0:
            steps.append(step(name, exit=True, outputs=("x",)))
            continue
        before = [other.name for other in steps if not other.options.exit]
        sources = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        sources.sort(key=names.index, reverse=True)
        item = (Input("x", tuple((other, "x") for other in sources), draw(st.booleans())),) if sources else ()
        controls = (Input("y", ((draw(st.sampled_from(before)), "y"),)),) if before and draw(st.booleans()) else ()
        options = Options(
            when=draw(st.sampled_from(["n > 2", "flag", "y > 0.5" if controls else "n == 1"]) | st.none()),
            for_each=draw(st.none() | st.none() | st.sampled_from([Loop("i", values=(1, 2)), Loop("i", "rows")])),
        )
        made = step(name, inputs=item, outputs=("x",), exports=("y",), controls=controls, params={"n": "n"})
        after = tuple(draw(st.lists(st.sampled_from(before), unique=True, max_size=2))) if before else ()
        steps.append(replace(made, options=options, after=after))
        assert index >= 0
    return Pipeline("random", tuple(steps), PARAMETERS)


def tried(made):
    try:
        return compile_pipeline(made, image="img")
    except Refused as refused:
        return refused


@settings(max_examples=60)
@given(pipelines())
def test_a_pipeline_has_a_sound_ir_or_is_refused_with_a_reason(made):
    assert validate(made) == []
    compiled = tried(made)
    if isinstance(compiled, Refused):
        assert compiled.hint
        return
    assert list(problems(compiled.spec)) == []
    assert compiled.to_yaml() == compile_pipeline(made, image="img").to_yaml()
    spec, platform = yaml.safe_load_all(compiled.to_yaml())
    assert (spec, platform) == (json.loads(json.dumps(compiled.spec)), json.loads(json.dumps(compiled.platform)))
    executors = spec["deploymentSpec"]["executors"]
    assert len(executors) >= len(made.steps)
    assert set(platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]) == set(executors)
    with zipfile.ZipFile(io.BytesIO(compiled.code.files["steps.zip"])) as archive:
        tasks = json.loads(archive.read("tasks.json"))["tasks"]
    assert {item["container"]["args"][1] for item in executors.values()} == set(tasks)


def digests(compiled):
    found = compiled.spec["deploymentSpec"]["executors"].values()
    return {item["container"]["args"][1]: item["container"]["args"][2] for item in found}


def test_the_cache_key_of_a_step_changes_with_what_it_runs_and_with_nothing_else():
    before = GRAPHS["diamond"]
    cell = replace(before.steps[1].component.cells[0], source="x = 2")
    changed = replace(before.steps[1], component=replace(before.steps[1].component, cells=(cell,)))
    after = replace(before, steps=(before.steps[0], changed, *before.steps[2:]))
    one, other = digests(compile_pipeline(before, image="i")), digests(compile_pipeline(after, image="i"))
    assert {name for name in one if one[name] != other[name]} == {"left"}


def test_a_file_that_a_step_reads_is_part_of_its_key():
    made = pipeline("files", step("read", files_in=("a.csv",)), step("other"))
    one, other = (digests(compile_pipeline(made, image="i", files={"a.csv": text})) for text in (b"1", b"2"))
    assert {name for name in one if one[name] != other[name]} == {"read"}


def test_no_source_is_in_the_ir_and_no_name_breaks_it():
    names = ("Été à Paris", "STEP", "step", "condition-1", "a" * 150, "日本", "日本語")
    made = pipeline("Ein Näme", *(step(name) for name in names))
    compiled = compile_pipeline(made, image="img")
    assert list(problems(compiled.spec)) == []
    assert compiled.spec["pipelineInfo"] == {"name": "ein-name", "displayName": "Ein Näme"}
    assert len(compiled.spec["root"]["dag"]["tasks"]) == len(names)
    assert all(len(name) <= 63 for name in compiled.spec["root"]["dag"]["tasks"])
    assert "x = 1" not in compiled.to_yaml()


X = ("x",)
READS = Input("y", (("a", "y"),))
REFUSED = {
    "no image": (pipeline("p", step("a")), "", "no image"),
    "a whole notebook": (
        pipeline("p", replace(step("a"), component=replace(step("a").component, kind="notebook", notebook="b.ipynb"))),
        "i",
        "whole notebook",
    ),
    "a file between steps": (
        pipeline("p", step("a", files_out=("m.pkl",)), step("b", files_in=("m.pkl",), after=("a",))),
        "i",
        "share no folder",
    ),
    "a file between steps that a third removes": (
        pipeline(
            "p",
            step("a", files_out=("m.pkl",)),
            step("b", files_in=("m.pkl",), after=("a",)),
            step("c", files_gone=("m.pkl",), after=("b",)),
        ),
        "i",
        "'m.pkl' that 'a' writes",
    ),
    "an exit step with values": (
        pipeline("p", step("a", outputs=X), step("b", inputs=(Input("x", (("a", "x"),), False),), exit=True)),
        "i",
        "exit step",
    ),
    "metrics": (pipeline("p", step("a", when="metrics.acc > 1")), "i", "metrics"),
    "a computed list": (
        replace(pipeline("p", step("a", for_each=Loop("i", "rows + rows"))), parameters=PARAMETERS),
        "i",
        "cannot compute",
    ),
    "a loop over no list": (
        replace(pipeline("p", step("a", for_each=Loop("i", "n"))), parameters=PARAMETERS),
        "i",
        "no list",
    ),
    "a number too large": (
        replace(pipeline("p", step("a")), parameters=(Parameter("n", "int", 2**53 + 1),)),
        "i",
        "doubles",
    ),
    "a number that is none": (
        replace(pipeline("p", step("a")), parameters=(Parameter("n", "float", float("inf")),)),
        "i",
        "JSON",
    ),
    "None in a condition": (
        replace(pipeline("p", step("a", when="n > 1")), parameters=(Parameter("n", "int | None", None),)),
        "i",
        "can be None",
    ),
    "a list that a loop makes": (
        pipeline(
            "p", step("a", for_each=Loop("i", values=(1,)), exports=("y",)), step("b", when="y", controls=(READS,))
        ),
        "i",
        "the list that 'a' makes",
    ),
    "two conditions": (
        pipeline(
            "p",
            *(step(name, outputs=X, when="1 > 2") for name in "ab"),
            step("c", "a", "b"),
        ),
        "i",
        "two conditions",
    ),
    "a loop under a condition": (
        pipeline(
            "p",
            step("a", outputs=X),
            step("b", outputs=X, when="1 > 2", for_each=Loop("i", values=(1,))),
            step("c", inputs=(Input("x", (("b", "x"), ("a", "x"))),)),
        ),
        "i",
        "a loop that runs only under",
    ),
    "a cycle through a condition": (
        pipeline(
            "p",
            step("a", outputs=X, when="1 > 2"),
            step("b", after=("a",)),
            step("c", "a", after=("b",)),
        ),
        "i",
        "cannot order",
    ),
    "too much memory to read": (pipeline("p", step("a", memory="lots")), "i", "no amount of memory"),
    "two volumes in one place": (
        pipeline("p", step("a", volumes=(Volume("a", "/d"), Volume("b", "/d")))),
        "i",
        "same path",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_ir_cannot_say_is_refused_with_a_reason_and_a_way_out(name):
    made, image, words = REFUSED[name]
    with pytest.raises(Refused, match=words) as caught:
        compile_pipeline(made, image=image)
    assert caught.value.hint


def test_a_file_on_a_volume_may_go_between_steps():
    volumes = (Volume("data", "/data"),)
    made = pipeline(
        "p",
        step("a", files_out=("/data/m",), volumes=volumes),
        step("b", files_in=("/data/m",), after=("a",), volumes=volumes),
    )
    assert list(problems(compile_pipeline(made, image="i").spec)) == []


def test_a_file_that_a_later_step_writes_is_the_project_s_own():
    made = pipeline("p", step("a", files_in=("m.csv",)), step("b", files_out=("m.csv",), after=("a",)))
    assert list(problems(compile_pipeline(made, image="i").spec)) == []


def test_what_does_not_fit_into_a_config_map_is_refused(tmp_path):
    import os

    (tmp_path / "big.bin").write_bytes(os.urandom(1 << 20))
    made = replace(pipeline("p", step("a", files_in=("big.bin",))), cwd=str(tmp_path))
    with pytest.raises(Refused, match="ConfigMap holds"):
        compile_pipeline(made, image="i", files=read_files(made))


def test_a_file_outside_the_project_is_refused(tmp_path):
    (tmp_path / "secret").write_text("s")
    (tmp_path / "project").mkdir()
    made = replace(pipeline("p", step("a", files_in=("../secret",))), cwd=str(tmp_path / "project"))
    with pytest.raises(Refused, match="outside"):
        read_files(made)


def test_a_folder_travels_without_what_is_hidden_or_compiled(tmp_path):
    for name in ("data/a.csv", "data/sub/b.csv", "data/__pycache__/c.pyc", "data/.git/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    made = replace(pipeline("p", step("a", files=("data",))), cwd=str(tmp_path))
    assert set(read_files(made)) == {"data/a.csv", "data/sub/b.csv"}


def test_the_config_map_is_immutable_and_named_by_its_content():
    one, other = (compile_pipeline(GRAPHS[name], image="i") for name in ("chain", "diamond"))
    manifest = yaml.safe_load(one.code_yaml())
    assert manifest["immutable"] is True
    assert manifest["metadata"]["name"] == one.code.name != other.code.name
    assert set(manifest["binaryData"]) == {"runtime.zip", "steps.zip"}
    assert one.code.name in json.dumps(one.platform)


def test_files_of_secrets_and_config_maps_are_mounted_as_what_they_are():
    asked = tuple(Volume(f"{kind}x", f"/{at}") for at, kind in enumerate(("", "secret/", "config/")))
    made = compile_pipeline(Pipeline("p", (replace(step("a"), options=Options(volumes=asked)),)), image="img")
    [told] = made.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    assert [item["constant"] for item in told["pvcMount"]] == ["x"]
    assert [(item["secretName"], item["mountPath"]) for item in told["secretAsVolume"]] == [("x", "/1")]
    assert ("x", "/2") in [(item["configMapName"], item["mountPath"]) for item in told["configMapAsVolume"]]
    odd = replace(step("a"), options=Options(volumes=(Volume("nfs/x", "/n"),)))
    with pytest.raises(Refused, match="nfs/x"):
        compile_pipeline(Pipeline("p", (odd,)), image="img")
