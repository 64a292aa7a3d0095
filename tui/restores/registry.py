"""All restores of this run in one place: each change is one step, journalled in order,
and reported to the listeners once.

A change is a function applied to the newest snapshot without a pause in between, so that the monitor and a
cancelling cannot overwrite each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Concatenate, ParamSpec

from tui.api.models import Task
from tui.clock import Clock
from tui.restore_states import ENDS, FoundBy, RestoreState
from tui.restores import leaving_words
from tui.restores.journal_mapping import journal_fields, resume, take_up
from tui.restores.ports import JournalEntry, RestoreJournal
from tui.restores.restore import Restore, Timestamp
from tui.restores.transitions import let_go, session_uid_of
from tui.sanitize import safe
from tui.store.errors import NotOwner, SessionTaken, StoreError

_LOG = logging.getLogger(__name__)
Listener = Callable[[tuple[Restore, ...]], None]
StepArgs = ParamSpec("StepArgs")
_PROGRESS_STEP = 10
WRITING_S = 5.0
"""How long a flush tries row after row where one has failed: another process may hold the whole journal."""


class RestoreRegistry:
    """The restores this process owns."""

    def __init__(
        self,
        journal: RestoreJournal,
        clock: Clock,
        on_failure: Callable[[BaseException], object] = lambda _error: None,
    ) -> None:
        self.journal = journal
        self.journal_problem = ""
        """Why the journal could not be kept up, empty while it is."""
        self._clock = clock
        self._on_failure = on_failure
        self._restores: dict[str, Restore] = {}
        self._listeners: list[Listener] = []
        self._changed = False
        self._left: set[str] = set()
        """Keys of restores that another process has taken over: nothing of them is shown or written."""
        self.not_ours: set[int] = set()
        """Rows that could not be written, because another process follows them."""
        self._pending_rows: dict[str, Mapping[str, object]] = {}
        self._unwritten: deque[tuple[int, dict[str, object]]] = deque()
        self._writing = asyncio.Lock()

    async def claim_session(self, key: str, session_uid: str, found_by: FoundBy) -> bool:
        """Take a session for a restore; False where it belongs to another one, of whatever run.

        Raises:
            StoreError: the journal cannot be asked.
        """
        uid = session_uid.lower()
        if any(item.session_uid.lower() == uid for item in self.all() if item.key != key):
            return False
        entry_id = self._restores[key].entry_id
        if entry_id is None:
            return uid not in await asyncio.to_thread(self.journal.sessions_taken)
        return await asyncio.to_thread(self.journal.claim_session, entry_id, session_uid, found_by)

    async def is_named_session_taken(self, key: str, task: Task) -> bool:
        """Return whether the session a task names belongs to another restore; claim it where it does not."""
        uid = session_uid_of(task)
        if not uid or uid.lower() in self._restores[key].sessions_before:
            return False
        try:
            return not await self.claim_session(key, uid, FoundBy.TASK)
        except StoreError:
            # The task is evidence enough, and the row is written as soon as the journal can be.
            return False

    def timestamp(self) -> Timestamp:
        """Return the time on both clocks."""
        return Timestamp(wall=self._clock.now(), monotonic_s=self._clock.monotonic())

    def all(self) -> tuple[Restore, ...]:
        """Return every restore that is this process's, in the order of their start."""
        return tuple(one for key, one in self._restores.items() if key not in self._left)

    def get(self, key: str) -> Restore:
        """Return the newest snapshot of one restore.

        Raises:
            KeyError: this run has no such restore.
        """
        return self._restores[key]

    def find_entry(self, entry_id: int) -> Restore | None:
        """Return the restore of a journal row, if this run has it."""
        return next((item for item in self.all() if item.entry_id == entry_id), None)

    async def follow(self, entry: JournalEntry, session_key: str, **claim: Any) -> Restore | None:  # noqa: ANN401 - the words of `RestoreJournal.claim`
        """Become the owner of a row and take its restore in; None where it is another's.

        Raises:
            ValueError: the row holds a word that this version does not know.
        """
        restore = take_up(entry)
        if not await asyncio.to_thread(partial(self.journal.claim, entry.id, **claim)):
            return None
        self.not_ours.discard(entry.id)
        self.add(restore)
        return self.change(restore.key, resume, session_key, self.timestamp(), entry.updated)

    def leave(self, key: str) -> None:
        """Let a restore go that another process has taken over: nothing more of it is written here."""
        self._left.add(key)
        self._unwritten = deque(one for one in self._unwritten if one[0] != self._restores[key].entry_id)
        self._changed = True

    def add(self, restore: Restore, pending_row: Mapping[str, object] | None = None) -> None:
        """Take a restore in.

        Args:
            restore: its first snapshot here.
            pending_row: the fields of its row, where that could not be written: every flush tries again.
        """
        self._restores[restore.key] = restore
        if pending_row is not None:
            self._pending_rows[restore.key] = pending_row
        self._changed = True

    def touch(self) -> None:
        """Have the listeners called at the next flush, though no restore changed."""
        self._changed = True

    @property
    def is_behind(self) -> bool:
        """Return whether the journal lacks something that a later flush may be able to write."""
        return bool(self._pending_rows or self._unwritten)

    def change(
        self,
        key: str,
        step: Callable[Concatenate[Restore, StepArgs], Restore],
        *args: StepArgs.args,
        **kwargs: StepArgs.kwargs,
    ) -> Restore:
        """Apply one transition; what the journal keeps of it is written by the next `flush`."""
        old = self._restores[key]
        new = step(old, *args, **kwargs)
        if new == old:
            return old
        self._restores[key] = new
        if new.state is not old.state:
            words = (new.entry_id, new.vm_name, old.state, new.state, new.message)
            _LOG.info("restore %s of %s: %s -> %s. %s", *words)
        self._changed = True
        fields = journal_fields(new)
        if new.entry_id is not None and key not in self._left and _is_worth_writing(old, new):
            self._unwritten.append((new.entry_id, fields))
        return new

    async def flush(self) -> None:
        """Write what changed to the journal, each row's changes in order, and call the listeners once.

        A journal that cannot be written stops no restore that is already under way, and a row that cannot
        be written holds up no other: the reason is kept in `journal_problem` and in each restore whose row
        lags behind, and the next flush tries again.
        """
        self.notify_listeners()
        async with self._writing:
            until = self._clock.monotonic() + WRITING_S
            why = {**await self._write_rows(until), **await self._write_changes(until)}
            self.journal_problem = next(reversed(why.values()), "")
            self._mark_late(why)
        self.notify_listeners()

    async def _write_rows(self, until: float) -> dict[str, str]:
        """Write the rows that failed when their restores were sent; returns why some do, by restore."""
        late: dict[str, str] = {}
        for key, row in tuple(self._pending_rows.items()):
            fields: dict[str, Any] = {**row, **journal_fields(self._restores[key])}
            try:
                entry = await asyncio.to_thread(self.journal.plan, **fields)
            except StoreError as error:
                late[key] = str(error)
                if self._clock.monotonic() > until:
                    break
                continue
            del self._pending_rows[key]
            now = self.change(key, with_entry, entry.id)
            # It may have changed while the row was written, or the row have been there after all.
            self._unwritten.append((entry.id, journal_fields(now)))
        return late

    async def _write_changes(self, until: float) -> dict[str, str]:
        """Write changes, each row's in their order; returns why some failed, by restore."""
        why: dict[int, str] = {}
        late: set[int] = set()
        position = 0
        while position < len(self._unwritten) and (not late or self._clock.monotonic() <= until):
            entry_id, fields = self._unwritten[position]
            if entry_id in late:
                position += 1
                continue
            try:
                await asyncio.to_thread(self.journal.update, entry_id, **fields)
            except NotOwner:
                # Taken over: the next look at the journal leaves its restore to the other.
                self.not_ours.add(entry_id)
            except SessionTaken:
                self._give_session_up(entry_id, str(fields["session_uid"]))
            except StoreError as error:
                why[entry_id] = str(error)
                late.add(entry_id)
                position += 1
                continue
            del self._unwritten[position]
        return {one.key: why[one.entry_id] for one in self.all() if one.entry_id in why}

    def _give_session_up(self, entry_id: int, session_uid: str) -> None:
        """Let a session go that was followed while the journal could not say that another row has it."""
        restore = self.find_entry(entry_id)
        if restore is not None and restore.session_uid.lower() == session_uid.lower():
            why = "belongs to another restore in the journal"
            self.change(restore.key, let_go, session_uid, why, self.timestamp())

    def _mark_late(self, reasons: Mapping[str, str]) -> None:
        waiting = {entry_id for entry_id, _ in self._unwritten}
        for restore in self.all():
            is_late = restore.entry_id is None or restore.entry_id in waiting
            why = reasons.get(restore.key, self.journal_problem) if is_late else ""
            self.change(restore.key, with_unjournalled, not_in_journal(why) if why else "")

    @contextmanager
    def saying_when_late(
        self, key: str, step: Callable[[Restore], Restore], after_s: float
    ) -> Iterator[None]:
        """Apply a step and call the listeners if what is inside takes longer than a reply should."""

        def apply() -> None:
            self.change(key, step)
            self.notify_listeners()

        timer = asyncio.get_running_loop().call_later(after_s, apply)
        try:
            yield
        finally:
            timer.cancel()

    def notify_listeners(self) -> None:
        """Call the listeners if anything changed since the last time."""
        if not self._changed:
            return
        self._changed = False
        everything = self.all()
        for listener in tuple(self._listeners):
            try:
                listener(everything)
            except Exception as error:  # noqa: BLE001 - a screen that fails must not end the watching
                self._on_failure(error)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call a function with all restores after each change; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None


