"""The listening socket with TLS: one `Connection` per client.

The socket outlives the listener on it: while connections are held, the system still completes those that
are made, and nobody accepts them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from tui.demo.application import Application
from tui.demo.http import Connection
from tui.demo.identity import Identity
from tui.demo.options import Options

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
