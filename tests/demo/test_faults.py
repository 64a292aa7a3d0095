"""Every fault does what it says, and is counted."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import pytest

from tests.demo.reading import Answer, Wire, vm_spec
from tests.support.demo_process import DemoProcess
from tui.demo.fault_table import parse
from tui.demo.messages import STEPS

BROKEN = (http.client.HTTPException, OSError)


@pytest.fixture
def client(demo: DemoProcess) -> Iterator[Wire]:
    with Wire(demo) as wire:
        wire.log_on()
        yield wire


@pytest.mark.parametrize("status", [502, 503, 504])
def test_http_errors_so_many_times(client: Wire, status: int) -> None:
    client.demo.fault(f"http-{status}:2@task")
    assert [client.get("/api/tasks").status for _ in range(3)] == [status, status, 200]
    assert client.get("/api/restoreSessions").status == 200
    assert client.demo.control("faults-fired")["fired"] == {f"http-{status}:2@task": 2}


@pytest.mark.parametrize(("spec", "restores"), [("drop-before@submit", 0), ("drop-after-accept@submit", 1)])
def test_dropping_before_and_after_accepting(client: Wire, spec: str, restores: int) -> None:
    point = client.point_id("app01")
    client.demo.fault(spec)
    with pytest.raises(BROKEN):
        client.restore(point, vm_spec("xml"))
    assert len(client.demo.restores()) == restores
    assert client.demo.fired() == 1
    assert [request["status"] for request in client.demo.requests("submit")] == [0]


@pytest.mark.parametrize(("spec", "restores"), [("http-504@submit", 0), ("http-504-after@submit", 1)])
def test_a_proxy_that_lost_the_server(client: Wire, spec: str, restores: int) -> None:
    point = client.point_id("app01")
    client.demo.fault(spec)
    answer = client.restore(point, vm_spec("xml"))
    assert (answer.status, answer.headers.get_content_type()) == (504, "text/html")
    assert len(client.demo.restores()) == restores


def test_expire_after_so_many_requests(client: Wire) -> None:
    client.demo.fault("expire:2@task")
    assert [client.get("/api/tasks").status for _ in range(4)] == [200, 200, 401, 401]
    client.log_on()
    assert client.get("/api/tasks").status == 200
    assert client.demo.fired() == 1


def test_truncated_body(client: Wire) -> None:
    client.demo.fault("truncate@list")
    with pytest.raises(http.client.IncompleteRead):
        client.query("VmRestorePoint")


def test_garbage_and_not_http(client: Wire) -> None:
    client.demo.fault("garbage@root")
    answer = client.get("/api/")
    with pytest.raises((ElementTree.ParseError, ValueError)):
        _ = answer.node
    client.demo.clear_faults()
    client.demo.fault("not-http@root")
    with pytest.raises(http.client.BadStatusLine):
        client.get("/api/")


def test_wrong_type(client: Wire) -> None:
    client.demo.fault("wrong-type@task")
    answer = client.get("/api/tasks")
    assert answer.headers.get_content_type() == "application/json"
    assert answer.body.startswith(b"<")


def test_redirect_to_another_host(client: Wire) -> None:
    client.demo.fault("redirect@task")
    answer = client.get("/api/tasks")
    assert answer.status == 302
    assert answer.headers["Location"] == f"https://localhost:{client.demo.port}/api/followed/api/tasks"


@pytest.mark.parametrize(("spec", "status"), [("html-error", 500), ("html-page", 200)])
def test_html(client: Wire, spec: str, status: int) -> None:
    client.demo.fault(f"{spec}@task")
    answer = client.get("/api/tasks")
    assert (answer.status, answer.headers.get_content_type()) == (status, "text/html")


def test_empty_401(client: Wire) -> None:
    client.demo.fault("empty-401@task")
    answer = client.get("/api/tasks")
    assert (answer.status, answer.body) == (401, b"")


def test_bomb_and_depth(client: Wire) -> None:
    client.demo.fault("bomb@task")
    assert b"<!ENTITY" in client.get("/api/tasks").body
    client.demo.clear_faults()
    client.demo.fault("deep@task")
    assert client.get("/api/tasks").body.count(b"<a>") == 200_000
    assert client.get("/api/tasks", Accept="application/json").body.startswith(b"[" * 1000)


@pytest.mark.parametrize("spec", ["huge-body@task", "huge-list@task"])
def test_bodies_without_end_stop_with_the_client(client: Wire, spec: str) -> None:
    client.demo.fault(spec)
    client.connection.request("GET", "/api/tasks", headers=client.headers)
    reply = client.connection.getresponse()
    assert len(reply.read(5_000_000)) == 5_000_000
    client.connection.close()
    client.demo.clear_faults()
    assert client.get("/api/tasks").status == 200, "the server is alive"


def test_gzip_bomb(client: Wire) -> None:
    client.demo.fault("gzip-bomb@task")
    client.connection.request("GET", "/api/tasks", headers=client.headers)
    reply = client.connection.getresponse()
    assert reply.headers["Content-Encoding"] == "gzip"
    unpacked = zlib.decompressobj(31).decompress(reply.read(50_000))
    assert len(unpacked) > 5_000_000
    client.connection.close()


@pytest.mark.parametrize("accept", ["application/xml", "application/json"])
def test_huge_and_hostile_names(client: Wire, accept: str) -> None:
    client.format = "json" if "json" in accept else "xml"
    client.demo.fault("huge-name@list")
    rows = client.query("VmRestorePoint", pageSize=5).queried("VmRestorePoints")
    assert len(rows[0]["VmDisplayName"]) > 100_000
    assert len(rows[4]["VmDisplayName"]) < 100
    client.demo.clear_faults()
    client.demo.fault("hostile-names@list")
    rows = client.query("VmRestorePoint", pageSize=2000).queried("VmRestorePoints")
    names = {row.get("VmDisplayName") for row in rows}
    assert names >= {"[red]x[/red]", "a\nb", "\u202egpj.exe"}
    assert any("\x1b" in str(name) for name in names) is (client.format == "json")


@pytest.mark.parametrize("form", ["xml", "json"])
def test_missing_field(client: Wire, form: str) -> None:
    client.format = form
    client.demo.fault("missing:UID@list")
    row = client.query("VmRestorePoint", pageSize=1).queried("VmRestorePoints")[0]
    assert row.get("UID") is None
    assert row.get("Name")


def test_paging_that_loops(client: Wire) -> None:
    client.demo.fault("loop-paging@list")
    first = client.query("VmRestorePoint", pageSize=10)
    second = client.get(first.paging.link("Next"))
    assert [row["UID"] for row in second.queried("VmRestorePoints")] == [
        row["UID"] for row in first.queried("VmRestorePoints")
    ]
    assert "page=1" in second.paging.link("Next")


def test_paging_without_end(client: Wire) -> None:
    client.demo.fault("endless-paging@list")
    answer = client.query("VmRestorePoint", pageSize=500, page=1_000_000)
    assert len(answer.queried("VmRestorePoints")) > 0
    assert "page=1000001" in answer.paging.link("Next")


def test_slow_and_drip_answer_in_the_end(client: Wire) -> None:
    client.demo.fault("slow:0.01@task")
    client.demo.fault("drip:0@task")
    assert client.get("/api/tasks").status == 200
    assert client.demo.fired() == 2


def test_faults_of_the_command_line() -> None:
    with DemoProcess.start("--fault", "http-503:1@root") as demo, Wire(demo) as client:
        assert [client.get("/api/").status for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("spec", ["nonsense", "slow:x", "drop-before@nowhere", "", "http-503:x"])
def test_unknown_faults_are_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(spec)


@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_hit(client: Wire, step: str) -> None:
    point = client.point_id("app01")
    reach: dict[str, Callable[[], Answer]] = {
        "logon": client.log_on, "root": lambda: client.get("/api/"),
        "list": lambda: client.query("VmRestorePoint"),
        "open": lambda: client.get(f"/api/vmRestorePoints/{point}"),
        "lookup": lambda: client.get("/api/hierarchyRoots"), "submit": lambda: client.restore(point, None),
        "task": lambda: client.get("/api/tasks/task-1"), "session": lambda: client.query("RestoreSession"),
        "cancel": lambda: client.send("DELETE", "/api/tasks/task-1"),
        "logoff": lambda: client.send("DELETE", f"/api/logonSessions/{client.session_id}"),
        "other": lambda: client.get("/api/logonSessions"), "any": lambda: client.get("/api/querySvc"),
    }  # fmt: skip
    client.demo.control("clear-requests")
    client.demo.fault(f"http-503:1@{step}")
    assert reach[step]().status == 503
    assert client.demo.fired() == 1
    assert client.demo.requests()[0]["step"] == ("other" if step == "any" else step)


def test_pages_are_packed_when_asked(client: Wire) -> None:
    plain = client.query("VmRestorePoint")
    packed = client.get("/api/query?type=VmRestorePoint&format=Entities", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) * 4 < len(plain.body)
    client.demo.fault("hostile-names@list")
    spoilt = client.get("/api/query?type=VmRestorePoint&format=Entities", Accept_Encoding="gzip")
    assert b'VmDisplayName="app01"' in gzip.decompress(packed.body)
    assert b'VmDisplayName="app01"' not in gzip.decompress(spoilt.body), "faults reach packed pages too"


def test_secrets_stay_out_of_the_record(client: Wire) -> None:
    client.get("/api/tasks")
    text = json.dumps(client.demo.requests())
    assert "(kept out)" in text
    assert client.headers["X-RestSvcSessionId"] not in text
    assert "TEFCXH" not in text


def test_byte_order_mark(client: Wire) -> None:
    client.demo.fault("bom@task")
    assert client.get("/api/tasks").body.startswith(b"\xef\xbb\xbf<?xml")


@pytest.mark.parametrize(("spec", "before"), [("hold@submit", 0), ("hold-reply@submit", 1)])
def test_held_until_a_word(client: Wire, spec: str, before: int) -> None:
    point = client.point_id("app01")
    client.demo.fault(spec)
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(client.restore(point, vm_spec("xml"))))
    asking.start()
    while not client.demo.fired():
        assert asking.is_alive()
    assert (len(client.demo.restores()), answers) == (before, [])
    assert [request["status"] for request in client.demo.requests("submit")] == [0]
    client.demo.clear_faults()
    asking.join(30)
    assert [answer.status for answer in answers] == [202]
    assert len(client.demo.restores()) == 1


@pytest.mark.parametrize("accept", ["application/xml", "application/json"])
def test_hostile_error(client: Wire, accept: str) -> None:
    """An Error body as any other (WIRE 9), but for its words; nothing was processed."""
    point, restores = client.point_id("app01"), len(client.demo.restores())
    client.demo.fault("hostile-error@submit")
    client.format = "json" if "json" in accept else "xml"
    answer = client.restore(point, vm_spec(client.format))
    assert (answer.status, answer.headers.get_content_type()) == (500, accept)
    assert all(words in answer.message for words in ("[red]", "\u202e", "\n", "\u009b"))
    assert ("\x1b" in answer.message) is (client.format == "json")
    assert len(client.demo.restores()) == restores


@pytest.mark.parametrize("form", ["xml", "json"])
def test_hostile_names_of_what_is_looked_up(client: Wire, form: str) -> None:
    client.format = form
    guid = client.points("lab-db")[0]["HierarchyObjRef"].split(":")[3].partition(".")[0]
    path = f"/api/lookup?host=urn:veeam:HierarchyRoot:{guid}&name=*&type=Datastore"
    good = client.get(path).listed("HierarchyItems")
    client.demo.fault("hostile-names@lookup")
    bad = client.get(path).listed("HierarchyItems")
    assert [item["ObjectRef"] for item in bad] == [item["ObjectRef"] for item in good]
    assert not {item["ObjectName"] for item in bad} & {item["ObjectName"] for item in good}


@pytest.mark.parametrize("status", [401, 403, 404, 407, 413, 501])
def test_a_proxy_forbids_what_the_server_does(client: Wire, status: int) -> None:
    point = client.point_id("app01")
    client.demo.fault(f"html-4xx:{status}@submit")
    answer = client.restore(point, vm_spec("xml"))
    assert (answer.status, answer.headers.get_content_type()) == (status, "text/html")
    assert "RestSvc" not in str(answer.headers)
    assert len(client.demo.restores()) == 1


@pytest.mark.parametrize(("spec", "status"), [("no-task", 202), ("no-task:200", 200), ("no-task:204", 204)])
def test_accepted_without_a_task(client: Wire, spec: str, status: int) -> None:
    point = client.point_id("app01")
    client.demo.fault(f"{spec}@submit")
    answer = client.restore(point, vm_spec("xml"))
    assert (answer.status, answer.body) == (status, b"")
    assert len(client.demo.restores()) == 1


def test_silence_is_no_reply_and_nothing_done(client: Wire) -> None:
    point = client.point_id("app01")
    client.demo.fault("silent@submit")
    answers: list[Answer] = []
    broken: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(client.restore(point, vm_spec("xml")))
        except BROKEN as error:
            broken.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not client.demo.fired():
        assert asking.is_alive()
    assert client.demo.requests("submit")[0]["status"] == 0
    client.demo.clear_faults()
    asking.join(30)
    assert (answers, len(broken), client.demo.restores()) == ([], 1, [])


@pytest.mark.parametrize("form", ["xml", "json"])
def test_sessions_without_end(client: Wire, form: str) -> None:
    client.format = form
    client.demo.fault("endless-sessions")
    seen: set[str] = set()
    for page in range(1, 6):
        answer = client.query("RestoreSession", 'VmDisplayName=="app02"', pageSize=20, page=page)
        rows = answer.queried("RestoreSessions")
        assert {row["VmDisplayName"] for row in rows} == {"app02"}
        assert answer.paging["PagesCount"] == str(page + 1)
        assert f"page={page + 1}" in answer.paging.link("Next")
        seen |= {row["UID"] for row in rows}
    assert len(seen) == 100


def test_pages_without_paging_info(client: Wire) -> None:
    client.demo.fault("no-paging-info@list")
    pages = [client.query("VmRestorePoint", pageSize=300, page=page) for page in (1, 2, 100)]
    assert [answer.node.child("PagingInfo") for answer in pages] == [None] * 3
    first, second, beyond = ([row["UID"] for row in answer.queried("VmRestorePoints")] for answer in pages)
    assert (len(first), len(beyond)) == (300, 0)
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    "path", ["/api/hierarchyRoots?format=Entity", "/api/query?type=HierarchyRoot&format=Entities"]
)
@pytest.mark.parametrize("by_switch", [False, True])
def test_roots_with_a_wrong_uid(client: Wire, path: str, by_switch: bool) -> None:
    def roots() -> list[tuple[str, str]]:
        answer = client.get(path)
        rows = answer.rows() if "query" not in path else answer.queried("HierarchyRoots")
        return [(row["UID"].rpartition(":")[2], row["UniqueId"]) for row in rows]

    assert all(uid != unique for uid, unique in roots())
    if by_switch:
        client.demo.control("set", option="root_uid", value="unique-id")
    else:
        client.demo.fault("wrong-roots")
    assert all(uid == unique for uid, unique in roots())


@pytest.mark.parametrize("launched", [False, True])
def test_a_stop_that_stops_nothing_before_a_failure(client: Wire, launched: bool) -> None:
    client.restore(client.point_id("app01"), vm_spec("xml"))
    client.demo.advance(20 if launched else 1)
    client.demo.fault("stop-no-effect")
    assert client.send("DELETE", "/api/tasks/task-1").status == 204
    states = []
    for _ in range(100):
        client.demo.advance(1)
        states.append(client.demo.restores()[0]["state"])
    assert list(dict.fromkeys(states))[-3:] == ["Working", "Stopping", "Stopped"]
    (over,) = client.query("RestoreSession", 'VmDisplayName=="app01"', sortDesc="CreationTime").queried(
        "RestoreSessions"
    )[:1]
    assert (over["Result"], over["FailureMessage"]) == ("Failed", "Failed to restore VM: the disk is full")


@pytest.mark.parametrize("kind", ["vmRestorePoints", "vAppRestorePoints"])
@pytest.mark.parametrize("how", ["", ":unlinked", ":same-point"])
def test_a_colleague_restores_where_our_request_is_lost(client: Wire, kind: str, how: str) -> None:
    vapp = client.query("vAppRestorePoint").queried("VAppRestorePoints")[0]["UID"].rpartition(":")[2]
    point = vapp if kind == "vAppRestorePoints" else client.point_id("app01")
    client.demo.fault(f"colleague{how}")
    client.demo.fault("drop-before@submit*1")
    with pytest.raises(BROKEN):
        client.restore(point, vm_spec("xml"), kind)
    (restore,) = client.demo.restores()
    assert (restore["user"], restore["overwrites"]) == ("LAB\\colleague", True)
    assert (restore["point"] == point) is (how == ":same-point")
    client.demo.advance(200)
    newest = client.query("RestoreSession", sortDesc="CreationTime").queried("RestoreSessions")[0]
    assert newest["VmDisplayName"] == restore["vm"]
    assert (newest["State"], newest["Result"]) == ("Stopped", "Success")
    assert newest.has_link("Related", f"{restore['kind']}Reference") is (how != ":unlinked")
    assert client.get("/api/tasks").listed("Tasks") == []


def test_a_colleague_beside_our_own(client: Wire) -> None:
    client.demo.fault("colleague*1")
    point = client.point_id("app01")
    assert client.restore(point, vm_spec("xml")).status == 202
    assert client.restore(point, vm_spec("xml")).status == 202
    users = [restore["user"] for restore in client.demo.restores()]
    assert users == ["LAB\\colleague", client.demo.user, client.demo.user]


@pytest.mark.parametrize("form", ["xml", "json"])
def test_links_that_lead_elsewhere(client: Wire, form: str) -> None:
    client.format = form
    good = client.points("app01")[0]
    client.restore(good["UID"].rpartition(":")[2], vm_spec(form))
    client.demo.advance(30)
    client.demo.fault("foreign-links")
    bad = client.points("app01")[0]
    assert bad["UID"] == good["UID"]
    assert bad.link("Restore") != good.link("Restore")
    assert bad.link("Alternate") == good.link("Alternate")
    assert client.restore(bad.link("Restore").split("/")[3].partition("?")[0], vm_spec(form)).status == 202
    assert client.get("/api/tasks/task-1").node.link("Delete").startswith("/api/backups/")
    client.demo.clear_faults()
    client.demo.fault("foreign-links:related@task")
    own = client.query("RestoreSession", 'VmDisplayName=="app01"', sortDesc="CreationTime").queried(
        "RestoreSessions"
    )[0]
    assert own["UID"].rpartition(":")[2] not in client.get("/api/tasks/task-1").node.link(
        "Related", "RestoreSession"
    )
