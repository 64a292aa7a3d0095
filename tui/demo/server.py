"""The sockets of the server, and what is between them and the service: faults, the record of requests."""

from __future__ import annotations

import asyncio
import socket
import ssl
import traceback
from collections import deque

from tui.demo.fault_effects import Arrived
from tui.demo.fault_replies import Processed
from tui.demo.fault_table import AFTER, BEFORE, kind_named, parse
from tui.demo.faults import Faults
from tui.demo.http import Connection
from tui.demo.identity import Identity
from tui.demo.messages import Reply, Request, step_of
from tui.demo.options import Options
from tui.demo.service import Service
from tui.demo.site import Site

_KEPT = 20_000
_SECRET = {"authorization", "cookie", "x-restsvcsessionid"}


class Application:
    """One running server apart from its sockets."""

    def __init__(self, options: Options, specs: list[str]) -> None:
        self.site = Site(options)
        self.service = Service(self.site)
        self.faults = Faults()
        for spec in specs:
            self.faults.add(parse(spec))
        self.requests: deque[dict[str, object]] = deque(maxlen=_KEPT)
        self.port = 0

    def reset(self, options: Options) -> None:
        """A fresh world on the same port; nothing of the old one is known any more."""
        self.site = Site(options, generation=self.site.generation + 1)
        self.service = Service(self.site)
        self.requests.clear()
        self.faults.clear()

    def set_option(self, name: str, value: object) -> None:
        """Change one switch of the running server.

        Raises:
            ValueError: there is no such option, or the value does not fit.
        """
        options = self.site.options.changed(name, value)
        self.site.configure(options)
        self.site.clock.set_scale(options.time_scale)
        self.service = Service(self.site)

    async def answer(self, request: Request) -> Reply:
        """Answer one request, well or badly."""
        request.step = step_of(request)
        record = _record(request)
        self.requests.append(record)
        reply = await self._before(request) or await self._after(request, self._answer(request))
        record |= {"status": 0 if reply.manner == "drop" else reply.status, "user": request.user}
        return reply

    def _answer(self, request: Request) -> Reply:
        try:
            return self.service.answer(request)
        except Exception as error:  # noqa: BLE001 - the outer edge: a fault of this server is a 500, and is seen
            traceback.print_exc()
            return self.site.replies.fail(request, 500, f"{type(error).__name__}: {error}")

    async def _before(self, request: Request) -> Reply | None:
        found: Reply | None = None
        for fault in self.faults.named(BEFORE):
            effect = kind_named(fault.name).before
            if effect and fault.strikes(request.step):
                found = await effect(fault, Arrived(request, self.service)) or found
        return found

    async def _after(self, request: Request, reply: Reply) -> Reply:
        for fault in self.faults.named(AFTER):
            spoil = kind_named(fault.name).after
            if spoil and fault.strikes(request.step):
                reply = await spoil(fault, Processed(request, reply, self.service))
        return reply


def _record(request: Request) -> dict[str, object]:
    """A request as the control channel shows it: without its secrets."""
    headers = {name: "(kept out)" if name in _SECRET else value for name, value in request.headers.items()}
    return {
        "method": request.method, "path": request.target.partition("?")[0], "query": request.query,
        "headers": headers, "body": request.body.decode("utf-8", "replace"), "status": 0,
        "step": request.step, "user": "",
    }  # fmt: skip


_BACKLOG = 512


class Server:
    """Serves one application until it is closed."""

    def __init__(self, application: Application, identity: Identity) -> None:
        self.application = application
        self.identity = identity
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._socket: socket.socket | None = None
        self._listener: asyncio.Server | None = None
        self._listening: asyncio.Task[None] | None = None
        self._is_holding = False
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._renewals = 0
        self.url = ""

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._load()
        self._socket = _bound(host, port)
        self.application.port = self._socket.getsockname()[1]
        await self._listen(self._socket)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"https://{shown}:{self.application.port}"

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._listener:
            self._listener.close()
        if self._socket:
            self._socket.close()
        for connection in self._open.values():
            connection.abort()
        if self._open:
            await asyncio.wait(self._open, timeout=0.2)

    def hold_connections(self) -> None:
        """Accept no connection, and let each open one end with the reply that is under way on it."""
        self._is_holding = True
        if self._listener:
            self._listener.close()
        for connection in self._open.values():
            connection.retire()

    def release_connections(self) -> None:
        """Accept again, first those that wait."""
        if self._is_holding and self._socket is not None:
            self._is_holding = False
            self._listening = asyncio.get_running_loop().create_task(self._listen(self._socket))

    async def _listen(self, on: socket.socket) -> None:
        self._listener = await asyncio.start_server(
            self._serve, sock=on.dup(), ssl=self._context, ssl_handshake_timeout=10, backlog=_BACKLOG
        )

    def renew_certificate(self, options: Options) -> str:
        """Show another certificate from now on; its fingerprint."""
        self._renewals += 1
        self.identity.renew(self._renewals, kind=options.certificate)
        self._load()
        return self.identity.fingerprint

    def _load(self) -> None:
        self._context.load_cert_chain(self.identity.certificate_file, self.identity.key_file)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]
        connection = self._open[task] = Connection(reader, writer, self.application.answer)
        try:
            if self._is_holding:
                connection.retire()
            await connection.serve()
        except asyncio.CancelledError:
            pass  # the process ends; asyncio.streams of 3.11 would log a cancelled handler as a fault
        finally:
            del self._open[task]


def _bound(host: str, port: int) -> socket.socket:
    """A socket at an address; that it is TCP is said outright, else asyncio would let small writes wait."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
