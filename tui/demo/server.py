"""The listening socket with TLS: one `Connection` per client."""

from __future__ import annotations

import asyncio
import ssl

from tui.demo.application import Application
from tui.demo.http import Connection
from tui.demo.identity import Identity
from tui.demo.options import Options


class Server:
    """Serves one application until it is closed."""

    def __init__(self, application: Application, identity: Identity) -> None:
        self.application = application
        self.identity = identity
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._listener: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._renewals = 0
        self.url = ""

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._load()
        self._listener = await asyncio.start_server(
            self._serve, host, port, ssl=self._context, ssl_handshake_timeout=10, backlog=512
        )
        self.application.port = self._listener.sockets[0].getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"https://{shown}:{self.application.port}"

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._listener:
            self._listener.close()
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(self._open, timeout=0.2)

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
        self._open[task] = writer
        try:
            await Connection(reader, writer, self.application.answer).serve()
        except asyncio.CancelledError:
            pass  # the process ends; asyncio.streams of 3.11 would log a cancelled handler as a fault
        finally:
            del self._open[task]
