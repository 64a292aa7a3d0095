"""A look at a server's certificate: a TLS handshake after which nothing is sent."""

from __future__ import annotations

import asyncio
import ssl

from tui.api.certificates import describe, problem_of
from tui.api.dial import dial
from tui.api.errors import CertificateChanged, ManagerError
from tui.api.faults import find, line_error
from tui.api.models import Certificate, ServerAddress
from tui.api.proxy import ProxyAddress
from tui.api.tls import PinMismatch, Trust, client_context, looking_context
from tui.clock import Clock, SystemClock


async def look_at_certificate(
    address: ServerAddress,
    *,
    trust: Trust | None = None,
    timeout_s: float = 10,
    proxy: str = "",
    clock: Clock | None = None,
) -> Certificate:
    """The certificate the server shows; `.problem` says why nobody vouches for it, empty when somebody does.

    Raises:
        CertificateChanged: it is not the pinned one.
        CaFileUnreadable: the CA file cannot be used.
        ProxyFailed: the proxy opens no tunnel to it.
        Unreachable, NotManager: there is no TLS server to look at.
    """
    trust = trust or Trust()
    now = (clock or SystemClock()).now()
    problem = ""
    try:
        context = await asyncio.to_thread(client_context, trust)
        der = await shown(address, context, timeout_s=timeout_s, proxy=proxy)
    except ManagerError as error:
        mismatch, refusal = find(error, PinMismatch), find(error, ssl.SSLCertVerificationError)
        if mismatch is not None:
            changed = describe(mismatch.der, host=address.host, problem="", now=now)
            raise CertificateChanged(changed, trust.pinned_sha256) from error
        if refusal is None:
            raise
        problem = problem_of(refusal)
        der = await shown(address, looking_context(), timeout_s=timeout_s, proxy=proxy)
    return describe(der, host=address.host, problem=problem, now=now)


async def shown(
    address: ServerAddress, context: ssl.SSLContext, *, timeout_s: float, proxy: str = ""
) -> bytes:
    """The server's certificate in DER, after a handshake with that context."""
    writer: asyncio.StreamWriter | None = None
    try:
        if proxy:
            writer = await _through(ProxyAddress.parse(proxy), address, timeout_s)
        async with asyncio.timeout(timeout_s):
            if writer is None:
                # TLS is a second step, so that a refused handshake leaves a connection we can close.
                writer = (await dial(address.host, address.port)).writer
            await writer.start_tls(context, server_hostname=address.host)
    except (OSError, UnicodeError) as error:  # TimeoutError and ssl.SSLError are OSErrors
        raise line_error(error, address, request_sent=False) from error
    else:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) or b""
    finally:
        if writer is not None:
            writer.transport.abort()


async def _through(proxy: ProxyAddress, address: ServerAddress, timeout_s: float) -> asyncio.StreamWriter:
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer, _ = await dial(proxy.host, proxy.port)
            writer.write(proxy.request_for(address))
            await proxy.take_answer(lambda: reader.read(4096), address)
    except BaseException as error:
        if writer is not None:
            writer.transport.abort()
        if isinstance(error, OSError | UnicodeError):
            raise proxy.line_error(error) from error
        raise
    return writer
