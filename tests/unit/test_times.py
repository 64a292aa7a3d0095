from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import timefmt

NOW = datetime(2026, 11, 23, 2, 4, 5, tzinfo=UTC)
InZone = Callable[[str], None]


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[InZone]:
    def choose(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield choose
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (0, "0s"), (12.9, "12s"), (59, "59s"), (60, "1 min"), (299, "4 min"), (1799, "29 min"),
        (3599, "59 min"), (3600, "1 h"),
        (86399, "23 h"), (86400, "1 d"), (11 * 86400, "11 d"), (400 * 86400, "400 d"), (-1, "in the future"),
    ],
)  # fmt: skip
def test_ages_are_one_short_word(seconds: float, word: str) -> None:
    assert timefmt.age(NOW - timedelta(seconds=seconds), NOW) == word


@pytest.mark.parametrize(
    ("minutes", "word"),
    [
        (0, "0s"),
        (9, "9 min"),
        (10, "10+ min"),
        (14, "10+ min"),
        (15, "15+ min"),
        (59, "55+ min"),
        (60, "1 h"),
    ],
)
def test_a_list_at_rest_shows_ages_in_steps(minutes: int, word: str) -> None:
    assert timefmt.rough_age(NOW - timedelta(minutes=minutes), NOW) == word


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"), (59, "59s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (10560, "2 h 56 min"),
        (86400, "1 d"), (100800, "1 d 4 h"), (-5, "0s"),
    ],
)  # fmt: skip
def test_a_span_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert timefmt.span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(42, "42s"), (720, "12 min"), (3600, "1 h"), (15300, "4h15m"), (100 * 86400 - 1, "99d23h")],
)
def test_a_span_of_two_units_is_short_enough_for_a_column(seconds: float, words: str) -> None:
    assert timefmt.short_span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (40, "40s"), (60, "1 min"), (2065, "35 min"), (14_401, "4 h 1 min")]
)
def test_what_is_lost_is_never_said_to_be_less(seconds: float, words: str) -> None:
    assert timefmt.span(timefmt.upward(timedelta(seconds=seconds))) == words


def test_an_age_as_a_phrase() -> None:
    assert timefmt.ago(NOW - timedelta(minutes=4), NOW) == "4 min ago"
    assert timefmt.ago(NOW + timedelta(minutes=4), NOW) == "in the future"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0:00"), (0, "0:00"), (42.9, "0:42"), (723, "12:03"), (3723, "1:02:03"), (90000, "25:00:00")],
)
def test_durations_read_like_a_stopwatch(seconds: float, words: str) -> None:
    assert timefmt.elapsed(timedelta(seconds=seconds)) == words


def test_local_and_utc_stand_side_by_side(in_zone: InZone) -> None:
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    assert timefmt.local(NOW) == "2026-11-23 03:04"
    assert timefmt.both(NOW) == "2026-11-23 03:04 (02:04 UTC)"


def test_the_utc_day_is_named_where_it_differs(in_zone: InZone) -> None:
    in_zone("XYZ+5")
    assert timefmt.both(NOW) == "2026-11-22 21:04 (2026-11-23 02:04 UTC)"
    in_zone("XYZ-13:45")
    assert timefmt.both(NOW.replace(hour=12)) == "2026-11-24 01:49 (2026-11-23 12:04 UTC)"


def test_seconds_are_named_where_they_are_asked_for_and_there(in_zone: InZone) -> None:
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    assert timefmt.both(NOW, with_seconds=True) == "2026-11-23 03:04:05 (02:04:05 UTC)"
    assert timefmt.both(NOW.replace(second=0), with_seconds=True) == timefmt.both(NOW)
    assert timefmt.utc(NOW) == "2026-11-23 02:04Z"


def test_a_machine_that_lives_in_utc_says_it_once(in_zone: InZone) -> None:
    in_zone("UTC0")
    assert timefmt.both(NOW) == "2026-11-23 02:04 UTC"


def test_greenwich_in_winter_says_it_once_and_in_summer_twice(in_zone: InZone) -> None:
    in_zone("GMT0BST,M3.5.0/1,M10.5.0")
    assert timefmt.both(NOW) == "2026-11-23 02:04 UTC"
    assert timefmt.both(NOW.replace(month=7)) == "2026-07-23 03:04 (02:04 UTC)"


def test_the_hour_that_comes_twice_is_told_apart_by_utc(in_zone: InZone) -> None:
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert timefmt.both(first) == "2026-10-25 02:30 (00:30 UTC)"
    assert timefmt.both(first + timedelta(hours=1)) == "2026-10-25 02:30 (01:30 UTC)"


def test_the_hour_that_never_comes_is_jumped_over(in_zone: InZone) -> None:
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert timefmt.local(before) == "2026-03-29 01:59"
    assert timefmt.local(before + timedelta(minutes=1)) == "2026-03-29 03:00"


def test_ages_across_a_change_of_clocks_count_real_hours(in_zone: InZone) -> None:
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    before = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    assert timefmt.age(before.astimezone(), (before + timedelta(hours=3)).astimezone()) == "3 h"


def test_other_zones_are_understood(in_zone: InZone) -> None:
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-8)))
    assert timefmt.both(elsewhere) == timefmt.both(NOW)


@pytest.mark.parametrize("zone", ["CET-1", "XYZ+11", "UTC0"])
def test_the_first_and_the_last_day_do_not_end_the_program(in_zone: InZone, zone: str) -> None:
    in_zone(zone)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert "00:00 UTC" in timefmt.both(first)
    assert timefmt.both(first).startswith("0001-01-01")
    assert "23:59 UTC" in timefmt.both(last)
    assert timefmt.both(last).startswith("9999-12-31")
    assert timefmt.local(datetime(1753, 1, 1, 12, tzinfo=UTC)).startswith("1753-01-01")


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_any_two_times_have_an_age(then: datetime, now: datetime) -> None:
    assert len(timefmt.age(then, now)) <= 13
    assert f"{then.year:04}-" in timefmt.both(then)
