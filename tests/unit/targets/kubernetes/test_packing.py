"""Which files travel with a run, and which are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlops.engine.plan import Plan, make_plan
from jupyter_mlops.errors import Refused
from jupyter_mlops.pipeline.from_notebook import from_notebook
from jupyter_mlops.pipeline.model import Component, Options, Pipeline, Step, Volume
from jupyter_mlops.runtime.spec import CellSource
from jupyter_mlops.targets.kubernetes import packing, parcel
from jupyter_mlops.targets.kubernetes.packing import Luggage, gather, in_cluster, without_outputs


def notebook(path: Path, *cells: str, metadata: Mapping[str, Any] | None = None, outputs: Any = ()) -> Path:
    code = {"cell_type": "code", "metadata": {}, "outputs": list(outputs), "execution_count": 7}
    made = [
        {"cell_type": "markdown", "metadata": {}, "id": f"c{at}", "source": cell}
        if cell.startswith("# ")
        else {**code, "id": f"c{at}", "source": cell}
        for at, cell in enumerate(cells)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made, "metadata": dict(metadata or {}), "nbformat": 4, "nbformat_minor": 5}))
    return path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def plan_of(path: Path, **params: Any) -> Plan:
    return make_plan(from_notebook(path), params)


def of_step(folder: Path, source: str = "", *, options: Options | None = None, **more: Any) -> Plan:
    step = Step(
        "a", Component("cells", (CellSource(0, "c", source or "x = 1", 1),)), options=options or Options(), **more
    )
    return Plan(Pipeline("p", (step,), cwd=str(folder)), {})


def names(luggage: Luggage) -> set[str]:
    return {item.name for item in luggage.files}


def test_what_steps_read_and_import_travels_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, data__x_csv="1", other_csv="2", tool_py="import helper", helper_py="", unused_py="", script_py="")
    source = "import pandas as pd, tool\n%run script.py\ndf = pd.read_csv('data/x.csv')"
    found = gather(plan_of(notebook(tmp_path / "work.ipynb", source)), tmp_path)
    assert names(found) == {"work.ipynb", "data/x.csv", "tool.py", "helper.py", "script.py"}
    assert found.folder == ""


def test_a_file_that_a_step_changes_travels_and_one_that_it_makes_does_not(tmp_path: Path) -> None:
    write(tmp_path, history_csv="1", made_csv="2")
    source = "text = open('history.csv').read()\nfor name in ('history.csv', 'made.csv'):\n    pass"
    source += "\nopen('history.csv', 'w').write(text)\nopen('made.csv', 'w').write(text)"
    found = gather(plan_of(notebook(tmp_path / "work.ipynb", source)), tmp_path)
    assert names(found) == {"work.ipynb", "history.csv"}


def test_folders_and_patterns_that_steps_name_travel(tmp_path: Path) -> None:
    write(tmp_path, raw__a_csv="1", raw__deep__b_csv="2", c_csv="3", d_csv="4")
    write(tmp_path / "raw" / "__pycache__", e_csv="5")
    write(tmp_path / "raw" / ".git", config="")
    source = "from pathlib import Path\nimport glob\nraw = list(Path('raw').glob('*'))\nmore = glob.glob('c*.csv')"
    found = gather(plan_of(notebook(tmp_path / "work.ipynb", source)), tmp_path)
    assert names(found) == {"work.ipynb", "raw/a.csv", "raw/deep/b.csv", "c.csv"}


@pytest.mark.parametrize("text", ["*", "**", "**/*", "***", ".", "..", "./", "../..", "~", "/", "* *"])
def test_text_that_only_looks_like_a_path_brings_nothing(text: str, tmp_path: Path) -> None:
    write(tmp_path, a_csv="1")
    assert names(gather(of_step(tmp_path, f"x = {text!r} * 3"), tmp_path)) == set()


def test_a_file_that_a_parameter_names_travels(tmp_path: Path) -> None:
    write(tmp_path, a_csv="1", b_csv="2")
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None}
    path = notebook(tmp_path / "work.ipynb", "", "text = open(table).read()")
    data = json.loads(path.read_text())
    data["cells"][0] = {**cell, "id": "p", "source": "table = 'a.csv'"}
    path.write_text(json.dumps(data))
    assert names(gather(plan_of(path), tmp_path)) == {"work.ipynb", "a.csv"}
    assert "b.csv" in names(gather(plan_of(path, table="b.csv"), tmp_path))


def test_paths_above_the_notebook_keep_their_place(tmp_path: Path) -> None:
    write(tmp_path, data__x_csv="1")
    path = notebook(tmp_path / "notebooks" / "deep" / "work.ipynb", "text = open('../../data/x.csv').read()")
    found = gather(plan_of(path), tmp_path)
    assert names(found) == {"data/x.csv", "notebooks/deep/work.ipynb"}
    assert found.folder == "notebooks/deep"


def test_a_file_outside_of_the_project_is_refused(tmp_path: Path) -> None:
    write(tmp_path, x_csv="1")
    path = notebook(tmp_path / "project" / "work.ipynb", "text = open('../x.csv').read()")
    with pytest.raises(Refused, match=r"needs '\.\./x\.csv', which lies outside"):
        gather(plan_of(path), tmp_path / "project")


def test_a_link_that_leads_out_is_refused_and_one_inside_is_followed(tmp_path: Path) -> None:
    write(tmp_path, secret_csv="1", project__a_csv="2")
    project = tmp_path / "project"
    (project / "in.csv").symlink_to("a.csv")
    found = gather(of_step(project, options=Options(files=("in.csv",))), project)
    assert {item.name: item.size for item in found.files} == {"in.csv": 1}
    (project / "out.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(Refused, match="link that leads out"):
        gather(of_step(project, options=Options(files=("out.csv",))), project)
    assert names(gather(of_step(project, "x = 'out.csv'"), project)) == set()


def test_an_absolute_path_is_refused_but_for_volumes_and_the_system(tmp_path: Path) -> None:
    write(tmp_path, x_csv="1")
    whole = str(tmp_path / "x.csv")
    with pytest.raises(Refused, match="absolute path"):
        gather(of_step(tmp_path, files_in=(whole,)), tmp_path)
    mounted = Options(volumes=(Volume("data", str(tmp_path)),))
    assert names(gather(of_step(tmp_path, options=mounted, files_in=(whole,)), tmp_path)) == set()
    assert names(gather(of_step(tmp_path, files_in=("/etc/passwd", "/nowhere/y.csv")), tmp_path)) == set()


def test_a_file_beside_no_notebook_that_steps_hand_on_is_refused(tmp_path: Path) -> None:
    cells = ("# Write", "open('/tmp/mlops-x.csv', 'w').write('1')", "# Read", "print(open('/tmp/mlops-x.csv').read())")
    with pytest.raises(Refused, match="pods share the notebook's folder only"):
        gather(plan_of(notebook(tmp_path / "work.ipynb", *cells)), tmp_path)


def test_what_a_step_before_writes_stays_here(tmp_path: Path) -> None:
    write(tmp_path, x_csv="of an earlier run")
    cells = ("# Write", "open('x.csv', 'w').write('1')", "# Read", "print(open('x.csv').read())")
    assert names(gather(plan_of(notebook(tmp_path / "work.ipynb", *cells)), tmp_path)) == {"work.ipynb"}


def test_files_that_are_left_out_stay_here(tmp_path: Path) -> None:
    write(tmp_path, data__x_csv="1", data__y_csv="2", z_csv="3")
    plan = of_step(tmp_path, "open('data/x.csv'), 'data', 'z.csv'", files_in=("data/x.csv",))
    assert names(gather(plan, tmp_path, leave_out=["data"])) == {"z.csv"}
    assert names(gather(plan, tmp_path, leave_out=["data/y.csv", "z.csv"])) == {"data/x.csv"}


def test_too_much_is_refused_with_the_largest_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 3 << 20)
    for number in range(8):
        (tmp_path / f"{number}.bin").write_bytes(bytes([number]) * ((number + 1) << 19))
    plan = of_step(tmp_path, options=Options(files=tuple(f"{number}.bin" for number in range(8))))
    with pytest.raises(
        Refused, match=r"take 18 MiB, and 3 MiB can travel: 7\.bin \(4\.0 MiB\).* and 3 more"
    ) as refused:
        gather(plan, tmp_path)
    assert "--volume" in refused.value.hint
    assert "leave_out" in refused.value.hint


def test_contents_that_the_volume_has_are_not_sent(tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(parcel.KEPT_FROM))
    write(tmp_path, small_csv="1")
    plan = of_step(tmp_path, options=Options(files=("large.bin", "small.csv")))
    first = gather(plan, tmp_path)
    assert len(first.contents) == 2
    again = gather(plan, tmp_path, known=list(first.contents))
    assert (names(again), list(again.contents.values())) == (names(first), [b"1"])


def test_notebooks_travel_without_what_they_showed(tmp_path: Path) -> None:
    shown = [{"output_type": "stream", "name": "stdout", "text": "x" * (20 << 20)}]
    path = notebook(tmp_path / "work.ipynb", "# Title", "x = 1", outputs=shown, metadata={"widgets": {"a": 1}, "b": 2})
    found = gather(plan_of(path), tmp_path)
    [content] = found.contents.values()
    data = json.loads(content)
    assert len(content) < 2000
    assert (data["cells"][1]["outputs"], data["cells"][1]["source"], data["metadata"]) == ([], "x = 1", {"b": 2})
    assert without_outputs(b"no notebook") == b"no notebook"


def test_whole_notebooks_bring_what_they_read(tmp_path: Path) -> None:
    write(tmp_path / "parts", x_csv="1", tool_py="")
    notebook(tmp_path / "parts" / "inner.ipynb", "import tool\nopen('x.csv').read()")
    for given in ("parts/inner.ipynb", str(tmp_path / "parts" / "inner.ipynb")):
        step = Step("inner", Component("notebook", notebook=given))
        plan = Plan(Pipeline("p", (step,), cwd=str(tmp_path)), {})
        found = gather(plan, tmp_path)
        assert names(found) == {"parts/inner.ipynb", "parts/x.csv", "parts/tool.py"}
        moved = in_cluster(plan, "/mlops/store/there/p/r/files")
        assert moved.pipeline.steps[0].component.notebook == "parts/inner.ipynb"
        assert moved.pipeline.cwd == "/mlops/store/there/p/r/files"


def test_a_notebook_of_another_language_is_refused(tmp_path: Path) -> None:
    spec = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    path = notebook(tmp_path / "r.ipynb", "x <- 1", metadata=spec)
    with pytest.raises(Refused, match="does not speak Python"):
        gather(plan_of(path), tmp_path)


def test_steps_of_another_folder_of_the_project_keep_its_place(tmp_path: Path) -> None:
    write(tmp_path / "two", x_csv="1")
    (tmp_path / "one").mkdir()
    step = Step("a", Component("cells", (CellSource(0, "c", "open('x.csv')", 1),), folder="../two"))
    found = gather(Plan(Pipeline("p", (step,), cwd=str(tmp_path / "one")), {}), tmp_path)
    assert (names(found), found.folder) == ({"two/x.csv"}, "one")
    empty = Step("a", Component("cells", folder="../three"))
    found = gather(Plan(Pipeline("p", (empty,), cwd=str(tmp_path / "one")), {}), tmp_path)
    assert (names(found), found.folder) == (set(), "one")
    with pytest.raises(Refused, match="outside of"):
        gather(Plan(Pipeline("p", (empty,), cwd=str(tmp_path / "one")), {}), tmp_path / "one")
