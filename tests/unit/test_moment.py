"""Typed times: one absolute moment that has passed, or a sentence that says why not and what is clear."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.moment import Moment, MomentError, longest_moment, parse_length, parse_moment, spell_length

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 0, 41, 7, tzinfo=UTC)
"""01:41 in Berlin: most of what has happened was yesterday."""
NAMES = [
    "Europe/Berlin", "America/Los_Angeles", "Australia/Sydney", "Australia/Lord_Howe", "Atlantic/Azores",
    "Africa/Casablanca", "America/Santiago",
]  # fmt: skip
ZONES = [*map(ZoneInfo, (*NAMES, "Asia/Kathmandu")), UTC]
Z22_45 = "2026-11-25T22:45:00Z"
B22_45 = "2026-11-25T21:45:00Z"
zones = st.sampled_from(ZONES)
minutes = st.integers(0, 47 * 365 * 1440)
instants = st.builds(lambda n: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=n), minutes)


def changes(zone: tzinfo) -> list[datetime]:
    """The days in whose course the zone's clocks change."""
    days = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(7 * 365)]
    return [one for one, next_ in pairwise(days) if zone.utcoffset(one) != zone.utcoffset(next_)]


CHANGES = [(zone, day) for zone in map(ZoneInfo, NAMES) for day in changes(zone)]
around_changes = st.builds(
    lambda change, minutes: (change[0], change[1] + timedelta(minutes=minutes)),
    st.sampled_from(CHANGES), st.integers(-120, 2 * 1440),
)  # fmt: skip
places = st.one_of(around_changes, st.tuples(zones, instants))
"""A zone and an instant, more often than not near a change of its clocks."""


