"""Roles, steps and options of cells, from everything that can say them."""

from __future__ import annotations

import json

import pytest

from jupyter_mlops.notebook.annotations import Annotations, annotate
from jupyter_mlops.notebook.document import read_text


def cell(source: str = "x = 1", *tags: str, **ours: object) -> str:
    parts = [f"tags={json.dumps(tags)}"] if tags else []
    parts += [f"jupyter_mlops={json.dumps(ours)}"] if ours else []
    return f"# %% {' '.join(parts)}\n{source}\n"


def read(*cells: str, by: str = "auto", metadata: str = "") -> Annotations:
    header = f"# ---\n# jupyter:\n#   jupyter_mlops: {metadata}\n# ---\n" if metadata else ""
    return annotate(read_text(header + "".join(cells), "n.py"), by=by)  # type: ignore[arg-type]


def steps(found: Annotations) -> dict[str, tuple[int, ...]]:
    return {step.name: step.cells for step in found.steps}


def problems(found: Annotations) -> list[tuple[str, int | None]]:
    return [(problem.kind, problem.cell) for problem in found.problems]


def test_metadata_name_steps_and_what_follows_belongs_to_them() -> None:
    found = read(
        cell("import os", role="setup"),
        cell("a = 1", role="step", step="load"),
        cell("b = 1"),
        cell("junk", role="skip"),
        cell("# words"),
        cell("c = 1", step="train", after=["load"], cpu=2, title="Train it"),
    )
    assert steps(found) == {"load": (1, 2, 4), "train": (5,)}
    assert found.roles == {0: "setup", 1: "step", 2: "step", 3: "skip", 4: "step", 5: "step"}
    assert found.step_of == {1: "load", 2: "load", 4: "load", 5: "train"}
    train = found.steps[1]
    assert (train.after, train.options, train.title) == (("load",), {"cpu": 2.0}, "Train it")
    assert found.origin == "metadata"
    assert not found.problems


def test_a_magic_names_a_step() -> None:
    found = read(cell("%%step load --cpu 2 --title 'Load it'\nx = 1"), cell("\n%%step train --after load\ny = x"))
    assert steps(found) == {"load": (0,), "train": (1,)}
    assert found.steps[0].options == {"cpu": 2.0}
    assert found.steps[0].title == "Load it"
    assert found.steps[1].after == ("load",)
    assert found.origin == "magic"


def test_cells_of_one_name_are_one_step() -> None:
    found = read(cell("%%step a --cpu 2\n1"), cell("%%step a --gpu 1\n2"), cell("%%step b\n3"), cell("%%step a\n4"))
    assert steps(found) == {"a": (0, 1, 3), "b": (2,)}
    assert found.steps[0].options == {"cpu": 2.0, "gpu": 1}
    assert problems(found) == [("split_step", 3)]


def test_two_values_of_an_option_are_told_and_the_later_counts() -> None:
    found = read(cell("%%step a --cpu 2\n1"), cell("%%step a --cpu 3\n2"))
    assert found.steps[0].options == {"cpu": 3.0}
    assert problems(found) == [("two_values", 1)]


def test_metadata_win_over_the_magic_of_the_same_cell() -> None:
    found = read(cell("%%step a --cpu 2 --gpu 1\n1", step="b", cpu=4))
    assert steps(found) == {"b": (0,)}
    assert found.steps[0].options == {"cpu": 4.0, "gpu": 1}
    assert problems(found) == [("two_names", 0)]
    assert not read(cell("%%step a --gpu 1\n1", cpu=4)).problems


def test_a_step_without_a_name_is_named_by_its_code() -> None:
    found = read(cell("x = load()", role="step"), cell("y = load()", role="step"))
    assert steps(found) == {"load": (0,), "load_2": (1,)}


def test_code_above_the_first_step_is_setup_if_it_can_be() -> None:
    found = read(cell("import os\ndef f(): pass"), cell("# words"), cell("1", step="a"))
    assert found.roles == {0: "setup", 1: "setup", 2: "step"}
    assert not found.problems


def test_code_above_the_first_step_is_a_step_else() -> None:
    found = read(cell("import os"), cell("x = 1"), cell("# words"), cell("y = x", step="start"))
    assert steps(found) == {"start_2": (1,), "start": (3,)}
    assert found.roles == {0: "setup", 1: "step", 2: "setup", 3: "step"}
    assert problems(found) == [("start_step", 1)]


def test_without_annotations_each_cell_is_a_step() -> None:
    found = read(cell("# words"), cell("import os"), cell("x = load()"), cell("# words"), cell("x.fit()"))
    assert steps(found) == {"load": (2, 3), "fit": (4,)}
    assert found.roles == {0: "setup", 1: "setup", 2: "step", 3: "step", 4: "step"}
    assert found.origin == "cells"


HEADED = (
    "# %% [markdown]\n# ## Load\n",
    cell("x = 1", "skip"),
    cell("x = 2"),
    "# %% [markdown]\n# ## Train\n",
    cell("y = x"),
)


def test_cells_that_do_the_same_get_numbers() -> None:
    numbered = read(cell("f()"), cell("f_2 = 1"), cell("f()"), cell("f()"))
    assert list(steps(numbered)) == ["f", "f_2", "f_3", "f_4"]
    assert steps(read(cell("x = load()"), cell("y = load()"), cell("%time"))) == {
        "load": (0,),
        "load_2": (1,),
        "cell_3": (2,),
    }


def test_headings_make_steps_and_other_roles_stay() -> None:
    found = read(*HEADED)
    assert steps(found) == {"load": (2,), "train": (4,)}
    assert found.roles[1] == "skip"
    assert [step.title for step in found.steps] == ["Load", "Train"]
    assert found.origin == "headings"


