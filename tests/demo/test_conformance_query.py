"""WIRE 3: the query service."""

from __future__ import annotations

import json
from urllib.parse import unquote_plus, urlsplit

import pytest

from tests.demo.reading import Answer, Node, Wire


def names(answer: Answer) -> set[str]:
    return {row["Name"].rpartition("@")[0] for row in answer.queried("VmRestorePoints")}


def test_3_4_entities_are_nested_twice_in_json(wire: Wire) -> None:
    answer = wire.query("VmRestorePoint", pageSize=3)
    assert len(answer.queried("VmRestorePoints")) == 3
    if wire.format == "json":
        data = json.loads(answer.body)
        assert list(data) == ["Entities", "PagingInfo"]
        assert len(data["Entities"]["VmRestorePoints"]["VmRestorePoints"]) == 3, "WIRE T6"


def test_3_4_references_by_default(wire: Wire) -> None:
    answer = wire.query("VmRestorePoint", format="", pageSize=2)
    row = answer.queried("", wrapper="Refs")[0]
    assert row["Type"] == "VmRestorePointReference"
    assert row.link("Alternate", "VmRestorePoint").endswith("?format=Entity")
    assert row.get("HierarchyObjRef") is None
    assert not row.has_link("Restore")


def test_3_1_type_format_and_parameters_in_any_case(wire: Wire) -> None:
    answer = wire.get("/api/query?TYPE=vmrestorepoint&Format=ENTITIES&pagesize=1")
    assert len(answer.queried("VmRestorePoints")) == 1


@pytest.mark.parametrize("kind", [
    "VmRestorePoint", "vAppRestorePoint", "RestoreSession", "HierarchyRoot", "ManagedServer", "BackupServer",
    "Backup", "RestorePoint",
])  # fmt: skip
def test_3_1_every_type_answers_entities_and_references(wire: Wire, kind: str) -> None:
    plural = kind[0].upper() + kind[1:] + "s"
    entities = wire.query(kind).queried(plural)
    references = wire.query(kind, format="").queried("", wrapper="Refs")
    assert [row["UID"] for row in entities] == [row["UID"] for row in references] != []
    assert {row["Type"] for row in entities} == {plural[:-1]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('VmDisplayName=="mail01"', {"mail01"}),
        ("VmDisplayName==mail01", {"mail01"}),
        ('vmdisplayname=="MAIL01"', {"mail01"}),
        ('VmDisplayName=="mail01","wiki01"', None),
        ('VmDisplayName=="mail01",VmDisplayName=="wiki01"', {"mail01", "wiki01"}),
        ('VmDisplayName=="mail01";VmDisplayName=="wiki01"', set()),
        ('(VmDisplayName=="mail01",VmDisplayName=="wiki01");VmDisplayName!="wiki01"', {"mail01"}),
        ('VmDisplayName=="wiki01",VmDisplayName=="mail01";VmDisplayName=="x"', {"wiki01"}),
        ('VmDisplayName=="file server (old)"', {"file server (old)"}),
        ("VmDisplayName==file server \\(old\\)", None),
        ("VmDisplayName==Branch Files", set()),
        ('VmDisplayName=="Branch Files"', {"Branch Files"}),
        ('VmDisplayName=="Tom\'s ""test"" & <demo>; a,b"', {'Tom\'s "test" & <demo>; a,b'}),
        ('VmDisplayName=="日本語サーバー"', {"日本語サーバー"}),
        ('VmDisplayName=="ops@night"', {"ops@night"}),
        ('VmDisplayName=="mail*"', set()),
        ('NoSuchField=="x"', None),
        ('VmDisplayName="mail01"', None),
        ('VmDisplayName=="mail01', None),
        ('(VmDisplayName=="mail01"', None),
        ('CreationTime>"yesterday"', None),
    ],
)
def test_3_2_filter_grammar(wire: Wire, text: str, expected: set[str] | None) -> None:
    answer = wire.query("VmRestorePoint", text, pageSize=500)
    if expected is None:
        assert answer.status == 400
    else:
        assert answer.status == 200
        assert names(answer) == expected


