"""What one run works with: the connection, the journal, the restores, and the tasks that serve them.

An object without Textual, so that a script can use it as it is. It owns whatever writes: leaving a screen
never ends a restore's POST, its monitor or its journal rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tui.api.errors import CertificateChanged, Untrusted
from tui.clock import Clock, SystemClock
from tui.errors import VbemError, describe
from tui.restores import leaving_words
from tui.store.keyring_store import SessionStore
from tui.store.known_servers import KnownServers
from tui.store.last_logon import RefusalCounter, remember_logon

if TYPE_CHECKING:
    from tui.api.limits import Timeouts
    from tui.api.models import ReferenceNames, ServerAddress
    from tui.config import StartOptions
    from tui.recovery.service import RecoveryService
    from tui.restore_points.index import PointIndex
    from tui.restores.forms.fields import FormDraft
    from tui.restores.journal_watcher import RestoreWatcher
    from tui.restores.ports import RestoreJournal
    from tui.restores.registry import Listener
    from tui.restores.restore import Restore
    from tui.restores.service import RestoreService
    from tui.session import Connection
    from tui.store.journal import Journal
    from tui.store.keyring_store import KeepResult

KEEP_AFTER_S = 2.0
"""How long after a logon its session goes to the keyring: the first rows and keys come first."""
GOODBYE_S = 3.0
"""How long leaving may wait for the journal."""
_NOT_SHOWN = "Restores that are in flight may not be shown. Log off and on again to try again."
_COMPARE = " Starting vbem again shows both fingerprints."
_NOT_UPDATED = "nothing is updated or sent"


class Services:
    """Everything between what was asked for at the start and the restores of one logon.

    Args:
        options: what the command line, the environment and the settings decided.
        clock: time; None for the system's.
        session_store: where logon sessions are kept; None for the keyring.
        timeouts: how long a call may take; None for the client's own.
    """

    def __init__(
        self,
        options: StartOptions,
        *,
        clock: Clock | None = None,
        session_store: SessionStore | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.options = options
        options.secret_sources.append(lambda: self.secrets)
        self.clock: Clock = clock or SystemClock()
        self.folders, self.settings, self.refresh = options.folders, options.settings, options.refresh
        self.connection: Connection | None = None
        """The server somebody is logged on to."""
        self.journal: Journal | None = None
        self.restores: RestoreService | None = None
        """The restores of this logon."""
        self.recovery: RecoveryService | None = None
        """The recovery of many on this logon: incident, marks, queue."""
        self.refusals = RefusalCounter(self.clock)
        """The logons of this run that were refused."""
        self.form_drafts: dict[str, FormDraft] = {}
        """What was filled in for the restores of this run, by restore."""
        self.points: PointIndex | None = None
        """The restore points of this logon, as far as they are loaded."""
        self.watch_again = leaving_words.WATCH_AGAIN
        """What watches restores again once this has ended, as the end of a sentence says it."""
        self.notices: tuple[str, ...] = ()
        """What must be read: kept until `notices_read`."""
        self.on_notice: Callable[[str, str], None] = lambda _text, _kind: None
        """Shows a notice; its kind is `note`, `good` or `bad`."""
        self.on_failure: Callable[[str, BaseException], None] = _raise_unforeseen
        """Reports an unexpected error; the text completes 'while trying to ...'."""
        self.on_restores: Listener = lambda _restores: None
        """Called with all restores after each change."""
        self.on_incident: Callable[[], None] = lambda: None
        """Called when the incident or the marks are others."""
        self.on_trouble: Callable[[], None] = lambda: None
        """Called when `trouble` may be another."""
        self.others: Callable[[], Sequence[Services]] = tuple
        """Gives those of the other servers that this run is logged on to."""
        self.ask_for_password: Callable[[], Awaitable[bool]] = _nobody_to_ask
        """Asks the operator to log on again; gives whether there is a logon session then."""
        self.session_store, self.timeouts = session_store, timeouts
        self._tasks: set[asyncio.Task[Any]] = set()
        self._journal_problem = ""
        self._kept_said: KeepResult | None = None
        self._logging_on: asyncio.Task[bool] | None = None
        self._is_logon_put_off = False
        self._untrusted: Untrusted | None = None
        """Why nothing is sent any more."""

    # -- who is logged on -----------------------------------------------------------------------

    @cached_property
    def reference_names(self) -> ReferenceNames:
        """Return what references are called, as lookups have shown."""
        from tui.api.models import ReferenceNames

        return ReferenceNames()

    @property
    def is_demo(self) -> bool:
        """Return whether this is the embedded server's profile."""
        return self.folders.demo

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be in a report: the proxy's password, token and id of the logon session."""
        session = self.connection.manager.session if self.connection else None
        # Some servers make the token of the id (WIRE 1.4).
        return (
            *self.options.secrets,
            *(filter(None, (session.token, session.session_id)) if session else ()),
        )

    @property
    def is_logon_put_off(self) -> bool:
        """Return whether the logon session has ended and the operator has not logged on again."""
        return self._is_logon_put_off and self.connection is not None

    @property
    def trouble(self) -> str:
        """Return why nothing that is shown is of now, in one or two sentences; empty while all is well."""
        if self.connection is None:
            return ""
        if self._untrusted is not None:
            title = self._untrusted.title.removeprefix("The server's certificate")
            compare = _COMPARE if isinstance(self._untrusted, CertificateChanged) else ""
            return f"THE SERVER'S CERTIFICATE{title}: {_NOT_UPDATED}. {self._untrusted.hint}{compare}"
        return f"NOT LOGGED ON: {_NOT_UPDATED}. Ctrl+L logs on again." if self.is_logon_put_off else ""

    def note_trouble(self, error: BaseException | None) -> None:
        """Take note of why a call failed, or with None that one was answered."""
        if (error is None or isinstance(error, Untrusted)) and error is not self._untrusted:
            self._untrusted = error
            self.on_trouble()

    def address_of(self, typed: str) -> ServerAddress:
        """Return the address that was typed.

        Raises:
            ValueError: it is none; the message says why.
        """
        from tui.api.models import ServerAddress

        return ServerAddress.parse(typed)

    def connect(self, address: ServerAddress) -> Connection:
        """Return a connection that nobody has logged on to yet."""
        from tui.api.models import WireFormat
        from tui.session import Connection

        if self.session_store is None:
            self.session_store = SessionStore(self.folders.keyring_service, state_folder=self.folders.state)
        return Connection(
            address,
            trust_store=KnownServers(self.folders.pins),
            session_store=self.session_store,
            wire=WireFormat(self.options.wire),
            ca_file=self.options.ca_file,
            proxy=self.options.proxy,
            fingerprint=self.options.fingerprint,
            read_only=self.options.read_only,
            clock=self.clock,
            timeouts=self.timeouts,
        )

    def start_watching(self) -> None:
        """Watch the restores of the admitted connection, and keep its session; say what is wrong so far."""
        connection = self.connection
        if connection is None or self.restores is None:
            return
        if self._journal_problem:
            self.on_notice(self._journal_problem, "bad")
        for words in connection.notes:
            self.on_notice(words, "bad")
        self._start(self.watcher(self.restores).run(), "watch the restores")
        self._start(self._take_up_incident(), "read the incident in force")
        self._start(self._remember(connection), "remember this server")
        self._start(self._keep_session(connection, after_s=KEEP_AFTER_S), "keep the logon session")
        keeping = connection.keep_alive_loop(lambda: bool(self.in_flight), self._request_logon)
        self._start(keeping, "keep the logon session alive")

    async def _take_up_incident(self) -> None:
        try:
            if self.recovery is not None and (words := await self.recovery.load()):
                self.on_notice(f"{words}: Ctrl+T shows the queue.", "bad")
        except VbemError as error:
            self.on_notice(describe("read the incident in force", error), "bad")

    def watcher(self, restores: RestoreService) -> RestoreWatcher:
        """Return what keeps watching `restores` and says so through this object."""
        from tui.restores.journal_watcher import RestoreWatcher

        return RestoreWatcher(restores, self.clock, on_notice=self.on_notice, on_failure=self.on_failure)

    def admit(self, connection: Connection) -> None:
        """Take charge of a connection after its logon: make its restores."""
        from tui.recovery.service import RecoveryService
        from tui.restores.journal_mapping import operator_name
        from tui.restores.ports import UnavailableJournal
        from tui.restores.service import RestoreService

        self.connection = connection
        self._kept_said = None
        if self.journal is None and not self._journal_problem:
            self._journal_problem = self.open_journal()
        journal: RestoreJournal = self.journal or UnavailableJournal(self._journal_problem)
        self.restores = RestoreService(
            connection.manager,
            journal,
            server=connection.server,
            clock=self.clock,
            operator=operator_name(),
            on_logon_needed=self._request_logon,
            poll_every_s=self.refresh.poll_every_s,
            on_failure=lambda error: self.on_failure("watch the restores", error),
        )
        self.recovery = RecoveryService(
            self.restores, self.journal, self.clock, self.on_incident, self._start
        )
        self.restores.monitor.on_poll = self.note_trouble
        self.restores.on_change(self.on_restores)

    def _request_logon(self) -> asyncio.Task[bool]:
        """Return the one question for the password that is open; ask it where there is none."""
        if self._logging_on is None:
            self._logging_on = self._start(self._ask_and_log_on(), "log on again")
        return self._logging_on

    async def make_ready(self) -> None:
        """Open the journal beside the event loop, before `admit`: another process may hold it for seconds."""
        self._journal_problem = await asyncio.to_thread(self.open_journal)

    def open_journal(self) -> str:
        """Open the journal once; return what to show where it is wrong, which is among `notices`, too."""
        from tui.store.journal import Journal

        # One for all servers: sqlite's locks are those of the process, and end where it closes the file.
        self.journal = self.journal or next((one.journal for one in self.others() if one.journal), None)
        if self.journal is not None:
            return ""
        try:
            self.folders.make()
            self.journal = Journal.open(self.folders.journal, clock=self.clock)
        except (VbemError, OSError) as error:
            problem = f"{describe('open the journal', error)} {_NOT_SHOWN}"
        else:
            problem = self.journal.note
        if problem and problem not in self.notices:
            self.notices += (problem,)
        return problem

    async def notices_read(self) -> None:
        """Say the notices no more, in this run or a later one."""
        self.notices = ()
        if self.journal is not None:
            try:
                await asyncio.to_thread(self.journal.note_read)
            except VbemError as error:
                self.on_notice(describe("note that this was read", error), "bad")

    def keep_session_now(self) -> None:
        """Save the logon session before something is started whose task belongs to it."""
        if self.connection is not None:
            self._start(self._keep_session(self.connection), "keep the logon session")

    async def log_on_again(self) -> bool:
        """Ask for the password; everybody who needs it waits for one question. True: there is a session."""
        # Shielded: whoever goes away leaves the question to those who still wait for it.
        return await asyncio.shield(self._request_logon())

    async def _ask_and_log_on(self) -> bool:
        try:
            done = await self.ask_for_password()
        finally:
            self._logging_on = None
        self._is_logon_put_off = not done
        self.on_trouble()
        if done:
            self.keep_session_now()
            if self.restores is not None:
                self.restores.monitor.wake()
        return done

    async def log_off(self) -> str:
        """End the logon session at the server and forget it here; return what to say of it."""
        connection = self.connection
        if connection is None:
            return ""
        await self._end_tasks()
        note = await connection.log_off_in_words() or "Logged off."
        await connection.leave()
        await self._close_restores()
        self.connection = self._untrusted = None
        self._is_logon_put_off = False
        return note

    async def close(self) -> str:
        """Give the restores' rows up and close what is open; restores go on.

        The logon session is kept in the keyring. Where it is in memory only it ends with this run, unless a
        restore is in flight: its task belongs to the session.

        Returns:
            What to say of a session that may be left alive at the server; empty where none is.
        """
        await self._end_tasks()
        is_idle = not self.in_flight
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._close_restores()
        connection, self.connection = self.connection, None
        if connection is None:
            return ""
        note = ""
        if connection.is_to_be_kept:
            await connection.keep()
        if is_idle and connection.kept is not None and not connection.kept.in_keyring:
            note = await connection.log_off_in_words()
        await connection.leave()
        return note

    @property
    def _why_no_log_off(self) -> str:
        """Return why the logon session cannot be ended at the server, in a sentence; empty where it can."""
        if self.connection is None:
            return ""
        if self._untrusted is not None:
            return (
                "Nothing is sent to a server whose certificate is not trusted, so vbem cannot log off: "
                "the logon session ends by itself, 15 minutes after the last request."
            )
        return "The logon session has ended at the server already." if self.is_logon_put_off else ""

    @property
    def log_off_words(self) -> str:
        """Return what logging off does, for the question before it."""
        if self.in_flight or self._waiting_words:
            return f"{leaving_words.when_logging_off(self.in_flight)} {self._waiting_words}".strip()
        if self._why_no_log_off:
            return f"{self._why_no_log_off} Its copy here is deleted."
        kept = self.connection.kept if self.connection else None
        place = f" and in the keyring ({kept.keyring})" if kept and kept.in_keyring else ""
        return f"This deletes the logon session at the server{place}. It takes up to 5 s."

    @property
    def quit_words(self) -> str:
        """Return what quitting does, for the question before it."""
        unknown = leaving_words.unknown(self.restores.all if self.restores else ())
        idle = "Nothing else is in flight." if unknown else "Nothing is in flight."
        restores = f"{unknown} {self.what_goes_on or idle}".strip()
        session = self._why_no_log_off
        if not session and self.connection:
            session = self.connection.parting_words(bool(self.in_flight))
        if not session or self.is_demo:
            return restores
        return f"{restores}\n\n{session}"

    @property
    def in_flight(self) -> tuple[Restore, ...]:
        """Return restores of this run that are not over."""
        return self.restores.in_flight if self.restores else ()

    @property
    def in_flight_note(self) -> str:
        """Return how many restores are in flight, with ? where the server was not heard; empty for none."""
        restores, now = self.in_flight, self.clock.now()
        doubt = "?" if any(restore.is_out_of_date(now) for restore in restores) else ""
        return f"({len(restores)}{doubt})" if restores else ""

    @property
    def in_flight_words(self) -> str:
        """Return how many restores are in flight, without a full stop; empty for none."""
        return leaving_words.count(self.in_flight)

    @property
    def what_goes_on(self) -> str:
        """Return what goes on at the server when this program ends, in sentences; empty for nothing."""
        words = leaving_words.when_leaving(self.in_flight, self.watch_again)
        waiting = self._waiting_words
        if words and self.is_demo:
            words = f"{self.in_flight_words}; the embedded server ends with this program."
        return f"{words} {waiting}".strip()

    @property
    def _waiting_words(self) -> str:
        """Return what becomes of the waiting lines of a queue when it is left; empty for none."""
        return self.recovery.waiting_words if self.recovery else ""

    def cancel_restore(self, restore: Restore, *, again: bool = False) -> None:
        """Send the one DELETE of a restore, whether or not its screen stays open.

        Args:
            restore: what to cancel.
            again: the operator was warned that one was sent already, and sends another.
        """
        if self.restores is not None:
            self._start(self._cancel(self.restores, restore, again=again), "cancel a restore")

    async def _cancel(self, restores: RestoreService, restore: Restore, *, again: bool) -> None:
        """Cancel, and say on whatever screen there is what became of a request that was not accepted."""
        if words := (await restores.cancel(restore, again=again)).cancel_notice:
            self.on_notice(words, "bad")

    def _start(self, work: Coroutine[Any, Any, Any], doing: str) -> asyncio.Task[Any]:
        """Run something that no screen owns; an unexpected error in it is reported.

        Args:
            work: what to run.
            doing: completes the sentence 'while trying to ...'.
        """
        task = asyncio.create_task(work, name=doing)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    @property
    def under_way(self) -> frozenset[str]:
        """Return what this object is doing on its own, as in 'while trying to ...'."""
        return frozenset(task.get_name() for task in self._tasks)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.on_failure(task.get_name(), error)

    async def _end_tasks(self) -> None:
        tasks = {task for task in self._tasks if task is not asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _remember(self, connection: Connection) -> None:
        """Offer the same server and user at the next logon, of this run and of the next."""
        server, user = connection.server, connection.user
        self.options.server, self.options.user = server, user
        try:
            await asyncio.to_thread(remember_logon, self.folders.state, server, user)
        except VbemError as error:
            self.on_notice(describe("remember this server", error), "bad")

    async def _keep_session(self, connection: Connection, *, after_s: float = 0.0) -> None:
        """Hand the logon session to the keyring, behind the list and not in its way."""
        await self.clock.sleep(after_s)
        if connection.is_to_be_kept:
            await connection.keep()
        if (kept := connection.kept) is not None and kept != self._kept_said:
            self._kept_said = kept
            self.on_notice(kept.words, "note")

    async def _close_restores(self) -> None:
        parts, self.recovery, self.restores = (self.recovery, self.restores), None, None
        for part in parts:
            if part is not None:
                await part.close()
        journal, self.journal = self.journal, None
        if journal is not None and all(one.journal is not journal for one in self.others()):
            await asyncio.to_thread(journal.close)


async def _nobody_to_ask() -> bool:
    return False


def _raise_unforeseen(doing: str, error: BaseException) -> None:
    raise RuntimeError(f"failed to {doing}") from error
