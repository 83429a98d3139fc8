"""`check`, `convert`, `compile` and `graph` on everything that a path may be."""

import json

import pytest

from jupyter_mlops.errors import NotebookHasErrors, Refused, Usage
from jupyter_mlops.verbs.check import check
from jupyter_mlops.verbs.compile import compile as compile_plan
from jupyter_mlops.verbs.convert import convert
from jupyter_mlops.verbs.graph import graph
from jupyter_mlops.verbs.run import run
from jupyter_mlops.verbs.verify import verify

GOOD = """
import jupyter_mlops as mlops

@mlops.step
def load():
    return 1

@mlops.step
def use(x):
    print(x)

@mlops.pipeline
def small():
    use(load())
"""
WRONG = GOOD.replace("    use(load())", "    use(object())")


@pytest.fixture
def pipeline_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.py"
    path.write_text(GOOD)
    return path


def test_a_pipeline_file_is_checked_as_a_pipeline(pipeline_file):
    assert check(pipeline_file) == []


def test_a_pipeline_file_that_is_wrong_is_refused_by_each_verb(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    for verb in (check, graph, lambda given: compile_plan(given, output=tmp_path / "plan.json")):
        with pytest.raises(Usage, match="object"):
            verb(path)
    assert not (tmp_path / "plan.json").exists()


def test_a_plan_is_checked_drawn_and_compiled_again(pipeline_file, tmp_path):
    compile_plan(pipeline_file, output=tmp_path / "plan.json")
    assert check(tmp_path / "plan.json") == []
    assert [step["name"] for step in graph(tmp_path / "plan.json")["steps"]] == ["load", "use"]
    compile_plan(tmp_path / "plan.json", output=tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads((tmp_path / "plan.json").read_text())


def test_a_pipeline_file_cannot_be_verified(pipeline_file, tmp_path):
    compile_plan(pipeline_file, output=tmp_path / "plan.json")
    for path in (pipeline_file, tmp_path / "plan.json"):
        with pytest.raises(Refused, match=path.name):
            verify(path)


@pytest.mark.parametrize(("target", "why"), [("argo", "needs an image"), ("nowhere", "nowhere")])
def test_what_cannot_be_compiled_for_a_target_is_refused_and_nothing_is_written(target, why, write_notebook, tmp_path):
    with pytest.raises((Refused, Usage), match=why):
        compile_plan(write_notebook(("a", "x = 1")), output=tmp_path / "plan.json", target=target)
    assert not (tmp_path / "plan.json").exists()


def test_a_notebook_becomes_a_pipeline_of_kubeflow_with_its_code_beside_it(write_notebook, tmp_path):
    path = write_notebook(("a", "x = 1"), ("b", "print(x)"))
    done = compile_plan(path, output=tmp_path / "out.yaml", target="kfp", image="my/image:1")
    assert (done["target"], done["steps"], done["code"]) == ("kfp", 2, str(tmp_path / "out.code.yaml"))
    assert done["bytes"] == (tmp_path / "out.yaml").stat().st_size
    assert "my/image:1" in (tmp_path / "out.yaml").read_text()
    assert "kind: ConfigMap" in (tmp_path / "out.code.yaml").read_text()


def test_a_pipeline_of_kubeflow_is_not_compiled_for_it_again(root, tmp_path):
    with pytest.raises(Refused, match="a component of Kubeflow Pipelines already"):
        compile_plan(root / "tests/kfp_files/iris.yaml", output=tmp_path / "out.yaml", target="kfp")
    assert not list(tmp_path.glob("out*"))


def test_what_kubeflow_cannot_say_is_refused_and_nothing_is_written(write_notebook, tmp_path):
    path = write_notebook(("a", "x = 1"))
    with pytest.raises(Refused, match="no image") as caught:
        compile_plan(path, output=tmp_path / "out.yaml", target="kfp")
    assert "--image" in caught.value.hint
    assert not list(tmp_path.glob("out*"))


def test_an_image_for_this_machine_is_refused(write_notebook, tmp_path):
    with pytest.raises(Usage, match="no images"):
        compile_plan(write_notebook(("a", "x = 1")), output=tmp_path / "plan.json", image="my/image:1")


def test_a_plan_for_a_folder_that_is_not_there_is_refused(write_notebook, tmp_path):
    with pytest.raises(Usage, match="no folder"):
        compile_plan(write_notebook(("a", "x = 1")), output=tmp_path / "none" / "plan.json")


def test_an_empty_notebook_makes_no_plan(write_notebook, tmp_path):
    with pytest.raises(Usage, match="no step"):
        compile_plan(write_notebook(), output=tmp_path / "plan.json")


def test_what_is_not_kale_s_cannot_be_read_as_kale_s(write_notebook):
    path = write_notebook("x = 1", "print(x)")
    before = path.read_bytes()
    with pytest.raises(Usage, match="nothing of Kale's") as caught:
        convert(path, by="kale")
    assert "--by headings" in caught.value.hint
    assert path.read_bytes() == before


def test_kale_s_tags_are_converted(write_notebook, tmp_path):
    path = write_notebook("x = 1", "print(x)")
    data = json.loads(path.read_text())
    for cell, tags in zip(data["cells"], (["step:load"], ["step:show", "prev:load"]), strict=True):
        cell["metadata"] = {"tags": tags}
    path.write_text(json.dumps(data))
    done = convert(path, output=tmp_path / "new.ipynb", by="kale")
    assert [(item["cell"], item["step"]) for item in done["changes"]] == [(0, "load"), (1, "show")]


def test_a_dry_run_writes_nothing(write_notebook):
    path = write_notebook("x = 1", "print(x)")
    before = path.read_bytes()
    done = convert(path, by="cells", dry_run=True)
    assert done["output"] is None
    assert len(done["changes"]) == 2
    assert path.read_bytes() == before


WRONG_PIPELINES = {
    "a condition on nothing": ([("a", "x = 1"), ("b", "y = 1", {"when": "nope > 3"})], "MLO506", "nope", 1),
    "a loop over nothing": ([("a", "x = 1"), ("b", "y = 1", {"for_each": "i in rows"})], "MLO506", "rows", 1),
    "after an exit step": ([("a", "x = 1", {"exit": True}), ("b", "y = 1", {"after": ["a"]})], "MLO203", "exit", 1),
}


@pytest.mark.parametrize("name", WRONG_PIPELINES)
def test_what_run_refuses_is_found_by_check(name, write_notebook, tmp_path):
    cells, code, word, cell = WRONG_PIPELINES[name]
    path = write_notebook(*cells)
    errors = [item for item in check(path) if item.severity == "error"]
    assert [(item.code, item.step, item.cell) for item in errors] == [(code, "b", cell)]
    assert word in errors[0].message
    assert errors[0].hint
    for verb in (run, verify, lambda given: compile_plan(given, output=tmp_path / "plan.json")):
        with pytest.raises(NotebookHasErrors, match=code):
            verb(path)


def test_an_empty_notebook_is_told_once(write_notebook):
    assert [item.code for item in check(write_notebook())] == ["MLO209"]


def test_a_kernel_that_is_not_here_is_refused_before_anything_runs_but_may_be_where_the_plan_runs(tmp_path):
    text = {"cells": [], "metadata": {"kernelspec": {"name": "nosuch", "language": "R"}}, "nbformat": 4}
    path = tmp_path / "r.ipynb"
    path.write_text(json.dumps(text))
    assert [item.code for item in check(path)] == ["MLO901"]
    with pytest.raises(NotebookHasErrors, match="'nosuch' is not installed here"):
        run(path)
    assert not (tmp_path / ".jupyter_mlops").exists()
    assert compile_plan(path, output=tmp_path / "plan.json")["steps"] == 1
