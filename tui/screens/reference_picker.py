"""Choosing a reference from what the server's lookup finds, by typing part of its name.

An account that may restore but not look up is told so: it can still type or paste a reference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.api.errors import BadReference, Forbidden, ManagerError, SessionExpired
from tui.api.models import HierarchyItem, HierarchyRoot, Items, ReferenceNames, RestorePoint, uid_of
from tui.errors import describe
from tui.restores.forms.fields import Field, FieldKind
from tui.sanitize import safe
from tui.screens.base import Dialog, bindings_of
from tui.widgets.inputs import FilterInput, LineInput
from tui.widgets.table_layout import Column, ListRows
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.api.client import EnterpriseManager
    from tui.services import Services


Fetch = Callable[[], Awaitable[Items[HierarchyItem]]]

_COLUMNS = (
    Column(key="name", label="Name", width=30, flex=1, keeps_end=True),
    Column(key="ref", label="Ends in", width=15, drop=1),
)
_END = 12


def short_ref(ref: str) -> str:
    """Return the end of a reference, which distinguishes objects of one name."""
    return ref if len(ref) <= _END + 3 else "..." + ref[-_END:]


def matching(items: Sequence[HierarchyItem], typed: str) -> list[HierarchyItem]:
    """Return the items whose name or reference contains every typed word, in any case and order."""
    words = typed.casefold().split()
    return [item for item in items if all(word in f"{item.name} {item.ref}".casefold() for word in words)]


class PickerScreen(Dialog[str | None]):
    """Dismissed with the chosen reference, or None."""

    NAME = "picker"
    IS_ANSWERED_UNREAD = True
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("picker")

    def __init__(self, services: Services, what: str, fetch: Fetch) -> None:
        super().__init__(services)
        self._what = what
        self._fetch = fetch
        self._items: Items[HierarchyItem] = Items()

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(f"Choose: {safe(self._what, cells=60)}")
            yield FilterInput(placeholder="type part of the name", id="picker-filter")
            yield VirtualTable(_COLUMNS, empty="Asking the server ...", id="picker-table")
            yield Static("", markup=False, id="picker-ref")
            yield Static("Enter chooses it; Esc leaves the field unchanged.", markup=False, id="picker-note")

    def on_mount(self) -> None:
        self.query_one("#picker-filter").focus()
        self._load()

    @work(group="lookup", exclusive=True, exit_on_error=False, description="look up references")
    async def _load(self) -> None:
        note = self.query_one("#picker-note", Static)
        table = self.query_one(VirtualTable)
        try:
            self._items = await self._read()
        except Forbidden:
            table.set_empty("This account may restore, but may not look up references.")
            note.update("Press Esc and type or paste the reference, or ask someone who may look it up.")
        except ManagerError as error:
            table.set_empty("The lookup failed.")
            note.update(safe(describe("look it up", error) + " Esc: type it by hand.", cells=300))
        else:
            self.services.reference_names.learn(self._items)
            if left_out := self._items.unreadable:
                note.update(f"The server lists {left_out} more that cannot be read. Esc: type it by hand.")
            table.set_empty("The server lists none. Press Esc and type or paste the reference.")
            self._filter()

    async def _read(self) -> Items[HierarchyItem]:
        try:
            return await self._fetch()
        except SessionExpired:
            if not await self.services.log_on_again():
                raise
        return await self._fetch()

    @on(Input.Changed, "#picker-filter")
    def _filter(self) -> None:
        found = matching(self._items, self.query_one("#picker-filter", LineInput).value)
        table = self.query_one(VirtualTable)
        if self._items:
            table.set_empty("No name or reference contains that.")
        table.set_rows(ListRows(found, lambda item: (item.name, short_ref(item.ref)), _ref))

    @on(VirtualTable.Highlighted)
    def show_reference(self, event: VirtualTable.Highlighted) -> None:
        # Names may be long, or be listed twice: the reference decides.
        name = next((item.name for item in self._items if item.ref == event.key), "")
        words = f"{safe(name, cells=140)}\n{safe(event.key or '', cells=220)}" if event.key else ""
        self.query_one("#picker-ref", Static).update(words)

    @on(Input.Submitted, "#picker-filter")
    def take_highlighted(self) -> None:
        self.query_one(VirtualTable).choose()

    @on(VirtualTable.Chosen)
    def take(self, event: VirtualTable.Chosen) -> None:
        self.dismiss(str(event.key))

    def action_filter(self) -> None:
        self.query_one("#picker-filter").focus()

    def action_enter_list(self) -> None:
        # As Enter does in the filter, it means the first line, which has the cursor already.
        if self.query_one(VirtualTable).row_count:
            self.query_one(VirtualTable).focus()

    def action_back(self) -> None:
        self.dismiss(None)


def _ref(item: HierarchyItem) -> str:
    return item.ref


_CLOUD_DIRECTOR = "vcdsystem"
"""HostType of the roots a Cloud Director VM can be restored under; no other platform asks for a root."""


async def items_for(
    manager: EnterpriseManager,
    field: Field,
    root_id: str,
    point: RestorePoint,
    known_roots: Collection[str] = (),
) -> Items[HierarchyItem]:
    """Return what can be chosen for the field.

    Args:
        manager: the server.
        field: what is chosen for.
        root_id: where references are looked up.
        point: what is restored.
        known_roots: ids of the roots that restore points are under, in lower case.

    Raises:
        ManagerError: Forbidden where the role may restore but not look up (WIRE T15).
    """
    if field.kind is FieldKind.UID:
        return await roots_for(manager, point, known_roots)
    items = await manager.lookup(f"urn:veeam:HierarchyRoot:{root_id}", field.lookup_type)
    found = sorted(items, key=lambda item: (item.name.casefold(), item.ref))
    return Items.of(found, items.unreadable)


async def roots_for(
    manager: EnterpriseManager, point: RestorePoint, known_roots: Collection[str] = ()
) -> Items[HierarchyItem]:
    """Return the roots of Cloud Director, and those the server says no type of; the likeliest first.

    Some servers list a root under an id that no reference knows (WIRE 8.1): a root that no restore point
    is under says so, and the point's own comes first, listed or not.

    Raises:
        ManagerError: they cannot be listed.
    """
    known = {*known_roots, point.root_id.lower()} - {""}
    remark = f"NOT {'any' if known_roots else 'this'} point's root: "
    listed = await manager.hierarchy_roots()
    roots = sorted(filter(_fits, listed), key=lambda root: _far(root, point))
    items = [_item(root, remark if known and root.id.lower() not in known else "") for root in roots]
    if roots and point.root_id and all(root.id.lower() != point.root_id.lower() for root in roots):
        own = f"urn:veeam:HierarchyRoot:{point.root_id}"
        items.insert(0, HierarchyItem(ref=own, object_type="", name="The root this restore point is under"))
    return Items.of(items, listed.unreadable)


async def roots_if_allowed(
    manager: EnterpriseManager, point: RestorePoint, known_roots: Collection[str]
) -> Sequence[HierarchyItem]:
    """Return the same as `roots_for`, or nothing where this account may not list them."""
    try:
        return await roots_for(manager, point, known_roots)
    except ManagerError:
        return ()


async def learn_roots(manager: EnterpriseManager, names: ReferenceNames) -> None:
    """Learn what the roots are called, where this account may list them."""
    with suppress(ManagerError):
        roots = await manager.hierarchy_roots()
        names.learn(HierarchyItem(ref=root.uid, object_type="", name=root.name) for root in roots)


def _fits(root: HierarchyRoot) -> bool:
    return root.host_type.casefold() in {_CLOUD_DIRECTOR, ""}


def _far(root: HierarchyRoot, point: RestorePoint) -> tuple[bool, bool, str]:
    """Return a sort key: the point's own root first, then those of its backup server."""
    other_root = not point.root_id or root.id.lower() != point.root_id.lower()
    other_server = bool(point.server_uid) and root.server_uid.lower() != point.server_uid.lower()
    return other_root, other_server, root.name.casefold()


def _item(root: HierarchyRoot, remark: str) -> HierarchyItem:
    """Return a root by its UID in full, whether the server wrote it so or as the bare id."""
    name = remark + (f"{root.name} (on {root.server_name})" if root.server_name else root.name)
    try:
        ref = uid_of("HierarchyRoot", root.uid)
    except BadReference:
        ref = root.uid
    return HierarchyItem(ref=ref, object_type=root.host_type, name=name)
