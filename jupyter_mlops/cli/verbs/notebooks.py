"""`check`, `convert`, `graph`, `compile`: what is asked of a notebook without running it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser, pairs
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.notebook.diagnostics.diagnostic import Diagnostic

_BY = ("auto", "metadata", "headings", "cells", "kale")


@dataclass(frozen=True)
class Checked:
    """The diagnostics of one notebook."""

    path: str
    diagnostics: Sequence[Diagnostic]


@dataclass(frozen=True)
class Drawn:
    """A graph, and the file that its picture was written to, if any."""

    graph: Mapping[str, Any]
    svg: str = ""


def add_by(parser: VerbParser) -> None:
    """`--by`: what makes the steps of a notebook without metadata."""
    parser.add_argument(
        "--by", default="auto", choices=_BY, metavar="WHAT", help="what makes the steps: auto, headings, cells or kale"
    )


def _check_arguments(parser: VerbParser) -> None:
    parser.add_notebook("a notebook, a pipeline .py, or a compiled plan")
    add_by(parser)


def _check(options: Namespace, session: Session) -> Checked:
    from jupyter_mlops.verbs.check import check

    path = session.notebook(options.notebook)
    return Checked(path, check(path, by=options.by))


def _check_data(result: Checked) -> dict[str, Any]:
    return {"diagnostics": [asdict(item) for item in result.diagnostics]}


def _check_lines(result: Checked, style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.diagnostics import diagnostic_lines

    return diagnostic_lines(result.diagnostics, result.path, style)


def _check_code(result: Checked) -> int:
    return int(any(item.severity == "error" for item in result.diagnostics))


def _convert_arguments(parser: VerbParser) -> None:
    parser.add_notebook()
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write; default: into the notebook itself")
    add_by(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change and write nothing")


def _convert(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.convert import convert

    path = session.notebook(options.notebook)
    return convert(path, output=options.output, by=options.by, dry_run=options.dry_run)


def _convert_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.notebooks import conversion_lines

    return conversion_lines(result, style)


def _graph_arguments(parser: VerbParser) -> None:
    parser.add_notebook("a notebook, a pipeline file or a run")
    parser.add_argument("--svg", metavar="FILE", help="also write the picture to FILE")


def _graph(options: Namespace, session: Session) -> Drawn:
    from jupyter_mlops.verbs.graph import graph

    drawn = graph(session.notebook(options.notebook))
    if options.svg:
        from jupyter_mlops.verbs.output_files import write_output
        from jupyter_mlops.widgets.svg import graph_svg

        write_output(options.svg, graph_svg(drawn))
    return Drawn(drawn, options.svg or "")


def _graph_data(result: Drawn) -> dict[str, Any]:
    return {**result.graph, **({"svg": result.svg} if result.svg else {})}


def _graph_lines(result: Drawn, style: Style) -> Iterator[str]:
    from jupyter_mlops.widgets.text import graph_lines

    yield from graph_lines(result.graph, unicode=style.unicode)
    if result.svg:
        yield f"Picture: {result.svg}"


def _compile_arguments(parser: VerbParser) -> None:
    parser.add_notebook("a notebook or a pipeline .py")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the plan as JSON; for others, YAML")
    parser.add_argument(
        "--target", default="local", metavar="T", help="what will run it: local (default), kfp, kubernetes, argo"
    )
    parser.add_argument("--image", default="", metavar="I", help="the image of steps that name none")
    parser.add_argument("--namespace", default="", metavar="N", help="kubernetes: where the run will be")
    parser.add_argument(
        "-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="kubernetes: a parameter of the run"
    )


def _compile(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs import compile as plan

    return plan.compile(
        session.notebook(options.notebook),
        output=options.output,
        target=options.target,
        image=options.image,
        namespace=options.namespace,
        params=dict(pairs(options.param, "-p")),
    )


def _compile_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    yield f"Wrote {result['output']}: {result.get('steps', '?')} steps for the target {result.get('target', 'local')}."
    if "code" in result:
        # A plain `apply` keeps a copy of each object in an annotation, which has not the room.
        how = "apply --server-side" if result.get("target") == "argo" else "apply"
        yield style.dim(f"Its pods mount what is in {result['code']}: kubectl {how} -n NAMESPACE -f {result['code']}")
        if "claim" in result:
            yield style.dim(f"Where they have no volume yet: kubectl create -n NAMESPACE -f {result['claim']}")
            yield style.dim(f"Then run it: kubectl create -n NAMESPACE -f {result['output']}")
        else:
            yield style.dim(f"Then upload {result['output']} to Kubeflow Pipelines.")
    elif "objects" in result:
        yield style.dim(f"Run it: kubectl apply -f {result['output']}")
        yield style.dim(f"It is the run {result['run']} in the namespace {result['namespace']}.")
    else:
        yield style.dim(f"Run it: jupyter mlops run {result['output']}")


VERBS = (
    Verb(
        name="check",
        examples=("analysis.ipynb", "analysis.ipynb --json"),
        arguments=_check_arguments,
        call=_check,
        data=_check_data,
        lines=_check_lines,
        exit_code=_check_code,
    ),
    Verb(
        name="convert",
        examples=("analysis.ipynb --dry-run", "kale.ipynb -o steps.ipynb --by kale"),
        arguments=_convert_arguments,
        call=_convert,
        data=dict,
        lines=_convert_lines,
    ),
    Verb(
        name="graph",
        examples=("analysis.ipynb", "analysis.ipynb --svg graph.svg"),
        arguments=_graph_arguments,
        call=_graph,
        data=_graph_data,
        lines=_graph_lines,
    ),
    Verb(
        name="compile",
        examples=("analysis.ipynb -o plan.json", "analysis.ipynb -o analysis.yaml --target kfp --image python:3.12"),
        arguments=_compile_arguments,
        call=_compile,
        data=dict,
        lines=_compile_lines,
    ),
)
