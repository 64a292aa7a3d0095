"""The bad replies that faults put in the place of good ones, once a request has been processed."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from tui.demo.faults import Fault
from tui.demo.messages import JSON, XML, Reply, Request
from tui.demo.service import Service
from tui.demo.site import Site
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
_LINK_XML = re.compile(r'<Link Href="(?P<href>[^"]*)"(?: (?:Name|Type)="[^"]*")* Rel="(?P<rel>\w+)" />')
_LINK_JSON = re.compile(r'"[Rr]el":"(?P<rel>\w+)","[Hh]ref":"(?P<href>[^"]*)"')
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


def page(title: str, status: int = 200) -> Reply:
    """A web page with a title, as proxies and web servers send it."""
    return Reply(status=status, body=_HTML.format(title).encode(), content_type="text/html")


def hostile_words(as_json: bool) -> str:
    """What an error says to harm whoever shows it."""
    return _WORDS + "".join(_JSON_ONLY if as_json else ())


def proxy_error(status: int) -> Reply:
    """What a proxy answers for a server it cannot reach."""
    words = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}[status]
    return page(f"{status} {words}", status)


@dataclass(frozen=True, slots=True)
class Processed:
    """A request that was processed, and the good reply to it, which a spoiler turns into a bad one."""

    request: Request
    reply: Reply
    service: Service

    def text(self) -> str:
        """The reply's body, unpacked."""
        return _whole(self.reply).decode()

    def saying(self, text: str) -> Reply:
        """The same reply with another body."""
        reply = self.reply
        return Reply(
            status=reply.status, body=text.encode(), content_type=reply.content_type, headers=reply.headers
        )

    @property
    def as_json(self) -> bool:
        """Whether the body is JSON."""
        return JSON in self.reply.content_type


Spoiler = Callable[[Fault, Processed], Awaitable[Reply]]


async def hold(fault: Fault, done: Processed) -> Reply:
    """Keep the reply until the fault is cleared."""
    await fault.cleared.wait()
    return done.reply


async def lost_server(fault: Fault, _done: Processed) -> Reply:
    """A proxy lost the server in the middle: `http-502-after`."""
    return proxy_error(int(fault.name[5:8]))


async def forbidden(fault: Fault, _done: Processed) -> Reply:
    """A proxy's page with a status of 4xx or 501, whatever the server did."""
    status = int(fault.number(403))
    reply = page(f"{status} {HTTPStatus(status).phrase}", status)
    if status in {401, 407}:
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        reply.headers = [(name, 'Basic realm="Web gateway"')]
    return reply


async def no_body(fault: Fault, done: Processed) -> Reply:
    """A status alone."""
    return Reply(status=int(fault.number(done.reply.status)), content_type="")


def _sent(done: Processed, manner: str) -> Reply:
    reply = done.reply
    reply.manner, reply.body, reply.packed = manner, _whole(reply) or b"x", b""
    return reply


async def drop(_fault: Fault, done: Processed) -> Reply:
    """Nothing, and the connection is closed."""
    return _sent(done, "drop")


async def truncate(_fault: Fault, done: Processed) -> Reply:
    """Half of it."""
    return _sent(done, "truncate")


async def drip(fault: Fault, done: Processed) -> Reply:
    """A byte at a time."""
    reply = _sent(done, "drip")
    reply.drip_s = fault.number(0.25)
    return reply


async def not_http(_fault: Fault, done: Processed) -> Reply:
    """What an SSH server says."""
    reply = _sent(done, "not-http")
    reply.body = b"SSH-2.0-OpenSSH_9.2\r\n"
    return reply


async def wrong_type(_fault: Fault, done: Processed) -> Reply:
    """The other format's Content-Type."""
    done.reply.content_type = XML if done.as_json else JSON
    return done.reply


async def garbage(_fault: Fault, done: Processed) -> Reply:
    """Noise."""
    noise = random.Random(7).randbytes(4000)  # noqa: S311 - noise for a test, not a secret
    return Reply(status=done.reply.status, body=noise, content_type=done.reply.content_type)


async def bomb(_fault: Fault, _done: Processed) -> Reply:
    """Entities of entities."""
    return Reply(body=_BOMB.encode(), content_type=XML)


