"""`schedule` and `schedules`: runs that start by themselves."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser, pairs, positive
from jupyter_mlops.cli.places import add_place, add_target, place_of
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.errors import Usage

_ACTIONS = ("list", "pause", "resume", "delete", "next", "start")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def _schedule_arguments(parser: VerbParser) -> None:
    parser.add_notebook("a notebook, a pipeline .py, or a compiled plan")
    parser.add_argument("--cron", metavar="TIMES", help='minute hour day month weekday, as in "0 6 * * 1-5"')
    parser.add_argument("--timezone", default="UTC", metavar="ZONE", help="such as Europe/Berlin; default: UTC")
    parser.add_argument("--name", default="", metavar="NAME", help="default: the name of the file")
    parser.add_argument(
        "-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="set a parameter; may be repeated"
    )
    parser.add_argument("--experiment", default="", metavar="E", help="the experiment that the runs belong to")
    parser.add_argument("--no-cache", dest="cache", action="store_false", help="run every step each time")
    parser.add_argument("--parallel", metavar="N", type=positive, help="steps at once")
    parser.add_argument(
        "--overlap",
        default="forbid",
        choices=("forbid", "allow", "replace"),
        metavar="WHAT",
        help="when the run before is not over: forbid (start none), allow, or replace (cancel it first)",
    )
    parser.add_argument(
        "--catch-up",
        type=_seconds,
        default=600,
        metavar="TIME",
        help="how late a run may start; default: 10m",
    )
    parser.add_argument(
        "--keep", type=positive, default=10, metavar="N", help="how many runs the cluster keeps; default: 10"
    )
    parser.add_argument("--paused", action="store_true", help="start none until `schedules resume NAME`")
    parser.add_argument("--replace", action="store_true", help="make a schedule of that name anew")
    add_target(parser)


def _seconds(word: str) -> int:
    found = re.fullmatch(r"([0-9]{1,7})([smhd]?)", word)
    if not found:
        raise ArgumentTypeError(f"{word!r} is not a time, such as 10m")
    return int(found[1]) * _UNITS[found[2]]


def _schedule(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.schedules import schedule

    return schedule(
        session.notebook(options.notebook),
        cron=options.cron or "",
        timezone=options.timezone,
        name=options.name,
        params=dict(pairs(options.param, "-p")),
        experiment=options.experiment,
        cache=options.cache,
        parallel=options.parallel,
        overlap=options.overlap,
        catch_up=options.catch_up,
        keep=options.keep,
        paused=options.paused,
        replace=options.replace,
        target=options.target,
        **place_of(options),
    )


def _schedules_arguments(parser: VerbParser) -> None:
    parser.add_argument(
        "action",
        type=_action,
        nargs="?",
        default="list",
        metavar="list|pause|resume|delete|next|start",
        help="what there is; start no more runs; start them again; remove; when it is due; start a run now",
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="which schedule")
    parser.add_argument("--runs", action="store_true", help="delete: its runs, too")
    parser.add_argument("--count", type=positive, default=10, metavar="N", help="next: so many times; default: 10")
    add_place(parser, image=False)


def _action(word: str) -> str:
    if word not in _ACTIONS:
        raise Usage(f"`schedules` cannot {word!r}.", hint=f"It does {', '.join(_ACTIONS)}.")
    return word


def _schedules(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.verbs import schedules

    project, name, action = Project.find(), options.name, options.action
    place = {"context": options.context, "namespace": options.namespace}
    if action == "list":
        return schedules.list_schedules(project, **place)
    if not name:
        raise Usage("Which schedule?", hint="`jupyter mlops schedules` lists them.")
    if action == "delete":
        return schedules.delete_schedule(project, name, runs=options.runs, **place)
    if action == "next":
        return schedules.next_times(project, name, count=options.count, **place)
    if action == "start":
        return schedules.start_now(project, name, **place)
    return schedules.pause(project, name, paused=action == "pause", **place)


def _lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.schedules import schedule_lines

    return schedule_lines(result, style)


VERBS = (
    Verb(
        name="schedule",
        examples=(
            'analysis.ipynb --cron "0 6 * * 1-5" --timezone Europe/Berlin --target kubernetes',
            "report.ipynb --cron @daily --name nightly -p region=eu --overlap replace",
        ),
        arguments=_schedule_arguments,
        call=_schedule,
        data=dict,
        lines=_lines,
    ),
    Verb(
        name="schedules",
        examples=("", "pause nightly", "next nightly --count 5", "start nightly", "delete nightly --runs"),
        arguments=_schedules_arguments,
        call=_schedules,
        data=dict,
        lines=_lines,
    ),
)
