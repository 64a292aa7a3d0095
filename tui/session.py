"""One Enterprise Manager, admitted or not: trust first, then log on, resume, keep alive, log off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tui.api.errors import ManagerError, SessionExpired
from tui.api.models import Certificate, LogonSession, ServerAddress, WireFormat
from tui.api.tls import Trust
from tui.clock import Clock
from tui.errors import VbemError, describe
from tui.store.errors import KeyringError
from tui.store.keyring_store import KeepResult, SessionStore, StoredSession
from tui.store.known_servers import KnownServers
from tui.store.last_logon import log_off_begins, log_off_ends
from tui.store.process_lock import SessionUse
from tui.timefmt import span

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager
    from tui.api.limits import Timeouts


TICK_S = 60.0
"""How often to check whether a light read is due."""
KEEP_ALIVE_S = 300.0
"""A light read at most every 5 minutes; the server ends a session after 15 idle ones (WIRE 1.6)."""
CLOCKS_DIFFER = timedelta(minutes=2)
"""From here on ages mislead."""
ATTENDED_S = 900.0
"""Without a key for this long, the session may expire as the server wishes."""


class Connection:
    """Everything between an address and a logon session that works.

    Args:
        address: where the server is dialled.
        trust_store: certificates the operator trusted.
        session_store: where logon sessions are kept.
        wire: what to speak.
        ca_file: authorities used instead of the system's.
        proxy: URL of a proxy, empty for none.
        fingerprint: SHA-256 of the certificate that alone is accepted, bare hex; empty: pins and authorities.
        read_only: send nothing that starts, stops or changes something at the server.
        clock: time.
        timeouts: how long a call may take; None for the client's own.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        trust_store: KnownServers,
        session_store: SessionStore,
        wire: WireFormat,
        ca_file: Path | None,
        proxy: str,
        fingerprint: str = "",
        read_only: bool = False,
        clock: Clock,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.address, self.server = address, str(address)
        """The same as text, by which pins, sessions and rows are kept."""
        self.user = ""
        self.kept: KeepResult | None = None
        """Whether the session is in the keyring, and why not; None before it was kept and after log-off."""
        self.warnings: tuple[str, ...] = ()
        """What is odd about a certificate that is trusted anyway: wrong name, expired."""
        self.log_off_note = ""
        """What a log-off left undone and did with the copies here; empty when everything was ended."""
        self._trust_store = trust_store
        self._session_store = session_store
        self._wire, self._ca_file, self._proxy, self._clock = wire, ca_file, proxy, clock
        self._fingerprint, self._read_only = fingerprint, read_only
        self._timeouts = timeouts
        self._manager: EnterpriseManager | None = None
        self._stored: StoredSession | None = None
        self._unkept: StoredSession | None = None
        """A logon session that must still go to the keyring."""
        self._keeping = asyncio.Lock()
        self._use: SessionUse | None = None
        self.is_attended = False
        """Whether the operator has pressed a key since the last tick; whoever sees one sets it."""
        self._last_read = clock.monotonic()

    @property
    def manager(self) -> EnterpriseManager:
        """Return the client; the same object from logon to log-off, also after logging on again.

        Raises:
            TrustError: the pins cannot be read.
        """
        if self._manager is None:
            from tui.api.client import EnterpriseManager

            self._manager = EnterpriseManager(
                self.address,
                trust=self._trust(),
                wire=self._wire,
                proxy=self._proxy,
                read_only=self._read_only,
                clock=self._clock,
                timeouts=self._timeouts,
            )
        return self._manager

    def _trust(self) -> Trust:
        if self._fingerprint:
            return Trust(ca_file=self._ca_file, pinned_sha256=self._fingerprint)
        pin = self._trust_store.pinned(self.server)
        return Trust(ca_file=self._ca_file, pinned_sha256=pin.sha256 if pin else "")

    # -- trust --------------------------------------------------------------------------------

    async def look(self) -> Certificate | None:
        """Return the certificate to ask the operator about, or None if it is trusted; send nothing secret.

        Raises:
            CertificateChanged: it is not the pinned one.
            Unreachable: the server cannot be reached.
            TrustError: the pins cannot be read.
        """
        # It brings the HTTP client: a tenth of a second in which the screen stays alive.
        await asyncio.to_thread(import_module, "tui.api.client")
        from tui.api.client import look_at_certificate

        certificate = await look_at_certificate(self.address, trust=self._trust(), proxy=self._proxy)
        if certificate.problem:
            return certificate
        self.warnings = certificate.warnings
        return None

    def trust(self, certificate: Certificate) -> None:
        """Pin the certificate before logon; the next call is made under the pin.

        Raises:
            TrustError: the pin cannot be written.
        """
        self._trust_store.pin(self.server, certificate.sha256, certificate.subject)
        self.warnings = ()  # they stood beside the question
        # A client made before knows nothing of the pin. It has sent nothing, so it may just go.
        self._manager = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is wrong with the server's certificate or with the clocks, in sentences."""
        certificate = tuple(f"The trusted certificate of {self.server}: {one}" for one in self.warnings)
        offset = self._manager.clock_offset if self._manager else None
        if offset is None or abs(offset) < CLOCKS_DIFFER:
            return certificate
        how = "ahead of" if offset > timedelta(0) else "behind"
        return (
            *certificate,
            f"This machine's clock is {span(abs(offset))} {how} the server's. Ages, and times like 3h, go by "
            "this machine's clock.",
        )

    # -- in -----------------------------------------------------------------------------------

    async def log_on(self, user: str, password: str) -> LogonSession:
        """Log on; the handshake checks the certificate before credentials leave. `keep` keeps the session.

        Raises:
            BadLogin: user, password or role refused.
            UnknownCertificate, CertificateChanged: nothing was sent.
            ManagerError: as the client raises.
        """
        session = await self.manager.log_on(user, password)
        self.user = user
        self._use_session(session.session_id or session.token)
        self._unkept = StoredSession(
            user=user, session_id=session.session_id, token=session.token, api_version=session.api_version
        )
        return session

    @property
    def is_to_be_kept(self) -> bool:
        """Return whether there is a logon session that was not handed to the keyring yet."""
        return self._unkept is not None

    async def keep(self) -> KeepResult | None:
        """Keep the logon session in the keyring, which may take seconds; where it is kept, None before logon.

        Nobody waits for it to see the restore points: `leave` does what was not done by then.
        """
        async with self._keeping:
            while (session := self._unkept) is not None:
                self.kept = await self._session_store.save(self.server, session)
                if self._unkept is session:
                    self._unkept = None
        return self.kept

    async def log_on_again(self, password: str) -> LogonSession:
        """Return the same user again, after the session expired; everything that holds the manager goes on.

        Raises:
            ManagerError: as `log_on`.
        """
        return await self.log_on(self.user, password)

    async def has_kept_session(self, user: str = "") -> bool:
        """Return whether a logon session of this server is kept; asks the keyring.

        Args:
            user: whose; empty for the last one that logged on.
        """
        self._stored = await self._session_store.load(self.server, user)
        return self._stored is not None

    @property
    def unread(self) -> str:
        """Return why the keyring could not be read for a saved session, in sentences; empty if it could."""
        return self._session_store.unread

    async def resume(self) -> bool:
        """Go on with the kept session if the server still knows it.

        Raises:
            ManagerError: the server cannot be asked; the session stays kept.
        """
        if self._stored is None and not await self.has_kept_session():
            return False
        stored, self._stored = self._stored, None
        if stored is None:
            return False
        self.manager.resume(
            LogonSession(
                user=stored.user,
                session_id=stored.session_id,
                token=stored.token,
                api_version=stored.api_version,
            )
        )
        if not await self.manager.is_session_alive():
            await self._session_store.delete(self.server, stored.user)
            return False
        self.user = stored.user
        self.kept = self._session_store.where(self.server, stored.user)
        self._use_session(stored.session_id or stored.token)
        return True

    def _use_session(self, session: str) -> None:
        if self._use is not None:
            self._use.release()
        self._use = SessionUse(self._session_store.state_folder, self.server, session)
        self._last_read = self._clock.monotonic()

    # -- out ----------------------------------------------------------------------------------

    @property
    def is_shared(self) -> bool:
        """Return whether another living program uses the same logon session."""
        return self._use is not None and self._use.is_shared()

    async def log_off(self) -> None:
        """End the session at the server and forget it here, even if the server cannot be reached.

        A session that another living program uses is not ended under it. `log_off_note` says what was done
        instead of an end at the server, and with the copies here.

        Raises:
            NotLoggedOff: it may live on at the server; the local copies are deleted anyway.
            KeyringError: the keyring may still hold it.
        """
        shared, state = self.is_shared, self._session_store.state_folder
        self._unkept = None
        self.log_off_note = _SHARED if shared else ""
        refused: ManagerError | None = None
        try:
            if not shared:
                await asyncio.to_thread(log_off_begins, state, self.server, self.user, self._clock.now())
                await self.manager.log_off()
                log_off_ends(state)
        except ManagerError as error:
            log_off_ends(state)
            refused = error
        finally:
            self._end_use()
        try:
            where = await self._forget()
        except KeyringError as error:
            if refused is None:
                raise
            self.log_off_note = describe("remove its copy from the keyring", error)
            raise refused from error
        if shared or refused:
            self.log_off_note = f"{self.log_off_note} {where}".strip()
        if refused:
            raise refused

    async def _forget(self) -> str:
        """Delete the local copies of the session; return the sentence that says which.

        Raises:
            KeyringError: the keyring may still hold it.
        """
        async with self._keeping:  # what is on its way to the keyring must not come after the deletion
            in_keyring, self.kept = self.kept is not None and self.kept.in_keyring, None
            await self._session_store.delete(self.server, self.user)
        return (
            "Its copies here and in the keyring were deleted." if in_keyring else "Its copy here was deleted."
        )

    async def log_off_in_words(self) -> str:
        """Log off; return what is left behind and why, empty where nothing is."""
        try:
            await self.log_off()
        except VbemError as error:
            return f"{describe('log off cleanly', error)} {self.log_off_note}".strip()
        return self.log_off_note

    def parting_words(self, in_flight: bool) -> str:
        """Return what becomes of the logon session when the program ends; empty where that is not known yet.

        Args:
            in_flight: whether a restore is.
        """
        if self.kept is None:
            return ""
        if self.kept.in_keyring:
            return f"The logon session stays alive, in the keyring ({self.kept.keyring}), for the next start."
        if in_flight:
            return "The logon session is in memory only: it ends by itself 15 minutes after the last request."
        return "The logon session is in memory only, so quitting logs off, in up to 5 s."

    async def leave(self) -> None:
        """Close the connection; the session stays alive and kept."""
        try:
            await self.keep()
        finally:
            self._end_use()
            if self._manager is not None:
                await self._manager.aclose()

    def _end_use(self) -> None:
        if self._use is not None:
            self._use.release()
            self._use = None

    # -- staying ------------------------------------------------------------------------------

    async def keep_alive_loop(
        self, busy: Callable[[], bool], on_expired: Callable[[], object] = lambda: None
    ) -> None:
        """Keep the session alive while somebody is there or `busy()`; runs until cancelled.

        Args:
            busy: whether something needs the session though nobody is there.
            on_expired: called when a read finds that the session is over, once until one succeeds.
        """
        is_told = False
        last_key = self._clock.monotonic()
        while True:
            await self._clock.sleep(TICK_S)
            now = self._clock.monotonic()
            if self.is_attended:
                self.is_attended, last_key = False, now
            attended = now - last_key < ATTENDED_S
            if now - self._last_read >= KEEP_ALIVE_S and (attended or busy()):
                self._last_read = now
                is_over = await self._is_found_over()
                if is_over and not is_told:
                    on_expired()
                is_told = is_over

    async def _is_found_over(self) -> bool:
        """Read lightly, and return whether the server said that the session is over."""
        try:
            await self.manager.keep_alive()
        except SessionExpired:
            return True
        except ManagerError:
            # Whoever needs the server next says what is wrong with it, where it matters.
            return False
        return False


_SHARED = "Another vbem uses the same logon session, so it stays alive at the server."