def _kind(done: Processed) -> str:
    return JSON if done.request.wants_json else XML


async def deep(_fault: Fault, done: Processed) -> Reply:
    """Levels of nesting."""
    text = "[" * _DEPTH + "]" * _DEPTH if done.request.wants_json else "<a>" * _DEPTH + "</a>" * _DEPTH
    return Reply(body=text.encode(), content_type=_kind(done))


async def gzip_bomb(_fault: Fault, done: Processed) -> Reply:
    """Zeros, packed small."""
    return Reply(body=_packed_zeros(1024), content_type=_kind(done), headers=[("Content-Encoding", "gzip")])


async def huge_list(fault: Fault, done: Processed) -> Reply:
    """More rows than anybody has."""
    return Reply(body=_rows(int(fault.number(10_000_000)), done.request.wants_json), content_type=_kind(done))


async def huge_body(_fault: Fault, done: Processed) -> Reply:
    """A body without end, not packed: packed, hours would pass until its bytes reached any limit."""
    plain = [("Content-Encoding", "identity")]
    return Reply(body=_endless(done.request.wants_json), content_type=_kind(done), headers=plain)


def _whole(reply: Reply) -> bytes:
    if reply.packed:
        return gzip.decompress(reply.packed)
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)


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


def _substitute(done: Processed, replace: Callable[[str], str], count: int = 0) -> Reply:
    as_json = done.as_json
    pattern = _NAMES_JSON if as_json else _NAMES_XML
    quote: Callable[[str], str] = (lambda name: json.dumps(name)[1:-1]) if as_json else escape
    return done.saying(pattern.sub(lambda match: quote(replace(match[0])), done.text(), count=count))


async def huge_name(_fault: Fault, done: Processed) -> Reply:
    """Names of 100 kB, two of them."""
    return _substitute(done, lambda name: name + "A" * 100_000, count=2)


async def hostile_names(_fault: Fault, done: Processed) -> Reply:
    """Names made to harm; one VM has the same one in every reply."""
    names = HOSTILE_NAMES + _JSON_ONLY if done.as_json else HOSTILE_NAMES
    return _substitute(done, lambda name: names[zlib.crc32(name.encode()) % len(names)])


async def missing(fault: Fault, done: Processed) -> Reply:
    """One attribute or element left out."""
    field, text = re.escape(fault.argument or "UID"), done.text()
    if done.as_json:
        bare = re.sub(rf'(?i)"{field}":(?:"(?:[^"\\]|\\.)*"|[^",\[\]{{}}]+),?', "", text)
        return done.saying(bare.replace(",}", "}"))
    return done.saying(re.sub(rf'(?i) {field}="[^"]*"|<{field}>[^<]*</{field}>', "", text))


async def foreign_links(fault: Fault, done: Processed) -> Reply:
    """Restore links of other points, Delete links of backups, or Related links of other restores."""
    rels = {fault.argument.title()} if fault.argument else {"Restore", "Delete"}

    def elsewhere(match: re.Match[str]) -> str:
        if match["rel"] not in rels:
            return match[0]
        return match[0].replace(match["href"], _elsewhere(done.service.site, match["href"]))

    return done.saying((_LINK_JSON if done.as_json else _LINK_XML).sub(elsewhere, done.text()))


def _elsewhere(site: Site, href: str) -> str:
    path = href.partition("?")[0]
    head, guid = path.rpartition("/")[::2]
    points = site.world.points
    if head.endswith("/vmRestorePoints"):
        number = (points.find(guid) or 0) + 50
        return href.replace(guid, points.ids.guid(number % len(points.vm_of)))
    if head.endswith("/vAppRestorePoints"):
        numbers = points.vapp_numbers()
        at = numbers.index(points.vapp_ids.number(guid)) + 20
        return href.replace(guid, points.vapp_ids.guid(numbers[at % len(numbers)]))
    if head.endswith("/restoreSessions"):
        return href.replace(guid, site.restores.past[0].guid)
    if head.endswith(("/tasks", "/logonSessions")):
        return f"{site.entities.base}backups/{site.entities.backup_guid(site.world.jobs[0])}"
    return href


async def bom(_fault: Fault, done: Processed) -> Reply:
    """A byte order mark at the beginning."""
    return done.saying(f"\ufeff{done.text()}")
