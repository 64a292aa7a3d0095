"""Choosing a reference from what the server's lookup finds, by typing part of its name.

An account that may restore but not look up gets told so; it can still type or paste a reference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.api.errors import Forbidden, ManagerError, SessionExpired
from tui.api.models import HierarchyItem
from tui.screens.base import Dialog, explain
from tui.screens.keys import bindings_of
from tui.text import safe
from tui.widgets.columns import Column
from tui.widgets.entry import Entry
from tui.widgets.rows import ListRows
from tui.widgets.table import BigTable

if TYPE_CHECKING:
    from textual.binding import BindingType

Fetch = Callable[[], Awaitable[Sequence[HierarchyItem]]]

_COLUMNS = (
    Column(key="name", label="Name", width=30, flex=1),
    Column(key="ref", label="Ends in", width=15, drop=1),
)
_END = 12


def short_ref(ref: str) -> str:
    """The end of a reference, which tells things of one name apart."""
    return ref if len(ref) <= _END + 3 else "..." + ref[-_END:]


def matching(items: Sequence[HierarchyItem], typed: str) -> list[HierarchyItem]:
    """The items whose name or reference contains every typed word, in any case and order."""
    words = typed.casefold().split()
    return [item for item in items if all(word in f"{item.name} {item.ref}".casefold() for word in words)]


class PickerScreen(Dialog[str | None]):
    """Dismissed with the chosen reference, or None."""

    NAME = "picker"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("picker")

    def __init__(self, what: str, fetch: Fetch) -> None:
        super().__init__()
        self._what = what
        self._fetch = fetch
        self._items: Sequence[HierarchyItem] = ()

    def compose(self) -> ComposeResult:
        """A line to type in, the list, the whole reference of the chosen one."""
        with Vertical(classes="box"):
            yield self.title_line(f"Choose: {safe(self._what, cells=60)}")
            yield Entry(placeholder="type part of the name", id="picker-filter")
            yield BigTable(_COLUMNS, empty="Asking the server ...", id="picker-table")
            yield Static("", markup=False, id="picker-ref")
            yield Static("Enter takes it, Esc leaves the field as it was.", markup=False, id="picker-note")

    def on_mount(self) -> None:
        """Ask for the list behind the painted dialog."""
        self.query_one("#picker-filter").focus()
        self._load()

    @work(group="lookup", exclusive=True, exit_on_error=False, description="look up references")
    async def _load(self) -> None:
        note = self.query_one("#picker-note", Static)
        table = self.query_one(BigTable)
        try:
            self._items = await self._read()
        except Forbidden:
            table.set_empty("This account may restore, but not look up.")
            note.update("Press Esc and type or paste the reference, or ask someone with the right for it.")
        except ManagerError as error:
            table.set_empty("Nothing could be looked up.")
            note.update(safe(explain("look it up", error) + " Esc: type it by hand.", cells=300))
        else:
            self.vbem.ref_names.learn(self._items)
            table.set_empty("The server lists none. Press Esc and type or paste the reference.")
            self._filter()

    async def _read(self) -> Sequence[HierarchyItem]:
        try:
            return await self._fetch()
        except SessionExpired:
            if not await self.vbem.log_on_again():
                raise
        return await self._fetch()

    @on(Input.Changed, "#picker-filter")
    def _filter(self) -> None:
        found = matching(self._items, self.query_one("#picker-filter", Entry).value)
        table = self.query_one(BigTable)
        if self._items:
            table.set_empty("No name or reference contains that.")
        table.set_rows(ListRows(found, lambda item: (item.name, short_ref(item.ref)), _ref))

    @on(BigTable.Highlighted)
    def show_reference(self, event: BigTable.Highlighted) -> None:
        """The whole name and the whole reference of the row: names may be long, or stand there twice."""
        name = next((item.name for item in self._items if item.ref == event.key), "")
        words = f"{safe(name, cells=140)}\n{safe(event.key or '', cells=220)}" if event.key else ""
        self.query_one("#picker-ref", Static).update(words)

    @on(Input.Submitted, "#picker-filter")
    def take_highlighted(self) -> None:
        """Enter in the filter takes the row under the cursor."""
        self.query_one(BigTable).choose()

    @on(BigTable.Chosen)
    def take(self, event: BigTable.Chosen) -> None:
        """Put it into the field."""
        self.dismiss(str(event.key))

    def action_move(self, rows: int) -> None:
        """Arrow keys move in the list while the filter has the focus."""
        self.query_one(BigTable).move(rows)

    def action_page(self, pages: int) -> None:
        """Page keys too."""
        self.query_one(BigTable).page(pages)

    def action_back(self) -> None:
        """Leave the field as it was."""
        self.dismiss(None)


def _ref(item: HierarchyItem) -> str:
    return item.ref
