"""Lists to their end, references to their entities, points to their platform: against a scripted server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.conftest import Scripted
from tests.api.scripted import Answer, Request, http, json_reply
from tui.api.client import EnterpriseManager, Query
from tui.api.errors import Forbidden, NoContent, NotFound, SessionExpired, TooLarge, Unreadable
from tui.api.limits import Limits
from tui.api.models import Items, Platform, PointKind, RestorePoint, WireFormat
from tui.api.query import eq

HERE = "https://elsewhere.example:1/api"


def entity(number: int) -> dict[str, object]:
    return {
        "UID": f"urn:veeam:VmRestorePoint:{number}",
        "Type": "VmRestorePoint",
        "VmDisplayName": f"vm{number}",
        "CreationTimeUTC": "2025-02-03T04:05:06Z",
        "Links": [],
    }


def reference(number: int) -> dict[str, object]:
    return {
        "UID": f"urn:veeam:VmRestorePoint:{number}",
        "Type": "VmRestorePointReference",
        "Href": f"{HERE}/vmRestorePoints/{number}",
    }


def page(numbers: list[int], pages: int, number: int = 1) -> bytes:
    return json_reply(
        {
            "Entities": {"VmRestorePoints": {"VmRestorePoints": [entity(each) for each in numbers]}},
            "PagingInfo": {"PageNum": number, "PageSize": 2, "PagesCount": pages},
        }
    )


async def uids(manager: EnterpriseManager, query: Query | None = None) -> list[list[str]]:
    listed = manager.vm_restore_points(query or Query())
    return [[point.id for point in each.items] async for each in listed]


def asked(requests: list[Request], parameter: str) -> list[str]:
    return [parse_qs(urlsplit(request.target).query).get(parameter, [""])[0] for request in requests]


async def test_pages_are_counted_up_to_the_end(scripted: Scripted) -> None:
    query = Query(filter=eq("VmDisplayName", 'a&b "c"'), page_size=2)
    async with scripted(page([1, 2], 3), page([3, 4], 3), page([5], 3)) as (manager, script):
        assert await uids(manager, query) == [["1", "2"], ["3", "4"], ["5"]]
    assert asked(script.requests, "page") == ["1", "2", "3"]
    assert asked(script.requests, "pageSize") == ["2", "2", "2"]
    assert asked(script.requests, "filter") == ['VmDisplayName=="a&b ""c"""'] * 3
    assert asked(script.requests, "sortAsc") == ["UID"] * 3


async def test_rows_that_shift_come_once(scripted: Scripted) -> None:
    async with scripted(page([1, 2], 3), page([2, 3], 3), page([3, 4], 3)) as (manager, _):
        assert await uids(manager) == [["1", "2"], ["3"], ["4"]]


async def test_pages_that_grow_while_they_are_read(scripted: Scripted) -> None:
    async with scripted(page([1], 1 + 1), page([2], 3), page([3], 3)) as (manager, _):
        assert await uids(manager) == [["1"], ["2"], ["3"]]


async def test_an_empty_page_ends_the_list(scripted: Scripted) -> None:
    async with scripted(page([1], 9), page([], 9)) as (manager, script):
        assert await uids(manager) == [["1"]]
    assert len(script.requests) == 2


NO_COUNT: list[dict[str, object]] = [
    {},
    {"PageNum": 1, "PageSize": 500},
    {"PagesCount": 0},
    {"PagesCount": -3, "PageNum": -1},
    {"PagesCount": 10**30, "PageNum": 1},
    {"PagesCount": "many", "PageNum": None},
    {"PagesCount": 1, "PageNum": 1, "PageSize": 2},  # a lone page that is full
]
"""What says nothing of where a list ends."""


def uncounted(numbers: list[int], paging: dict[str, object] | None = None) -> bytes:
    info = {"PagingInfo": paging} if paging is not None else {}
    rows = [entity(each) for each in numbers]
    return json_reply({"Entities": {"VmRestorePoints": {"VmRestorePoints": rows}}, **info})


@pytest.mark.parametrize("paging", [None, *NO_COUNT], ids=str)
@pytest.mark.parametrize(
    "last",
    [[], [5], [4, 3], [3, 4], [1, 2], [2]],
    ids=["empty", "shorter", "turned", "again", "the first again", "seen"],
)
async def test_a_list_without_a_count_is_asked_for_until_nothing_new_comes(
    scripted: Scripted, paging: dict[str, object] | None, last: list[int]
) -> None:
    pages = [uncounted(each, paging) for each in ([1, 2], [3, 4], last)]
    async with scripted(*pages) as (manager, script):
        found = [uid for each in await uids(manager) for uid in each]
    assert found == ["1", "2", "3", "4", *(["5"] if last == [5] else [])]
    assert asked(script.requests, "page") == ["1", "2", "3"]


