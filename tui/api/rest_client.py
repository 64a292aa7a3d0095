"""What every operation does: ask with the session's token, in the right format, and decode the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tui.api.codec import codec_of, resources
from tui.api.codec.listing import check_no_error, is_web_page
from tui.api.error_mapping import check_answer, error_for
from tui.api.errors import (
    BadReply,
    ErrorAsAnswer,
    Invalid,
    ManagerError,
    NoContent,
    NotFound,
    NotManager,
    SessionExpired,
    TooLarge,
    Unreadable,
)
from tui.api.limits import Limits
from tui.api.models import LogonSession, WireFormat, version_key
from tui.api.transport import Call, Kind, Reply, Transport

if TYPE_CHECKING:
    from datetime import timedelta

    from tui.api.codec.tree import Tree

ResultT = TypeVar("ResultT")
TOKEN_HEADER = "X-RestSvcSessionId"  # noqa: S105 - a header's name
XML, JSON = "application/xml", "application/json"
_TOKEN = re.compile(r"[!-~]{1,4096}")
_TARGET_CHARS = 60_000
"""Of a path with its query; httpx refuses longer ones as if the host's name were wrong."""
_THREAD_ABOVE_BYTES = 6_000
"""Of a reply that is decoded in a thread, for the event loop could stand still for 50 ms meanwhile."""


