"""A server that answers with exactly the bytes a test gives it, over real TLS, and keeps what it was asked.

The embedded Enterprise Manager answers as real servers do; this one answers as no decent server would.
"""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tui.api.client import EnterpriseManager, Trust
from tui.api.limits import Limits, Timeouts
from tui.api.models import LogonSession, ServerAddress, WireFormat
from tui.clock import Clock

TOKEN = "TkRjZmJkYmUtNWE5+/w=="
SESSION = LogonSession(user="LAB\\op", session_id="s-1", token=TOKEN, api_version="v1_7")


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def has(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.headers)


Answer = bytes | Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def http(
    status: int,
    body: bytes | str = b"",
    *headers: str,
    media_type: str = "application/xml",
) -> bytes:
    """A whole reply."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *headers]
    if content:
        lines.append(f"Content-Type: {media_type}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def json_reply(value: object, *headers: str, status: int = 200) -> bytes:
    return http(status, json.dumps(value), *headers, media_type="application/json")


def zipped(status: int, body: bytes, *headers: str) -> bytes:
    return http(status, gzip.compress(body), "Content-Encoding: gzip", *headers)


ROOT = http(
    200,
    "<EnterpriseManager><SupportedVersions><SupportedVersion Name='v1_6'/><SupportedVersion Name='v1_7'/>"
    "</SupportedVersions></EnterpriseManager>",
)


@dataclass
class Script:
    """What is answered: by method and path where it is named, else in turn, the last one for ever.

    `GET /api/` is answered as Enterprise Manager does, unless it is named.
    """

    answers: list[Answer] = field(default_factory=list)
    routes: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    address: ServerAddress = field(default_factory=lambda: ServerAddress(host="127.0.0.1"))

    def answer_to(self, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        for key in (f"{request.method} {request.target}", f"{request.method} {path}"):
            if key in self.routes:
                return self.routes[key]
        if f"{request.method} {path}" == "GET /api/":
            return ROOT
        if not self.answers:
            return http(404)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass(frozen=True)
class Identity:
    """A throwaway certificate."""

    pem: Path
    key: Path
    der: bytes


def identity(
    folder: Path,
    name: str = "server",
    *,
    names: tuple[str, ...] = ("localhost", "127.0.0.1"),
    expired: bool = False,
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "em01")])
    now = datetime.now(UTC)
    end = now - timedelta(days=1) if expired else now + timedelta(days=2)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([_alternative(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Identity(pem, key_file, certificate.public_bytes(serialization.Encoding.DER))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@asynccontextmanager
async def serving(script: Script, who: Identity | None, *, host: str = "127.0.0.1") -> AsyncIterator[Script]:
    """Serve a script; `who` None means plain TCP."""
    context = None
    if who is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(who.pem, who.key)
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script.connections += 1
        writers.add(writer)
        try:
            while (request := await _next_request(reader)) is not None:
                script.requests.append(request)
                answer = script.answer_to(request)
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writers.discard(writer)
            writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    script.address = ServerAddress(host=host, port=server.sockets[0].getsockname()[1])
    try:
        yield script
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()
        await server.wait_closed()


async def _next_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.strip().split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    method, target, _ = first.split(" ", 2)
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Request(method, target, headers, await reader.readexactly(length))


QUICK = Timeouts(connect=5, read=5, write=5, read_total=8, write_total=8)


class NoWait:
    """A clock on which sleeping takes no time, and which tells how long was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@asynccontextmanager
async def client_of(
    script: Script,
    who: Identity,
    *,
    wire: WireFormat = WireFormat.AUTO,
    session: LogonSession | None = SESSION,
    limits: Limits | None = None,
    timeouts: Timeouts = QUICK,
    clock: Clock | None = None,
    proxy: str = "",
) -> AsyncIterator[EnterpriseManager]:
    """A client of a script that is being served, logged on already."""
    manager = EnterpriseManager(
        script.address,
        trust=Trust(ca_file=who.pem),
        wire=wire,
        limits=limits,
        timeouts=timeouts,
        clock=clock or NoWait(),
        proxy=proxy,
    )
    if session is not None:
        manager.resume(session)
    async with manager:
        yield manager