async def test_a_count_that_shrinks_is_not_believed(scripted: Scripted) -> None:
    pages = [page([1, 2], 3), page([3, 4], 1), page([5], 1)]
    async with scripted(*pages) as (manager, _):
        assert await uids(manager) == [["1", "2"], ["3", "4"], ["5"]]


OTHER_LISTS: dict[str, Callable[[EnterpriseManager], Awaitable[Items[Any]]]] = {
    "RestoreSessions": lambda manager: manager.restore_sessions(Query()),
    "HierarchyRoots": lambda manager: manager.hierarchy_roots(),
    "BackupServers": lambda manager: manager.backup_servers(),
}
PLAIN_LISTS: dict[str, Callable[[EnterpriseManager], Awaitable[Items[Any]]]] = {
    "Tasks": lambda manager: manager.tasks(),
    "HierarchyItems": lambda manager: manager.lookup("urn:veeam:HierarchyRoot:f1", "Datastore"),
}
EVERY_LIST = {**OTHER_LISTS, **PLAIN_LISTS}


def items(plural: str, *numbers: int | str) -> dict[str, object]:
    found = []
    for each in numbers:
        own = {"Tasks": "TaskId", "HierarchyItems": "ObjectRef"}.get(plural, "UID")
        found.append({own: f"urn:veeam:{plural[:-1]}:{each}", "Name": "n", "State": "Working"})
    return {plural: {plural: found}} if plural in OTHER_LISTS else {plural: found}


@pytest.mark.parametrize("plural", EVERY_LIST)
async def test_one_item_that_cannot_be_read_costs_itself_only(scripted: Scripted, plural: str) -> None:
    listed = items(plural, 1, "x" * 3000, 2)
    paging = {"PageNum": 1, "PageSize": 500, "PagesCount": 1}
    reply = {"Entities": listed} if plural in OTHER_LISTS else listed
    async with scripted(json_reply({**reply, "PagingInfo": paging})) as (manager, _):
        found = await EVERY_LIST[plural](manager)
    assert (len(found), found.unreadable) == (2, 1)


@pytest.mark.parametrize("plural", PLAIN_LISTS)
async def test_a_list_that_is_no_query_is_followed_where_it_has_pages(
    scripted: Scripted, plural: str
) -> None:
    pages = [
        json_reply({**items(plural, *numbers), "PagingInfo": {"PageNum": at, "PageSize": 2, "PagesCount": 3}})
        for at, numbers in enumerate(([1, 2], [3, 4], [5]), 1)
    ]
    async with scripted(*pages) as (manager, script):
        assert len(await PLAIN_LISTS[plural](manager)) == 5
    assert asked(script.requests, "page") == ["", "2", "3"]
    async with scripted(json_reply(items(plural, 1, 2))) as (manager, script):
        assert len(await PLAIN_LISTS[plural](manager)) == 2
    assert len(script.requests) == 1, "without PagingInfo it is one page: it is polled"


@pytest.mark.parametrize("plural", OTHER_LISTS)
async def test_no_list_without_a_count_ends_with_its_first_page(scripted: Scripted, plural: str) -> None:
    def rows(numbers: list[int]) -> bytes:
        more = {"State": "Stopped", "Result": "Success"}
        items = [{"UID": f"urn:veeam:{plural[:-1]}:{each}", "Name": "n", **more} for each in numbers]
        return json_reply({"Entities": {plural: {plural: items}}})

    async with scripted(*map(rows, ([1, 2], [3, 4], [5]))) as (manager, _):
        assert len(await OTHER_LISTS[plural](manager)) == 5


@pytest.mark.parametrize(
    ("last", "is_whole"), [([], True), ([5], True), ([1, 2], False), ([3, 4], False)], ids=str
)
async def test_sessions_without_a_count_that_repeat_are_not_said_to_be_all(
    scripted: Scripted, last: list[int], is_whole: bool
) -> None:
    def rows(numbers: list[int]) -> bytes:
        items = [{"UID": f"urn:veeam:RestoreSession:{each}", "State": "Working"} for each in numbers]
        return json_reply({"Entities": {"RestoreSessions": {"RestoreSessions": items}}})

    async with scripted(*map(rows, ([1, 2], [3, 4], last))) as (manager, _):
        assert (await manager.restore_sessions(Query())).is_whole is is_whole


async def test_nothing_found_is_one_empty_page(scripted: Scripted) -> None:
    async with scripted(page([], 0)) as (manager, script):
        assert await uids(manager) == [[]]
    assert len(script.requests) == 1


async def test_a_server_that_repeats_a_page_is_left(scripted: Scripted) -> None:
    async with scripted(page([1, 2], 1_000_000)) as (manager, script):
        with pytest.raises(Unreadable, match="again and again"):
            await uids(manager)
    assert len(script.requests) == 2


