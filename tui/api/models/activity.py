"""What is going on: tasks of this logon session and restore sessions of everybody (WIRE 6, 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tui.api.models.refs import id_of
from tui.api.models.words import OpenEnum


class TaskState(OpenEnum):
    """Where a task is; only FINISHED is an end (WIRE 6.1, WIRE T23)."""

    RUNNING = "Running"
    OPERATION_FINISHED = "OperationFinished"
    FINISHED = "Finished"


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
    """Path and query of the Delete link."""
    session_href: str = ""
    """Path and query of the related RestoreSession, chosen by Type."""

    @property
    def session_id(self) -> str:
        """Bare id of the related restore session, empty if none."""
        return self.session_href.partition("?")[0].rstrip("/").rpartition("/")[2]

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, by State alone."""
        return self.state == TaskState.FINISHED


class SessionState(OpenEnum):
    """Where a restore session is (WIRE 7)."""

    STARTING = "Starting"
    WORKING = "Working"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


class SessionResult(OpenEnum):
    """How a restore session ended; NONE is no end (WIRE 7, WIRE T17)."""

    NONE = "None"
    SUCCESS = "Success"
    WARNING = "Warning"
    FAILED = "Failed"


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
    def is_over(self) -> bool:
        """Whether it has ended: Stopped with a real result."""
        return self.state == SessionState.STOPPED and self.result in {
            SessionResult.SUCCESS,
            SessionResult.WARNING,
            SessionResult.FAILED,
        }
