"""What the server lists: restore points, tasks, restore sessions, hosts, servers (WIRE 4, 6 to 8, 11a)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, Self, TypeVar

import msgspec

from tui.api.errors import BadReference
from tui.api.models.enums import Platform, PointKind, SessionResult, SessionState, TaskState
from tui.api.models.references import ObjectRef, id_of, is_same_path

ItemT = TypeVar("ItemT")
_IN_TEXT = re.compile(r"urn:\S+?(?=[.,;]?(?:\s|$))")
"""A reference or UID in a sentence, without its full stop."""


class WireFormat(StrEnum):
    """How requests and replies are written."""

    AUTO = "auto"
    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[ItemT]):
    """One page of a list (WIRE 3.3)."""

    items: Sequence[ItemT]
    number: int
    pages: int
    """How many pages there are in all, as the server says; 0 where it does not (WIRE 3.3)."""
    unreadable: int = 0
    """Items that were left out, because nothing could be made of them."""


class Items(tuple[ItemT, ...]):
    """A whole list as far as it could be read; a plain tuple but for what was left out."""

    unreadable: int = 0
    """Items that were left out, because nothing could be made of them: what is not here may be one."""
    is_whole: bool = True
    """Whether the server gave no reason to think that there are more than it sent."""

    @classmethod
    def of(cls, items: Iterable[ItemT], unreadable: int = 0) -> Self:
        """Return these items, and how many were left out."""
        made = cls(items)
        made.unreadable = unreadable
        return made


NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "not said" in `RestorePoint.created`, so that points sort without a special case."""


