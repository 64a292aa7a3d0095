"""HTTP/1.1 over one connection: h11 keeps the state, this file moves the bytes, also badly if asked to."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus

import h11

from tui.demo.messages import Reply, Request

MAX_BODY = 1 << 20
"""The largest request body; restore requests are a thousandth of it."""
_READ = 1 << 16
_PIECE = 1 << 18

Answer = Callable[[Request], Awaitable[Reply]]


class Connection:
    """One client's connection, until either side closes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._state = h11.Connection(h11.SERVER)
        self._is_last = False

    def retire(self) -> None:
        """Close it: at once while nothing is asked on it, else after the reply, which says so."""
        self._is_last = True
        if self._state.their_state is h11.IDLE:
            self._writer.close()

    def abort(self) -> None:
        """Cut it."""
        self._writer.transport.abort()

    async def serve(self) -> None:
        """Answer requests until the connection ends."""
        try:
            while request := await self._receive():
                reply = await self._answer(request)
                await self._send(request, reply)
                if self._state.our_state is not h11.DONE or self._state.their_state is not h11.DONE:
                    break
                self._state.start_next_cycle()
        except (OSError, h11.RemoteProtocolError, asyncio.IncompleteReadError):
            pass  # the client went away or does not speak HTTP: nobody is left to be told
        finally:
            self._writer.transport.abort() if self._broken else self._writer.close()

    @property
    def _broken(self) -> bool:
        return self._state.our_state in {h11.SEND_BODY, h11.SEND_RESPONSE, h11.ERROR}

    async def _receive(self) -> Request | None:
        request: Request | None = None
        body = bytearray()
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                if self._state.they_are_waiting_for_100_continue:
                    self._write(self._state.send(h11.InformationalResponse(status_code=100, headers=[])))
                self._state.receive_data(await self._reader.read(_READ))
            elif isinstance(event, h11.Request):
                request = _request(event)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    return None
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                request.body = bytes(body)
                return request
            else:
                return None

    async def _send(self, request: Request, reply: Reply) -> None:
        if reply.manner == "drop":
            self._writer.transport.abort()
            return
        if reply.manner == "not-http":
            self._write(bytes(reply.body) if isinstance(reply.body, bytes) else b"")
            await self._writer.drain()
            self._writer.transport.close()
            return
        packed = "gzip" in request.headers.get("accept-encoding", "").lower()
        if isinstance(reply.body, bytes):
            await self._send_whole(request, reply, packed=packed)
        else:
            await self._send_stream(reply, reply.body, packed=packed)

    async def _send_whole(self, request: Request, reply: Reply, *, packed: bool) -> None:
        assert isinstance(reply.body, bytes)  # noqa: S101 - narrows the type
        body, headers = reply.body, list(reply.headers)
        ready_made = any(name.lower() == "content-encoding" for name, _ in headers)
        if packed and not ready_made and (reply.packed or len(body) > 600):
            body = reply.packed or gzip.compress(body, 1, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        if reply.status != 204:
            headers.append(("Content-Length", str(len(body))))
        self._head(reply, headers)
        if reply.manner == "truncate":
            self._write(self._state.send(h11.Data(data=body[: len(body) // 2])))
            await self._writer.drain()
            self._writer.transport.close()
            return
        await self._send_body(reply, b"" if request.method == "HEAD" else body)
        self._write(self._state.send(h11.EndOfMessage()))
        await self._writer.drain()

    async def _send_body(self, reply: Reply, body: bytes) -> None:
        if reply.manner == "drip":
            for byte in body:
                self._write(self._state.send(h11.Data(data=bytes([byte]))))
                await self._writer.drain()
                await asyncio.sleep(reply.drip_s)
        elif body and reply.status != 204:
            self._write(self._state.send(h11.Data(data=body)))

    async def _send_stream(self, reply: Reply, pieces: Iterable[bytes], *, packed: bool) -> None:
        headers = [*reply.headers, ("Transfer-Encoding", "chunked")]
        ready_made = any(name.lower() == "content-encoding" for name, _ in headers)
        packer = zlib.compressobj(1, zlib.DEFLATED, 31) if packed and not ready_made else None
        if packer:
            headers.append(("Content-Encoding", "gzip"))
        self._head(reply, headers)
        for piece in pieces:
            data = packer.compress(piece) if packer else piece
            if data:
                self._write(self._state.send(h11.Data(data=data)))
                await self._writer.drain()
            await asyncio.sleep(0)
        if packer:
            self._write(self._state.send(h11.Data(data=packer.flush())))
        self._write(self._state.send(h11.EndOfMessage()))
        await self._writer.drain()

    def _head(self, reply: Reply, headers: list[tuple[str, str]]) -> None:
        if reply.content_type and reply.status != 204:
            headers.append(("Content-Type", reply.content_type))
        headers.append(("Server", "Microsoft-HTTPAPI/2.0"))
        if self._is_last:
            headers.append(("Connection", "close"))
        reason = reply.reason or _reason(reply.status)
        self._write(
            self._state.send(h11.Response(status_code=reply.status, headers=headers, reason=reason.encode()))
        )

    def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _request(event: h11.Request) -> Request:
    headers: dict[str, str] = {}
    for name, value in event.headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return Request(
        method=event.method.decode("ascii"), target=event.target.decode("latin-1"), headers=headers
    )
