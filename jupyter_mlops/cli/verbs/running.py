"""`run`, `verify`, `retry`: the verbs that execute cells."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser, pairs, positive
from jupyter_mlops.cli.places import add_place, add_target, place_of
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.cli.verbs.history import add_last_run
from jupyter_mlops.store.events import Event, known_events


def _add_params(parser: VerbParser) -> None:
    parser.add_argument(
        "-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="set a parameter; may be repeated"
    )


def _add_parallel(parser: VerbParser) -> None:
    parser.add_argument("--parallel", metavar="N", type=positive, help="steps at once; default: one a core")


def _add_attached(parser: VerbParser) -> None:
    parser.add_argument("--attached", action="store_true", help="on a cluster: drive the run from here, not there")


def _run_arguments(parser: VerbParser) -> None:
    parser.add_notebook("a notebook, a pipeline .py, or a compiled plan")
    _add_params(parser)
    add_target(parser)
    parser.add_argument("--experiment", metavar="E", help="the experiment that the run belongs to")
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--from", dest="from_step", metavar="STEP", help="run STEP and what needs it; reuse the rest")
    some.add_argument("--only", metavar="STEP", help="run STEP alone; reuse the rest")
    parser.add_argument("--no-cache", dest="cache", action="store_false", help="run every step, whatever is known")
    _add_parallel(parser)
    _add_attached(parser)
    parser.add_argument("--detach", action="store_true", help="return at once; the run goes on in the background")


def _run(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.run import run

    path = session.notebook(options.notebook)
    params = dict(pairs(options.param, "-p"))
    with session.progress() as on_event:
        return run(
            path,
            params=params,
            target=options.target,
            **place_of(options),
            experiment=options.experiment,
            from_step=options.from_step,
            only=options.only,
            cache=options.cache,
            parallel=options.parallel,
            detach=options.detach,
            attached=options.attached,
            on_event=on_event,
            stop=session.stop,
        )


def _verify_arguments(parser: VerbParser) -> None:
    parser.add_notebook()
    _add_params(parser)
    parser.add_argument("--target", default="local", metavar="T", help="where the pipeline runs; default: local")
    add_place(parser)
    _add_attached(parser)


def _verify(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.verify import verify

    path, params = session.notebook(options.notebook), dict(pairs(options.param, "-p"))
    with session.stoppable():
        return verify(
            path,
            params=params,
            target=options.target,
            **place_of(options),
            attached=options.attached,
            stop=session.stop,
            tell=session.tell,
        )


def _verify_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.notebooks import verification_lines

    return verification_lines(result, style)


def _retry_arguments(parser: VerbParser) -> None:
    add_last_run(parser)
    _add_parallel(parser)
    add_place(parser, image=False)
    _add_attached(parser)


def _retry(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.runs import retry

    with session.progress(_earlier(options.run)) as on_event:
        return retry(
            options.run,
            parallel=options.parallel,
            given={**place_of(options), **({"attached": "true"} if options.attached else {})},
            on_event=on_event,
            stop=session.stop,
        )


def _earlier(run: str) -> Sequence[Event]:
    """What happened in a run until now."""
    from jupyter_mlops.store.events_file import read_run
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.store.run_ids import resolve

    project = Project.find()
    return known_events(read_run(project.run_directory(resolve(project, run))).events)


def _summary_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.summary import summary_lines

    return summary_lines(result, style)


def summary_code(result: Mapping[str, Any]) -> int:
    """0 for a run that succeeded, or that goes on in the background."""
    return int(result["state"] not in ("succeeded", "pending", "running"))


VERBS = (
    Verb(
        name="run",
        examples=("analysis.ipynb", "analysis.ipynb -p depth=4 -p name=rf", "analysis.ipynb --from train --no-cache"),
        arguments=_run_arguments,
        call=_run,
        data=dict,
        lines=_summary_lines,
        exit_code=summary_code,
    ),
    Verb(
        name="verify",
        examples=("analysis.ipynb", "analysis.ipynb -p depth=4"),
        arguments=_verify_arguments,
        call=_verify,
        data=dict,
        lines=_verify_lines,
        exit_code=lambda result: int(not result["same"] or bool(result.get("failure"))),
    ),
    Verb(
        name="retry",
        examples=("", "0192f3a4"),
        arguments=_retry_arguments,
        call=_retry,
        data=dict,
        lines=_summary_lines,
        exit_code=summary_code,
    ),
)
