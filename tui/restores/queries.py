"""The one query of restore sessions that serves any number of restores (contract 3.2, 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tui.api.query import Filter, Query, any_of, eq, ge
from tui.restores.restore import Restore

PAGE_SIZE = 500
MOST_TERMS = 25
"""More alternatives than this make the address too long for some servers and proxies."""
LONGEST_NAME = 100
"""Longer names are not put into a filter."""
_MARGIN = timedelta(days=1)
"""Backup servers' clocks differ from each other."""


def guard_query(vm_name: str) -> Query:
    """The restore sessions of a VM, listed before its restore is sent."""
    return Query(
        filter=eq("VmDisplayName", vm_name), sort="CreationTime", descending=True, page_size=PAGE_SIZE
    )


def watch_query(restores: Sequence[Restore]) -> tuple[Query, bool]:
    """What to ask for these restores, and whether searched ones are asked for by their VM's name."""
    narrow = len(restores) <= MOST_TERMS and all(len(restore.vm_name) <= LONGEST_NAME for restore in restores)
    if narrow:
        return Query(filter=any_of(*_terms(restores)), page_size=PAGE_SIZE), True
    return Query(filter=_since(restores), sort="CreationTime", descending=True, page_size=PAGE_SIZE), False


def _terms(restores: Sequence[Restore]) -> list[Filter]:
    uids = {restore.session_uid for restore in restores if restore.session_uid}
    names = {restore.vm_name for restore in restores if not restore.session_uid}
    by_uid = [eq("UID", uid) for uid in sorted(uids)]
    return by_uid + [eq("VmDisplayName", name) for name in sorted(names)]


def _since(restores: Sequence[Restore]) -> Filter | None:
    """From the oldest session on, by the servers' own times; None, so everything, where one is not known."""
    known = [_server_time(restore) for restore in restores]
    if not known or None in known:
        return None
    return ge("CreationTime", min(time for time in known if time is not None) - _MARGIN)


def _server_time(restore: Restore) -> datetime | None:
    return restore.session.created if restore.session is not None else restore.newest_before