def read(text: str, now: datetime, zone: tzinfo) -> datetime | str:
    """The moment, or the sentence that asks back."""
    try:
        return parse_moment(text, now, zone).at
    except MomentError as error:
        return error.detail


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's zone, which a pilot or a cron job has from TZ."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("22:45", B22_45), (" 22:45 ", B22_45), ("22:45:00", B22_45),
        ("10:45pm", B22_45), ("10:45 PM", B22_45),
        ("yesterday 22:45", B22_45), ("Yesterday at 22:45", B22_45), ("22:45 yesterday", B22_45),
        ("2026-11-25 22:45", B22_45), ("2026-11-25T22:45", B22_45), ("2026-11-25  22:45:00.000", B22_45),
        ("25.11. 22:45", B22_45), ("25.11.2026 22:45", B22_45), ("25.11 22:45", B22_45),
        ("11-25 22:45", B22_45),
        ("25.11.2026, 22:45", B22_45), ("22:45 on 25.11.", B22_45),
        ("22:45Z", Z22_45), ("22:45 UTC", Z22_45), ("2026-11-25T22:45Z", Z22_45), ("11-25 22:45Z", Z22_45),
        ("22:45+01:00", B22_45), ("22:45 +0100", B22_45), ("22:45+01", B22_45), ("16:45-05:00", B22_45),
        ("22:45 Europe/Berlin", B22_45), ("16:45 America/New_York", B22_45),
        ("08:45 australia/sydney", B22_45), ("2026-11-25 22:45 Europe/Berlin", B22_45),
        ("01:41", "2026-11-26T00:41:00Z"), ("01:42", "2026-11-25T00:42:00Z"),
        ("0:05", "2026-11-25T23:05:00Z"),
        ("today 00:30", "2026-11-25T23:30:00Z"), ("12:30am", "2026-11-25T23:30:00Z"),
        ("today", "2026-11-25T23:00:00Z"), ("yesterday", "2026-11-24T23:00:00Z"),
        ("2026-11-25", "2026-11-24T23:00:00Z"), ("25.11.2026", "2026-11-24T23:00:00Z"),
        ("2026-11-25Z", "2026-11-25T00:00:00Z"), ("2026-11-25 UTC", "2026-11-25T00:00:00Z"),
        ("3h", "2026-11-25T21:41:00Z"), ("-3h", "2026-11-25T21:41:00Z"), ("3h ago", "2026-11-25T21:41:00Z"),
        ("3 hours ago", "2026-11-25T21:41:00Z"), ("180 min", "2026-11-25T21:41:00Z"),
        ("2h 60m", "2026-11-25T21:41:00Z"), ("2d", "2026-11-24T00:41:00Z"), ("1w", "2026-11-19T00:41:00Z"),
        ("now", "2026-11-26T00:41:00Z"),
    ],
)  # fmt: skip
def test_every_spelling_people_use_is_one_moment(text: str, iso: str) -> None:
    assert parse_moment(text, NOW, BERLIN).iso == iso


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("banana", "'banana' is not a time; write 22:45, "),
        ("", "'' is not a time"),
        ("2026-11-25T22:till", "'2026-11-25T22:till' is not a time"),
        ("20261125", "is not a time"),
        ("2026-11-25-03:00", "is not a time"),
        ("22.45h", "is not a time"),
        ("11/25", "is not a time"),
        ("tomorrow", "lies in the future; write a time that has passed"),
        ("Tomorrow 10:00", "lies in the future"),
        ("in 3h", "lies in the future"),
        ("next week", "lies in the future"),
        ("22.45", "'22.45' is not a time that exists; write 22:45."),
        ("7.30", "write 7:30."),
        ("22:4", "is not a time"),
        ("2026-13-01", "is not a time that exists"),
        ("2026-02-30 10:00", "is not a time that exists"),
        ("25:00", "is not a time that exists"),
        ("22:60", "is not a time that exists"),
        ("13:00pm", "is not a time that exists"),
        ("22:45+27:00", "is not a time that exists"),
        ("0001-01-01", "is not a time that exists"),
        ("31.02.", "is not a time that exists"),
        ("2026-11-27", "'2026-11-27' lies in the future"),
        ("2026-11-26 01:42", "lies in the future"),
        ("today 22:45", "lies in the future"),
        ("2026-11-26T00:42Z", "lies in the future"),
        ("+3h", "lies in the future"),
        ("27.11. 10:00", "'27.11. 10:00' was last on 2025-11-27, 363 d 15 h ago; write the year"),
        ("29.02.", "write the year, as 2024-02-29"),
        ("22:45 CET", "'CET' stands for more than one zone"),
        ("22:45 pst", "'pst' stands for more than one zone"),
        ("22:45 Europe/Atlantis", "knows no time zone 'Europe/Atlantis'; write an offset"),
        ("22:45 Europe/../Berlin", "is not a time"),
        ("2026-10-25 02:30", "02:30 on 2026-10-25 came twice; "
         "write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00."),
        ("2026-03-29 02:30", "02:30 on 2026-03-29 does not exist, because a clock change skips it; "
         "write 2026-03-29T02:30+01:00 or 2026-03-29T02:30+02:00."),
    ],
)  # fmt: skip
def test_what_is_not_one_time_that_has_passed_is_asked_back(text: str, sentence: str) -> None:
    with pytest.raises(MomentError) as caught:
        parse_moment(text, NOW, BERLIN)
    assert sentence in caught.value.detail


def test_on_the_day_of_a_clock_change_a_clock_time_is_what_clocks_showed() -> None:
    noon = datetime(2026, 10, 25, 11, 0, tzinfo=UTC)
    assert parse_moment("01:30", noon, BERLIN).iso == "2026-10-24T23:30:00Z"
    assert parse_moment("03:30", noon, BERLIN).iso == "2026-10-25T02:30:00Z"
    spring = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)
    assert parse_moment("01:30", spring, BERLIN).iso == "2026-03-29T00:30:00Z"
    for now, last in ((noon, "2026-10-25"), (spring, "2026-03-29")):
        with pytest.raises(MomentError, match=f"02:30 on {last}"):
            parse_moment("02:30", now, BERLIN)


def test_of_a_time_that_comes_twice_the_one_still_to_come_is_not_meant() -> None:
    between = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    assert parse_moment("02:30", between, BERLIN).iso == "2026-10-25T00:30:00Z"


