"""Taking a restore up again from its journal row, after the program ended in the middle of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from tui.api.models import Platform, PointKind
from tui.restores.cancelling import resumed
from tui.restores.life import search, task_missing
from tui.restores.restore import CancelState, Moment, Restore
from tui.store.entry import Entry, RestoreState

OLD_AFTER = timedelta(hours=1)


def take_up(entry: Entry) -> Restore:
    """The restore of a row, as the journal last knew it."""
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
        reason=entry.reason,
        submitted=entry.started or entry.created,
        state=entry.state,
        message=entry.message,
        task_id=entry.task_id,
        task_href=entry.task_href,
        task_session=entry.logon_session_id,
        session_uid=entry.session_uid,
        progress=entry.progress,
        cancel=CancelState(entry.cancel),
        cancel_words=entry.cancel_words,
        cancel_asked=entry.cancel_asked,
        cancel_by=entry.cancel_by,
        cancel_answered=entry.cancel_answered,
        sessions_before=frozenset(uid.lower() for uid in entry.sessions_before),
    )


def resume(restore: Restore, session_key: str, moment: Moment, updated: datetime) -> Restore:
    """What follows from where the row stood: by task where its logon session still lives, else by session.

    A row that is still `planned` is of an earlier version of this program, which wrote `sent` in a second
    step: that step may have failed, and the request been sent all the same.

    Args:
        restore: as taken up.
        session_key: of the live logon session.
        moment: now.
        updated: when the row last changed; an unknown one of long ago is looked for quietly.
    """
    restore = resumed(restore, moment)
    is_old = moment.wall - updated > OLD_AFTER
    if restore.state is RestoreState.UNKNOWN and not restore.session_uid and is_old:
        return replace(restore, note="It is still looked for, now and then.")
    if restore.state is RestoreState.PLANNED:
        return search(restore, "Whether it was sent the journal does not say; it may have started.", moment)
    if restore.session_uid:
        return replace(restore, note="Followed again by its restore session.")
    if restore.state is RestoreState.LAUNCHING and restore.task_session == session_key:
        return replace(restore, note="Followed again by its task.")
    if restore.state is RestoreState.LAUNCHING:
        return task_missing(restore, moment, "Its task belongs to a logon session that is over.")
    return search(restore, "The program ended before the server's reply came; it may have started.", moment)
