"""The report: what it says is what the journal and the server's times say, in all three formats."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui import timefmt
from tui.recovery.queue import Queue, decided_text
from tui.recovery.report import (
    Report,
    ReportError,
    csv_text,
    json_text,
    markdown,
    report_of,
    timeline,
    write_report,
)
from tui.restore_states import RestoreState
from tui.store.journal_entry import JournalEntry
from tui.store.recovery_journal import QueueEntry, QueueRow

SERVER = "em:9398"
INCIDENT = datetime(2026, 11, 25, 22, 45, tzinfo=UTC)
BEGUN = INCIDENT + timedelta(hours=1)
EVIL = "a|b\n=cmd()\x1b]0;x\x07<b>*`"


def entry(number: int, vm: str, **fields: Any) -> JournalEntry:  # noqa: ANN401 - fields by name
    usual: dict[str, Any] = {
        "state": RestoreState.SUCCEEDED,
        "point_created": INCIDENT - timedelta(minutes=39),
        "incident": INCIDENT,
        "original": "kept",
        "reason": "INC-1",
        "operator": "op@jump",
        "backup_server_name": "vbr01",
        "session_started": BEGUN,
        "session_ended": BEGUN + timedelta(minutes=number),
        "ended": BEGUN + timedelta(minutes=number, seconds=40),
    }
    made = JournalEntry(id=number, created=BEGUN, updated=BEGUN, server=SERVER, vm_name=vm)
    return replace(made, **{**usual, **fields})


def report(*entries: JournalEntry, queues: tuple[QueueEntry, ...] = (), ticket: str = "INC-1") -> Report:
    return report_of(entries, queues, server=SERVER, made=BEGUN + timedelta(hours=2), ticket=ticket)


def test_totals_are_by_vm_and_by_the_servers_clock() -> None:
    found = report(
        entry(1, "dc01"),
        entry(2, "sql01", point_created=INCIDENT - timedelta(hours=21), original="overwritten"),
        entry(3, "crm01", state=RestoreState.FAILED, message="No space."),
        entry(4, "crm01"),
        entry(5, "other", reason="INC-2"),
        entry(6, "elsewhere", server="em2:9398"),
    )
    assert found.totals == [
        "Restored 3 of 3 VMs.",
        "Most data lost: 21 h (sql01).",
        "Originals overwritten: 1.",
        "From the incident to the last VM back: 1 h 4 min, by the server's clock.",
    ]


def test_what_is_not_known_is_not_made_up() -> None:
    unknown = entry(
        1,
        "dc01",
        state=RestoreState.UNKNOWN,
        session_started=None,
        session_ended=None,
        original="overwritten",
    )
    after = entry(2, "sql01", point_created=INCIDENT + timedelta(minutes=5), is_after_incident=True)
    no_end = entry(3, "web01", session_ended=None)
    found = report(unknown, after, no_end)
    rows = {row.vm: row for row in found.rows}
    assert (rows["dc01"].result, rows["dc01"].is_restored, rows["dc01"].took) == ("UNKNOWN", False, None)
    assert rows["sql01"].lost is None
    assert rows["web01"].end_words.startswith("noticed ")
    assert found.incident_to_last is None
    assert "From a point that is NOT of before the incident: 1." in found.totals
    assert "Originals that may be overwritten: 1." in found.totals
    assert "From the incident to the last VM back: not known by the server's clock." in found.totals
    assert rows["sql01"].lost_words == "not known"


def test_a_vm_that_came_back_before_the_incident_shows_clocks_that_differ_and_no_time_of_nothing() -> None:
    early = entry(1, "dc01", session_ended=INCIDENT - timedelta(minutes=20))
    found = report(early, entry(2, "sql01"))
    assert found.incident_to_last is None
    assert "From the incident to the last VM back: not known by the server's clock." in found.totals


def test_equal_names_are_several_vms_where_anything_tells_them_apart() -> None:
    failed = entry(
        1, "app01", state=RestoreState.FAILED, platform="VMware", queue_row=1, backup_server_uid="s"
    )
    line = json.dumps({"vm": "app01", "server": "s", "group": 1, "critical": False, "record": ""})

    def queue(*restores: int | None) -> QueueEntry:
        rows = (
            QueueRow(id=n, place=n, line=line, state="waiting", restore_id=r)
            for n, r in enumerate(restores, 1)
        )
        return QueueEntry(
            id=1, created=BEGUN, server=SERVER, operator="op", name="", ticket="INC-1", incident=INCIDENT,
            state="closed", owner="", rows=tuple(rows),
        )  # fmt: skip

    again = report(failed, entry(2, "app01", platform="VMware"), queues=(queue(1),))
    assert (again.restored, again.vms) == (1, 1)
    other = report(failed, entry(2, "app01", platform="HyperV"), queues=(queue(1),))
    assert (other.restored, other.vms) == (1, 2)
    both = report(failed, entry(2, "app01", platform="VMware", queue_row=2), queues=(queue(1, 2),))
    assert (both.restored, both.vms) == (1, 2)
    unsent_then_alone = report(entry(2, "app01", backup_server_uid="s"), queues=(queue(None),))
    assert (unsent_then_alone.restored, unsent_then_alone.vms) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "kept"),
        ({"overwrites": True, "new_name": "x"}, "kept; another VM named x may be overwritten"),
        ({"original": "overwritten"}, "overwritten"),
        ({"original": "overwritten", "state": RestoreState.UNKNOWN}, "may be overwritten"),
        ({"original": "overwritten", "state": RestoreState.FAILED, "session_uid": "u"}, "may be overwritten"),
        ({"original": "overwritten", "found_by": "point"}, "may be overwritten"),
        ({"found_by": "point"}, "kept (asked for)"),
        (
            {
                "original": "overwritten",
                "state": RestoreState.FAILED,
                "message": "It did not start: refused.",
            },
            "as it was: not started",
        ),
        (
            {"original": "overwritten", "state": RestoreState.FAILED, "message": "The launch failed."},
            "may be overwritten",
        ),
        ({"original": ""}, "not known"),
    ],
)
def test_the_original_is_said_to_be_overwritten_only_where_it_is(fields: dict[str, Any], words: str) -> None:
    assert report(entry(1, "dc01", **fields)).rows[0].original == words


def test_what_was_never_sent_stands_in_it() -> None:
    line = json.dumps({"vm": "mail01", "server": "s", "group": 1, "critical": False, "record": ""})
    rows = (
        QueueRow(id=1, place=0, line=line, state="waiting", restore_id=None),
        QueueRow(id=2, place=1, line=line.replace("mail01", "dc01"), state="waiting", restore_id=7),
    )
    queue = QueueEntry(
        id=1, created=BEGUN, server=SERVER, operator="op", name="", ticket="INC-1", incident=INCIDENT,
        state="closed", owner="", rows=rows,
    )  # fmt: skip
    found = report(entry(7, "dc01"), queues=(queue,))
    assert [(row.vm, row.result) for row in found.rows] == [("dc01", "restored"), ("mail01", "NOT SENT")]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"restored_name": "dc01_restored"}, "dc01_restored"),
        ({"new_name": "dc01-x"}, "dc01-x (asked for)"),
        ({"original": "overwritten"}, "dc01 (in place of the original)"),
        ({}, "(the server chose the name)"),
        ({"state": RestoreState.FAILED}, ""),
    ],
)
def test_the_restored_name_says_whose_word_it_is(fields: dict[str, Any], words: str) -> None:
    assert report(entry(1, "dc01", **fields)).rows[0].restored_as == words


def test_hostile_text_acts_in_no_format() -> None:
    found = report(entry(1, EVIL, message=EVIL, reason="INC-1", restored_name=EVIL))
    text = markdown(found)
    assert "\x1b" not in text
    assert "<b>" not in text.replace("\\<b\\>", "")
    table = [line for line in text.splitlines() if line.startswith("| a")]
    assert len(table) == 1
    (row,) = csv.DictReader(io.StringIO(csv_text(report(entry(1, "=1+1", restored_name="@x")))))
    assert (row["vm_name"], row["restored_as"]) == ("'=1+1", "'@x")
    for name in ("=1", " =1", "\uff1d1", "-1", "+1", "@x"):
        (row,) = csv.DictReader(io.StringIO(csv_text(report(entry(1, name)))))
        assert row["vm_name"] == f"'{name}"
    linked = markdown(report(entry(1, "www.evil.example", message="https://evil.example me@evil.example")))
    linked = linked.partition("```")[0] + linked.rpartition("```")[2]
    assert not any(active in linked for active in ("www.", "://", "@"))
    kept = json.loads(json_text(found))
    assert kept["restores"][0]["vm_name"] == EVIL
    assert json_text(found).isascii()


def test_json_has_a_version_and_stamps() -> None:
    kept = json.loads(json_text(report(entry(1, "dc01"))))
    (row,) = kept["restores"]
    assert (kept["version"], kept["restored"], kept["total"]) == (1, 1, 1)
    assert (row["begun"], row["took_s"], row["data_lost_s"]) == ("2026-11-25T23:45:00Z", 60, 39 * 60)


def test_its_head_says_the_incident_where_its_rows_have_one() -> None:
    found = report(entry(1, "dc01"), entry(2, "db01", incident=None))
    assert (
        f"Incident: before {timefmt.both(INCIDENT)}." in markdown(found).split("- Restored")[0].splitlines()
    )
    assert json.loads(json_text(found))["incident"] == "2026-11-25T22:45:00Z"
    several = entry(2, "db01", incident=INCIDENT + timedelta(hours=1))
    assert "Incident: before" not in markdown(report(entry(1, "dc01", incident=None)))
    both = report(several, entry(1, "dc01"), entry(3, "*web*"))
    head = markdown(both).split("- Restored")[0].splitlines()
    assert head[2:4] == [
        f"- Incident: before {timefmt.both(INCIDENT)}: dc01, \\*web\\*.",
        f"- Incident: before {timefmt.both(INCIDENT + timedelta(hours=1))}: db01.",
    ]
    assert json.loads(json_text(both))["incident"] is None


def test_what_vbem_says_is_not_called_the_words_of_the_server() -> None:
    text = markdown(report(entry(1, "dc01", message="Watched again through its restore session.")))
    assert "## What is known\n\n- dc01: Watched again" in text
    assert "words of the server" not in text


@pytest.mark.parametrize(
    ("word", "name"),
    [("VMware", "VMware vSphere"), ("HyperV", "Hyper-V"), ("vCloud", "Cloud Director"), ("", "")],
)
def test_a_platform_is_called_as_everywhere(word: str, name: str) -> None:
    found = report(entry(1, "dc01", platform=word))
    (row,) = csv.DictReader(io.StringIO(csv_text(found)))
    assert row["platform"] == json.loads(json_text(found))["restores"][0]["platform"] == name


def test_the_timeline_is_one_axis_and_fits_a_terminal() -> None:
    lines = timeline(report(entry(1, "dc01"), entry(30, "x" * 200, state=RestoreState.FAILED)))
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].count("#") == 1
    assert "x" * 39 in lines[2]
    assert timeline(report()) == ["No restore session has started."]


def test_a_report_is_a_new_private_file(tmp_path: Path) -> None:
    found = report(entry(1, "dc01"))
    for name in ("r.md", "r.csv", "r.json"):
        write_report(found, tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    with pytest.raises(ReportError, match="exists"):
        write_report(found, tmp_path / "r.md")
    with pytest.raises(ReportError, match="must end in"):
        write_report(found, tmp_path / "r.txt")


def test_a_vm_that_was_left_out_of_the_plan_is_named_with_the_reason_until_it_is_restored() -> None:
    left_out = (("hv-new01", "no point before the incident"), ("web01", ""))
    decided = decided_text(Queue(id=7, created=BEGUN, left_out=left_out))
    queue = QueueEntry(
        id=7, created=BEGUN, server=SERVER, operator="op", name="", ticket="INC-1", incident=INCIDENT,
        state="closed", owner="", decided=decided, rows=(),
    )  # fmt: skip
    found = report(entry(1, "dc01"), queues=(queue,))
    words = "- Left out of the plan: hv-new01 (no point before the incident), web01."
    assert words in markdown(found).splitlines()
    assert json.loads(json_text(found))["left_out"] == ["hv-new01 (no point before the incident)", "web01"]
    later = report(entry(1, "dc01"), entry(2, "hv-new01"), queues=(queue,))
    assert "- Left out of the plan: web01." in markdown(later).splitlines()
    assert "Left out" not in markdown(report(entry(1, "dc01")))


def test_the_time_in_which_nobody_worked_through_a_queue_stands_below_the_timeline() -> None:
    line = json.dumps({"vm": "app01", "server": "s", "group": 1, "critical": False, "record": ""})
    taken_up = BEGUN + timedelta(minutes=20)
    queue = QueueEntry(
        id=7, created=BEGUN, server=SERVER, operator="op", name="", ticket="INC-1", incident=INCIDENT,
        state="closed", owner="", decided=decided_text(Queue(id=7, created=BEGUN, taken_up=(taken_up,))),
        rows=tuple(QueueRow(id=n, place=n, line=line, state="sent", restore_id=n) for n in (1, 2)),
    )  # fmt: skip
    rows = (
        entry(1, "dc01", queue_row=1),
        entry(2, "app01", queue_row=2, created=taken_up + timedelta(minutes=1)),
    )
    found = report(*rows, queues=(queue,))
    words = (
        f"- The vbem of queue 7 ended after {timefmt.utc(BEGUN)}; the queue was taken up again at "
        f"{timefmt.utc(taken_up)} (this machine's clock). It sent nothing in between."
    )
    assert words in markdown(found).split("## Timeline")[1].splitlines()
    (gap,) = json.loads(json_text(found))["gaps"]
    assert (gap["queue"], gap["last_sent"]) == (7, "2026-11-25T23:45:00Z")
    assert "ended before it had sent anything" in markdown(report(rows[1], queues=(queue,)))
    assert "The vbem of queue" not in markdown(report(*rows))
