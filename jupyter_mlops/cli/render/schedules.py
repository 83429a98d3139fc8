"""Schedules: when they are due, and what became of the last time. All of it is text of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.style import Style
from jupyter_mlops.widgets.states import plain


def schedule_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    """What `schedule` and `schedules` answered."""
    if "schedules" in result:
        yield from _all(result["schedules"], style)
    elif "deleted" in result:
        runs = result["runs"]
        yield f"Deleted the schedule {plain(result['deleted'])}" + (f" and {len(runs)} of its runs." if runs else ".")
    elif "started" in result:
        yield f"The schedule {plain(result['started'])} starts a run now (Job {plain(result['job'])})."
    elif "cron" in result:
        yield from _one(result, style)
    else:
        yield from map(plain, result["next"])


def _all(found: list[Mapping[str, Any]], style: Style) -> Iterator[str]:
    if not found:
        yield "There are no schedules."
        yield style.dim('Make one: jupyter mlops schedule NB --cron "0 6 * * 1-5" --target kubernetes')
    for item in found:
        yield from _one(item, style)


def _one(item: Mapping[str, Any], style: Style) -> Iterator[str]:
    state = "failed" if item["problem"] else "pending" if item["paused"] else "succeeded"
    when = f"{plain(item['cron'])} {plain(item['timezone'])}" + ("  paused" if item["paused"] else "")
    where = style.dim(f"{plain(item['namespace'])} in {plain(item['context'])}")
    yield f"{style.icon(state)} {style.bold(plain(item['schedule']))}  {when}  {where}"
    if item["problem"]:
        yield f"    The last time no run was made: {plain(item['problem'])}"
    if item["next"]:
        yield f"    next  {', '.join(map(plain, item['next']))}"
    if item["last"]:
        yield f"    last  {plain(item['last'])}"
    if item["runs"]:
        going_on = f", {len(item['active'])} of them going on" if item["active"] else ""
        yield f"    runs  {len(item['runs'])} in the cluster{going_on}; the newest is {plain(item['runs'][-1])}"