def test_t8_ampersand_in_a_filter_starts_another_parameter(wire: Wire) -> None:
    answer = wire.get(
        "/api/query?type=VmRestorePoint&format=Entities&filter=VmDisplayName==%22mail01%22&Type==Full"
    )
    assert names(answer) == {"mail01"}
    assert {row["PointType"] for row in answer.queried("VmRestorePoints")} > {"Full"}


def test_t9_query_names_differ_from_body_names(wire: Wire) -> None:
    everything = wire.points("mail01")
    full = wire.query("VmRestorePoint", 'VmDisplayName=="mail01";Type==Full').queried("VmRestorePoints")
    assert (
        [row["UID"] for row in full] == [row["UID"] for row in everything if row["PointType"] == "Full"] != []
    )
    when = everything[3]["CreationTimeUTC"]
    newer = wire.query("VmRestorePoint", f'VmDisplayName=="mail01";CreationTime>"{when}"')
    assert len(newer.queried("VmRestorePoints")) == 3
    at_least = wire.query("VmRestorePoint", f'VmDisplayName=="mail01";CreationTime>="{when}"')
    assert len(at_least.queried("VmRestorePoints")) == 4
    day = wire.query("VmRestorePoint", 'VmDisplayName=="mail01";CreationTime<"2026-03-04"')
    assert {row["CreationTimeUTC"][:10] < "2026-03-04" for row in day.queried("VmRestorePoints")} == {True}


def test_3_2_enumerations_compare_by_index(wire: Wire) -> None:
    rows = wire.query("RestoreSession", "Result>Success").queried("RestoreSessions")
    assert {row["Result"] for row in rows} == {"Warning", "Failed"}


def test_3_5_uid_filter_takes_urn_and_bare_guid(wire: Wire) -> None:
    uid = wire.points("mail01")[0]["UID"]
    for value in (uid, uid.upper(), uid.rpartition(":")[2]):
        rows = wire.query("VmRestorePoint", f'UID=="{value}"').queried("VmRestorePoints")
        assert [row["UID"] for row in rows] == [uid]


def test_3_5_filter_by_reference_and_server(wire: Wire) -> None:
    point = wire.points("mail01")[0]
    same = wire.query("VmRestorePoint", f'HierarchyObjRef=="{point["HierarchyObjRef"]}"')
    assert names(same) == {"mail01"}
    server = point.link("Up", "BackupServerReference").rpartition("/")[2]
    filter_text = f'VmDisplayName=="app01";BackupServerUid=="urn:veeam:BackupServer:{server}"'
    rows = wire.query("VmRestorePoint", filter_text).queried("VmRestorePoints")
    assert {row.link("Up", "BackupServerReference").rpartition("/")[2] for row in rows} == {server}


def test_3_1_sorting(wire: Wire) -> None:
    newest = wire.query("VmRestorePoint", sortDesc="CREATIONTIME", pageSize=500).queried("VmRestorePoints")
    down = [row["CreationTimeUTC"] for row in newest]
    assert down == sorted(down, reverse=True)
    sessions = wire.query("RestoreSession", sortAsc="name").queried("RestoreSessions")
    up = [row["Name"].lower() for row in sessions]
    assert up == sorted(up)


def test_t7_default_page_is_100(wire: Wire) -> None:
    answer = wire.query("VmRestorePoint")
    assert answer.paging["PageSize"] == "100"
    assert len(answer.queried("VmRestorePoints")) == 100


def every_page(wire: Wire, first: Answer) -> list[Node]:
    rows, answer = list(first.queried("VmRestorePoints")), first
    while answer.paging.has_link("Next"):
        answer = wire.get(answer.paging.link("Next"))
        rows += answer.queried("VmRestorePoints")
    return rows


