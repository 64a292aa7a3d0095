"""Screens on a stage: the real app, restores and journal over a server in memory that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from textual.app import ComposeResult
from textual.events import Mount
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from tests.unit.restores.fakes import FakeClock, FakeManager
from tui.api.codec import write_request
from tui.api.codec.restore_request import RestoreRequest
from tui.api.errors import ManagerError
from tui.api.models import (
    HierarchyItem,
    HierarchyRoot,
    Items,
    Platform,
    RestorePoint,
    RestoreSession,
    RestoreSpec,
    Task,
    WireFormat,
)
from tui.api.query import Query
from tui.app import VbemApp
from tui.config import Folders, Settings, StartOptions
from tui.screens.base import VbemScreen
from tui.services import Services
from tui.session import Connection
from tui.store.journal import Journal
from tui.store.keyring_store import KeepResult


@dataclass
class StageManager(FakeManager):
    """A server that also reads points and looks up."""

    point_error: ManagerError | None = None
    fresh: RestorePoint | None = None
    roots: tuple[HierarchyRoot, ...] = ()
    items: tuple[HierarchyItem, ...] = ()
    lookup_error: ManagerError | None = None
    hold_guard: asyncio.Event | None = None
    """Lists of restore sessions are given when it is set."""
    found_platform: Platform = Platform.UNKNOWN
    vms: tuple[RestorePoint, ...] = ()
    looked_up: list[tuple[str, str]] = field(default_factory=list)
    specs: list[RestoreSpec] = field(default_factory=list)
    """What was sent."""
    written: list[tuple[RestoreRequest, RestoreSpec]] = field(default_factory=list)
    """What was built."""
    points: dict[str, RestorePoint] = field(default_factory=dict)

    def write_request(
        self, point: RestorePoint, spec: RestoreSpec, wire: WireFormat | None = None
    ) -> RestoreRequest:
        self.requests_built += 1
        request = write_request(point, spec, wire or WireFormat.XML)
        self.written.append((request, spec))
        return request

    async def vm_restore_point(self, id: str) -> RestorePoint:
        if self.point_error is not None:
            raise self.point_error
        return self.fresh or self.points[id]

    vapp_restore_point = vm_restore_point

    async def vms_of_vapp_point(self, point: RestorePoint) -> tuple[RestorePoint, ...]:
        return self.vms

    async def platform_of(self, point: RestorePoint) -> Platform:
        return self.found_platform

    async def hierarchy_roots(self) -> Items[HierarchyRoot]:
        if self.lookup_error is not None:
            raise self.lookup_error
        return Items(self.roots)

    async def lookup(self, root_uid: str, object_type: str, name: str = "*") -> Items[HierarchyItem]:
        self.looked_up.append((root_uid, object_type))
        if self.lookup_error is not None:
            raise self.lookup_error
        return Items.of(self.items, self.unreadable)

    async def restore_sessions(self, query: Query) -> Items[RestoreSession]:
        found = await super().restore_sessions(query)
        if self.hold_guard is not None:
            await self.hold_guard.wait()
        return found

    async def send(self, request: RestoreRequest) -> Task:
        self.specs.append(next(spec for written, spec in self.written if written is request))
        return await super().send(request)


@dataclass
class StageConnection:
    """Somebody logged on long ago."""

    manager: StageManager
    user: str = r"LAB\op"
    server: str = "em.lab.example:9398"
    is_to_be_kept: bool = False
    kept: KeepResult | None = None
    is_attended: bool = False
    """Nothing keeps this session alive."""
    notes: tuple[str, ...] = ()

    async def leave(self) -> None:
        """Nothing is open."""

    def parting_words(self, in_flight: bool) -> str:
        """Nothing is known of the session."""
        return ""


class StageApp(VbemApp):
    """The app, logged on already, starting with one screen over an empty list of points."""

    def __init__(self, folder: Path, manager: StageManager, first: Callable[[Services], Screen[Any]]) -> None:
        folders = Folders(state=folder / "state", config=folder / "config", demo=True)
        folders.make()
        super().__init__(StartOptions(folders=folders, settings=Settings()), clock=FakeClock())
        self.manager = manager
        self.asked_to_log_on = 0
        self.services.admit(cast(Connection, StageConnection(manager)))
        assert self.services.journal is not None
        self.services.ask_for_password = self.answer_password
        self.first = first(self.services)

    @property
    def rows(self) -> Journal:
        assert self.services.journal is not None
        return self.services.journal

    def get_default_screen(self) -> Screen[None]:
        return PointsStandIn(self.services)

    def on_mount(self, event: Mount) -> None:  # type: ignore[override] # needs the event
        del event
        self.push_screen(self.first)

    async def answer_password(self) -> bool:
        self.asked_to_log_on += 1
        return True


class PointsStandIn(VbemScreen):
    """Where the list of points would be."""

    NAME = "points"

    def compose_body(self) -> ComposeResult:
        yield Static("the list of points", markup=False)


def stage(pilot: Pilot[Any]) -> StageApp:
    """The app of a pilot, typed."""
    return cast(StageApp, pilot.app)
