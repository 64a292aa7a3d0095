"""A restore's beginning: its first snapshot, and its row in the journal before anything is sent.

The row is born as `sent`, in one write. A row that began as `planned` and was marked `sent` by a second
write would claim that nothing left if that second write failed and the operator sent it all the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tui.api.models import RestoreSession
from tui.restores.plan import RestorePlan
from tui.restores.restore import Restore
from tui.store.entry import RestoreState


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who sends, where, in which logon session."""

    server: str
    em_user: str
    operator: str
    logon_session_id: str


def new_restore(
    plan: RestorePlan, reason: str, before: Iterable[RestoreSession], submitted: datetime
) -> Restore:
    """The restore of a plan, with the VM's restore sessions that were there before it."""
    listed = tuple(before)
    created = [session.created for session in listed if session.created is not None]
    return Restore(
        key=uuid.uuid4().hex,
        vm_name=plan.vm_name,
        platform=plan.platform,
        kind=plan.point.kind,
        point_uid=plan.point.uid,
        point_created=plan.point.created,
        server_uid=plan.point.server_uid,
        server_name=plan.point.server_name,
        overwrites=plan.overwrites,
        reason=reason,
        submitted=submitted,
        sessions_before=frozenset(session.uid.lower() for session in listed),
        newest_before=max(created, default=None),
    )


def row_of(who: Who, restore: Restore, plan: RestorePlan) -> dict[str, object]:
    """The fields of its row: whoever finds it later must take the request for sent."""
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
        "point_created": plan.point.created,
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
        "sessions_before": tuple(sorted(restore.sessions_before)),
    }