def test_what_makes_steps_can_be_chosen() -> None:
    named = (*HEADED, cell("z = 1", step="named", cpu=2))
    assert steps(read(*named)) == {"start": (2, 4), "named": (5,)}
    by_headings = read(*named, by="headings")
    assert steps(by_headings) == {"load": (2,), "train": (4, 5)}
    assert by_headings.steps[1].options == {"cpu": 2.0}
    assert steps(read(*named, by="cells")) == {"x": (2,), "y": (4,), "z": (5,)}


def test_a_heading_of_symbols_only_gets_a_number() -> None:
    found = read("# %% [markdown]\n# ## 🚀\n", cell("x = 1"), "# %% [markdown]\n# ## 🚀\n", cell("y = 1"))
    assert steps(found) == {"step_1": (1,), "step_2": (3,)}


def test_parameters_come_from_the_tag_and_the_role() -> None:
    found = read(cell("a = 1", "parameters"), cell("b = 2", role="parameters"), cell("c = 3", "injected-parameters"))
    assert [(item.name, item.cell) for item in found.parameters] == [("a", 0), ("b", 1), ("c", 2)]
    assert set(found.roles.values()) == {"parameters"}
    assert found.steps == ()


def test_kale_wins_over_headings_and_loses_to_metadata() -> None:
    kale = cell("x = 1", "step:one", "skipped-tag"), cell("y = 1", "step:two", "prev:one")
    assert steps(read(*HEADED[:1], *kale)) == {"one": (1,), "two": (2,)}
    assert read(*kale).origin == "kale"
    assert read(*kale).steps[1].after == ("one",)
    mixed = '# %% tags=["step:one"] jupyter_mlops={"step": "ours"}\nx = 1\n'
    assert steps(read(mixed)) == {"ours": (0,)}
    assert steps(read(mixed, by="kale")) == {"one": (0,)}
    assert steps(read(cell("%%step ours\n1", step="ours"), by="kale")) == {"ours": (0,)}


@pytest.mark.parametrize(
    ("ours", "kind", "name"),
    [
        ({"step": "a", "aftr": []}, "unknown_key", "aftr"),
        ({"role": "stpe"}, "bad_metadata", "role"),
        ({"step": 3}, "bad_metadata", "step"),
        ({"step": " "}, "bad_metadata", "step"),
        ({"step": "a", "after": [1]}, "bad_metadata", "after"),
        ({"step": "a", "cache": 1}, "bad_metadata", "cache"),
        ({"step": "a", "env": {"A": [1]}}, "bad_metadata", "env.A"),
        ({"step": "a", "memory": "much"}, "bad_option", "memory"),
        ({"step": "a", "for_each": "depth"}, "bad_option", "for_each"),
        ({"step": "a", "after": ["b"]}, "unknown_after", "b"),
        ({"step": "a", "after": "a"}, "after_itself", "a"),
        ({"step": "Train Model"}, "bad_name", ""),
        ({"step": "x" * 150}, "bad_name", ""),
    ],
)
def test_bad_metadata_are_told_and_left_out(ours: dict[str, object], kind: str, name: str) -> None:
    found = read(cell(**ours))
    assert [(problem.kind, problem.name, problem.cell) for problem in found.problems] == [(kind, name, 0)]
    assert found.steps[0].after == ()
    assert found.steps[0].options == {}


def test_metadata_that_are_no_object_are_told() -> None:
    found = read("# %% jupyter_mlops=3\nx = 1\n")
    assert problems(found) == [("bad_metadata", 0)]
    assert steps(found) == {"x": (0,)}


def test_a_bad_magic_line_is_told_with_its_hint() -> None:
    found = read(cell("%%step a --cpu lots\nx = 1"))
    assert problems(found) == [("bad_step_line", 0)]
    assert found.problems[0].hint


def test_hints_name_what_was_meant() -> None:
    found = read(
        cell("1", step="train_model"), cell("2", step="b", after=["train-model"]), cell("3", step="c", afetr=[])
    )
    assert [problem.hint for problem in found.problems] == ["Did you mean 'after'?", "Did you mean 'train_model'?"]
    assert read(cell("1", step="Mein Modell")).problems[0].hint == "Call it 'mein_modell'."
    assert read(cell("1", step="!!")).problems[0].hint == "Choose another."


def test_the_notebook_says_name_experiment_and_defaults() -> None:
    metadata = {"pipeline": {"name": "p", "experiment": "e", "defaults": {"cpu": "500m", "memory": "x"}, "odd": 1}}
    found = read(cell(), metadata=json.dumps(metadata))
    assert found.pipeline == {"name": "p", "experiment": "e", "defaults": {"cpu": 0.5}}
    assert problems(found) == [("unknown_key", None), ("bad_option", None)]


@pytest.mark.parametrize("metadata", ["3", '{"pipeline": 3}', '{"pipeline": {"name": 3}}'])
def test_bad_notebook_metadata_are_told(metadata: str) -> None:
    found = read(cell(), metadata=metadata)
    assert found.pipeline == {}
    assert problems(found) == [("bad_metadata", None)]


def test_steps_without_cells_and_an_empty_notebook_are_fine() -> None:
    assert read("# %% [markdown]\n# words\n").steps == ()
    assert annotate(read_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')).roles == {}


def test_a_cell_below_an_isolated_notebook_is_not_part_of_it() -> None:
    found = read('# %% jupyter_mlops={"notebook": "other.ipynb", "isolated": true}\n', cell("y = 1"))
    assert [(step.name, step.notebook, step.cells) for step in found.steps] == [
        ("other", "other.ipynb", ()),
        ("y", "", (1,)),
    ]
