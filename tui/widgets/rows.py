"""What a big table shows: rows that are asked for one by one, when they come into view."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

ItemT = TypeVar("ItemT")


class Toned(NamedTuple):
    """A cell with a tone; the tone only underlines what the text says in words."""

    text: str
    tone: str
    """One of `BigTable.TONES`: `dim`, `good`, `warning`, `bad`."""


Cell = str | Toned


class RowProvider(Protocol):
    """The rows of a table. Only rows in view are asked for, so there may be millions."""

    def __len__(self) -> int:
        """How many rows there are now."""

    def row(self, index: int) -> Sequence[Cell]:
        """The cells of one row, one per column, as raw text: the table makes it safe to show."""

    def key(self, index: int) -> Hashable:
        """What the row is, whatever its place: the cursor stays on its key while rows come and go."""

    def place(self, key: Hashable) -> int | None:
        """Where the row with that key stands now; None if it is gone."""


class ListRows(Generic[ItemT]):
    """Rows over a plain sequence, for tables of up to some thousands of rows.

    Args:
        items: what the rows show.
        row: makes the cells of one item.
        key: says what an item is.
    """

    def __init__(
        self,
        items: Sequence[ItemT],
        row: Callable[[ItemT], Sequence[Cell]],
        key: Callable[[ItemT], Hashable],
    ) -> None:
        self._items = items
        self._row = row
        self._key = key
        self._places = {key(item): place for place, item in enumerate(items)}

    def __len__(self) -> int:
        return len(self._items)

    def row(self, index: int) -> Sequence[Cell]:
        """The cells of one row."""
        return self._row(self._items[index])

    def key(self, index: int) -> Hashable:
        """The key of one row."""
        return self._key(self._items[index])

    def place(self, key: Hashable) -> int | None:
        """Where the row with that key stands."""
        return self._places.get(key)
