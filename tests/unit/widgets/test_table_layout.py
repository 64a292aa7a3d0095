"""How the room of a line is shared, and which part of a line changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.widgets.table_layout import GAP, Column, OneOf, difference, header_line, row_line, share

NAME = Column(key="name", label="Name", width=10, flex=2)
SIZE = Column(key="size", label="Size", width=6)
SERVER = Column(key="server", label="Server", width=8, flex=1, drop=1)
NOTE = Column(key="note", label="Note", width=8, drop=2)


def test_spare_room_goes_to_flexible_columns_by_their_share() -> None:
    slots = share((NAME, SIZE, SERVER), 10 + 6 + 8 + 2 * GAP + 9)
    assert [slot.width for slot in slots] == [16, 6, 11]


def test_what_does_not_fit_is_left_out_the_highest_number_first() -> None:
    assert [slot.column.key for slot in share((NAME, NOTE, SIZE, SERVER), 30)] == ["name", "size", "server"]
    assert [slot.index for slot in share((NAME, NOTE, SIZE, SERVER), 30)] == [0, 2, 3]
    assert [slot.column.key for slot in share((NAME, NOTE, SIZE, SERVER), 20)] == ["name", "size"]


def test_what_never_goes_stays_even_without_room() -> None:
    assert [slot.width for slot in share((NAME, SIZE), 3)] == [10, 6]


def test_where_nothing_can_be_left_out_the_last_columns_shrink_first() -> None:
    when = Column(key="when", label="When (local, UTC)", short_label="When (UTC)", width=20, least=8)
    size = Column(key="size", label="Size", width=6, least=4)
    assert [slot.width for slot in share((when, size, NOTE), 30)] == [20, 6]
    assert [slot.width for slot in share((when, size), 27)] == [20, 5]
    assert [slot.width for slot in share((when, size), 20)] == [14, 4]
    assert [slot.width for slot in share((when, size), 3)] == [8, 4]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "2026-11-22 18:00 (2026-11-23 02:00 UTC)"),
        (34, "2026-11-22 18:00 (11-23 02:00 UTC)"),
        (33, "2026-11-23 02:00Z"),
        (17, "2026-11-23 02:00Z"),
    ],
)
def test_a_time_is_never_cut_and_says_utc_where_it_stands_alone(width: int, shown: str) -> None:
    column = Column(key="at", label="Made (local time, UTC)", short_label="Made (UTC)", width=34, least=17)
    times = (
        "2026-11-22 18:00 (2026-11-23 02:00 UTC)",
        "2026-11-22 18:00 (11-23 02:00 UTC)",
        "2026-11-23 02:00Z",
    )
    slots = share((replace(column, flex=1),), width)
    text = "".join(part for part, _ in row_line(slots, (OneOf(*times),), is_cursor=False))
    assert text.strip() == shown
    heading = header_line(slots, "", descending=False, width=width)[0][0].strip()
    assert heading == ("Made (UTC)" if shown.endswith("Z") else "Made (local time, UTC)")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("customer-a-prod-sql-node-01", "custom\u2026ql-node-01"),
        ("customer-a-prod-sql-node-02", "custom\u2026ql-node-02"),
        ("short", "short"),
        ("\u6771\u4eac\u672c\u793e-\u57fa\u5e79\u7cfb-\u30b5\u30fc\u30d0-01",
         "\u6771\u4eac\u672c\u2026-\u30b5\u30fc\u30d0-01"),
    ],
)  # fmt: skip
def test_a_name_that_is_cut_keeps_its_end(name: str, shown: str) -> None:
    slots = share((Column(key="name", label="VM", width=17, keeps_end=True),), 17)
    text = "".join(part for part, _ in row_line(slots, (name,), is_cursor=False))
    assert text.strip() == shown
    assert cell_len(text) == 19


@given(st.integers(0, 300))
def test_the_line_is_never_wider_than_its_room(width: int) -> None:
    slots = share((NAME, NOTE, SIZE, SERVER), width)
    used = sum(slot.width for slot in slots) + GAP * (len(slots) - 1)
    assert used <= max(width, 10 + 6 + GAP)


@pytest.mark.parametrize(
    ("above", "below", "width", "shown"),
    [
        (0, 0, 60, ""),
        (0, 7, 60, "7 more below"),
        (3, 7, 60, "3 above, 7 more below"),
        (3, 0, 60, "3 above"),
        (3, 7, 40, "7 more below"),
        (3, 1234, 34, "1234 more"),
        (3, 7, 24, ""),
    ],
)
def test_the_headings_say_how_many_rows_are_out_of_sight(
    above: int, below: int, width: int, shown: str
) -> None:
    slots = share((NAME, SIZE), 16)
    ((line, _),) = header_line(slots, "", descending=False, width=width, above=above, below=below)
    assert len(line) == width
    heading = header_line(slots, "", descending=False, width=width)[0][0].strip()
    assert line.strip().removeprefix(heading).strip() == shown
    assert line.endswith(shown or " ")


def test_a_heading_is_painted_where_it_differs_alone() -> None:
    slots = share((NAME, SIZE), 16)
    old, new = (
        header_line(slots, "", descending=False, width=60, above=at, below=20 - at) for at in (11, 12)
    )
    start, end = difference(old, new, 60)
    assert end - start < len("12 above, 8 more below")
