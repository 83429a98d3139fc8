"""`store`, `doctor`: keeping the store and the installation sound."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style


def _store_arguments(parser: VerbParser) -> None:
    parser.add_argument(
        "action", choices=("gc", "rebuild"), metavar="gc|rebuild", help="free space, or rebuild the index from events"
    )


def _store(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs import store

    return store.gc() if options.action == "gc" else store.rebuild()


def _store_lines(result: Mapping[str, Any], _style: Style) -> Iterator[str]:
    for name, value in result.items():
        yield f"{name.replace('_', ' ')}: {value}"


def _doctor_arguments(parser: VerbParser) -> None:
    """It takes none."""


def _doctor(_options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.doctor import doctor

    return [asdict(finding) for finding in doctor()]


def _doctor_lines(result: Sequence[Mapping[str, Any]], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.diagnostics import doctor_lines

    return doctor_lines(result, style)


VERBS = (
    Verb(
        name="store",
        examples=("gc", "rebuild"),
        arguments=_store_arguments,
        call=_store,
        data=dict,
        lines=_store_lines,
    ),
    Verb(
        name="doctor",
        examples=("", "--json"),
        arguments=_doctor_arguments,
        call=_doctor,
        data=lambda result: {"checks": list(result)},
        lines=_doctor_lines,
        exit_code=lambda result: int(any(item["ok"] is False for item in result)),
    ),
)
