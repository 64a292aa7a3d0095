"""The pages of one kind of restore point: which are read, which come next."""

from __future__ import annotations

from collections.abc import Sequence

from tui.api.errors import Unreadable
from tui.api.models import PointKind


class Lane:
    """The pages of one kind of point."""

    def __init__(self, kind: PointKind) -> None:
        self.kind = kind
        self.done: set[int] = set()
        self._looked = 0
        self.pages = 1
        self.page_length = 0
        self.last_length = 0
        self._ends: dict[tuple[str, str], int] = {}

    def take(self, uids: Sequence[str], pages: int, number: int) -> None:
        """Note what a page says of the list; an empty one is its end, whatever it says.

        Args:
            uids: of its points.
            pages: how many there are, as it says.
            number: its own.

        Raises:
            Unreadable: it is another page over again, so that the list would never end.
        """
        if uids and self._ends.setdefault((uids[0], uids[-1]), number) != number:
            raise Unreadable("It sends the same page again and again.")
        self.done.add(number)
        self.pages = max(pages, 1) if uids else number
        self.page_length = max(self.page_length, len(uids))
        if number == self.pages:
            self.last_length = len(uids)

    def next_page(self) -> int | None:
        """The next page nobody has taken."""
        while self._looked < self.pages:
            self._looked += 1
            if self._looked not in self.done:
                return self._looked
        return None

    def start_over(self) -> None:
        """Look from the first page again; pages that are done are passed over."""
        self._looked = 0

    @property
    def expected(self) -> int:
        """About how many points there are."""
        if self.pages in self.done and self.last_length:
            return (self.pages - 1) * self.page_length + self.last_length
        return self.pages * self.page_length
