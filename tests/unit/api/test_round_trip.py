"""Any restore point, through the embedded server's writers and our readers, is the same in all dialects."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.api.test_codec_points import read
from tui.api.codec import codec_of, resources
from tui.api.limits import Limits
from tui.api.models import RestorePoint, RestoreSession
from tui.api.models.resources import NO_TIME
from tui.demo import wire_json, wire_xml
from tui.demo.wire import Link, QueryResult, Resource

HERE = "https://em01.demo.internal:9398/api"
# XML cannot carry control characters, and text of elements loses the space around it.
names = (
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=40,
    )
    .map(str.strip)
    .filter(bool)
)
ids = st.uuids().map(str)
times = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1))  # noqa: DTZ001
words = st.sampled_from(["VMware", "HyperV", "Hyperv", "vCloud", "NasBackup"])


def dialects(body: Resource | QueryResult) -> list[bytes]:
    return [
        wire_xml.write(body).encode(),
        wire_json.write(body, camel=False).encode(),
        wire_json.write(body, camel=True).encode(),
    ]


@st.composite
def point_resources(draw: st.DrawFn) -> Resource:
    own, name = draw(ids), draw(names)
    links = draw(
        st.permutations(
            [
                Link("Restore", f"{HERE}/vmRestorePoints/{own}?action=restore"),
                Link("Up", f"{HERE}/backupServers/{draw(ids)}", "BackupServerReference", draw(names)),
                Link("Up", f"{HERE}/restorePoints/{draw(ids)}", "RestorePointReference", draw(names)),
                Link("Up", f"{HERE}/backupFiles/{draw(ids)}", "BackupFileReference", draw(names)),
            ]
        )
    )
    fields = [
        ("CreationTimeUTC", draw(times).isoformat() + draw(st.sampled_from(["Z", ""]))),
        ("VmName", name),
        ("Algorithm", "Incremental"),
        ("PointType", "Increment"),
        ("HierarchyObjRef", f"urn:{draw(words)}:Vm:{draw(ids)}.vm-1"),
    ]
    kept = draw(st.lists(st.sampled_from(fields), unique=True))
    attributes: dict[str, str | int | bool] = {
        "Href": f"{HERE}/vmRestorePoints/{own}?format=Entity",
        "Type": "VmRestorePoint",
        "Name": f"{name}@2025-02-03 04:05:06",
        "UID": f"urn:veeam:VmRestorePoint:{own}",
    }
    if draw(st.booleans()):
        attributes["VmDisplayName"] = name
    return Resource(
        tag="VmRestorePoint",
        attributes=attributes,
        links=tuple(links[: draw(st.integers(0, 4))]),
        fields=[field for field in fields if field in kept],
    )


@given(st.lists(point_resources(), max_size=4))
def test_points_are_alike_in_all_dialects(rows: list[Resource]) -> None:
    result = QueryResult(wrapper="Entities", plural="VmRestorePoints", rows=tuple(rows), paging=None)
    found = [read(body).items for body in dialects(result)]
    assert found[0] == found[1] == found[2]
    assert [point.uid for point in found[0]] == [row.attributes["UID"] for row in rows]
    for point, row in zip(found[0], rows, strict=True):
        _check(point, row)


def _check(point: RestorePoint, row: Resource) -> None:
    fields = dict(row.fields)
    assert f"{point.vm_name}@2025-02-03 04:05:06" == row.attributes["Name"]
    assert point.object_ref == fields.get("HierarchyObjRef", "")
    made = fields.get("CreationTimeUTC")
    wanted = datetime.fromisoformat(str(made).removesuffix("Z")).replace(tzinfo=UTC) if made else NO_TIME
    assert point.created == wanted
    links = {link.type or link.rel: link for link in row.links or ()}
    assert bool(point.restore_href) is ("Restore" in links)
    server = links.get("BackupServerReference")
    assert point.server_name == (server.name if server else "")


@given(names, names, times, st.integers(0, 100), st.sampled_from(["None", "Success", "Warning", "Failed"]))
def test_sessions_are_alike_in_all_dialects(
    name: str, reason: str, made: datetime, progress: int, result: str
) -> None:
    resource = Resource(
        tag="RestoreSession",
        attributes={"UID": "urn:veeam:RestoreSession:e", "Type": "RestoreSession", "VmDisplayName": name},
        links=(Link("Up", f"{HERE}/backupServers/b", "BackupServerReference", name),),
        fields=[
            ("CreationTimeUTC", made.isoformat() + "Z"),
            ("State", "Stopped"),
            ("Result", result),
            ("Progress", progress),
            ("FailureMessage", reason),
        ],
    )
    found: list[RestoreSession] = [
        resources.restore_session(codec_of(body).tree(body, Limits())) for body in dialects(resource)
    ]
    assert found[0] == found[1] == found[2]
    assert (found[0].vm_name, found[0].failure_message, found[0].progress) == (name, reason, progress)
    assert found[0].created == made.replace(tzinfo=UTC)
