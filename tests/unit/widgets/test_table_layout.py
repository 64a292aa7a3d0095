"""How the room of a line is shared, and which part of a line changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.table_layout import GAP, Column, share

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


@given(st.integers(0, 300))
def test_the_line_is_never_wider_than_its_room(width: int) -> None:
    slots = share((NAME, NOTE, SIZE, SERVER), width)
    used = sum(slot.width for slot in slots) + GAP * (len(slots) - 1)
    assert used <= max(width, 10 + 6 + GAP)