class RestorePoint(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """One restore point of one VM or vApp (WIRE 4, 10).

    A msgspec struct, not a dataclass: a hundred thousand of them are made in a second, and go from one
    process to another, as arrays, for names of members would take more than what they hold.
    """

    uid: str
    vm_name: str
    """Name of the VM (or vApp) as displayed, as sent."""
    created: datetime
    """When it was made; `NO_TIME` where the server did not say."""
    kind: PointKind = PointKind.VM
    name: str = ""
    """The point's own name, `<vm>@<time>`; never parsed."""
    point_type: str = ""
    algorithm: str = ""
    object_ref: str = ""
    """HierarchyObjRef of the original VM, empty where the server did not send it."""
    platform: Platform = Platform.UNKNOWN
    server_uid: str = ""
    """UID of the backup server, from the `Up` link."""
    server_name: str = ""
    restore_point_id: str = ""
    """Id of the RestorePoint this belongs to, from the `Up` link; leads to the backup and its platform."""
    restore_href: str = ""
    """Path and query of the Restore link; empty means the server does not offer restoring it.

    It says whether and is compared; what is sent to is `own_path`.

    `{id}` stands for the point's own id, so that all points share one string.
    """

    @property
    def known_created(self) -> datetime | None:
        """Return when it was made; None where the server did not say."""
        return None if self.created == NO_TIME else self.created

    @property
    def id(self) -> str:
        """The bare id, for URLs."""
        return id_of(self.uid)

    @property
    def restore_path(self) -> str:
        """`restore_href` with the point's id filled in."""
        return self.restore_href.replace("{id}", self.id)

    @property
    def own_path(self) -> str:
        """Path and query of restoring this very point, as documented (WIRE 5.1)."""
        return f"/api/{self.kind.collection}/{self.id}?action=restore"

    @property
    def has_foreign_link(self) -> bool:
        """Whether the Restore link leads to something else: then nothing is sent."""
        return bool(self.restore_href) and not is_same_path(self.restore_path, self.own_path)

    @property
    def root_id(self) -> str:
        """GUID of the hierarchy root the VM lives under, empty if unknown."""
        try:
            return ObjectRef.parse(self.object_ref).root_id
        except BadReference:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of this logon session (WIRE 6). Finished and success means the restore *started*."""

    task_id: str
    state: TaskState
    operation: str = ""
    success: bool | None = None
    """Result of the task; None while there is none. Not an end by itself (WIRE T22)."""
    message: str = ""
    needs_input: bool = False
    """CredentialsNeeded or ConfirmationNeeded."""
    delete_href: str = ""
    """Path and query of the Delete link: compared, never followed."""
    session_href: str = ""
    """Path and query of the related RestoreSession, chosen by Type."""

    @property
    def uid(self) -> str:
        """What tells it from the other tasks of its logon session; it has no UID (WIRE 6.1)."""
        return self.task_id

    @property
    def session_id(self) -> str:
        """Bare id of the related restore session, empty if none."""
        return self.session_href.partition("?")[0].rstrip("/").rpartition("/")[2]

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, by State alone."""
        return self.state == TaskState.FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSession:
    """One run of a restore on the backup server; global, unlike tasks (WIRE 7)."""

    uid: str
    state: SessionState
    result: SessionResult = SessionResult.NONE
    name: str = ""
    vm_name: str = ""
    """VmDisplayName; may be missing."""
    job_type: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    progress: int | None = None
    """0..100, informational only."""
    failure_message: str = ""
    restored_ref: str = ""
    point_uid: str = ""
    """UID of the restore point where the server links it, built from the link's id; else empty."""
    server_uid: str = ""
    server_name: str = ""

    @property
    def id(self) -> str:
        """The bare id, for URLs."""
        return id_of(self.uid)

    @property
    def took(self) -> timedelta | None:
        """How long it took; None where one of its times is not known, or they contradict each other."""
        if self.created is None or self.ended is None or self.ended < self.created:
            return None
        return self.ended - self.created

    @property
    def is_over(self) -> bool:
        """Whether it has ended: Stopped with a real result."""
        return self.state == SessionState.STOPPED and self.result in {
            SessionResult.SUCCESS,
            SessionResult.WARNING,
            SessionResult.FAILED,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyRoot:
    """A virtualisation host as one backup server knows it (WIRE 8.1)."""

    uid: str
    name: str
    host_type: str = ""
    unique_id: str = ""
    server_uid: str = ""
    server_name: str = ""

    @property
    def id(self) -> str:
        """The bare id."""
        return id_of(self.uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyItem:
    """One object found by the lookup service (WIRE 8.2)."""

    ref: str
    object_type: str
    name: str

    @property
    def uid(self) -> str:
        """What tells it from other objects."""
        return self.ref


class ReferenceNames:
    """What references and UIDs are called: what the lookups of this run have shown."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, items: Iterable[HierarchyItem]) -> None:
        """Remember the names in a lookup's answer."""
        self._names.update((item.ref.casefold(), item.name) for item in items if item.name)

    def name_of(self, reference: str) -> str:
        """Return what a reference is called; empty where no lookup has shown it."""
        return self._names.get(reference.strip().casefold(), "")

    def lacks_root(self, text: str) -> bool:
        """Return whether a text has a hierarchy root of which the name is not known, as after a restart."""
        roots = (ref for ref in _IN_TEXT.findall(text) if ref.startswith("urn:veeam:HierarchyRoot:"))
        return any(not self.name_of(ref) for ref in roots)

    def spell_out(self, text: str) -> list[str]:
        """Return a sentence with names in place of references; each whole reference follows on its own line.

        Where the sentence has several, each line says which it is.
        """
        known = {ref: name for ref in _IN_TEXT.findall(text) if (name := self.name_of(ref))}
        lead = " " * (len(text) - len(text.lstrip(" ")) + 2)
        named = _IN_TEXT.sub(lambda match: self.name_of(match[0]) or match[0], text)
        several = len(known) > 1
        return [named, *(f"{lead}{f'{name}: ' if several else ''}{ref}" for ref, name in known.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupServer:
    """A backup server Enterprise Manager collects from (WIRE 11a)."""

    uid: str
    name: str
    description: str = ""
    port: int | None = None
    version: str = ""
    collect_href: str = ""
