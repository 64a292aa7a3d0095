"""Reading a page made up here, before a server's page is waited for.

What is read for the first time takes three times as long as what was read before (a page of 50 points 0.65 ms
instead of 0.22): the interpreter has looked nothing up yet. Nobody waits while a password is typed.
"""

from __future__ import annotations

import gzip
import json

from tui.api.codec import codec_of
from tui.api.inflate import inflate
from tui.api.limits import Limits
from tui.api.models import Page, PointKind, RestorePoint

POINTS = 30
"""About as many as a terminal has lines."""


def rehearsed_page() -> Page[RestorePoint]:
    """Points made up here and read as a server's are."""
    packed, limits = gzip.compress(json.dumps(_page(), separators=(",", ":")).encode()), Limits()
    body = inflate(packed, "gzip", limits.body_bytes)
    listing = codec_of(body).points(body, PointKind.VM, limits)
    return Page(items=listing.items, number=listing.number, pages=listing.pages)


def _page() -> dict[str, object]:
    """A query's page of entities (WIRE 3.1, 4.1)."""
    points = [_point(f"{number:08x}-0000-0000-0000-000000000000", number) for number in range(POINTS)]
    return {
        "Entities": {"VmRestorePoints": {"VmRestorePoints": points}},
        "PagingInfo": {"PageNum": 1, "PageSize": POINTS, "PagesCount": 2},
    }


def _point(own: str, number: int) -> dict[str, object]:
    up = {
        "Rel": "Up",
        "Href": f"https://em.example.org:9398/api/backupServers/{own}",
        "Name": "vbr.example.org",
    }
    path = f"https://em.example.org:9398/api/vmRestorePoints/{own}"
    job = f"https://em.example.org:9398/api/restorePoints/{own}"
    return {
        "CreationTimeUTC": f"2026-01-01T00:{number:02}:00.0000000Z",
        "Algorithm": "Increment",
        "PointType": "Incremental",
        "HierarchyObjRef": f"urn:VMware:Vm:{own}.vm-{number}",
        "VmDisplayName": f"vm-{number:02}",
        "Name": f"vm-{number:02}@2026-01-01 00:00:00",
        "UID": f"urn:veeam:VmRestorePoint:{own}",
        "Links": [
            {"Rel": "Restore", "Href": f"{path}?action=restore"},
            {**up, "Type": "BackupServerReference"},
            {"Rel": "Up", "Href": job, "Name": "job", "Type": "RestorePointReference"},
            {"Rel": "Alternate", "Href": path, "Name": "vm", "Type": "VmRestorePointReference"},
        ],
        "Href": f"{path}?format=Entity",
        "Type": "VmRestorePoint",
    }
