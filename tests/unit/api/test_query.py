"""Filters mean what was asked, whatever a VM is called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.api.grammar import Comparison, Group, parse
from tui.api.models import PointType
from tui.api.query import Filter, Query, all_of, any_of, encoded, eq, ge, gt, le, lt, ne

names = st.text(st.characters(exclude_categories=["Cs"]))
moments = st.datetimes(
    min_value=datetime(1800, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-9))]),
)


@given(names)
def test_any_name_comes_back_from_the_grammar(name: str) -> None:
    assert parse(str(eq("VmDisplayName", name))) == Comparison("VmDisplayName", "==", name)


@given(names, names)
def test_no_name_breaks_out_of_its_group(first: str, second: str) -> None:
    both = all_of(eq("VmDisplayName", first), any_of(eq("Name", second), ne("Name", first)))
    assert parse(str(both)) == Group(
        ";",
        (
            Comparison("VmDisplayName", "==", first),
            Group(",", (Comparison("Name", "==", second), Comparison("Name", "!=", first))),
        ),
    )


@given(names)
def test_any_name_survives_the_url(name: str) -> None:
    target = Query(filter=eq("VmDisplayName", name)).target("VmRestorePoint")
    assert target.isascii()
    assert parse_qs(urlsplit(target).query, strict_parsing=True)["filter"] == [
        f'VmDisplayName=="{name.replace(chr(34), chr(34) * 2)}"'
    ]


@given(moments)
def test_times_go_out_in_utc_and_quoted(moment: datetime) -> None:
    comparison = parse(str(gt("CreationTime", moment)))
    assert isinstance(comparison, Comparison)
    assert comparison.value.endswith("Z")
    assert datetime.fromisoformat(comparison.value) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        eq("CreationTime", datetime(2025, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_quote_is_doubled() -> None:
    assert str(eq("Name", 'the "Backup"')) == 'Name=="the ""Backup"""'


def test_enum_members_are_quoted_words() -> None:
    assert str(eq("Type", PointType.FULL)) == 'Type=="Full"'


@pytest.mark.parametrize(
    ("build", "operator"), [(eq, "=="), (ne, "!="), (gt, ">"), (ge, ">="), (lt, "<"), (le, "<=")]
)
def test_operators(build: Callable[[str, str], Filter], operator: str) -> None:
    assert str(build("Result", "Success")) == f'Result{operator}"Success"'


def test_and_is_a_semicolon_and_or_a_comma_in_parentheses() -> None:
    a, b, c = eq("A", "1"), eq("B", "2"), eq("C", "3")
    assert str(a & b | c) == '((A=="1";B=="2"),C=="3")'
    assert str(a & (b | c)) == '(A=="1";(B=="2",C=="3"))'


def test_one_condition_needs_no_parentheses() -> None:
    assert str(all_of(eq("A", "1"))) == 'A=="1"'


def test_an_empty_group_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        any_of()


@pytest.mark.parametrize("field", ["", "A B", 'A=="x";B', "A;B", "Ä", "A" * 65])
def test_a_field_name_is_a_word(field: str) -> None:
    with pytest.raises(ValueError, match="field name"):
        eq(field, "x")


def test_the_query_asks_for_entities_sorted_and_paged() -> None:
    query = Query(filter=Filter('A=="1"'), sort="CreationTime", descending=True, page_size=100, page=3)
    assert query.target("VmRestorePoint") == (
        "/api/query?type=VmRestorePoint&format=Entities&filter=A%3D%3D%221%22"
        "&sortDesc=CreationTime&pageSize=100&page=3"
    )


def test_without_a_sort_pages_are_in_the_order_of_uids() -> None:
    assert "&sortAsc=UID&" in Query().target("RestoreSession")


@pytest.mark.parametrize("wrong", [{"page": 0}, {"page_size": 0}, {"sort": "a b"}])
def test_impossible_queries_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        Query(**wrong)  # type: ignore[arg-type] # wrong on purpose


def test_what_utf8_cannot_carry_does_not_raise() -> None:
    assert encoded("a\ud800b") == "a%3Fb"
