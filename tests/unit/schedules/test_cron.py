"""Cron expressions, against the rules of Kubernetes and a slow search minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlops.errors import Usage
from jupyter_mlops.schedules.cron import Cron, read_cron
from jupyter_mlops.schedules.zones import read_zone

UTC = UTC
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana"]


def following(text: str, after: str, zone: str = "UTC", count: int = 3) -> list[str]:
    start = datetime.fromisoformat(after)
    start = start if start.tzinfo else start.replace(tzinfo=ZoneInfo(zone))
    return [time.isoformat() for time in islice(read_cron(text).times(start, ZoneInfo(zone)), count)]


@pytest.mark.parametrize(
    ("text", "after", "zone", "times"),
    [
        ("0 6 * * 1-5", "2026-11-20T07:00", "UTC", ["2026-11-23T06:00:00+00:00", "2026-11-24T06:00:00+00:00"]),
        ("*/20 * * * *", "2026-01-01T00:00", "UTC", ["2026-01-01T00:20:00+00:00", "2026-01-01T00:40:00+00:00"]),
        ("5/30 3 * * *", "2026-01-01T00:00", "UTC", ["2026-01-01T03:05:00+00:00", "2026-01-01T03:35:00+00:00"]),
        ("@monthly", "2026-01-01T00:00", "UTC", ["2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00", "UTC", ["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"]),
        ("0 0 29 2 *", "2097-01-01T00:00", "UTC", ["2104-02-29T00:00:00+00:00", "2108-02-29T00:00:00+00:00"]),
        # One of the two days is enough, unless one of them is left open.
        ("0 0 13 * FRI", "2026-11-10T00:00", "UTC", ["2026-11-13T00:00:00+00:00", "2026-11-20T00:00:00+00:00"]),
        ("0 0 */10 * sun", "2026-11-01T12:00", "UTC", ["2026-11-08T00:00:00+00:00", "2026-11-11T00:00:00+00:00"]),
        ("0 0 13 * *", "2026-11-14T00:00", "UTC", ["2026-12-13T00:00:00+00:00", "2027-01-13T00:00:00+00:00"]),
        # As Kubernetes' own tests have it: a time that is skipped does not come, one that is there twice does.
        (
            "30 2 11 Mar ?",
            "2012-03-11T00:00:00-05:00",
            "America/New_York",
            ["2013-03-11T02:30:00-04:00", "2014-03-11T02:30:00-04:00"],
        ),
        (
            "30 1 4 11 ?",
            "2012-11-04T00:00:00-04:00",
            "America/New_York",
            ["2012-11-04T01:30:00-04:00", "2012-11-04T01:30:00-05:00"],
        ),
    ],
)
def test_the_next_times_of(text: str, after: str, zone: str, times: list[str]) -> None:
    assert following(text, after, zone, len(times)) == times


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 fields"),
        ("0 6 * *", "4 fields"),
        ("0 0 6 * * 1", "6 fields"),
        ("60 * * * *", "'60' cannot be the minute"),
        ("* 24 * * *", "'24' cannot be the hour"),
        ("* * 0 * *", "'0' cannot be the day of the month"),
        ("* * * JANUARY *", "'JANUARY' cannot be the month"),
        ("* * * * 7", "'7' cannot be the day of the week"),
        ("* * * * 5-1", "5 comes after 1"),
        ("*/0 * * * *", "at least 1"),
        ("1,,2 * * * *", "'' cannot be the minute"),
        ("-1 * * * *", "'-1' cannot be the minute"),
        ("٣ * * * *", "cannot be the minute"),
        ("@every 5m", "'@every 5m' is no schedule"),
        ("TZ=UTC 0 6 * * *", "6 fields"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_way_out(text: str, said: str) -> None:
    with pytest.raises(Usage, match=said.replace("*", r"\*")) as refused:
        read_cron(text)
    assert refused.value.hint


def test_a_day_that_a_month_lacks_may_come_by_its_weekday() -> None:
    assert following("0 0 30 2 1", "2026-02-01T00:00", count=1) == ["2026-02-02T00:00:00+00:00"]


@pytest.mark.parametrize(("name", "near"), [("Berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin")])
def test_a_zone_that_is_not_there_is_named_with_a_similar_one(name: str, near: str) -> None:
    with pytest.raises(Usage, match="no time zone") as refused:
        read_zone(name)
    assert near in refused.value.hint


@pytest.mark.parametrize(
    "name", ["", "Local", "localtime", "../etc/passwd", "/etc/localtime", "Europe", "x" * 9000, "\0"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(Usage, match="no time zone"):
        read_zone(name)


def _part(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    base = st.one_of(st.just("*"), number.map(str), span)
    step = st.one_of(st.just(""), st.integers(1, most).map("/{}".format))
    return st.builds(str.__add__, base, step)


def _field(least: int, most: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(_part(least, most), min_size=1, max_size=3).map(",".join))


FIELDS = [_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 6)]
EXPRESSIONS = st.tuples(*FIELDS).map(" ".join)
STARTS = st.integers(0, 10 * 366 * 24 * 60).map(lambda at: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=at))


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, STARTS, st.sampled_from(ZONES))
def test_the_times_are_those_that_a_search_minute_by_minute_finds(text: str, start: datetime, name: str) -> None:
    zone, cron = ZoneInfo(name), read_cron(text)
    minute = start.replace(second=0, microsecond=0)
    slow = [time for at in range(1, 60 * 60) if _due(cron, (time := minute + timedelta(minutes=at)).astimezone(zone))]
    ends = minute + timedelta(minutes=60 * 60)
    quick = []
    for time in cron.times(start, zone):
        if time >= ends:
            break
        quick.append(time.astimezone(UTC))
    assert quick == slow


def _due(cron: Cron, local: datetime) -> bool:
    by_day, by_weekday = local.day in cron.days, local.isoweekday() % 7 in cron.weekdays
    right_day = (by_day and by_weekday) if cron.any_day or cron.any_weekday else (by_day or by_weekday)
    return local.minute in cron.minutes and local.hour in cron.hours and local.month in cron.months and right_day


@given(st.text(max_size=40))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        found = read_cron(text)
    except Usage:
        return
    assert found.minutes
    assert next(found.times(datetime(2026, 1, 1, tzinfo=UTC), UTC))