def test_3_3_following_next_gives_every_row_once(wire: Wire) -> None:
    rows = every_page(wire, wire.query("VmRestorePoint", sortAsc="CreationTime", pageSize=333))
    whole = wire.query("VmRestorePoint", sortAsc="CreationTime", pageSize=5000).queried("VmRestorePoints")
    assert [row["UID"] for row in rows] == [row["UID"] for row in whole]
    assert len({row["UID"] for row in rows}) == len(rows) > 1000


def test_3_3_paging_links(wire: Wire) -> None:
    first = wire.query("VmRestorePoint", pageSize=500).paging
    assert not first.has_link("Previous")
    middle = wire.query("VmRestorePoint", pageSize=500, page=2).paging
    assert [link["Rel"] for link in middle.links] == ["First", "Previous", "Next", "Last"]
    single = wire.query("VmRestorePoint", 'VmDisplayName=="mail01"').paging
    assert [link["Rel"] for link in single.links] == ["First", "Last"]
    beyond = wire.query("VmRestorePoint", pageSize=500, page=99)
    assert (beyond.status, beyond.queried("VmRestorePoints")) == (200, [])


def test_t26_paging_links_echo_the_filter_in_lower_hex_with_plus(wire: Wire) -> None:
    answer = wire.query("VmRestorePoint", 'VmDisplayName=="Branch Files"')
    query = urlsplit(answer.paging.link("First")).query
    assert "filter=VmDisplayName%3d%3d%22Branch+Files%22&" in query
    assert 'VmDisplayName=="Branch Files"' in unquote_plus(query)


def test_3_4_no_match_is_200_and_empty(wire: Wire) -> None:
    answer = wire.query("VmRestorePoint", 'VmDisplayName=="nobody"')
    assert answer.status == 200
    assert answer.queried("VmRestorePoints") == []


def test_t6_tasks_come_under_resources_with_or_without_format(wire: Wire) -> None:
    wire.restore(wire.point_id("app01"), None)
    for shape in ("", "Entities"):
        rows = wire.query("Task", format=shape).queried("Tasks", wrapper="Resources")
        assert [row["TaskId"] for row in rows] == ["task-1"]


def test_3_3_task_links_drop_the_filter(wire: Wire) -> None:
    wire.restore(wire.point_id("app01"), None)
    answer = wire.query("Task", "State==Running")
    assert len(answer.queried("Tasks", wrapper="Resources")) == 1
    assert "filter" not in answer.paging.link("First")
    assert wire.query("Task", "State==Finished").queried("Tasks", wrapper="Resources") == []


def test_3_3_hierarchy_roots_come_without_paging(wire: Wire) -> None:
    assert wire.query("HierarchyRoot").node.child("PagingInfo") is None


def test_2_2_query_service_links(wire: Wire) -> None:
    service = wire.get("/api/querySvc").node
    links = [link["Href"] for link in service.links if link["Rel"] == "Down"]
    assert all("&format=Entities&sortAsc=name&pageSize=15&page=1" in href for href in links)
    path = urlsplit(links[0])
    assert wire.get(f"{path.path}?{path.query}").status == 200


@pytest.mark.parametrize(("version", "status"), [("v1_7", 200), ("v1_6", 400)])
def test_3_5_vm_name_is_a_field_of_points_from_12_on(wire: Wire, version: str, status: int) -> None:
    wire.demo.control("set", option="api_version", value=version)
    answer = wire.get("/api/query?type=VmRestorePoint&format=Entities&Filter=VmName==app01&pageSize=300")
    assert answer.status == status
    if status == 200:
        same = wire.query("VmRestorePoint", 'VmDisplayName=="app01"', pageSize=300)
        assert [row["UID"] for row in answer.queried("VmRestorePoints")] == [
            row["UID"] for row in same.queried("VmRestorePoints")
        ]
