"""The bad replies that faults put in the place of good ones."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator

from tui.demo.faults import Fault
from tui.demo.messages import JSON, XML, Reply, Request
from tui.demo.wire_xml import escape

_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_DEPTH = 200_000
_BLOCK = 1000
_ROW_XML = '<VmRestorePoint UID="urn:veeam:VmRestorePoint:{0:08x}-0000-4000-8000-000000000000" Name="x@1"/>'
_ROW_JSON = '{{"UID":"urn:veeam:VmRestorePoint:{0:08x}-0000-4000-8000-000000000000","Name":"x@1"}}'
_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + ']><QueryResult xmlns="http://www.veeam.com/ent/v1.0"><Refs>&j;</Refs></QueryResult>'
)
HOSTILE_NAMES = (
    "[red]x[/red]", "[link=file:///etc/passwd]click[/link]", "\u202egpj.exe", "a\nb", "zero\u200bwidth",
    "\u009b31mC1", "x" * 300, "日本語" * 40, "e" + "\u0301" * 50, "--help", "$(reboot)",
    "'; DROP TABLE vms;--", "../../etc/passwd", "\ufeffbom", "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "%s%n{0}", '"', "&amp;<b>",
)  # fmt: skip
_JSON_ONLY = ("\x1b]0;pwned\x07", "\x1b[2J\x1b[H", "nul\x00", "\x1b]52;c;cHduZWQ=\x07")
"""XML cannot carry these characters at all; JSON can, as escapes."""
_WORDS = (
    "[red]Access[/red] [link=file:///etc/passwd]denied[/link] %s{0}&amp;<b> "
    "\u202etxt.exe\nline two\u2028three\u009b2J"
)
_NAMES_XML = re.compile(
    r'(?<= VmDisplayName=")[^"]*(?=")|(?<=<VmName>)[^<]*(?=<)|(?<=<ObjectName>)[^<]*(?=<)'
)
_NAMES_JSON = re.compile(
    r'(?:(?<="[Vv]mDisplayName":")|(?<="[Vv]mName":")|(?<="[Oo]bjectName":"))(?:[^"\\]|\\.)*(?=")'
)


def instead(fault: Fault, request: Request, port: int) -> Reply:
    """The reply of a fault that keeps the request from being processed."""
    name = fault.name
    if name.startswith("http-50"):
        return proxy_error(int(name[5:]))
    if name == "redirect":
        target = f"https://localhost:{port}/api/followed{request.target}"
        return Reply(
            status=302,
            headers=[("Location", target)],
            body=_HTML.format("Moved").encode(),
            content_type="text/html",
        )
    if name == "html-error":
        return Reply(status=500, body=_HTML.format("Runtime Error").encode(), content_type="text/html")
    if name == "html-page":
        return Reply(body=_HTML.format("Veeam Backup Enterprise Manager").encode(), content_type="text/html")
    return Reply(status=401, content_type="", headers=[("WWW-Authenticate", "Basic Realm=RestSvc")])


def hostile_words(as_json: bool) -> str:
    """What an error says to harm whoever shows it."""
    return _WORDS + "".join(_JSON_ONLY if as_json else ())


def proxy_error(status: int) -> Reply:
    """What a proxy answers for a server it cannot reach."""
    words = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}[status]
    return Reply(status=status, body=_HTML.format(f"{status} {words}").encode(), content_type="text/html")


def spoil(fault: Fault, request: Request, reply: Reply) -> Reply:
    """Turn the good reply to a processed request into a bad one."""
    name = fault.name
    if name in {"http-502-after", "http-504-after"}:
        return proxy_error(int(name[5:8]))
    if name in _MANNERS:
        reply.manner = _MANNERS[name]
        reply.body = _whole(reply) or b"x"
        reply.packed = b""
        reply.drip_s = fault.number(0.25)
        if name == "not-http":
            reply.body = b"SSH-2.0-OpenSSH_9.2\r\n"
        return reply
    if name == "wrong-type":
        reply.content_type = XML if JSON in reply.content_type else JSON
        return reply
    if name in _TEXTS:
        text = _TEXTS[name](_whole(reply).decode(), fault, request.wants_json)
        return Reply(
            status=reply.status, body=text.encode(), content_type=reply.content_type, headers=reply.headers
        )
    return _monster(fault, request, reply)


_MANNERS = {"drop-after-accept": "drop", "truncate": "truncate", "not-http": "not-http", "drip": "drip"}


def _whole(reply: Reply) -> bytes:
    if reply.packed:
        return gzip.decompress(reply.packed)
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)


def _monster(fault: Fault, request: Request, reply: Reply) -> Reply:
    name, as_json = fault.name, request.wants_json
    kind = JSON if as_json else XML
    if name == "garbage":
        noise = random.Random(7).randbytes(4000)  # noqa: S311 - noise for a test, not a secret
        return Reply(status=reply.status, body=noise, content_type=reply.content_type)
    if name == "bomb":
        return Reply(body=_BOMB.encode(), content_type=XML)
    if name == "deep":
        text = "[" * _DEPTH + "]" * _DEPTH if as_json else "<a>" * _DEPTH + "</a>" * _DEPTH
        return Reply(body=text.encode(), content_type=kind)
    if name == "gzip-bomb":
        return Reply(body=_packed_zeros(1024), content_type=kind, headers=[("Content-Encoding", "gzip")])
    if name == "huge-list":
        return Reply(body=_rows(int(fault.number(10_000_000)), as_json), content_type=kind)
    # Not packed: packed, hours would pass until the bytes on the line reached any limit.
    return Reply(body=_endless(as_json), content_type=kind, headers=[("Content-Encoding", "identity")])


def _packed_zeros(megabytes: int) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    for _ in range(megabytes):
        yield packer.compress(block)
    yield packer.flush()


def _rows(count: int, as_json: bool) -> Iterator[bytes]:
    yield b'{"VmRestorePoints":[' if as_json else b'<VmRestorePoints xmlns="http://www.veeam.com/ent/v1.0">'
    joint, row = (",", _ROW_JSON) if as_json else ("", _ROW_XML)
    for at in range(0, count, _BLOCK):
        yield ((joint if at else "") + joint.join(row.format(at + n) for n in range(_BLOCK))).encode()
    yield b"]}" if as_json else b"</VmRestorePoints>"


def _endless(as_json: bool) -> Iterator[bytes]:
    yield b'{"Message":"' if as_json else b"<QueryResult><Refs>"
    block = b"A" * (1 << 16)
    while True:
        yield block


def _substitute(text: str, as_json: bool, replace: Callable[[str], str], count: int = 0) -> str:
    pattern = _NAMES_JSON if as_json else _NAMES_XML
    quote: Callable[[str], str] = (lambda name: json.dumps(name)[1:-1]) if as_json else escape
    return pattern.sub(lambda match: quote(replace(match[0])), text, count=count)


def _huge_name(text: str, _fault: Fault, as_json: bool) -> str:
    return _substitute(text, as_json, lambda name: name + "A" * 100_000, count=2)


def _hostile_names(text: str, _fault: Fault, as_json: bool) -> str:
    """One VM has the same hostile name in every reply."""
    names = HOSTILE_NAMES + _JSON_ONLY if as_json else HOSTILE_NAMES
    return _substitute(text, as_json, lambda name: names[zlib.crc32(name.encode()) % len(names)])


def _missing(text: str, fault: Fault, as_json: bool) -> str:
    field = re.escape(fault.argument or "UID")
    if as_json:
        return re.sub(rf'(?i)"{field}":(?:"(?:[^"\\]|\\.)*"|[^",\[\]{{}}]+),?', "", text).replace(",}", "}")
    return re.sub(rf'(?i) {field}="[^"]*"|<{field}>[^<]*</{field}>', "", text)


def _bom(text: str, _fault: Fault, _as_json: bool) -> str:
    return f"\ufeff{text}"


_TEXTS: dict[str, Callable[[str, Fault, bool], str]] = {
    "huge-name": _huge_name, "hostile-names": _hostile_names, "missing": _missing,
    "bom": _bom,
}  # fmt: skip