def heard(restore: Restore, now: Timestamp) -> Restore:
    """Return the restore after a good answer of the server: nothing about it is out of date."""
    return replace(restore, problem="", last_heard=now.wall)


def with_problem(restore: Restore, problem: str) -> Restore:
    """Return the restore with the reason why what is shown may be old."""
    return replace(restore, problem=problem)


def not_in_journal(why: str) -> str:
    """Return what a restore says while the journal does not hold all of it."""
    return f"NOT in the journal: {why}"


def with_entry(restore: Restore, entry_id: int) -> Restore:
    """Return the restore whose row is there now."""
    return replace(restore, entry_id=entry_id)


def with_unjournalled(restore: Restore, why: str) -> Restore:
    """Return the restore with the reason why the journal does not hold all of it; empty if it does."""
    return replace(restore, unjournalled=why)


def _is_worth_writing(old: Restore, new: Restore) -> bool:
    """Decide whether a change is worth an fsync: progress alone is written in steps."""
    before, after = journal_fields(old), journal_fields(new)
    if {**before, "progress": None} != {**after, "progress": None}:
        return True
    return (old.progress or 0) // _PROGRESS_STEP != (new.progress or 0) // _PROGRESS_STEP


def title_words(restores: Iterable[Restore]) -> str:
    """Return how many have come to which end, for the terminal's title: `3/12 restored, 1 FAILED`."""
    counts = Counter(restore.state for restore in restores)
    if not counts:
        return ""
    restored = counts[RestoreState.SUCCEEDED] + counts[RestoreState.WARNING]
    bad = (RestoreState.FAILED, RestoreState.UNKNOWN, RestoreState.CANCELLED)
    more = [f"{counts[state]} {state.label}" for state in bad if counts[state]]
    return ", ".join((f"{restored}/{counts.total()} restored", *more))


