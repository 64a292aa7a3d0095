"""Whatever a server sends, the answer is a model or a typed error, in bounded memory and time."""

from __future__ import annotations

import gzip
import json
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.processor import seconds_of
from tests.support.soak import soak
from tests.unit.api.dialects import DIALECTS
from tests.unit.api.test_codec_points import ENTITY, written
from tui.api.codec import codec_for, codec_of, gunzip, resources
from tui.api.codec.listing import error_message
from tui.api.codec.tree import Tree
from tui.api.error_mapping import error_for
from tui.api.errors import BadReply, ManagerError, NotManager, TooLarge, Unreadable
from tui.api.limits import Limits
from tui.api.logon import logon_error
from tui.api.models import ApiRoot, PointKind, Task, TaskState, WireFormat
from tui.api.rest_client import _THREAD_ABOVE_BYTES, RestClient
from tui.api.transport import Transport

LIMITS = Limits()
READERS = [
    resources.api_root,
    resources.logon,
    resources.logon_sessions,
    resources.task,
    resources.tasks,
    resources.restore_session,
    resources.restore_sessions,
    resources.hierarchy_root,
    resources.hierarchy_roots,
    resources.hierarchy_items,
    resources.backup_server,
    resources.backup_servers,
    resources.backup_platform,
    resources.backup_link,
    error_message,
]
GOOD = [written(dialect, [ENTITY, ENTITY]) for dialect in ("xml", "json-pascal", "json-camel")]


def try_all(body: bytes) -> None:
    """Read it as everything; only our errors may come."""
    for wire in (WireFormat.XML, WireFormat.JSON):
        for kind in PointKind:
            with suppress(BadReply):
                codec_for(wire).points(body, kind, LIMITS)
        for reader in READERS:
            with suppress(BadReply):
                reader(codec_for(wire).tree(body, LIMITS))
    for status in (302, 400, 401, 500, 503, 999):
        assert isinstance(error_for(status, body), ManagerError)
        assert isinstance(logon_error(status, body), ManagerError)


KEYS = st.sampled_from(
    [
        *ENTITY,
        "Entities",
        "VmRestorePoints",
        "VmRestorePoint",
        "PagingInfo",
        "PageNum",
        "PagesCount",
        "Refs",
        "Ref",
        "Resources",
        "Tasks",
        "Task",
        "TaskId",
        "State",
        "Result",
        "Success",
        "Rel",
        "Message",
        "uid",
        "entities",
        "vmRestorePoints",
        "links",
        "creationTimeUTC",
        "#text",
        "#items",
    ]
) | st.text(max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@given(st.binary(max_size=300))
def test_arbitrary_bytes(body: bytes) -> None:
    try_all(body)


@given(
    st.sampled_from([b"<", b"{", b"[", b"<a>", b'{"Entities":', b"\xef\xbb\xbf<"]), st.binary(max_size=100)
)
def test_arbitrary_bytes_after_a_good_beginning(start: bytes, rest: bytes) -> None:
    try_all(start + rest)


@given(json_values)
def test_arbitrary_json(value: object) -> None:
    try_all(json.dumps(value).encode())


@given(st.sampled_from(GOOD), st.data())
def test_good_replies_damaged(good: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 20))
    noise = data.draw(st.binary(max_size=8))
    try_all(good[:at] + noise + good[at + length :])


@given(st.sampled_from(GOOD), st.integers(0, 3000))
def test_good_replies_cut_short(good: bytes, length: int) -> None:
    if length >= len(good):
        return
    try_all(good[:length])
    with pytest.raises(BadReply):
        codec_of(good).points(good[:length], PointKind.VM, LIMITS)


# --- bombs

BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><QueryResult>&c;</QueryResult>"""
FORBIDDEN = [
    BILLION_LAUGHS,
    b"<!DOCTYPE a><a/>",
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
]


@pytest.mark.parametrize("body", FORBIDDEN)
def test_document_types_and_entities_are_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        codec_for(WireFormat.XML).tree(body, LIMITS)


def test_document_types_are_refused_in_utf16_too() -> None:
    with pytest.raises(Unreadable, match="document type"):
        codec_for(WireFormat.XML).tree("<!DOCTYPE a><a/>".encode("utf-16"), LIMITS)


def test_the_five_entities_are_decoded_once() -> None:
    tree = codec_for(WireFormat.XML).tree(b'<a b="&amp;amp;">&lt;&quot;&#39;&#x2F;&gt;</a>', LIMITS)
    assert tree.text("b") == "&amp;"
    assert tree.text("#text") == "<\"'/>"


@pytest.mark.parametrize(
    "body",
    [
        b"<a>" * 200_000,
        b"<a>" * 200_000 + b"</a>" * 200_000,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 900 + b"]" * 900,
    ],
    ids=["xml open", "xml", "json open", "json objects", "json few"],
)
def test_depth_has_a_limit(body: bytes) -> None:
    with pytest.raises(TooLarge, match="nested"):
        codec_of(body).tree(body, LIMITS)


@pytest.mark.parametrize("tag", ["Refs", "Ref", "VmRestorePoints", "VmRestorePoint", "a"])
@pytest.mark.parametrize("levels", [80, 1200])
def test_depth_is_seen_however_soon_it_is_closed_again(tag: str, levels: int) -> None:
    body = f"<QueryResult>{f'<{tag}>' * levels}{f'</{tag}>' * levels}</QueryResult>".encode()
    with pytest.raises(TooLarge, match="nested"):
        codec_for(WireFormat.XML).points(body, PointKind.VM, LIMITS)


def test_what_real_answers_are_nested_is_read() -> None:
    body = f"<QueryResult>{'<a>' * 60}x{'</a>' * 60}</QueryResult>".encode()
    assert codec_for(WireFormat.XML).tree(body, LIMITS).name == "QueryResult"


def _attributes(tag: str, count: int) -> bytes:
    return f"<{tag} {' '.join(f'a{at}=' + chr(34) * 2 for at in range(count))}/>".encode()


@pytest.mark.parametrize(
    "write",
    [
        lambda size: b"<Tasks>" + _attributes("Task", size // 500) * 20 + b"</Tasks>",
        lambda size: b"<Tasks>" + _attributes("Task", size // 500).replace(b'"', b"'") * 20 + b"</Tasks>",
        lambda size: b'<Tasks a="' + b"A" * size + b'"/>',
        lambda size: b"<!--" + b"A" * size + b"--><Tasks/>",
        lambda size: b"<Tasks><![CDATA[" + b"A" * size,
    ],
    ids=["attributes", "apostrophes", "one long tag", "one long comment", "one long section"],
)
def test_long_tags_cost_neither_time_nor_memory(write: Callable[[int], bytes]) -> None:
    body = write(30_000_000)
    tracemalloc.start()

    def refused() -> None:
        with pytest.raises(BadReply):
            resources.tasks(codec_for(WireFormat.XML).tree(body, LIMITS))

    try:
        assert seconds_of(refused, 3) < 3
        assert tracemalloc.get_traced_memory()[1] < 70_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("start", [b"<!-- -->" * 500, b"<!--" * 1000, b" " * 4000, b"<!---->\n" * 400])
def test_the_look_for_a_web_page_does_not_go_in_circles(start: bytes) -> None:
    body = start + b"<Tasks/>"
    assert seconds_of(lambda: resources.tasks(codec_for(WireFormat.XML).tree(body, LIMITS)), 1) < 1


def test_a_web_page_behind_comments_is_known_as_one() -> None:
    with pytest.raises(NotManager, match="web page"):
        codec_for(WireFormat.XML).tree(b" <!-- a --> <!-- --x --> <!DOCTYPE  html><html></html>", LIMITS)


def test_numbers_without_end_in_names_and_links() -> None:
    assert ApiRoot(versions=("v" + "9" * 5000, "v1_7")).newest
    started = Task(task_id="1", state=TaskState.RUNNING, session_href="//[x/api/restoreSessions/7?a=/b")
    assert started.session_id == "7"


def filled(head: bytes, item: bytes, end: bytes, size: int) -> bytes:
    return head + item * ((size - len(head) - len(end)) // len(item)) + end


TINY = {
    "objects": (b'{"Tasks":[', b"{},", b"{}]}"),
    "lists": (b"[", b"[],", b"[]]"),
    "links": (b'{"TaskId":"t","State":"R","Links":[', b"{},", b"{}]}"),
    "lists of links": (b'{"TaskId":"t","State":"R","Links":[', b'{"Links":[]},', b"{}]}"),
    "sessions": (b'{"RestoreSessions":[', b'{"UID":"t","State":"R","Links":[{},{},{},{},{},{}]},', b"{}]}"),
    "points": (b'{"VmRestorePoints":[', b'{"UID":"t"},', b"{}]}"),
    "roots": (b'{"HierarchyRoots":[', b'{"UID":"t"},', b'{"UID":"t"}]}'),
    "members": (b"{", b'"a":1,', b'"a":1}'),
    "elements": (b"<Tasks>", b"<a/>", b"</Tasks>"),
    "tasks": (b"<Tasks>", b"<Task><TaskId>1</TaskId><State>R</State></Task>", b"</Tasks>"),
    "xml links": (b"<Task><TaskId>1</TaskId><State>R</State><Links>", b"<Link/>", b"</Links></Task>"),
    "xml points": (b"<VmRestorePoints>", b'<VmRestorePoint UID="1"/>', b"</VmRestorePoints>"),
}


@pytest.mark.parametrize("shape", TINY)
def test_what_is_decoded_where_keys_are_waited_for_takes_no_50_ms(shape: str) -> None:
    short, message = filled(*TINY[shape], _THREAD_ABOVE_BYTES), filled(*TINY[shape], LIMITS.small_bytes)
    for kind in PointKind:
        assert seconds_of(partial(codec_of(short).points, short, kind, LIMITS), 0.02) < 0.05
    for reader in READERS:
        assert seconds_of(partial(read, short, reader), 0.02) < 0.05
    assert seconds_of(partial(error_for, 500, message), 0.02) < 0.05
    assert seconds_of(partial(error_for, 500, message * 16), 0.02) < 0.05


def read(body: bytes, reader: Callable[[Tree], Any]) -> Any:  # noqa: ANN401 - any of the readers
    return reader(codec_of(body).tree(body, LIMITS.without_points()))


@pytest.mark.parametrize("shape", TINY)
async def test_what_is_longer_is_decoded_elsewhere(shape: str) -> None:
    client = RestClient(cast(Transport, None), wire=WireFormat.AUTO, limits=LIMITS)
    body = filled(*TINY[shape], _THREAD_ABOVE_BYTES + 100)
    thread = await client.decode(body, lambda _: threading.current_thread())
    assert thread is not threading.current_thread()


@pytest.mark.parametrize("shape", ["links", "points", "elements", *soak(*TINY)])
def test_three_megabytes_of_tiny_things_cost_a_poll_little(shape: str) -> None:
    body = filled(*TINY[shape], 3_000_000)
    for reader in (resources.tasks, resources.restore_sessions, resources.hierarchy_roots):
        assert seconds_of(partial(read, body, reader), 3) < 3


@pytest.mark.parametrize("wire", [WireFormat.XML, WireFormat.JSON])
def test_two_million_elements_are_refused_before_they_are_built(wire: WireFormat) -> None:
    head, item, end = {
        WireFormat.XML: (b"<Tasks>", b"<Task/>", b"</Tasks>"),
        WireFormat.JSON: (b"[", b"{},", b"{}]"),
    }[wire]
    body = head + item * 2_000_000 + end
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            resources.tasks(codec_for(wire).tree(body, LIMITS))
        with pytest.raises(TooLarge):
            codec_for(wire).points(body, PointKind.VM, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_long_page_of_real_points_is_no_bomb() -> None:
    for dialect in ("xml", "json-pascal", "json-camel"):
        body = written(dialect, [ENTITY] * 10_000)
        assert len(codec_of(body).points(body, PointKind.VM, LIMITS).items) == 10_000


# --- what is no character: one name suffers, never the list


@pytest.mark.parametrize(
    "name", [b"\xff" * 200_000, b"x" * 200_000 + b"\\ud800\x01", rb"\ud83d\ude00\\" * 40_000 + b"\x1b"]
)
def test_a_long_name_is_mended_piece_by_piece_as_a_short_one_is(name: bytes) -> None:
    body = b'{"Name": "' + name + b'", "Tasks": "' + b"x" * 200_000 + b'"}'
    found = codec_of(body).tree(body, Limits()).members["Name"]
    text = name.decode(errors="replace").replace("\\ud800", "\ufffd").replace("\x01", "\ufffd")
    text = text.replace("\x1b", "\ufffd").replace(r"\ud83d\ude00", "\U0001f600").replace(r"\\", "\\")
    assert found == text


@pytest.mark.parametrize("bad", [b"\0", b"\x1b", b"&#x1B;", b"&#0;"])
def test_no_characters_without_end_are_not_replaced_one_by_one(bad: bytes) -> None:
    body = b"<Tasks>" + (b"<Task Name='" + bad * 1000 + b"'/>") * 200 + b"</Tasks>"
    with pytest.raises(TooLarge, match="more control characters"):
        codec_of(body).tree(body, Limits())


NO_CHARACTERS = {
    "xml": [b"&#x1B;", b"&#0;", b"&#xFFFF;", b"&#xD800;", b"&#55296;", b"&#x110000;", b"&#9999999999;",
            b"\x0b", b"\x00", b"\x1b", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbf\xbf",
            b"&nbsp;", b"&", b"&#xyz;", b"&_x.1;"],
    "json": [rb"\ud800", rb"\udc00", rb"\udfff", rb"\ud800\ud800", b"\x0b", b"\x00", b"\x1b", b"\n",
             b"\xff", b"\xc3", b"\xed\xa0\x80", rb"\q", rb"\'", rb"\x", b"\\\n"],
}  # fmt: skip
SPOT = "SPOT"
RESOURCES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "Tasks": (
        lambda tree: resources.tasks(tree).items,
        {"TaskId": "t1", "State": "Running", "Operation": f"a{SPOT}b"},
        "operation",
    ),
    "RestoreSessions": (
        lambda tree: resources.restore_sessions(tree).items,
        {"UID": "u", "State": "Working", "VmDisplayName": f"a{SPOT}b"},
        "vm_name",
    ),
    "HierarchyRoots": (
        lambda tree: resources.hierarchy_roots(tree).items,
        {"UID": "u", "Name": f"a{SPOT}b"},
        "name",
    ),
    "BackupServers": (
        lambda tree: resources.backup_servers(tree).items,
        {"UID": "u", "Name": f"a{SPOT}b"},
        "name",
    ),
    "HierarchyItems": (
        lambda tree: resources.hierarchy_items(tree).items,
        {"ObjectRef": "u", "ObjectType": "Vm", "ObjectName": f"a{SPOT}b"},
        "name",
    ),
}
SPOILT = [(dialect, bad) for dialect in ("xml", "json-pascal", "json-camel")
          for bad in NO_CHARACTERS[dialect.partition("-")[0]]]  # fmt: skip


@pytest.mark.parametrize("bad", [b"\x1b", b"\xff", b"\xef\xbf\xbe"])
def test_what_is_no_character_is_replaced_in_a_cdata_section_as_elsewhere(bad: bytes) -> None:
    body = b"<Error StatusCode='500'><Message><![CDATA[a" + bad + b"b]]></Message></Error>"
    assert error_for(500, body).detail == "a\ufffdb"


def test_what_looks_like_a_reference_stays_in_a_cdata_section_beside_one_to_nothing() -> None:
    body = b"<Error StatusCode='500'><Message><![CDATA[&nbsp;&#x1B;]]>&nbsp;R&amp;D]]></Message></Error>"
    assert error_for(500, body).detail == "&nbsp;&#x1B;\ufffdR&D]]>"


def is_mended(name: str) -> bool:
    middle = name.removeprefix("a").removesuffix("b")
    return bool(middle) and len(middle) + 2 == len(name) and set(middle) == {"\ufffd"}


@pytest.mark.parametrize(("dialect", "bad"), SPOILT)
def test_what_is_no_character_costs_one_name_and_not_the_list(dialect: str, bad: bytes) -> None:
    spoilt = {**ENTITY, "VmDisplayName": f"a{SPOT}b", "Name": f"a{SPOT}b"}
    body = written(dialect, [ENTITY, spoilt, ENTITY]).replace(SPOT.encode(), bad)
    first, second, third = codec_of(body).points(body, PointKind.VM, LIMITS).items
    assert first == third
    assert is_mended(second.vm_name)
    for plural, (reader, item, field) in RESOURCES.items():
        singular = plural[:-1] if dialect == "xml" else plural
        tree = {singular: [{**item, "Name": "fine"}, item]}
        body = DIALECTS[dialect](plural, tree).replace(SPOT.encode(), bad)
        assert is_mended(getattr(read(body, reader)[1], field)), plural
    body = DIALECTS[dialect]("Error", {"Message": f"a{SPOT}b", "StatusCode": 500})
    error = error_for(500, body.replace(SPOT.encode(), bad))
    assert is_mended(error.detail)
    assert error.from_manager


@pytest.mark.parametrize(
    "body",
    [
        b"<a\x0b/>", b"<a>\x0b", b"<\xff/>", b"<a&nbsp;/>", b"<a>&nbsp;</b>", b"<a>&lt</a",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&#1;</a>', b"<a>" * 100 + b"\x0b" + b"</a>" * 100,
        rb'{"a":\q}', rb'{"a":"\"}', b'{"a":1}\x00', b'{\x0b"a":1}', b'{"a\x0b', b'{"a":\xff}',
        b'{"a":' + b"[" * 100 + b'"\x0b"' + b"]" * 100 + b"}",
    ],
)  # fmt: skip
def test_nothing_else_is_mended(body: bytes) -> None:
    with pytest.raises(BadReply):
        codec_of(body).tree(body, LIMITS)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"' + rb"\"" * 500_000,
        b'{"a":"' + rb"\ud800" * 300_000 + b"\x0b",
        b'{"a":' + b'"\x0b",' * 300_000,
        b"<a>\x0b" + b"&#1" * 300_000,
        b"<a>\x0b&#x" + b"0" * 1_000_000 + b";</a>",
        b"<a>" + b"&#1;" * 300_000 + b"</a",
        b"<a>" + b"&x;" * 3_000_000,
        b"<a>&" + b"<![CDATA[ " * 300_000,
        b"<a>&" + b"<!-- " * 300_000,
        b'{"a":"' + rb"\u" * 500_000,
    ],
    ids=[
        "quotes",
        "halves",
        "controls",
        "references",
        "digits",
        "many",
        "entities",
        "sections",
        "comments",
        "escapes",
    ],
)
def test_looking_for_characters_does_not_go_in_circles(body: bytes) -> None:
    assert seconds_of(lambda: codec_of(body).tree(body, LIMITS), 3) < 3


def test_an_escaped_backslash_is_no_escape() -> None:
    body = rb'{"Message":"\\ud800 \ud83d\ude00 \ud800"}'
    assert codec_of(body).error_message(body, LIMITS) == "\\ud800 \U0001f600 \ufffd"


# --- compression


def test_a_body_that_is_no_gzip_stays_as_it_is() -> None:
    assert gunzip(b"{}", LIMITS) == b"{}"
    assert gunzip(gzip.compress(b"{}"), LIMITS) == b"{}"


def test_a_gzip_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 30_000_000, 1)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            gunzip(bomb, Limits(body_bytes=1_000_000))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", [gzip.compress(b"hello", mtime=0)[:-1], gzip.compress(b"hello", mtime=0)[:4], b"\x1f\x8bnoise"]
)
def test_damaged_gzip_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match="compression"):
        gunzip(body, LIMITS)
