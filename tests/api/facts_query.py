"""WIRE 3: filters, paging, and what a list is asked with."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.api.facts_points import POINT, changed, points_of
from tests.api.lab import ELSEWHERE, Lab, Tree, fact
from tui.api.client import Query
from tui.api.query import all_of, any_of, eq


def numbered(number: int) -> Tree:
    return changed(UID=f"urn:veeam:VmRestorePoint:{number}")


def paging(number: int, pages: int) -> Tree:
    """With links that have lost the filter, as one printed example has."""
    bad = f"{ELSEWHERE}/query?type=VmRestorePoint&page=99"
    links = [{"Rel": "First", "Href": bad}, {"Rel": "Next", "Href": bad}]
    return {"PageNum": number, "PageSize": 2, "PagesCount": pages, "Links": links}


@fact("WIRE T7")
async def paging_is_followed_to_the_end(lab: Lab) -> None:
    pages = [
        lab.points(numbered(1), numbered(2), PagingInfo=paging(1, 3)),
        lab.points(numbered(2), numbered(3), PagingInfo=paging(2, 3)),
        lab.points(numbered(4), PagingInfo=paging(3, 3)),
    ]
    async with lab.serve(*pages) as (manager, script):
        found = [point.id for point in await points_of(manager)]
    assert found == ["1", "2", "3", "4"]
    assert len(script.requests) == 3


@fact("WIRE T26")
async def the_filter_is_repeated_by_the_client_on_each_page(lab: Lab) -> None:
    pages = [lab.points(numbered(number), PagingInfo=paging(number, 2)) for number in (1, 2)]
    query = Query(filter=eq("VmDisplayName", "Test Job & more"))
    async with lab.serve(*pages) as (manager, script):
        await points_of(manager, query)
    asked = [parse_qs(urlsplit(request.target).query) for request in script.requests]
    assert [each["page"] for each in asked] == [["1"], ["2"]]
    assert [each["filter"] for each in asked] == [['VmDisplayName=="Test Job & more"']] * 2


@fact("WIRE 3.3")
async def without_paging_the_next_page_is_asked_for(lab: Lab) -> None:
    pages = [lab.points(*map(numbered, each), PagingInfo={}) for each in ((1, 2), (3, 4), ())]
    async with lab.serve(*pages) as (manager, script):
        assert [point.id for point in await points_of(manager)] == ["1", "2", "3", "4"]
    asked = [parse_qs(urlsplit(request.target).query)["page"] for request in script.requests]
    assert asked == [["1"], ["2"], ["3"]]


@fact("WIRE T8")
async def filters_are_quoted_and_joined_as_documented(lab: Lab) -> None:
    query = Query(
        filter=all_of(eq("Name", 'a "b"; (c)'), any_of(eq("Type", "Full"), eq("Type", "Increment")))
    )
    async with lab.serve(lab.points()) as (manager, script):
        await points_of(manager, query)
    target = script.requests[0].target
    assert parse_qs(urlsplit(target).query)["filter"] == [
        '(Name=="a ""b""; (c)";(Type=="Full",Type=="Increment"))'
    ]
    assert "&filter=%28Name%3D%3D%22a%20%22%22b" in target


@fact("WIRE T38")
async def points_are_asked_for_page_by_page_and_not_all_at_once(lab: Lab) -> None:
    async with lab.serve(lab.points(POINT)) as (manager, script):
        await points_of(manager)
    asked = parse_qs(urlsplit(script.requests[0].target).query)
    assert script.requests[0].target.startswith("/api/query?")
    assert asked["format"] == ["Entities"]
    assert 1 <= int(asked["pageSize"][0]) <= 1000
