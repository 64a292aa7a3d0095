"""Ways to spoil a good reply, each with a seeded generator, so that a number names a reply for ever."""

from __future__ import annotations

import codecs
import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]

VALUES = (
    b"", b"null", b"true", b"0", b"-1", b"NaN", b"1e999", b"-0.0", b"1e400", b"9" * 18, b"9" * 19,
    b"9" * 4300, b"9" * 4301, b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.9999999Z",
    b"2026-02-30T25:61:61Z", b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00", b"2026-W01-1",
    b"20261123T030405", b"\xed\xa0\x80", b"\xff\xfe", b"\\ud800", b"\\ud83d\\ude00", b"\\u0000",
    b"\\u001b[2J", b"&#27;", b"&#0;", b"&amp;", b"&lt;", b"&bomb;", b"&#x1F469;&#x200D;&#x1F680;",
    b"\xe2\x80\xae", b"\x1b]0;x\x07", b"[red]x[/]", b"urn:VMware:Vm:x.y", b"urn:veeam:::", b"urn:a:b",
    b":", b"::::", b"//[bad", b"https://[bad/x", b"//", b"/", b"/api/[x]/%zz?a=b#c",
    b"https://evil.example/api/tasks/1", b"javascript:alert(1)", b"?", b"A" * 5000, b"\xcc\x81" * 40,
    b"\xf3\xa0\x81\x81", b"v" + b"1" * 5000, b"v_", b"Finished", b"Stopped", b"None", b"Success",
)  # fmt: skip
PIECES = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"<", b">", b"/>", b"</", b"<!DOCTYPE x>",
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml version='1.0' encoding='utf-7'?>",
    b"<?xml version='1.0' encoding='ebcdic'?>", b" xmlns='urn:x'", b" xmlns:p='urn:x'", b"<p:a>",
    b' UID=""', b"<Links/>", b"<Refs><Ref/></Refs>", b"\0", b'"Links":null,', b'"Links":[null,[],{},1],',
    b'"UID":{},', b'"PagingInfo":{"PageNum":-5,"PagesCount":2e9},',
    b'<PagingInfo PageNum="-1" PagesCount="99999999999"/>', b'"#text":[],', b'"#items":{},',
    b"\xef\xbb\xbf",
)  # fmt: skip
_STRING = re.compile(rb'"([^"<>]*)"')
_ELEMENT = re.compile(rb"<([A-Za-z]+)[^<>]*(?:/>|>[^<]*</\1>)")
_NAME = re.compile(rb"\b[A-Z][A-Za-z]{2,}\b")
_NUMBER = re.compile(rb"\b\d+\b")


def flip(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    spoilt = bytearray(body)
    for _ in range(rng.choice((1, 1, 2, 8))):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def truncate(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    return body[: rng.randrange(len(body))]


def drop(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(body))
    return body[:at] + body[at + rng.choice((1, 4, 40, 400)) :]


def repeat(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    at, length = rng.randrange(len(body)), rng.choice((1, 10, 100))
    return body[:at] + body[at : at + length] * rng.choice((2, 3, 50)) + body[at:]


def splice(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return body[: rng.randrange(len(body))] + other[rng.randrange(len(other)) :]


def insert(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(body))
    return body[:at] + rng.choice(PIECES) + body[at:]


def _replaced(pattern: re.Pattern[bytes], body: bytes, rng: random.Random, new: bytes, group: int) -> bytes:
    found = list(pattern.finditer(body))
    if not found:
        return body + new
    match = rng.choice(found)
    return body[: match.start(group)] + new + body[match.end(group) :]


def value(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    return _replaced(_STRING, body, rng, rng.choice(VALUES), 1)


def bare_value(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    return _replaced(_STRING, body, rng, rng.choice((b"null", b"[]", b"{}", b"7", b"[[]]", *VALUES)), 0)


def number(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    return _replaced(_NUMBER, body, rng, rng.choice(VALUES), 0)


def element(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    found = list(_ELEMENT.finditer(rng.choice(others)))
    return _replaced(_ELEMENT, body, rng, rng.choice(found)[0] if found else b"<Name/>", 0)


def rename(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """All occurrences of one name become another, or another casing of it."""
    names: list[bytes] = _NAME.findall(body) or [b"x"]
    old = rng.choice(names)
    ways = (old.lower(), old.upper(), old.swapcase(), rng.choice(_NAME.findall(rng.choice(others)) or [b"y"]))
    return body.replace(old, rng.choice(ways), rng.choice((1, -1)))


def nest(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    depth = rng.choice((3, 60, 64, 70, 500))
    if body.lstrip()[:1] in b"{[":
        return b'{"Entities":' * depth + body + b"}" * depth if rng.random() < 0.5 else (
            b"[" * depth + body + b"]" * depth
        )  # fmt: skip
    tag: bytes = rng.choice(_NAME.findall(body) or [b"Ref"])
    return b"<" + tag + b">" + (b"<" + tag + b">") * depth + (b"</" + tag + b">") * depth + b"</" + tag + b">"


def recode(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    text = body.decode("utf-8", errors="replace")
    start, name = rng.choice(
        ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (b"", "utf-16-le"),
         (b"", "utf-32"), (codecs.BOM_UTF8, "utf-8"), (b"", "latin-1"))
    )  # fmt: skip
    return start + text.encode(name, errors="replace")


def retype(body: bytes, rng: random.Random, _others: Sequence[bytes]) -> bytes:
    """One member of a JSON reply gets another type, or becomes a copy of another member."""
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return element(body, rng, [body])
    places = list(_places(root))
    if not places:
        return body
    (holder, key), (other, other_key) = rng.choice(places), rng.choice(places)
    ways: tuple[Any, ...] = (
        None, [], {}, 0, -1, True, 1.5, 10**18, 10**30, "", "x", [None], [[]], [holder[key]],
        {"x": holder[key]}, [holder[key]] * 3, other[other_key], {str(key): holder[key]},
        [[[holder[key]]]], "\ud800", float("nan"),
    )  # fmt: skip
    try:
        holder[key] = rng.choice(ways)
        return json.dumps(root).encode()
    except (ValueError, RecursionError):  # it holds itself now
        return body


def _places(value: object) -> list[tuple[Any, Any]]:
    """Every member and item: what holds it, and under which key."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            keys = list(each) if isinstance(each, dict) else range(len(each))
            found += [(each, key) for key in keys]
            waiting += [each[key] for key in keys]
    return found


MUTATIONS: tuple[Mutation, ...] = (
    flip, truncate, drop, repeat, splice, insert, value, value, bare_value, number, element, rename, nest,
    recode, retype, retype, retype,
)  # fmt: skip


def mutated(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """The reply spoilt in one to three ways."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        body = rng.choice(MUTATIONS)(body or b" ", rng, others)
    return body
