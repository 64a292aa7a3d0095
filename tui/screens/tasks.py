"""Tasks: every restore of this run, what it is doing now, and the details of the chosen one.

It shows snapshots the monitor hands out; it asks the server nothing itself and updates by itself. At will it
shows everybody's restores beside them, as the server lists them.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widgets import Static

from tui.api.models import RestoreSession
from tui.errors import VbemError
from tui.recovery.queue import LineState, Queue, QueuedLine
from tui.restore_states import RestoreState
from tui.restores.restore import Restore
from tui.restores.unfollowed import ServerSessions, Unfollowed
from tui.sanitize import safe
from tui.screens import sessions
from tui.screens.base import OpenBatch, OpenRestoreForm, RestoresChanged, TasksSeen, VbemScreen, bindings_of
from tui.screens.batch_dialogs import CLOSE, TAKE_UP, OfferedQueueScreen
from tui.screens.cancel import CancelScreen
from tui.screens.plan_text import queue_cells, queue_line_details, queue_title, spell_out
from tui.screens.points import WIDEST
from tui.screens.reference_picker import learn_roots
from tui.screens.restore_form_data import draft_of, with_note
from tui.screens.restore_text import (
    DISTINGUISHING,
    SHORT_CELLS,
    restore_cells,
    restore_lines,
    unfollowed_cells,
    unfollowed_lines,
)
from tui.widgets.footer import Footer
from tui.widgets.inputs import Button
from tui.widgets.table_layout import Cell, Column, ListRows
from tui.widgets.text_view import Line, TextView
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Hashable

    from textual.binding import BindingType

    from tui.recovery.queue_runner import RestoreQueue
    from tui.services import Services

_COLUMNS = (
    Column(key="state", label="State", width=12),
    *DISTINGUISHING,
    Column(key="elapsed", label="Elapsed", width=8, align="right", drop=2),
    Column(key="message", label="What is known", width=SHORT_CELLS, flex=2),
)
ELAPSED_EVERY_S = 10.0
_Row = Restore | Unfollowed | QueuedLine | RestoreSession


class TasksScreen(VbemScreen):
    """The restores of this run.

    Args:
        selected: key of the restore to start on; else the newest.
    """

    NAME = "tasks"
    HEADING = "Tasks"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tasks")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDEST, "-widest")]  # noqa: RUF012 - so named by Textual

    def __init__(self, services: Services, selected: str = "") -> None:
        super().__init__(services)
        self._selected = selected
        self._shown = ""
        self._plans: dict[int, str] = {}
        self._journal_problem = ""
        self._refusal = ("", "")
        """Which row could last not be taken over, and why."""

    def compose_body(self) -> ComposeResult:
        yield Static("", markup=False, id="tasks-queue")
        yield Static("", markup=False, id="tasks-everybody")
        empty = "No restores in this run yet. Esc: choose a point."
        with Container(classes="panes"):
            yield VirtualTable(_COLUMNS, empty=empty, id="tasks-table")
            yield TextView(hang=14, id="tasks-details")
        with Horizontal(id="tasks-buttons"):
            yield Button("Cancel", id="tasks-cancel", compact=True, disabled=True)
            yield Button("Open again...", id="tasks-again", compact=True, disabled=True)
            yield Button("Take over", id="tasks-take", compact=True, disabled=True)

    def on_mount(self) -> None:
        self.app.post_message(TasksSeen())
        self.query_one(VirtualTable).focus()
        self.set_interval(ELAPSED_EVERY_S, self._show_elapsed)
        if self.services.recovery is not None:
            self.services.recovery.queue_listeners.append(self._queue_changed)
            if self.services.recovery.is_interrupted:
                self._offer_queues()
        self._show_all()
        if self._selected:
            self.query_one(VirtualTable).select(self._selected)

    def on_unmount(self) -> None:
        recovery = self.services.recovery
        if recovery is not None and self._queue_changed in recovery.queue_listeners:
            recovery.queue_listeners.remove(self._queue_changed)
        if self.services.restores is not None:
            self.services.restores.monitor.show_everybody(on=False)

    def _show_elapsed(self) -> None:
        """Go on counting where the server says nothing new, as of what is unknown."""
        is_old = self._everybody is not None or not all(restore.is_over for restore in self._restores)
        if self.app.screen is self and is_old:
            self._show_all()

    # -- everybody's restores -----------------------------------------------------------------

    @property
    def _everybody(self) -> ServerSessions | None:
        return self.services.restores.monitor.everybody if self.services.restores else None

    @property
    def _others(self) -> tuple[RestoreSession, ...]:
        """Return the sessions of the server that no other row here is about."""
        shown = {one.session_uid.lower() for one in self._restores}
        shown |= {one.entry.session_uid.lower() for one in self._unfollowed}
        return self._everybody.besides(shown) if self._everybody else ()

    @property
    def _chosen_row(self) -> _Row | None:
        key = self.query_one(VirtualTable).cursor_key
        return next((row for row in self._rows() if _key(row) == key), None)

    def _live(self, one: Unfollowed) -> str:
        """Return what the server says of a row that is not followed here; empty where it lists nothing."""
        session = self._everybody.find(one.entry.session_uid) if self._everybody else None
        return sessions.live_words(session) if session else ""

    def action_everybody(self) -> None:
        if self.services.restores is not None:
            self.services.restores.monitor.show_everybody(on=self._everybody is None)
            self._show_all()

    def _show_everybody(self, now: datetime) -> None:
        said = self.query_one("#tasks-everybody", Static)
        said.display = self._everybody is not None
        if self._everybody is not None:
            said.update(safe(sessions.everybody_words(self._everybody, now), cells=self.size.width - 2))

    # -- the queue ----------------------------------------------------------------------------

    @property
    def _queue(self) -> RestoreQueue | None:
        return self.services.recovery.queue if self.services.recovery else None

    @property
    def _chosen_line(self) -> QueuedLine | None:
        return row if isinstance(row := self._chosen_row, QueuedLine) else None

    def _queue_changed(self) -> None:
        if self.is_mounted and self.app.screen is self:
            self._show_all()

    def _show_queue(self, now: datetime) -> None:
        said = self.query_one("#tasks-queue", Static)
        said.display = self._queue is not None
        self.set_class(said.display, "-queue")
        if self._queue is not None:
            said.update("\n".join(queue_title(self._queue.queue, now, self.size.width - 2)))

    @work(group="offered", exclusive=True, exit_on_error=False, description="read interrupted queues")
    async def _offer_queues(self) -> None:
        recovery = self.services.recovery
        if recovery is None or recovery.queue is not None:
            return
        with self.reporting("read interrupted queues"):
            for queue in await recovery.offered():
                answer = await self.ask(OfferedQueueScreen(self.services, queue))
                if answer == CLOSE:
                    await recovery.close_offered(queue.id)
                elif answer == TAKE_UP:
                    await recovery.take_up(queue.id)
                    self.app.post_message(OpenBatch(None, is_interrupted=True))
                    return

    def action_pause(self) -> None:
        if self._queue is None or not self._queue.queue.is_pausable:
            self.set_status("There is nothing to pause: no VM of a queue waits.")
        elif self._queue.queue.to_confirm:
            self.app.post_message(OpenBatch(None, is_interrupted=True))
        elif self._queue.queue.is_paused:
            self._queue.resume()
        else:
            self._queue.pause()

    def action_leave_out(self) -> None:
        line, queue = self._chosen_line, self._queue
        if line is None or queue is None:
            self.set_status("Only a VM that waits can be taken out; c cancels a restore.")
        elif line.state is LineState.WAITING:
            queue.take_out(line.id)
        else:
            queue.put_back(line.id)

    def action_reorder(self, by: int) -> None:
        if self._chosen_line is not None and self._queue is not None:
            self._queue.move(self._chosen_line.id, by=by)

    def action_at_a_time(self, by: int) -> None:
        if self._queue is not None:
            self._queue.set_limits(at_a_time=self._queue.queue.at_a_time + by)

    def action_let_go_on(self) -> None:
        line, queue = self._chosen_line, self._queue
        if line is not None and queue is not None:
            queue.let_go_on(line.group)

    def on_screen_resume(self) -> None:
        self.app.post_message(TasksSeen())
        self._show_all()

    def select(self, key: str) -> None:
        """Put the cursor on a restore."""
        self._show_all()
        self.query_one(VirtualTable).select(key)

    @property
    def tasks_note(self) -> str:
        """Return nothing: this is the screen of tasks."""
        return ""

    # -- showing ------------------------------------------------------------------------------

    @property
    def _restores(self) -> tuple[Restore, ...]:
        return self.services.restores.all if self.services.restores else ()

    @property
    def _chosen(self) -> Restore | None:
        return row if isinstance(row := self._chosen_row, Restore) else None

    @property
    def _unfollowed(self) -> tuple[Unfollowed, ...]:
        return self.services.restores.unfollowed if self.services.restores else ()

    @property
    def _chosen_unfollowed(self) -> Unfollowed | None:
        return row if isinstance(row := self._chosen_row, Unfollowed) else None

    @on(RestoresChanged)
    def _changed(self) -> None:
        key, words = self._refusal
        if key and all(one.key != key for one in self._unfollowed):
            self.remove_status(words)
            self._refusal = ("", "")
        self._show_all()

    def _show_all(self) -> None:
        now = self.services.clock.now()
        queue = self._queue.queue if self._queue else None
        rows = ListRows[_Row](self._rows(), lambda one: self._cells(one, now, queue), _key)
        self.query_one(VirtualTable).set_rows(rows)
        self._show_queue(now)
        self._show_everybody(now)
        self._show_chosen()
        self._show_journal_problem()

    def _rows(self) -> tuple[_Row, ...]:
        """Return the queue in its order, then the other restores, the newest first, then those of others."""
        restores = {one.key: one for one in self._restores}
        unfollowed: dict[int | None, _Row] = {one.entry.id: one for one in self._unfollowed}
        rows: list[_Row] = []
        for line in self._queue.queue.lines if self._queue is not None else ():
            # What ended in an earlier run, or was taken over by another vbem, stays in its place.
            known = line.restore
            own: _Row = line if known is None or not known.is_over else known
            rows.append(restores.pop(line.restore_key, unfollowed.pop(line.entry_id, own)))
        return (*rows, *reversed(restores.values()), *reversed(unfollowed.values()), *self._others)

    def _cells(self, one: _Row, now: datetime, queue: Queue | None) -> tuple[Cell, ...]:
        if isinstance(one, Restore):
            return restore_cells(one, now)
        if isinstance(one, RestoreSession):
            return sessions.session_cells(one, self._everybody or ServerSessions())
        if isinstance(one, Unfollowed):
            return unfollowed_cells(one, now, self._live(one))
        return queue_cells(queue, one, now) if queue is not None else ()

    def _show_journal_problem(self) -> None:
        problem = self.services.restores.journal_problem if self.services.restores else ""
        if problem:
            self.set_status(f"The journal is not up to date: {problem}", "bad")
        elif self._journal_problem:
            self.set_status("The journal is up to date again.", "good")
        self._journal_problem = problem

    @on(VirtualTable.Highlighted)
    def _show_chosen(self) -> None:
        chosen = self._chosen
        self._enable(chosen)
        details = self.query_one("#tasks-details", TextView)
        if chosen is None:
            details.show(self._other_lines(self._chosen_row))
            return
        plan = self._plans.get(chosen.entry_id or 0, "")
        lines = spell_out(
            self.services.reference_names, restore_lines(chosen, self.services.clock.now(), plan)
        )
        details.show(lines, from_top=chosen.key != self._shown)
        self._shown = chosen.key
        if chosen.entry_id is not None and chosen.entry_id not in self._plans:
            self._read_plan(chosen.entry_id)

    def _other_lines(self, row: _Row | None) -> list[Line]:
        """Return what is known of a row that is no restore of this run."""
        if isinstance(row, QueuedLine) and self._queue is not None:
            return queue_line_details(self._queue.queue, row, self.services.clock.now())
        if isinstance(row, RestoreSession) and self._everybody is not None:
            return sessions.session_lines(row, self._everybody)
        if isinstance(row, Unfollowed):
            return unfollowed_lines(row, self.services.clock.now(), self._live(row))
        return []

    def _enable(self, chosen: Restore | None) -> None:
        one = self._chosen_unfollowed
        unusable = {
            "cancel": chosen is None or chosen.is_over,
            "again": chosen is None or not chosen.may_be_sent_again,
            "take_over": one is None or not (one.may_be_taken or one.is_watched),
        }
        queue = self._queue.queue if self._queue else None
        for name, off in unusable.items():
            button = self.query_one(f"#tasks-{name.partition('_')[0]}", Button)
            if button.disabled != off or button.display == off:
                # Not there at all: beside the others it would look the same without colours.
                button.disabled, button.display = off, not off
        restores = self.services.restores
        if restores is not None and chosen is not None and not unusable["cancel"]:
            unusable["cancel"] = not restores.what_cancel_can_do(chosen).possible
        unusable["say_session"] = chosen is None or chosen.state is not RestoreState.UNKNOWN
        unusable["pause"] = queue is None or not queue.is_pausable
        self.query_one(Footer).rename("tasks.pause", "Resume" if queue and queue.is_paused else "")
        self.query_one(Footer).leave_out({f"tasks.{name}" for name, off in unusable.items() if off})

    @work(group="plan", exit_on_error=False, description="read the plan of a restore")
    async def _read_plan(self, entry_id: int) -> None:
        journal = self.services.journal
        if journal is None or entry_id in self._plans:
            return
        self._plans[entry_id] = ""
        try:
            entry = await asyncio.to_thread(journal.get, entry_id)
        except VbemError:
            # Only the plan is read here; everything else is on the screen.
            return
        self._plans[entry_id] = entry.plan
        self._show_chosen()
        names, connection = self.services.reference_names, self.services.connection
        if connection is not None and names.lacks_root(entry.plan):
            await learn_roots(connection.manager, names)
            self._show_chosen()

    # -- acting -------------------------------------------------------------------------------

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        actions = {"tasks-cancel": self.action_cancel, "tasks-again": self.action_again}
        actions.get(event.button.id or "", self.action_take_over)()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # On a button Enter presses that.
        return action != "details" or not isinstance(self.focused, Button)

    @on(VirtualTable.Chosen)
    def action_details(self) -> None:
        table, details = self.query_one(VirtualTable), self.query_one("#tasks-details", TextView)
        (table if details.has_focus else details).focus()

    def action_cancel(self) -> None:
        row = self._chosen_row
        if self.refuses_write():
            return
        if isinstance(row, Restore):
            self.app.push_screen(CancelScreen(self.services, row))
        elif isinstance(row, Unfollowed):
            self._say_who_cancels(row)
        else:
            words = "There is no restore to cancel."
            self.set_status(sessions.stop_words(row) if isinstance(row, RestoreSession) else words)

    def action_again(self) -> None:
        chosen = self._chosen
        if chosen is None or not chosen.may_be_sent_again:
            self.set_status("Only a restore that failed, was cancelled or is unknown can be opened again.")
        else:
            self._again(chosen)

    def action_say_session(self) -> None:
        chosen = self._chosen
        if chosen is None or chosen.state is not RestoreState.UNKNOWN:
            self.set_status("Only of a restore that is UNKNOWN can you say which session is its own.")
        else:
            self._say_session(chosen)

    @work(group="open", exclusive=True, exit_on_error=False, description="say which session it is")
    async def _say_session(self, restore: Restore) -> None:
        restores = self.services.restores
        if restores is None:
            return
        choice = restores.session_choice
        with self.reporting("list the restore sessions of this VM"):
            found = await self.reading(
                "list the restore sessions of this VM", lambda: choice.candidates(restore)
            )
            if found is None:
                return
            if not found.candidates:
                words = "The server lists no new restore session of this VM; that is no proof."
                self.set_status(f"{words} {found.gaps}".strip())
                return
            session = await self.ask(sessions.SessionPicker(self.services, restore, found))
            if session is None or not await self.ask(sessions.are_you_sure(self.services, restore, session)):
                self._say_unchanged()
                return
        with self.reporting("take that session"):
            await choice.take(restore, session.uid)
            restores.monitor.wake()
            self.set_status("That session is followed as its own: said by you, not found.", "good")

    def _say_unchanged(self) -> None:
        self._passing = "Nothing was changed."
        self.set_status(self._passing)

    def action_take_over(self) -> None:
        one = self._chosen_unfollowed
        if one is not None:
            # Also where it could not be taken over when the journal was last read: its vbem may have ended.
            self._take_over(one)
        else:
            self.set_status(
                sessions.nothing_to_take(self._chosen, is_others=isinstance(self._chosen_row, RestoreSession))
            )

    @work(group="take", exit_on_error=False, description="take over a restore")
    async def _take_over(self, one: Unfollowed) -> None:
        restores = self.services.restores
        if restores is None:
            return
        with self.reporting("take over the restore"):
            # A row that may be watched is tried without a question first: its vbem may have ended.
            taken: Restore | Unfollowed = one if one.may_be_taken else await restores.take_over(one)
            if isinstance(taken, Unfollowed) and (taken.is_watched or taken.may_be_taken):
                if taken.is_watched and not await self.ask(sessions.by_name(self.services, taken)):
                    self._say_unchanged()
                    return
                taken = await restores.take_over(taken, is_named=taken.is_watched)
            if isinstance(taken, Restore):
                self.set_status(f"Watched from now on: row {one.entry.id}.", "good")
                self.select(taken.key)
            else:
                self._refusal = (one.key, f"Not taken over. {taken.why}")
                self.set_status(self._refusal[1], "bad")

    @work(group="take", exit_on_error=False, description="say who can cancel a restore")
    async def _say_who_cancels(self, one: Unfollowed) -> None:
        restores = self.services.restores
        if restores is not None and await self.ask(
            sessions.who_cancels(self.services, one, restores.session_key)
        ):
            self._take_over(one)

    @work(group="open", exclusive=True, exit_on_error=False, description="open the form again")
    async def _again(self, restore: Restore) -> None:
        draft = self.services.form_drafts.get(restore.key)
        if draft is None:
            manager = self.services.connection.manager if self.services.connection else None
            if manager is None:
                return
            draft = await self.reading("read the restore point", lambda: draft_of(manager, restore))
        if draft is not None:
            self.app.post_message(OpenRestoreForm(with_note(draft, restore)))

    def action_back(self) -> None:
        if self.query_one(VirtualTable).has_focus:
            self.dismiss(None)
        else:
            self.query_one(VirtualTable).focus()


def _key(one: _Row) -> Hashable:
    if isinstance(one, RestoreSession):
        return one.uid
    return one.id if isinstance(one, QueuedLine) else one.key
