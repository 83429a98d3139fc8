"""`attach`, `fetch`: runs that are driven elsewhere."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.cli.verbs.history import add_last_run, add_run
from jupyter_mlops.cli.verbs.running import summary_code
from jupyter_mlops.widgets.states import bytes_text


def _attach(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.remote import attach

    with session.progress() as on_event:
        return attach(options.run, on_event=on_event, stop=session.stop)


def _attach_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.summary import summary_lines

    return summary_lines(result, style)


def _fetch_arguments(parser: VerbParser) -> None:
    add_run(parser)
    parser.add_argument("name", metavar="NAME", help="an artifact of the run, by its name or the start of its digest")


def _fetch(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.remote import fetch

    return fetch(options.run, options.name)


def _fetch_lines(result: Mapping[str, Any], _style: Style) -> Iterator[str]:
    yield f"{result['name']} is here, {bytes_text(result['bytes'])}: {result['path']}"


VERBS = (
    Verb(
        name="attach",
        examples=("", "0192f3a4"),
        arguments=add_last_run,
        call=_attach,
        data=dict,
        lines=_attach_lines,
        exit_code=summary_code,
    ),
    Verb(
        name="fetch",
        examples=("last model.pkl",),
        arguments=_fetch_arguments,
        call=_fetch,
        data=dict,
        lines=_fetch_lines,
    ),
)