async def test_a_list_without_end_is_left(scripted: Scripted) -> None:
    count = iter(range(1000))

    async def more(_request: Request, writer: object) -> None:
        writer.write(page([next(count)], 1_000_000))  # type: ignore[attr-defined] # the writer of the socket

    async with scripted(more, limits=Limits(pages=20)) as (manager, script):
        with pytest.raises(TooLarge, match="20 pages"):
            await uids(manager)
    assert len(script.requests) == 20


async def test_one_page_of_a_list(scripted: Scripted) -> None:
    async with scripted(page([7, 7], 12, 3)) as (manager, script):
        found = await manager.points_page(Query(page_size=2), 3)
    assert (found.number, found.pages, len(found.items)) == (3, 12, 2)
    assert asked(script.requests, "page") == ["3"]


async def test_a_list_may_start_later(scripted: Scripted) -> None:
    async with scripted(page([5], 3), page([6], 3)) as (manager, script):
        assert await uids(manager, Query(page=2)) == [["5"], ["6"]]
    assert asked(script.requests, "page") == ["2", "3"]


# --- references where entities were asked for


async def test_references_are_fetched(scripted: Scripted) -> None:
    paging = {"PagesCount": 1, "PageNum": 1}
    refs = json_reply({"Refs": {"Refs": [reference(1), reference(2), reference(3)]}, "PagingInfo": paging})
    routes: dict[str, Answer] = {
        "GET /api/query": refs,
        "GET /api/vmRestorePoints/1": json_reply(entity(1)),
        "GET /api/vmRestorePoints/2": http(404),
        "GET /api/vmRestorePoints/3": json_reply(entity(3)),
    }
    async with scripted(routes=routes) as (manager, script):
        assert await uids(manager) == [["1", "3"]]
    assert all("format=Entity" in request.target for request in script.requests[1:])


async def test_an_error_while_references_are_fetched_is_ours(scripted: Scripted) -> None:
    routes: dict[str, Answer] = {
        "GET /api/query": json_reply({"Refs": [reference(1), reference(2)]}),
        "GET /api/vmRestorePoints/1": http(401),
        "GET /api/vmRestorePoints/2": http(401),
    }
    async with scripted(routes=routes) as (manager, _):
        with pytest.raises(SessionExpired):
            await uids(manager)


async def test_a_point_that_comes_as_a_reference_is_asked_for_again(scripted: Scripted) -> None:
    async with scripted(json_reply(reference(1)), json_reply(entity(1))) as (manager, script):
        assert (await manager.vm_restore_point("1")).vm_name == "vm1"
    assert script.requests[0].target == "/api/vmRestorePoints/1?format=Entity"
    assert script.requests[1].header("Host") == str(script.address)


async def test_references_without_end_are_left(scripted: Scripted) -> None:
    async with scripted(json_reply(reference(1))) as (manager, script):
        with pytest.raises(Unreadable, match="references only"):
            await manager.vm_restore_point("1")
    assert len(script.requests) == 2


async def test_another_point_than_the_one_that_was_asked_for_is_not_taken_for_it(scripted: Scripted) -> None:
    """A cache between may mix them up, or the link of a reference lead to another one."""
    for replies in ((entity(2),), (reference(2), entity(2))):
        async with scripted(*map(json_reply, replies)) as (manager, _):
            with pytest.raises(Unreadable, match="of another restore point"):
                await manager.vm_restore_point("1")
    async with scripted(json_reply(entity(1))) as (manager, _):
        assert (await manager.vm_restore_point("urn:veeam:VmRestorePoint:1")).vm_name == "vm1"


@pytest.mark.parametrize("reply", [http(404), http(204)])
async def test_a_point_that_vanished(scripted: Scripted, reply: bytes) -> None:
    async with scripted(reply) as (manager, _):
        with pytest.raises(NotFound):
            await manager.vm_restore_point("1")


async def test_a_list_without_content_is_neither_empty_nor_gone(scripted: Scripted) -> None:
    calls: tuple[Callable[[EnterpriseManager], Awaitable[object]], ...] = (
        lambda manager: manager.points_page(Query(), 1),
        lambda manager: manager.restore_sessions(Query()),
        lambda manager: manager.tasks(),
        lambda manager: manager.backup_servers(),
        lambda manager: manager.lookup("urn:veeam:HierarchyRoot:1", "Datastore"),
    )
    for call in calls:
        async with scripted(http(204)) as (manager, script):
            with pytest.raises(NoContent, match="answer is empty"):
                await call(manager)
        assert len(script.requests) == 1