class RestClient:
    """Asks one server as one account.

    Args:
        transport: the connections to the server.
        wire: the format; AUTO reads in JSON and writes in XML.
        limits: bounds on what the server may send.
    """

    def __init__(self, transport: Transport, *, wire: WireFormat, limits: Limits) -> None:
        self.wire = wire
        self.session: LogonSession | None = None
        self.api_version = ""
        """Best knowledge of the version the session speaks, empty if unknown."""
        self._transport = transport
        self._limits = limits.without_points()
        """Of a reply that is no page of points."""
        self._json_refused = self._predates_json = False
        self._has_answered = False
        """Whether a question was ever answered as only Enterprise Manager does."""
        self._decoding = asyncio.Lock()
        """Threads that decode side by side only take the interpreter from each other."""

    @property
    def lists_wire(self) -> WireFormat:
        """The format reads are asked in: under AUTO it is JSON wherever the server has it (WIRE 2.1)."""
        if self.wire is not WireFormat.AUTO:
            return self.wire
        return WireFormat.XML if self._predates_json or self._json_refused else WireFormat.JSON

    @property
    def writes_wire(self) -> WireFormat:
        """The format writes are sent in: under AUTO it is XML, whose element order the seed page states."""
        return WireFormat.XML if self.wire is WireFormat.AUTO else self.wire

    def resume(self, session: LogonSession) -> None:
        """Use a session from now on."""
        self.session, self.api_version = session, session.api_version
        self._predates_json = bool(session.api_version) and version_key(session.api_version) < (1, 4)

    @property
    def clock_offset(self) -> timedelta | None:
        """How far this machine's clock is ahead of the server's, as far as its replies say."""
        return self._transport.clock_offset

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def read(
        self, target: str, decode: Callable[[bytes], Awaitable[ResultT]], *, keep_gzip: bool = False
    ) -> ResultT:
        """GET and decode, again in XML where AUTO asked an old server for JSON.

        Args:
            target: path and query.
            decode: makes a model of the body.
            keep_gzip: give `decode` a body that was sent as gzip as it is.
        """
        with self._at_work():
            result = await self._read(target, decode, keep_gzip=keep_gzip)
        self._has_answered = True
        return result

    async def _read(
        self, target: str, decode: Callable[[bytes], Awaitable[ResultT]], *, keep_gzip: bool
    ) -> ResultT:
        accept = _media_type(self.lists_wire)
        try:
            return await _decoded(await self._call("GET", target, accept, keep_gzip=keep_gzip), decode)
        except (Invalid, Unreadable) as error:
            if self.wire is not WireFormat.AUTO or accept == XML or not _is_about_format(error):
                raise
            result = await _decoded(await self._call("GET", target, XML, keep_gzip=keep_gzip), decode)
            self._json_refused = self._json_refused or isinstance(error, Invalid)
            return result

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Send nobody to a name or a port where Enterprise Manager has answered before."""
        try:
            yield
        except ManagerError as error:
            if self._has_answered and error.hint_at_work:
                error.hint = error.hint_at_work
            raise

    async def read_model(self, target: str, reader: Callable[[Tree], ResultT]) -> ResultT:
        """GET and read a model with one of the codec's readers."""
        return await self.read(target, lambda body: self._model(body, reader))

    async def read_one(self, target: str, reader: Callable[[Tree], ResultT]) -> ResultT:
        """GET one thing, and read its model.

        Raises:
            NotFound: it is not there; a client has seen that told by 204 as well (WIRE 9).
        """
        try:
            return await self.read_model(target, reader)
        except NoContent as error:
            raise NotFound(error.detail, http_code=error.http_code) from error

    async def write(
        self, method: str, target: str, *, media_type: str = "", body: bytes | None = None
    ) -> Reply:
        """Send one request that changes something, once.

        Args:
            method: POST or DELETE.
            target: path and query.
            media_type: of `body` and of the answer; by default that of `writes_wire`.
            body: None where there is none.

        Raises:
            NotManager, ErrorAsAnswer: a web page or an Error said yes; whether it was done is not known.
        """
        accept = media_type or _media_type(self.writes_wire)
        content_type = "" if body is None else accept
        with self._at_work():
            reply = await self._call(method, target, accept, content_type=content_type, body=body or b"")
            if is_web_page(reply.body):
                raise NotManager("It is a web page.", http_code=reply.status)
            return reply

    async def delete(self, target: str) -> bool:
        """Send one DELETE, once; return whether it is done, False where it is only accepted (WIRE 6.3).

        Raises:
            BadReply: something else than Enterprise Manager's yes came; whether it was done is not known.
        """
        reply = await self.write("DELETE", target)
        if not reply.body.strip():
            if reply.status not in (200, 202, 204):
                raise Unreadable(f"HTTP {reply.status} is no answer to a DELETE.", http_code=reply.status)
            return reply.status != 202
        await self.model_of(reply, check_no_error)
        if reply.status != 202:
            raise Unreadable(f"HTTP {reply.status} came with content.", http_code=reply.status)
        task = await self.model_of(reply, resources.task)
        if task.success is False:
            raise ErrorAsAnswer(task.message or "It is a task that has failed.", http_code=reply.status)
        return False

    async def send_anonymous(self, call: Call) -> Reply:
        """Send a call without the token, whatever the status of its reply: for logging on."""
        return await self._transport.send(call)

    async def model_of(self, reply: Reply, reader: Callable[[Tree], ResultT]) -> ResultT:
        """Read a model from a reply with one of the codec's readers."""
        with self._at_work():
            return await _decoded(reply, lambda body: self._model(body, reader))

    async def decode(self, body: bytes, decode: Callable[[bytes], ResultT]) -> ResultT:
        """Decode a body, a long one in a thread."""
        if len(body) <= _THREAD_ABOVE_BYTES:
            return decode(body)
        async with self._decoding:
            return await asyncio.to_thread(decode, body)

    async def _model(self, body: bytes, reader: Callable[[Tree], ResultT]) -> ResultT:
        limits = self._limits
        if len(body) > limits.body_bytes:
            raise TooLarge(f"It is larger than {limits.body_bytes // 1_000_000} MB.")
        return await self.decode(body, lambda text: reader(codec_of(text).tree(text, limits)))

    async def _call(
        self,
        method: str,
        target: str,
        accept: str,
        *,
        content_type: str = "",
        body: bytes = b"",
        keep_gzip: bool = False,
    ) -> Reply:
        """Send one request with the token; anything but one of the 200s is an error.

        Raises:
            Invalid: the address is longer than HTTP carries; nothing was sent.
            SessionExpired: the server no longer knows the session, or nobody logged on.
            ManagerError: whatever else happened.
        """
        if self.session is None:
            raise SessionExpired("Nobody is logged on.", request_sent=False)
        if not is_token(self.session.token):
            raise SessionExpired("The kept session is damaged.", request_sent=False)
        if len(target) > _TARGET_CHARS:
            raise Invalid(
                "A name in the request is too long to be sent.",
                hint="Check the VM's name: no server accepts an address that long.",
                request_sent=False,
            )
        call = Call(
            method=method,
            target=target,
            accept=accept,
            kind=Kind.READ if method == "GET" else Kind.WRITE,
            content_type=content_type,
            body=body,
            keep_gzip=keep_gzip,
            secrets={TOKEN_HEADER: self.session.token},
        )
        reply = await self._transport.send(call)
        if not 200 <= reply.status < 300:
            raise error_for(reply.status, reply.body, reply.headers)
        check_answer(reply.status, reply.body)
        return reply


def is_token(text: str) -> bool:
    """Return whether it can be the token of a session: base64, and no longer than a header carries."""
    return _TOKEN.fullmatch(text) is not None


async def _decoded(reply: Reply, decode: Callable[[bytes], Awaitable[ResultT]]) -> ResultT:
    if reply.status == 204:
        raise NoContent
    try:
        return await decode(reply.body)
    except BadReply as error:
        error.http_code = reply.status
        raise


def _media_type(wire: WireFormat) -> str:
    return JSON if wire is WireFormat.JSON else XML


def _is_about_format(error: ManagerError) -> bool:
    is_unreadable = isinstance(error, Unreadable) and not isinstance(error, NoContent)
    return is_unreadable or error.http_code in (400, 406, 415)
