"""`runs`, `show`, `logs`, `diff`, `cancel`, `delete`, `export`: what is asked of runs that were."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser, positive
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import bytes_text


def add_run(parser: VerbParser, name: str = "run", **options: Any) -> None:
    """A run given by its id, the start of it, or `last`."""
    help_text = "a run, by its id or the start of it; `last` is the newest"
    parser.add_argument(name, metavar="RUN", help=options.pop("help", help_text), **options)


def add_last_run(parser: VerbParser) -> None:
    """A run that may be left out: the newest."""
    add_run(parser, nargs="?", default="last", help="a run, by its id or the start or end of it; default: the newest")


def _runs_arguments(parser: VerbParser) -> None:
    parser.add_argument("query", nargs="?", default="", metavar="QUERY", help="what to find; default: all runs")
    parser.add_argument("--order-by", metavar="WHAT", help="for example 'metrics.acc desc'; default: newest first")
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="at most so many; default: 50")


def _runs(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.runs import list_runs

    return list_runs(options.query, order_by=options.order_by, limit=options.limit)


def _runs_lines(result: Any, style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.runs import runs_lines

    return runs_lines(rows_of(result), style)


def rows_of(result: Any) -> list[Mapping[str, Any]]:
    """The rows of a list of runs, whether it is a list or `{"runs": [...]}`."""
    return list(result["runs"] if isinstance(result, Mapping) else result)


def _show_arguments(parser: VerbParser) -> None:
    add_last_run(parser)
    help_text = "where a value of the run is, by its name or the start of its digest; it is fetched if need be"
    parser.add_argument("--value", metavar="NAME", help=help_text)


def _show(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.runs import show

    if options.value:
        from jupyter_mlops.verbs.remote import fetch

        return fetch(options.run, options.value)
    return show(options.run)


def _show_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.summary import show_lines

    if "path" in result:
        return iter([f"{result['name']} is here, {bytes_text(result['bytes'])}: {result['path']}"])
    return show_lines(result, style)


def _logs_arguments(parser: VerbParser) -> None:
    add_last_run(parser)
    parser.add_argument("step", nargs="?", metavar="STEP", help="only this step")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run is over")


def _logs(options: Namespace, session: Session) -> Any:
    from jupyter_mlops.verbs.runs import follow_logs, logs

    if not options.follow:
        return logs(options.run, options.step)
    kept: list[str] = []
    try:
        for text in follow_logs(options.run, options.step, stop=session.stop):
            kept.append(text) if options.json else session.write(text)
    except KeyboardInterrupt:
        session.stop.set()
    return "".join(kept)


def _logs_data(result: Any) -> dict[str, Any]:
    return dict(result) if isinstance(result, Mapping) else {"log": result}


def _logs_lines(result: Any, style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.runs import log_lines

    return log_lines(result, style)


def _diff_arguments(parser: VerbParser) -> None:
    add_run(parser, "run")
    add_run(parser, "other", help="the run to compare it with")


def _diff(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.runs import diff

    return diff(options.run, options.other)


def _diff_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.diff import diff_lines

    return diff_lines(result, style)


def _cancel(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.runs import cancel

    return cancel(options.run)


def _cancel_lines(result: Mapping[str, Any], _style: Style) -> Iterator[str]:
    yield f"Run {result['run']}: {result.get('state', 'asked to stop')}."


def _delete_arguments(parser: VerbParser) -> None:
    add_run(parser, "run", nargs="+", help="runs, by their ids or the start of them")
    parser.add_argument("--here", action="store_true", help="only what is here of a run that is driven elsewhere")


def _delete(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.runs import delete

    return {"deleted": [delete(run, here=options.here) for run in options.run]}


def _delete_lines(result: Mapping[str, Iterable[Any]], _style: Style) -> Iterator[str]:
    for item in result["deleted"]:
        yield f"Deleted {item['run'] if isinstance(item, Mapping) else item}."


def _export_arguments(parser: VerbParser) -> None:
    add_run(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the archive to write (.zip)")


def _export(options: Namespace, _session: Session) -> Any:
    from jupyter_mlops.verbs.runs import export

    return export(options.run, output=options.output)


def _export_lines(result: Mapping[str, Any], _style: Style) -> Iterator[str]:
    yield f"Wrote {result['output']}."


VERBS = (
    Verb(
        name="runs",
        examples=("", "\"metrics.acc > 0.9 and params.model = 'rf'\" --order-by 'metrics.acc desc'"),
        arguments=_runs_arguments,
        call=_runs,
        data=lambda result: {"runs": rows_of(result)},
        lines=_runs_lines,
    ),
    Verb(
        name="show",
        examples=("", "0192f3a4", "last --value model.pkl"),
        arguments=_show_arguments,
        call=_show,
        data=dict,
        lines=_show_lines,
    ),
    Verb(
        name="logs",
        examples=("", "last train -f"),
        arguments=_logs_arguments,
        call=_logs,
        data=_logs_data,
        lines=_logs_lines,
    ),
    Verb(
        name="diff",
        examples=("0192f3a4 last",),
        arguments=_diff_arguments,
        call=_diff,
        data=dict,
        lines=_diff_lines,
    ),
    Verb(name="cancel", examples=("last",), arguments=add_run, call=_cancel, data=dict, lines=_cancel_lines),
    Verb(
        name="delete",
        examples=("0192f3a4", "0192f3a4 0192f3b7"),
        arguments=_delete_arguments,
        call=_delete,
        data=dict,
        lines=_delete_lines,
    ),
    Verb(
        name="export",
        examples=("last -o run.zip",),
        arguments=_export_arguments,
        call=_export,
        data=dict,
        lines=_export_lines,
    ),
)