_NAMED = 3
"""More than so many are only counted: the status line has few lines."""


class EndedRestores:
    """Which restores have ended since the tasks were last looked at."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._sent: set[str] = set()
        """What no task is known of yet."""
        self._ended: list[Restore] = []
        self._unknown = ""
        """Which restores are UNKNOWN, in a sentence."""
        self.shown = ""
        """The sentence that is on some status line; empty for none."""

    def notice(self, restores: Sequence[Restore], *, is_form_open: bool = False) -> bool:
        """Look at all restores as they are now; whether one has ended.

        Args:
            restores: all of this run.
            is_form_open: what is refused at once is shown by its form.
        """
        new: list[Restore] = []
        for restore in restores:
            if restore.is_over:
                if restore.key in self._begun or (restore.key in self._sent and not is_form_open):
                    new.append(restore)
                self._begun.discard(restore.key)
                self._sent.discard(restore.key)
            else:
                (self._begun if restore.state.has_begun else self._sent).add(restore.key)
        self._ended += new
        self._unknown = leaving_words.unknown(restores) if self._ended else ""
        return bool(new)

    def forget(self) -> None:
        """Forget the ends, as the operator is looking at the tasks."""
        self._ended.clear()
        self.shown = ""

    @property
    def words(self) -> str:
        """Return what is UNKNOWN and what ended, and where to read more; empty for no ends."""
        return self.words_on("")

    def words_on(self, server: str) -> str:
        """Return `words` with the name of their server, where another one is on the screens."""
        ended = sorted(self._ended, key=lambda restore: ENDS.index(restore.state))
        if not ended:
            return ""
        where = f"On {server}: " if server else ""
        where = f"{where}{self._unknown} ".lstrip() if self._unknown else where
        if len(ended) == 1:
            why = "shows why" if ended[0].state is RestoreState.FAILED else "shows it"
            shows = "S leads there" if server else f"Ctrl+T {why}"
            the = "the" if where.endswith(": ") else "The"
            name, verdict = safe(ended[0].vm_name, cells=40), ended[0].state.predicate
            return f"{where}{the} restore of {name} {verdict}: {shows}."
        named = ", ".join(map(_said, ended[:_NAMED]))
        more = len(ended) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        shows = "S leads there" if server else "Ctrl+T shows them"
        return f"{where}{len(ended)} restores have ended: {named}{rest}. {shows}."

    @property
    def kind(self) -> str:
        """Return how the status line shows it."""
        states = {restore.state for restore in self._ended}
        if RestoreState.FAILED in states:
            return "bad"
        return "good" if states == {RestoreState.SUCCEEDED} and not self._unknown else "note"


def _said(restore: Restore) -> str:
    return f"{safe(restore.vm_name, cells=40)} {restore.state.words}"
