"""Connections to a host, whichever of its addresses answers."""

from __future__ import annotations

import asyncio
import socket
from typing import NamedTuple

BUFFER_BYTES = 256 * 1024
"""Twice as many may wait to be read before the other end is made to wait."""
ADDRESS_S = 3.0
"""How long one address has to answer where there is another: a name may have one that leads nowhere."""


class Protocol(asyncio.StreamReaderProtocol):
    """asyncio's, which also knows how much has come."""

    come = 0

    def data_received(self, data: bytes) -> None:
        """Hand it on to the reader."""
        self.come += len(data)
        super().data_received(data)


class Line(NamedTuple):
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: Protocol


async def dial(host: str, port: int) -> Line:
    """Connect to the first address that answers. The caller bounds the time, and closes the line.

    Raises:
        OSError: none does; its causes say why. `socket.gaierror` is one.
        UnicodeError: this is no host name.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    errors: list[OSError] = []
    for address in addresses:
        try:
            # One after the other: asyncio's race of addresses loses its winner's socket when it is cancelled.
            async with asyncio.timeout(None if address == addresses[-1] else ADDRESS_S):
                return await _opened(address, port)
        except OSError as error:
            errors.append(error)
    raise OSError(f"none of {len(errors)} addresses answers") from ExceptionGroup("addresses", errors)


async def _opened(address: str, port: int) -> Line:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=BUFFER_BYTES, loop=loop)
    protocol = Protocol(reader, loop=loop)
    transport, _ = await loop.create_connection(lambda: protocol, address, port)
    return Line(reader, asyncio.StreamWriter(transport, protocol, reader, loop), protocol)
