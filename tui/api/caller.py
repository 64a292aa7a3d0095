"""What every operation does: ask with the token, in the right format, and read the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from tui.api.errors import BadReply, Invalid, ManagerError, NotFound, SessionExpired, Unreadable
from tui.api.limits import Limits, Timeouts
from tui.api.models import LogonSession, ServerAddress, WireFormat, version_key
from tui.api.pages import PageDecoders
from tui.api.tls import Trust
from tui.clock import Clock, SystemClock

if TYPE_CHECKING:
    from tui.api.codec.restore_request import RestoreRequest
    from tui.api.codec.tree import Tree
    from tui.api.transport import Reply, Transport

ResultT = TypeVar("ResultT")
Beside = Callable[[bytes, str], Awaitable[ResultT | None]]
"""Decodes a body, compressed as said, in another process."""
TOKEN_HEADER = "X-RestSvcSessionId"  # noqa: S105 - a header's name
_XML, _JSON = "application/xml", "application/json"
_TARGET_CHARS = 60_000
"""Of a path with its query; httpx refuses longer ones as if the host's name were wrong."""
_THREAD_ABOVE = {_XML: 24_000, _JSON: 4_000_000}
"""Bytes of a reply above which it is decoded beside the event loop, which would stand still meanwhile."""
_BESIDE_ABOVE = {"": 200_000, "gzip": 20_000}
"""Bytes, by compression, from which a body is worth the way to another process: some 200 points."""


class Caller:
    """One server, one account: the part of the client that knows how to ask."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        trust: Trust | None = None,
        wire: WireFormat = WireFormat.AUTO,
        proxy: str = "",
        clock: Clock | None = None,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.address = address
        self.wire = wire
        self.session: LogonSession | None = None
        self.api_version = ""
        """Best knowledge of the version the session speaks, empty if unknown."""
        self._trust = trust or Trust()
        self._proxy = proxy
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._timeouts = timeouts or Timeouts()
        self._transport: Transport | None = None
        self._json_refused = False
        self._pages = PageDecoders(self._limits)
        self._decoding = asyncio.Lock()
        """Threads that decode side by side only take the interpreter from each other."""

    @property
    def lists_wire(self) -> WireFormat:
        """The format reads are asked in: under AUTO it is JSON wherever the server has it (WIRE 2.1)."""
        if self.wire is not WireFormat.AUTO:
            return self.wire
        too_old = self.api_version and version_key(self.api_version) < (1, 4)
        return WireFormat.XML if too_old or self._json_refused else WireFormat.JSON

    @property
    def writes_wire(self) -> WireFormat:
        """The format writes are sent in: under AUTO it is XML, whose element order the seed page states."""
        return WireFormat.XML if self.wire is WireFormat.AUTO else self.wire

    async def aclose(self) -> None:
        """Close all connections; the logon session at the server stays as it is."""
        await self._pages.aclose()
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def _read(
        self, target: str, decode: Callable[[bytes], ResultT], *, beside: Beside[ResultT] | None = None
    ) -> ResultT:
        """GET and decode, again in XML where AUTO asked an old server for JSON.

        Args:
            target: path and query.
            decode: makes a model of the body.
            beside: may do the same for a long body in another process; None from it means it cannot.
        """
        accept, packed = _media_type(self.lists_wire), beside is not None
        try:
            reply = await self._call("GET", target, accept, packed=packed)
            return await self._decoded(reply, decode, beside)
        except (Invalid, Unreadable) as error:
            if self.wire is not WireFormat.AUTO or accept == _XML or not _is_about_format(error):
                raise
            reply = await self._call("GET", target, _XML, packed=packed)
            result = await self._decoded(reply, decode, beside)
            self._json_refused = self._json_refused or isinstance(error, Invalid)
            return result

    async def _read_tree(self, target: str, reader: Callable[[Tree], ResultT]) -> ResultT:
        """GET and read a model with one of the codec's readers."""
        return await self._read(target, lambda body: self._model(body, reader))

    async def _write(self, method: str, target: str, request: RestoreRequest | None = None) -> Reply:
        """One request that changes something, sent once."""
        if request is None:
            return await self._call(method, target, _media_type(self.writes_wire))
        media_type = request.headers["Content-Type"]
        return await self._call(method, target, media_type, content_type=media_type, body=request.body)

    def _model(self, body: bytes, reader: Callable[[Tree], ResultT]) -> ResultT:
        from tui.api.codec import codec_of

        return codec_of(body).read(body, reader, self._limits)

    async def _decoded(
        self, reply: Reply, decode: Callable[[bytes], ResultT], beside: Beside[ResultT] | None = None
    ) -> ResultT:
        if reply.status == 204:
            raise NotFound("It answers with nothing.", http_code=204)
        body, is_long = reply.body, len(reply.body) > _BESIDE_ABOVE[reply.encoding]
        try:
            if beside and is_long and (found := await beside(body, reply.encoding)) is not None:
                return found
            if reply.encoding:
                from tui.api.inflate import inflate

                body = inflate(body, reply.encoding, self._limits.body_bytes)
            if len(body) > _THREAD_ABOVE[_JSON if body[:1] in (b"{", b"[") else _XML]:
                async with self._decoding:
                    return await asyncio.to_thread(decode, body)
            return decode(body)
        except BadReply as error:
            error.http_code = reply.status
            raise

    async def _call(
        self,
        method: str,
        target: str,
        accept: str,
        *,
        content_type: str = "",
        body: bytes = b"",
        packed: bool = False,
    ) -> Reply:
        """One request with the token; anything but one of the 200s is an error.

        Raises:
            Invalid: the address is longer than HTTP carries; nothing was sent.
            SessionExpired: the server no longer knows the session, or nobody logged on.
            ManagerError: whatever else happened.
        """
        if self.session is None:
            raise SessionExpired("Nobody is logged on.", request_sent=False)
        if len(target) > _TARGET_CHARS:
            raise Invalid(
                "A name in the request is too long to be sent.",
                hint="Look at the VM's name: no server takes an address that long.",
                request_sent=False,
            )
        transport = await self._open()
        from tui.api.status import error_for
        from tui.api.transport import Call, Kind

        call = Call(
            method=method,
            target=target,
            accept=accept,
            kind=Kind.READ if method == "GET" else Kind.WRITE,
            content_type=content_type,
            body=body,
            secrets={TOKEN_HEADER: self.session.token},
            packed=packed,
        )
        reply = await transport.send(call)
        if not 200 <= reply.status < 300:
            raise error_for(reply.status, reply.body, self._limits)
        return reply

    async def _open(self) -> Transport:
        if self._transport is None:
            # Importing the HTTP client and the codecs takes a tenth of a second; the screen stays alive.
            await asyncio.to_thread(_import_all)
        from tui.api.transport import Transport

        if self._transport is None:
            self._transport = Transport(
                self.address,
                trust=self._trust,
                proxy=self._proxy,
                clock=self._clock,
                limits=self._limits,
                timeouts=self._timeouts,
            )
        return self._transport


def _import_all() -> None:
    for name in ("transport", "status", "codec.json", "codec.xml"):
        import_module(f"tui.api.{name}")


def _media_type(wire: WireFormat) -> str:
    return _JSON if wire is WireFormat.JSON else _XML


def _is_about_format(error: ManagerError) -> bool:
    return isinstance(error, Unreadable) or error.http_code in (400, 406, 415)
