"""Single values: times with 0 to 7 digits, booleans and numbers as text, links without their host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.api.codec.tree import flag_of, id_in, number_of, path_of, text_of, time_of

moments = st.datetimes(min_value=datetime(1754, 1, 1), max_value=datetime(9999, 12, 30))  # noqa: DTZ001


@given(moments, st.integers(0, 7), st.booleans())
def test_any_moment_with_any_number_of_digits(moment: datetime, digits: int, zulu: bool) -> None:
    fraction = f"{moment.microsecond:06}0"[:digits]
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + ("." + fraction if digits else "")
    kept = int(fraction.ljust(6, "0")[:6] or 0)
    assert time_of(text + ("Z" if zulu else "")) == moment.replace(microsecond=kept, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("", 0),
        (".7", 700_000),
        (".05", 50_000),
        (".107", 107_000),
        (".209913", 209_913),
        (".1234567", 123_456),
    ],
)
def test_fractions_as_servers_send_them(text: str, microsecond: int) -> None:
    assert time_of(f"2025-02-03T04:05:06{text}Z") == datetime(2025, 2, 3, 4, 5, 6, microsecond, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1753-01-01T00:00:00Z",
        "1753-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "",
        "yesterday",
        "2025-13-01T00:00:00Z",
        "2025-02-30T00:00:00Z",
        "Jun 17 2019  8:45PM",
    ],
)
def test_null_dates_and_nonsense_are_none(text: str) -> None:
    assert time_of(text) is None


def test_an_offset_becomes_utc() -> None:
    moment = time_of("2025-02-03T04:05:06+02:00")
    assert moment == datetime(2025, 2, 3, 2, 5, 6, tzinfo=UTC)
    assert moment is not None
    assert moment.utcoffset() == timedelta(0)


@given(st.text())
def test_no_text_is_too_odd_for_a_time(text: str) -> None:
    time_of(text)
    number_of(text)
    flag_of(text)
    path_of(text)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(True, True), ("true", True), ("True", True), ("1", True), (1, True), (False, False), ("false", False)],
)
def test_booleans_of_both_formats(value: object, wanted: bool) -> None:
    assert flag_of(value) is wanted


@pytest.mark.parametrize("value", [None, "", "maybe", [], {}, 2])
def test_no_booleans(value: object) -> None:
    assert flag_of(value) is None


@pytest.mark.parametrize(
    ("value", "wanted"), [(64, 64), ("64", 64), (" 64 ", 64), (64.0, 64), ("-1", -1), (0, 0), ("0", 0)]
)
def test_numbers_of_both_formats(value: object, wanted: int) -> None:
    assert number_of(value) == wanted


@pytest.mark.parametrize("value", [None, "", "many", "1e3", 1.5, True, [], {}, "9" * 5000, float("inf")])
def test_no_numbers(value: object) -> None:
    assert number_of(value) is None


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("x", "x"), (None, ""), ("", ""), (True, "true"), (3, "3"), ({"#text": "x"}, "x"), (["", "b"], "b")],
)
def test_text_of_anything(value: object, wanted: str) -> None:
    assert text_of(value) == wanted


@pytest.mark.parametrize(
    ("href", "wanted"),
    [
        ("https://em.lab.example:9398/api/tasks/task-1", "/api/tasks/task-1"),
        ("https://[::1]:9398/api/x?a=b&c=d", "/api/x?a=b&c=d"),
        ("HTTPS://EM/api/x#fragment", "/api/x"),
        ("http://localhost/api/x?u=http://other/y", "/api/x?u=http://other/y"),
        ("/api/x?u=http://other/y", "/api/x?u=http://other/y"),
        ("//evil.example/api/x", "/api/x"),
        ("https://user:secret@evil.example/api/x", "/api/x"),
        ("https://em//evil.example/x", ""),
        # The token has no business outside the API, though it is the same host.
        ("https://em/other/x", ""),
        ("https://em/apiary/x", ""),
        ("https://em/api/../other/x", ""),
        ("https://em/api/%2E%2e/other/x", ""),
        ("https://em/api/x/..", ""),
        ("https://em/api/..%2fother", ""),
        ("https://em/API/x?name=../y", "/API/x?name=../y"),
        ("api/x", ""),
        ("https://em", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("https://em/a b", ""),
        ("https://em/a\r\nX-Evil: 1", ""),
        ("https://em/ä", ""),
        ("https://em/a\\b", ""),
        ("https://em/{id}", ""),
        ("https://[bad/api/x", "/api/x"),
    ],
)
def test_of_a_link_only_path_and_query_count(href: str, wanted: str) -> None:
    assert path_of(href) == wanted


def test_the_id_is_the_last_segment() -> None:
    assert id_in("https://em/api/restoreSessions/d67d/?format=Entity") == "d67d"
    assert id_in("nonsense") == ""
