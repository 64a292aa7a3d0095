"""The face of the service layer: one Enterprise Manager, one account, one method per operation."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tui.api.codec.restore_request import RestoreRequest
from tui.api.logon import LogonCalls
from tui.api.look import look_at_certificate
from tui.api.places import PlaceCalls
from tui.api.points import PointCalls
from tui.api.query import Query
from tui.api.restores import RestoreCalls
from tui.api.tls import Trust

__all__ = ["EnterpriseManager", "Query", "RestoreRequest", "Trust", "look_at_certificate"]


class EnterpriseManager(LogonCalls, PointCalls, RestoreCalls, PlaceCalls):
    """Talks to one server as one account.

    Reads are tried again when the line breaks; writes are sent once, and their errors say in
    `request_sent` whether the server may have them. Nothing is sent to any host but `address`.

    Args:
        address: the server as dialled.
        trust: who vouches for its certificate; the system's authorities by default.
        wire: the format; AUTO lists in JSON and writes in XML.
        proxy: URL of an HTTP proxy; never taken from the environment.
        clock: now and sleep.
        limits: bounds on what the server may send.
        timeouts: bounds on how long it may take.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
