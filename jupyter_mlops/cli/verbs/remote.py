"""`attach`: runs that are driven elsewhere."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser
from jupyter_mlops.cli.places import add_place, place_of
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.cli.verbs.history import add_last_run
from jupyter_mlops.cli.verbs.running import summary_code


def _attach_arguments(parser: VerbParser) -> None:
    add_last_run(parser)
    add_place(parser, image=False)


def _attach(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.remote import attach

    with session.progress() as on_event:
        return attach(options.run, given=place_of(options), on_event=on_event, stop=session.stop)


def _attach_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.summary import summary_lines

    return summary_lines(result, style)


VERBS = (
    Verb(
        name="attach",
        examples=("", "0192f3a4"),
        arguments=_attach_arguments,
        call=_attach,
        data=dict,
        lines=_attach_lines,
        exit_code=summary_code,
    ),
)
