"""Connections through the proxy: each is a tunnel that is open before the HTTP client sees it.

httpcore has a proxy of its own, but a tunnel whose TLS fails stays in its pool for ever: with eight
such failures no request would be sent any more. Here the pool knows plain connections only. Asking
for the tunnel falls under the time for connecting, and all that fails in it is the proxy's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpcore

from tui.api.errors import ManagerError
from tui.api.models import ServerAddress
from tui.api.proxy import ProxyAddress
from tui.api.streams import StreamBackend


class Tunnels(StreamBackend):
    """Dials the proxy, whatever host is asked for, and asks it for that host.

    Args:
        proxy: who opens the tunnels.
    """

    def __init__(self, proxy: ProxyAddress) -> None:
        self._proxy = proxy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        target = ServerAddress(host=host, port=port)
        try:
            async with asyncio.timeout(timeout):
                stream = await super().connect_tcp(
                    self._proxy.host, self._proxy.port, None, local_address, socket_options
                )
                try:
                    await self._ask(stream, target)
                except BaseException:
                    await stream.aclose()
                    raise
        except ManagerError:
            raise
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError, UnicodeError) as error:
            raise self._proxy.line_error(error) from error
        return stream

    async def _ask(self, stream: httpcore.AsyncNetworkStream, target: ServerAddress) -> None:
        await stream.write(self._proxy.request_for(target))
        await self._proxy.take_answer(lambda: stream.read(4096), target)