@pytest.mark.usefixtures("in_berlin")
def test_without_a_zone_it_is_this_machines_time() -> None:
    assert parse_moment("22:45", NOW).iso == B22_45
    with pytest.raises(MomentError, match="came twice"):
        parse_moment("2026-10-25 02:30", NOW)
    said = parse_moment("22:45", NOW).words(NOW)
    assert said == "2026-11-25 22:45 (21:45 UTC), 2 h 56 min ago, the last time it was 22:45"
    assert parse_moment("25.11.2026", NOW).words(NOW) == (
        "2026-11-25 00:00 (2026-11-24 23:00 UTC), 1 d 1 h ago, the beginning of that day"
    )


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("2026-11-25 22:45 web", "2026-11-25 22:45"),
        ("yesterday web", "yesterday"),
        ("3h ago web", "3h ago"),
        ("22:45 europe/berlin till", "22:45 europe/berlin"),
        ("web 22:45", ""),
        ("2026-11-25T22:till 07", ""),
    ],
)
def test_a_time_ends_where_no_longer_text_is_one(text: str, typed: str) -> None:
    assert text[: longest_moment(text)] == typed


@given(instants, zones)
def test_a_moment_spelled_out_is_read_as_itself(now: datetime, zone: tzinfo) -> None:
    moment = Moment(now)
    assert parse_moment(moment.iso, now, zone) == moment


@given(places, st.integers(0, 59))
def test_what_a_clock_on_the_wall_shows_is_that_moment_or_is_asked_back(
    place: tuple[tzinfo, datetime], passed_min: int
) -> None:
    zone, at = place
    at = at.replace(second=0, microsecond=0)
    now = at + timedelta(minutes=passed_min)
    local = at.astimezone(zone)
    for text in (f"{local:%Y-%m-%d %H:%M}", f"{local:%H:%M}"):
        found = read(text, now, zone)
        if isinstance(found, str):
            assert "came twice" in found
            choices = found.removesuffix(".").partition("; write ")[2].split(" or ")
            assert at in [read(choice, now, zone) for choice in choices]
        else:
            assert found <= now
            assert f"{found.astimezone(zone):%H:%M}" == f"{local:%H:%M}"
            assert now - found <= timedelta(minutes=passed_min) or found.astimezone(zone).fold != local.fold


@given(places, st.integers(0, 23), st.integers(0, 59))
def test_a_clock_time_is_the_last_that_has_passed(
    place: tuple[tzinfo, datetime], hour: int, minute: int
) -> None:
    zone, now = place
    found = read(f"{hour}:{minute:02}", now, zone)
    if isinstance(found, str):
        assert "came twice" in found or "does not exist" in found
        return
    assert found <= now
    assert now - found < timedelta(hours=27)
    assert (found.astimezone(zone).hour, found.astimezone(zone).minute) == (hour, minute)
    later = (found + timedelta(minutes=n) for n in range(1, int((now - found).total_seconds()) // 60 + 1))
    assert all((one.astimezone(zone).hour, one.astimezone(zone).minute) != (hour, minute) for one in later)


@given(st.text(max_size=30), instants, zones)
def test_whatever_is_typed_is_a_moment_that_has_passed_or_a_sentence(
    text: str, now: datetime, zone: tzinfo
) -> None:
    found = read(text, now, zone)
    assert found.endswith(".") if isinstance(found, str) else found <= now


def test_lengths_of_time_count_back_one_after_the_other() -> None:
    moments = [
        parse_moment(text, NOW, BERLIN).at for text in ("now", "5m", "1h", "1h30m", "1d", "1d2h", "2w")
    ]
    assert all(later > earlier for later, earlier in pairwise(moments))


@given(st.integers(1, 99_999))
def test_a_length_of_time_is_read_as_it_is_spelled(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert parse_length(spell_length(length)) == length


@pytest.mark.parametrize("typed", ["", "4", "h", "-4h", "4h ago", "0m", "4 x"])
def test_what_is_no_length_of_time_is_refused(typed: str) -> None:
    with pytest.raises(MomentError, match="not a length of time"):
        parse_length(typed)
