"""What a row says where it has no room for the sentence: the verdict, whole, in so many cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from tests.unit.restores.fakes import restore
from tui.restore_states import CancelState, FoundBy, RestoreState
from tui.screens import history, tasks
from tui.screens.restore_text import SHORT_CELLS, restore_cells, short_words
from tui.widgets.table_layout import CURSOR_MARK, OneOf, row_line, share

REASON = "The server says: Disk is full"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"state": RestoreState.FAILED, "message": f"It did not start. {REASON}"}, "did NOT start"),
        ({"state": RestoreState.FAILED, "session_uid": "s", "message": "x"}, "no reason is given"),
        ({"state": RestoreState.FAILED, "session_uid": "s", "message": REASON}, "the reason is below"),
        ({"state": RestoreState.UNKNOWN}, "it may have started"),
        ({"state": RestoreState.UNKNOWN, "session_uid": "s"}, "stopped without a result"),
        ({"state": RestoreState.SUCCEEDED, "cancel": CancelState.GOES_ON}, "restored despite a cancel"),
        ({"state": RestoreState.RESTORING, "cancel": CancelState.GOES_ON}, "continues despite a cancel"),
        ({"state": RestoreState.RESTORING, "is_missing": True}, "no longer at the server"),
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
        assert known or width < 80


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
        (failed, ("Disk is full", "the reason is below")),
        (replace(failed, session_uid=""), ("did NOT start: Disk is full", "did NOT start")),
    ):
        known = restore_cells(one, one.submitted)[-1]
        assert isinstance(known, OneOf)
        assert known.texts[1:] == shorter
