# Written as people write for KFP, whose decorators read the annotations.
"""Compile the pipelines below with KFP's own compiler: `.venv-kfp/bin/python tests/kfp_files/make_files.py`.

What it writes beside itself is what people who use KFP have; tests run it without KFP.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, NamedTuple, Optional

from kfp import compiler, dsl, local
from kfp.dsl import (
    HTML,
    ClassificationMetrics,
    Dataset,
    Input,
    InputPath,
    Markdown,
    Metrics,
    Model,
    Output,
    OutputPath,
    PipelineTaskFinalStatus,
)

IMAGE = "mlops/examples:1"
if os.environ.get("INSTALLED"):
    dsl.component = functools.partial(dsl.component, install_kfp_package=False)


# The tutorial of KFP's documentation: data, normalising, a model for each of some numbers of neighbours.


@dsl.component(base_image=IMAGE, packages_to_install=["pandas>=1.3"])
def create_dataset(iris_dataset: Output[Dataset]):
    import pandas as pd
    from sklearn.datasets import load_iris

    found = load_iris()
    col_names = ["Sepal_Length", "Sepal_Width", "Petal_Length", "Petal_Width"]
    df = pd.DataFrame(found.data, columns=col_names)
    df["Labels"] = [str(found.target_names[label]) for label in found.target]
    with open(iris_dataset.path, "w") as f:
        df.to_csv(f)
    iris_dataset.metadata["rows"] = len(df)


@dsl.component(base_image=IMAGE, packages_to_install=["pandas>=1.3", "scikit-learn"])
def normalize_dataset(
    input_iris_dataset: Input[Dataset],
    normalized_iris_dataset: Output[Dataset],
    standard_scaler: bool,
    min_max_scaler: bool,
):
    if standard_scaler is min_max_scaler:
        raise ValueError("Exactly one of standard_scaler or min_max_scaler must be True.")
    import pandas as pd
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    with open(input_iris_dataset.path) as f:
        df = pd.read_csv(f)
    labels = df.pop("Labels")
    scaler = StandardScaler() if standard_scaler else MinMaxScaler()
    df = pd.DataFrame(scaler.fit_transform(df))
    df["Labels"] = labels
    normalized_iris_dataset.metadata["state"] = "Normalized"
    with open(normalized_iris_dataset.path, "w") as f:
        df.to_csv(f)


@dsl.component(base_image=IMAGE, packages_to_install=["pandas>=1.3", "scikit-learn"])
def train_model(
    normalized_iris_dataset: Input[Dataset], model: Output[Model], metrics: Output[Metrics], n_neighbors: int
) -> float:
    import pickle

    import pandas as pd
    from sklearn.model_selection import train_test_split
    from sklearn.neighbors import KNeighborsClassifier

    with open(normalized_iris_dataset.path) as f:
        df = pd.read_csv(f)
    y = df.pop("Labels")
    X_train, X_test, y_train, y_test = train_test_split(df, y, random_state=0)
    clf = KNeighborsClassifier(n_neighbors=n_neighbors)
    clf.fit(X_train, y_train)
    accuracy = float(clf.score(X_test, y_test))
    metrics.log_metric("accuracy", accuracy)
    model.framework = "scikit-learn"
    with open(model.path, "wb") as f:
        pickle.dump(clf, f)
    return accuracy


@dsl.component(base_image=IMAGE)
def best_of(scores: List[float], models: Input[List[Model]]) -> float:
    import os

    assert all(os.path.getsize(model.path) > 0 for model in models)
    assert len(models) == len(scores)
    return max(scores)


@dsl.pipeline(name="iris-training-pipeline")
def iris_classifier(
    standard_scaler: bool = True, min_max_scaler: bool = False, neighbors: List[int] = [3, 6, 9]
) -> float:
    create = create_dataset()
    normalize = normalize_dataset(
        input_iris_dataset=create.outputs["iris_dataset"],
        standard_scaler=standard_scaler,
        min_max_scaler=min_max_scaler,
    )
    with dsl.ParallelFor(neighbors) as n_neighbors:
        train = train_model(
            normalized_iris_dataset=normalize.outputs["normalized_iris_dataset"], n_neighbors=n_neighbors
        )
    return best_of(scores=dsl.Collected(train.outputs["Output"]), models=dsl.Collected(train.outputs["model"])).output


# Conditions, loops in loops, an exit handler, retries, options.


@dsl.component
def flip(side: str) -> str:
    return side


@dsl.component
def say(text: str, times: int = 2) -> str:
    return " ".join([text] * times)


@dsl.component
def numbers(upto: int) -> List[int]:
    return list(range(upto))


@dsl.component
def add(a: int, b: int = 10, note: Optional[str] = None) -> int:
    return a + b + len(note or "")


@dsl.component
def total(values: List[int]) -> int:
    return sum(values)


@dsl.component
def lines(values: List[List[int]]) -> str:
    return repr(values)


@dsl.pipeline(name="choosing")
def choosing(side: str = "tails", factor: float = 0.5) -> str:
    coin = flip(side=side)
    with dsl.If(coin.output == "heads"):
        one = say(text="won")
    with dsl.Elif(coin.output == "tails"):
        two = say(text="lost", times=1)
    with dsl.Else():
        three = say(text="edge", times=3)
    with dsl.If(factor > 0.9):
        say(text="never")
    chosen = dsl.OneOf(one.outputs["Output"], two.outputs["Output"], three.outputs["Output"])
    say(text=chosen).set_caching_options(False).set_retry(2, backoff_duration="1s").set_display_name("Say it")
    return chosen


@dsl.pipeline
def twice(start: int) -> int:
    once = add(a=start)
    return add(a=once.output, b=1, note="xy").output


@dsl.pipeline(name="control")
def control(upto: int = 3):
    made = numbers(upto=upto)
    with dsl.ParallelFor(made.output, parallelism=2) as n:
        first = add(a=n)
        second = twice(start=first.output)
        with dsl.If(first.output > 10):
            add(a=first.output, b=100)
    total(values=dsl.Collected(second.output))
    with dsl.ParallelFor([1, 3]) as outer:
        with dsl.ParallelFor([10, 20]) as inner:
            nested = add(a=outer, b=inner)
    lines(values=dsl.Collected(nested.output))
    with dsl.ParallelFor([{"a": 1, "b": 2}, {"a": 3, "b": 4}]) as pair:
        add(a=pair.a, b=pair.b)


@dsl.component
def fails(message: str):
    raise RuntimeError(message)


@dsl.component
def tell(text: str, status: PipelineTaskFinalStatus) -> str:
    return f"{text}: {status.state} {status.pipeline_task_name}"


@dsl.pipeline(name="leaving")
def leaving(message: str = "broken", fail: bool = True):
    bye = tell(text="bye")
    with dsl.ExitHandler(bye, name="work"):
        say(text="begin")
        with dsl.If(fail == True):  # noqa: E712 - as KFP wants it
            fails(message=message)


# What programs and files need: containers, an importer, every kind of output.


@dsl.container_component
def count_words(text: str, out: dsl.OutputPath(int), prefix: Optional[str] = None):
    return dsl.ContainerSpec(
        image="busybox:1",
        command=["sh", "-c", 'mkdir -p "$(dirname "$1")"; printf %s "$0" | wc -w | tr -d " \\n" > "$1"; echo "$@"'],
        args=[
            text,
            out,
            dsl.ConcatPlaceholder(["text=", text]),
            dsl.IfPresentPlaceholder("prefix", then=["--prefix", prefix], else_=["--none"]),
        ],
    )


@dsl.container_component
def copy_lines(source: Input[Dataset], copy: Output[Dataset]):
    return dsl.ContainerSpec(
        image="busybox:1",
        command=["sh", "-c", 'mkdir -p "$(dirname "$1")" && tr a-z A-Z < "$0" > "$1"'],
        args=[source.path, copy.path],
    )


@dsl.component
def write_lines(data: Output[Dataset], text: str, plain: OutputPath("Plain")):
    with open(data.path, "w") as file:
        file.write(text)
    with open(plain, "w") as file:
        file.write(text[::-1])


@dsl.component
def read_lines(data: Input[Dataset], plain: InputPath("Plain"), name: str, run: str) -> NamedTuple(
    "Made", [("text", str), ("parts", dict), ("flag", bool)]
):
    from collections import namedtuple

    with open(data.path) as file, open(plain) as other:
        text = file.read()
        made = namedtuple("Made", ["text", "parts", "flag"])
        return made(text, {"plain": other.read(), "name": name, "has_run": bool(run)}, text.isupper())


@dsl.component
def report(metrics: Output[Metrics], curve: Output[ClassificationMetrics], page: Output[HTML], notes: Output[Markdown]):
    metrics.log_metric("loss", 0.25)
    metrics.metadata["kind"] = "test"
    curve.log_confusion_matrix(["a", "b"], [[3, 1], [0, 4]])
    curve.log_roc_curve([0.0, 1.0], [0.0, 1.0], [1.0, 0.0])
    with open(page.path, "w") as file:
        file.write("<h1>Report</h1>")
    with open(notes.path, "w") as file:
        file.write("# Report")


@dsl.component
def fold(folder: Output[Dataset]):
    import os

    os.makedirs(os.path.join(folder.path, "deep"))
    for name in ("a.txt", "deep/b.txt"):
        with open(os.path.join(folder.path, name), "w") as file:
            file.write(name)


@dsl.component
def unfold(folder: Input[Dataset], file: Input[Dataset]) -> List[str]:
    import os

    found = sorted(
        os.path.join(at, name)[len(folder.path) + 1 :] for at, _, names in os.walk(folder.path) for name in names
    )
    with open(file.path) as opened:
        return [*found, opened.read()]


@dsl.pipeline(name="things")
def things(text: str = "some words here", where: str = "imported.txt"):
    count_words(text=text, prefix="p")
    written = write_lines(text=text)
    copied = copy_lines(source=written.outputs["data"])
    read_lines(
        data=copied.outputs["copy"],
        plain=written.outputs["plain"],
        name=dsl.PIPELINE_JOB_NAME_PLACEHOLDER,
        run=f"run {dsl.PIPELINE_JOB_ID_PLACEHOLDER}",
    ).set_cpu_limit("1").set_memory_limit("1G").set_env_variable("MODE", "test")
    report()
    brought = dsl.importer(artifact_uri=where, artifact_class=Dataset, reimport=False)
    unfold(folder=fold().output, file=brought.output)


@dsl.pipeline(name="passing")
def passing(text: str = "some words"):
    written = write_lines(text=text)
    read_lines(data=written.outputs["data"], plain=written.outputs["plain"], name="n", run="")
    report()
    unfold(folder=fold().output, file=written.outputs["data"])


@dsl.component(packages_to_install=["surely-not-installed-anywhere>=7"])
def wants_more() -> int:
    return 1


@dsl.pipeline(name="wants")
def wants():
    wants_more()


CELLS = (("parameters", "n = 1"), ("", "print('n is', n, flush=True)\nassert n == 5"))


def notebook() -> str:
    """The path of a notebook that is embedded."""
    made = {"metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}}
    empty = {"cell_type": "code", "outputs": [], "execution_count": None}
    cells = [
        {**empty, "id": f"c{at}", "metadata": {"tags": [tag] if tag else []}, "source": source}
        for at, (tag, source) in enumerate(CELLS)
    ]
    path = Path(tempfile.mkdtemp(), "work.ipynb")
    path.write_text(json.dumps({**made, "cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    return str(path)


@dsl.notebook_component(notebook_path=notebook())
def whole_notebook(n: int):
    dsl.run_notebook(n=n)


@dsl.pipeline(name="notebooks")
def notebooks(n: int = 5):
    whole_notebook(n=n)


FILES = {
    "notebooks": notebooks,
    "iris": iris_classifier,
    "choosing": choosing,
    "control": control,
    "leaving": leaving,
    "things": things,
    "passing": passing,
    "wants": wants,
}

# What `kfp.local` can run as it is: the others need Docker, or libraries that its environment has not got.
LOCAL = ("control", "choosing", "leaving", "passing")


def made_by_kfp(name: str) -> dict[str, list]:
    """What each task of a pipeline gives where `kfp.local` runs it: its values, those of all rounds of loops."""
    with tempfile.TemporaryDirectory() as folder:
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=folder, raise_on_error=False)
        FILES[name]()
        found: dict[str, list] = {}
        for path in sorted(Path(folder).rglob("executor_output.json")):
            values = json.loads(path.read_text()).get("parameterValues", {})
            found.setdefault(path.parent.name, []).append(values)
        return {task: sorted(values, key=json.dumps) for task, values in found.items()}


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1:] == ["expected"]:
        expected = {name: made_by_kfp(name) for name in LOCAL}
        (here / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    else:
        for name, made in FILES.items():
            compiler.Compiler().compile(made, str(here / f"{name}.yaml"))
        # Run without installing kfp, which is there: the functions are the same.
        subprocess.run([sys.executable, __file__, "expected"], check=True, env={**os.environ, "INSTALLED": "1"})
