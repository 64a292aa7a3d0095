"""What a row says where it has no room for the sentence: the verdict, whole, in so many cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from tests.unit.restores.fakes import restore, session
from tests.unit.restores.points import NOW
from tui.api.models import PointKind
from tui.recovery.plan import NO_POINT, PlanLine
from tui.restore_points.index import VmKey
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.restores.forms.fields import OriginalOutcome
from tui.screens import batch, history, tasks
from tui.screens.plan_text import line_details, plan_cells
from tui.screens.restore_text import SHORT_CELLS, restore_cells, short_words
from tui.widgets.table_layout import CURSOR_MARK, Cell, OneOf, StyledText, bar, row_line, share

REASON = "The server says: Disk is full"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"state": RestoreState.FAILED, "message": f"It did not start: refused. {REASON}"}, "did NOT start"),
        ({"state": RestoreState.FAILED, "message": f"The launch failed. {REASON}"}, "the launch failed"),
        ({"state": RestoreState.FAILED, "session_uid": "s", "message": "x"}, "no reason is given"),
        ({"state": RestoreState.FAILED, "session_uid": "s", "message": REASON}, "reason: see the details"),
        ({"state": RestoreState.UNKNOWN}, "it may have started"),
        ({"state": RestoreState.UNKNOWN, "session_uid": "s"}, "stopped without a result"),
        ({"state": RestoreState.SUCCEEDED, "cancel": CancelState.GOES_ON}, "restored despite a cancel"),
        ({"state": RestoreState.RESTORING, "cancel": CancelState.GOES_ON}, "continues despite a cancel"),
        ({"state": RestoreState.RESTORING, "is_missing": True}, "not listed any more"),
        ({"found_by": FoundBy.PROBABLY, "session_uid": "s"}, "perhaps its session runs"),
    ],
)
def test_the_short_form_is_the_verdict(facts: dict[str, Any], verdict: str) -> None:
    assert short_words(replace(restore(), **facts)) == verdict


def test_each_short_form_fits_its_column_in_every_width() -> None:
    one = restore()
    for state, cancel, uid, found_by, is_missing in product(
        RestoreState, CancelState, ("", "s"), FoundBy, (False, True)
    ):
        current = replace(
            one, state=state, cancel=cancel, session_uid=uid, found_by=found_by, is_missing=is_missing
        )
        assert 0 < len(short_words(current)) <= SHORT_CELLS
    for width, columns in product((60, 80, 120, 160), (tasks._COLUMNS, history._COLUMNS)):
        known = [
            slot.width for slot in share(columns, width - len(CURSOR_MARK)) if slot.column.key == "message"
        ]
        assert all(cells >= SHORT_CELLS for cells in known)
        assert known or columns is history._COLUMNS, "in Tasks it is always there"
        assert known or width < 120, "what differs comes before sentences"
        shown = {slot.column.key for slot in share(columns, width - len(CURSOR_MARK))}
        assert shown >= {"point"} or width < 80
        assert shown >= {"new_name", "ticket"} or width < 120


@pytest.mark.parametrize("wait_s", [0, 60, 200_000])
def test_a_row_is_never_cut_before_its_verdict(wait_s: int) -> None:
    one = replace(restore(), message="A long sentence, of which a row has no room for the end. " * 3)
    cells = restore_cells(one, one.submitted + timedelta(seconds=wait_s))
    assert isinstance(cells[-1], OneOf)
    line = "".join(
        text for text, _ in row_line(share(tasks._COLUMNS, 80 - len(CURSOR_MARK)), cells, is_cursor=False)
    )
    assert cells[-1].texts[-1] in line
    assert len(cells[-1].texts[-1]) <= SHORT_CELLS


def test_a_reason_that_fits_stands_in_the_row() -> None:
    failed = replace(restore(), state=RestoreState.FAILED, session_uid="s", ended=restore().submitted)
    failed = replace(failed, message=f"The restore FAILED. {REASON}")
    for one, shorter in (
        (failed, ("Disk is full (end noticed 11-23 03:04Z)", "Disk is full", "reason: see the details")),
        (
            replace(failed, session_uid="", ended=None),
            ("the launch failed: Disk is full", "the launch failed"),
        ),
    ):
        known = restore_cells(one, one.submitted)[-1]
        assert isinstance(known, OneOf)
        assert known.texts[1:] == shorter


def row_at(width: int, cells: Sequence[Cell]) -> str:
    return "".join(text for text, _ in row_line(share(tasks._COLUMNS, width - 2), cells, is_cursor=False))


def test_a_row_says_by_what_restores_differ_before_it_makes_sentences() -> None:
    one = replace(restore(), new_name="shop-db-INC-5001", reason="INC-5001", point_created=NOW)
    narrow, wide = (row_at(width, restore_cells(one, NOW)) for width in (80, 120))
    assert "11-23 03:04Z" in narrow
    assert all(part in wide for part in ("11-23 03:04Z", "shop-db-INC-5001", "INC-5001 "))
    named = replace(one, restored_name="shop-db-restored-by-the-platform-INC-5002")
    assert "INC-5002" in row_at(120, restore_cells(named, NOW)), "of a name that is cut the end is kept"


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("original", [None, OriginalOutcome.KEPT])
def test_an_end_that_was_only_noticed_says_so_in_every_width(
    width: int, original: OriginalOutcome | None
) -> None:
    over = replace(restore(), state=RestoreState.SUCCEEDED, message="The VM is restored.", ended=NOW)
    over = replace(over, original=original)
    for one, mark in ((over, "noticed"), (replace(over, session_ended=NOW), "ended")):
        row = row_at(width, restore_cells(one, NOW)).lower()
        has_time = "03:04z" in row or "2026-11-23 03:04 utc" in row
        assert has_time or "original kept." in row, "a time is whole or left out"
        assert (mark in row) == has_time
        assert mark == "noticed" or "noticed" not in row


@pytest.mark.parametrize("state", [RestoreState.SUCCEEDED, RestoreState.WARNING])
@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"restored_name": "web-INC-5001"}, "Restored as web-INC-5001"),
        ({"restored_name": "shop-app-INC-5001"}, "as shop-app-INC-5001"),
        ({"restored_name": "till 08-INC-5001-and-2"}, "as till 08-INC-5001-and-2"),
        ({"restored_name": "a-name-of-the-platform-INC-5002"}, "-INC-5002"),
        ({"new_name": "shop-app-INC-5001"}, "asked: shop-app-INC-5001"),
        ({"original": OriginalOutcome.OVERWRITTEN, "vm_name": "payroll-database-01"}, "was OVERWRITTEN"),
    ],
)
def test_what_was_restored_comes_before_when_it_ended(
    changes: dict[str, Any], first: str, state: RestoreState
) -> None:
    over = replace(restore(), state=state, message="The VM is restored.", ended=NOW, session_ended=NOW)
    one = replace(over, **{"original": OriginalOutcome.KEPT, **changes})
    known = restore_cells(one, NOW)[-1]
    assert isinstance(known, OneOf)
    assert 0 < len(known.texts[-1]) <= SHORT_CELLS
    row = row_at(80, restore_cells(one, NOW))
    assert first in row
    assert "ended" not in row


def test_what_runs_shows_a_bar_and_what_is_doubted_says_so_first() -> None:
    runs = replace(restore(), state=RestoreState.RESTORING, session=session(progress=58), progress=58)
    runs = replace(runs, last_heard=NOW)
    assert restore_cells(runs, NOW)[-1] == bar(0.58, 20)
    assert bar(0.58, 20).endswith("] 58 %")
    old = restore_cells(runs, NOW + timedelta(minutes=1))[-1]
    assert isinstance(old, OneOf)
    assert old.texts[0].startswith("(out of date: server last heard 03:04:05) 58 %. ")
    assert old.texts[-1].startswith("last heard ")


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (NO_POINT, "CANNOT: no point before"),
        ("no points", "CANNOT: no points"),
        ("the new name may have no more than 80 characters", "CANNOT: see the details"),
    ],
)
def test_a_vm_of_a_plan_that_cannot_be_restored_says_so_in_whole_words(problem: str, shown: str) -> None:
    line = PlanLine(key=VmKey("vbr01", "vm-1", PointKind.VM), vm_name="hv01", problem=problem)
    slots = share(batch._COLUMNS, 80 - len(CURSOR_MARK))
    assert row_line(slots, plan_cells({}, line), is_cursor=False)[-1][0].strip() == shown
    assert [part.text for part in line_details(line) if isinstance(part, StyledText)] == [
        f"! CANNOT: {problem}"
    ]
