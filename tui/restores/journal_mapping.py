"""The one mapping between a restore and its row in the journal, in both directions.

`new_restore` and `row_of` begin a restore and its row, `journal_fields` says what a change writes, `take_up`
and `resume` make a restore of a row that an earlier run left.

The row is born as `sent`, in one write. A row that began as `planned` and was marked `sent` by a second
write would claim that nothing left if that second write failed and the operator sent it anyway.
"""

from __future__ import annotations

import getpass
import platform
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tui.api.models import Platform, PointKind, RestoreSession
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.restores.cancellation import resumed
from tui.restores.forms.fields import OriginalOutcome
from tui.restores.plan import RestorePlan
from tui.restores.restore import Restore, Timestamp
from tui.restores.session_search import newest_of
from tui.restores.transitions import search, task_missing
from tui.store.journal import UNKNOWN_FOR
from tui.store.journal_entry import JournalEntry

OLD_AFTER = UNKNOWN_FOR
"""A row that did not change for so long is looked for quietly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who sends, where, in which logon session."""

    server: str
    em_user: str
    operator: str
    logon_session_id: str


def operator_name() -> str:
    """Return who sits at the keyboard of which machine: `user@host`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{platform.node()}"


def new_restore(
    plan: RestorePlan, reason: str, before: Iterable[RestoreSession], submitted: datetime
) -> Restore:
    """Return the restore of a plan, with the VM's restore sessions that were there before it."""
    listed = tuple(before)
    return Restore(
        key=uuid.uuid4().hex,
        vm_name=plan.vm_name,
        platform=plan.platform,
        kind=plan.point.kind,
        point_uid=plan.point.uid,
        point_created=plan.point.known_created,
        server_uid=plan.point.server_uid,
        server_name=plan.point.server_name,
        overwrites=plan.overwrites,
        original=plan.original,
        new_name=plan.new_name,
        incident=plan.context.incident.moment if plan.context.incident else None,
        is_after_incident=plan.is_after_incident,
        queue_row=plan.context.queue_row,
        reason=reason,
        submitted=submitted,
        sessions_before=frozenset(session.uid.lower() for session in listed),
        newest_before=newest_of(listed, plan.vm_name, plan.point.server_uid),
    )


def row_of(who: Requester, restore: Restore, plan: RestorePlan) -> dict[str, Any]:
    """Return the fields of its row, by which a later run must take the request as sent."""
    return {
        "state": RestoreState.SENT,
        "message": "About to be sent.",
        "started": restore.submitted,
        "plan_key": plan.key,
        "server": who.server,
        "em_user": who.em_user,
        "operator": who.operator,
        "logon_session_id": who.logon_session_id,
        "point_uid": plan.point.uid,
        "point_created": plan.point.known_created,
        "kind": plan.point.kind,
        "platform": plan.platform,
        "vm_name": plan.vm_name,
        "backup_server_uid": plan.point.server_uid,
        "backup_server_name": plan.point.server_name,
        "overwrites": plan.overwrites,
        "plan": "\n".join(plan.words),
        "request_format": plan.request.wire,
        "request_body": plan.request.body.decode("utf-8", "replace"),
        "reason": restore.reason,
        "original": plan.original,
        "new_name": restore.new_name,
        "incident": restore.incident,
        "is_after_incident": restore.is_after_incident,
        "queue_row": restore.queue_row,
        "sessions_before": tuple(sorted(restore.sessions_before)),
        "newest_before": restore.newest_before,
    }


def journal_fields(restore: Restore) -> dict[str, object]:
    """Return what the journal keeps of a restore as it goes on."""
    return {
        "state": restore.state,
        "logon_session_id": restore.task_session,
        "task_id": restore.task_id,
        "task_href": restore.task_href,
        "session_uid": restore.session_uid,
        "found_by": restore.found_by,
        "session_started": restore.session_started,
        "session_ended": restore.session_ended,
        "session_result": restore.session_result,
        "restored_ref": restore.restored_ref,
        "restored_name": restore.restored_name,
        "why_unknown": restore.why_unknown,
        "progress": restore.progress,
        "message": _joined((restore.message, restore.note)),
        "ended": restore.ended,
        "cancel": restore.cancel,
        "cancel_asked": restore.cancel_asked,
        "cancel_by": restore.cancel_by,
        "cancel_answered": restore.cancel_answered,
        "cancel_words": restore.cancel_words,
    }


def _joined(sentences: tuple[str, ...]) -> str:
    """Return sentences one after the other, each once and with its full stop."""
    closed = (one if one.endswith((".", "!", "?")) else f"{one}." for one in sentences if one)
    return " ".join(dict.fromkeys(closed))


def take_up(entry: JournalEntry) -> Restore:
    """Return the restore of a row, as the journal last knew it.

    Raises:
        ValueError: it holds a word that this version does not know.
    """
    return Restore(
        key=uuid.uuid4().hex,
        entry_id=entry.id,
        vm_name=entry.vm_name,
        platform=Platform(entry.platform),
        kind=PointKind(entry.kind),
        point_uid=entry.point_uid,
        point_created=entry.point_created,
        server_uid=entry.backup_server_uid,
        server_name=entry.backup_server_name,
        overwrites=entry.overwrites,
        original=OriginalOutcome(entry.original) if entry.original else None,
        new_name=entry.new_name,
        incident=entry.incident,
        is_after_incident=entry.is_after_incident,
        queue_row=entry.queue_row,
        reason=entry.reason,
        sent_by=entry.operator,
        submitted=entry.started or entry.created,
        state=entry.state,
        message=entry.message,
        task_id=entry.task_id,
        task_href=entry.task_href,
        task_session=entry.logon_session_id,
        session_uid=entry.session_uid,
        found_by=FoundBy(entry.found_by),
        session_started=entry.session_started,
        session_ended=entry.session_ended,
        session_result=entry.session_result,
        restored_ref=entry.restored_ref,
        restored_name=entry.restored_name,
        why_unknown=entry.why_unknown,
        progress=entry.progress,
        cancel=CancelState(entry.cancel),
        cancel_words=entry.cancel_words,
        cancel_asked=entry.cancel_asked,
        cancel_by=entry.cancel_by,
        cancel_answered=entry.cancel_answered,
        sessions_before=frozenset(uid.lower() for uid in entry.sessions_before),
        newest_before=entry.newest_before,
    )


def resume(restore: Restore, session_key: str, now: Timestamp, updated: datetime) -> Restore:
    """Go on from where the row stood: by task where its logon session is still alive, else by session.

    Args:
        restore: as taken up.
        session_key: of the live logon session.
        now: by both clocks.
        updated: when the row last changed; an unknown one of long ago is looked for quietly.
    """
    restore = resumed(restore, now)
    is_old = now.wall - updated > OLD_AFTER
    if restore.is_settled:
        return restore
    if restore.state is RestoreState.UNKNOWN and not restore.session_uid and is_old:
        why = restore.why_unknown or restore.message
        return replace(restore, message=why, note="vbem still looks for it from time to time.")
    if restore.session_uid:
        return replace(restore, note="Watched again through its restore session.")
    if restore.state is RestoreState.LAUNCHING and restore.task_session == session_key:
        return replace(restore, note="Watched again through its task.")
    if restore.state is RestoreState.LAUNCHING:
        known = "The server accepted the request and was launching it when last heard of"
        why = f"{known}; its task ({restore.task_id}) belongs to another logon session, which alone knows it."
        return task_missing(restore, now, why)
    ended_early = "vbem ended before the server replied; it may have started."
    return search(restore, restore.why_unknown or ended_early, now)
