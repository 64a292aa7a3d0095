"""Bytes to models and back, in two formats behind one interface: XML by xmltodict, JSON by msgspec.

A reply is read by its first byte, not by its Content-Type: servers and proxies answer in XML, JSON
or HTML whatever was asked for (WIRE T33). No `dict` and no loosely typed value leaves this package.
"""

from __future__ import annotations

import zlib
from functools import cache
from types import MappingProxyType

from tui.api.codec.base import Codec
from tui.api.codec.restore_request import RestoreRequest, check_restore, restore_path
from tui.api.errors import TooLarge, Unreadable
from tui.api.limits import Limits
from tui.api.models import RestorePoint, RestoreSpec, WireFormat

__all__ = ["GZIP", "Codec", "codec_for", "codec_of", "gunzip", "write_request"]

GZIP = b"\x1f\x8b"
"""How a gzip body begins, and no XML or JSON."""


@cache
def codec_for(wire: WireFormat) -> Codec:
    """The codec that writes `wire`; AUTO means XML, in which the seed page states the element order."""
    if wire is WireFormat.JSON:
        from tui.api.codec.json import JsonCodec

        return JsonCodec()
    from tui.api.codec.xml import XmlCodec

    return XmlCodec()


def codec_of(body: bytes) -> Codec:
    """The codec that can read `body`, by its first byte."""
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return codec_for(WireFormat.JSON if start[:1] in (b"{", b"[") else WireFormat.XML)


def gunzip(body: bytes, limits: Limits) -> bytes:
    """Decompress a body that is gzip; another one is returned as it is.

    Raises:
        TooLarge: it is larger than `limits` allow.
        Unreadable: it is damaged or cut short.
    """
    if not body.startswith(GZIP):
        return body
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(body, limits.body_bytes)
    except zlib.error as error:
        raise Unreadable("Its compression is damaged.") from error
    if inflater.unconsumed_tail:
        raise TooLarge(f"It is larger than {limits.body_bytes // 1_000_000} MB.")
    if not inflater.eof:
        raise Unreadable("Its compression is cut short.")
    return text


def write_request(point: RestorePoint, spec: RestoreSpec, wire: WireFormat) -> RestoreRequest:
    """Build the request that restores `point` as `spec` says; nothing is sent.

    Raises:
        InvalidRestoreSpec: the restore breaks a rule of the API, or a reference is malformed.
        Invalid: a name in `spec` holds characters that the format cannot carry.
    """
    check_restore(point, spec)
    codec = codec_for(wire)
    body = codec.restore_body(spec)
    media_type = codec.media_type
    return RestoreRequest(
        method="POST",
        path=restore_path(point),
        # Exactly one type, the same in both: the server chooses how to read the body by Accept (WIRE T4).
        headers=MappingProxyType({"Content-Type": media_type, "Accept": media_type}),
        body=body,
        wire=codec.wire,
    )