async def test_ids_are_encoded(scripted: Scripted) -> None:
    async with scripted(http(404)) as (manager, script):
        with pytest.raises(NotFound):
            await manager.vm_restore_point("../tasks?x=1#y")
    assert script.requests[0].target == "/api/vmRestorePoints/..%2Ftasks%3Fx%3D1%23y?format=Entity"


# --- the platform of a point


def point(**changes: object) -> RestorePoint:
    fields: dict[str, object] = {"uid": "urn:veeam:VmRestorePoint:1", "vm_name": "a"}
    fields |= {"created": datetime(2025, 1, 1, tzinfo=UTC), "restore_point_id": "r1", **changes}
    return RestorePoint(**fields)  # type: ignore[arg-type] # a mapping of keyword arguments


BACKUP = {"Rel": "Up", "Type": "BackupReference", "Href": f"{HERE}/backups/b1"}
RUN = {"UID": "urn:veeam:RestorePoint:r1", "Type": "RestorePoint", "Links": [BACKUP]}


@pytest.mark.parametrize(
    ("word", "platform"),
    [
        ("VMware", Platform.VSPHERE),
        ("HyperV", Platform.HYPERV),
        ("vCloud", Platform.CLOUD_DIRECTOR),
        ("AgentForLinux", Platform.UNKNOWN),
        ("", Platform.UNKNOWN),
    ],
)
async def test_a_point_without_reference_has_its_backups_platform(
    scripted: Scripted, word: str, platform: Platform
) -> None:
    routes: dict[str, Answer] = {
        "GET /api/restorePoints/r1": json_reply(RUN),
        "GET /api/backups/b1": json_reply({"UID": "u", "Type": "Backup", "Platform": word}),
    }
    async with scripted(routes=routes) as (manager, script):
        assert await manager.platform_of(point()) is platform
    assert all(request.target.endswith("?format=Entity") for request in script.requests)


async def test_a_known_platform_is_not_asked_for(scripted: Scripted) -> None:
    async with scripted() as (manager, script):
        assert await manager.platform_of(point(platform=Platform.HYPERV)) is Platform.HYPERV
        assert await manager.platform_of(point(restore_point_id="")) is Platform.UNKNOWN
    assert script.requests == []


@pytest.mark.parametrize("reply", [http(403), http(404), http(200, "?"), json_reply({**RUN, "Links": []})])
async def test_a_platform_that_cannot_be_found_is_not_guessed(scripted: Scripted, reply: bytes) -> None:
    async with scripted(reply, wire=WireFormat.JSON) as (manager, _):
        assert await manager.platform_of(point()) is Platform.UNKNOWN


async def test_an_expired_session_is_no_unknown_platform(scripted: Scripted) -> None:
    async with scripted(http(401)) as (manager, _):
        with pytest.raises(SessionExpired):
            await manager.platform_of(point())


# --- vApps


async def test_the_vms_of_a_vapp_come_from_its_restore_point(scripted: Scripted) -> None:
    routes: dict[str, Answer] = {
        "GET /api/restorePoints/r1/vmRestorePoints": json_reply({"Refs": [reference(1)]}),
        "GET /api/vmRestorePoints/1": json_reply(entity(1)),
    }
    async with scripted(routes=routes) as (manager, _):
        assert [vm.id for vm in await manager.vms_of_vapp_point(point(kind=PointKind.VAPP))] == ["1"]


async def test_a_role_may_be_refused_the_vms_of_a_vapp(scripted: Scripted) -> None:
    async with scripted(http(403)) as (manager, _):
        with pytest.raises(Forbidden):
            await manager.vms_of_vapp_point(point(kind=PointKind.VAPP))


# --- lookups


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (
            lambda manager: manager.lookup("urn:veeam:HierarchyRoot:f1", "Datastore", "a & b"),
            "/api/lookup?host=urn%3Aveeam%3AHierarchyRoot%3Af1&name=a%20%26%20b&type=Datastore",
        ),
        (
            lambda manager: manager.lookup("urn:veeam:HierarchyRoot:f1", "OrgVdc"),
            "/api/lookup?host=urn%3Aveeam%3AHierarchyRoot%3Af1&name=%2A&type=OrgVdc",
        ),
        (
            lambda manager: manager.task("task-1"),
            "/api/tasks/task-1",
        ),
        (
            lambda manager: manager.restore_session("urn:veeam:RestoreSession:e1"),
            "/api/restoreSessions/e1?format=Entity",
        ),
    ],
)
async def test_what_is_asked_for(
    scripted: Scripted, call: Callable[[EnterpriseManager], object], target: str
) -> None:
    async with scripted(http(404)) as (manager, script):
        with pytest.raises(NotFound):
            await call(manager)  # type: ignore[misc] # calls of several types
    assert script.requests[0].target == target
