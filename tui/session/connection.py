"""One Enterprise Manager, admitted or not: trust first, then log on, resume, keep alive, log off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.api.models import Certificate, LogonSession, ServerAddress, WireFormat
from tui.clock import Clock
from tui.store.sessions import Kept, SessionStore, StoredSession
from tui.store.trust import TrustStore

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager
    from tui.api.tls import Trust

KEEP_ALIVE_S = 300.0
"""A light read every 5 minutes; the server ends a session after 15 idle ones (contract 1.6)."""
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
        clock: time.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        trust_store: TrustStore,
        session_store: SessionStore,
        wire: WireFormat,
        ca_file: Path | None,
        proxy: str,
        clock: Clock,
    ) -> None:
        self.address = address
        self.user = ""
        self.kept: Kept | None = None
        """Whether the session is in the keyring, and why not."""
        self._trust_store = trust_store
        self._session_store = session_store
        self._wire, self._ca_file, self._proxy, self._clock = wire, ca_file, proxy, clock
        self._manager: EnterpriseManager | None = None
        self._last_key = clock.monotonic()

    @property
    def manager(self) -> EnterpriseManager:
        """The client; the same object for the whole life of this connection."""
        if self._manager is None:
            from tui.api.client import EnterpriseManager

            self._manager = EnterpriseManager(
                self.address, trust=self._trust(), wire=self._wire, proxy=self._proxy, clock=self._clock
            )
        return self._manager

    def _trust(self) -> Trust:
        from tui.api.tls import Trust

        pin = self._trust_store.pinned(str(self.address))
        return Trust(ca_file=self._ca_file, pinned_sha256=pin.sha256 if pin else "")

    async def look(self) -> Certificate | None:
        """The certificate to ask the operator about, None if it is trusted already. Sends nothing secret.

        Raises:
            CertificateChanged: it is not the pinned one.
            Unreachable: the server cannot be reached.
            TrustError: the pins cannot be read.
        """
        from tui.api.certificates import look_at_certificate

        certificate = await look_at_certificate(self.address, trust=self._trust(), proxy=self._proxy)
        return certificate if certificate.problem else None

    def trust(self, certificate: Certificate) -> None:
        """Pin the certificate; the next call is made under the pin.

        Raises:
            TrustError: the pin cannot be written.
        """
        self._trust_store.pin(str(self.address), certificate.sha256, certificate.subject)
        self._manager = None

    async def log_on(self, user: str, password: str) -> LogonSession:
        """Log on and keep the session.

        Raises:
            ManagerError: as the client raises.
        """
        session = await self.manager.log_on(user, password)
        self.user = user
        self.kept = await self._session_store.save(str(self.address), _stored(session, user))
        self.key_pressed()
        return session

    async def log_on_again(self, password: str) -> LogonSession:
        """The same user again, after the session expired; everything that holds the manager goes on."""
        return await self.log_on(self.user, password)

    async def has_kept_session(self) -> bool:
        """Whether a logon session of this server is kept."""
        return await self._session_store.load(str(self.address)) is not None

    async def resume(self) -> bool:
        """Go on with the kept session if the server still knows it.

        Raises:
            ManagerError: the server cannot be asked.
        """
        stored = await self._session_store.load(str(self.address))
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
            await self._session_store.delete(str(self.address), stored.user)
            return False
        self.user = stored.user
        self.kept = Kept(in_keyring=True, reason="")
        self.key_pressed()
        return True

    async def log_off(self) -> None:
        """End the session at the server and forget it here, even if the server cannot be reached.

        Raises:
            ManagerError: the server could not be told; the local copy is gone all the same.
            StoreError: the keyring could not be told.
        """
        try:
            await self.manager.log_off()
        finally:
            await self._session_store.delete(str(self.address), self.user)

    async def leave(self) -> None:
        """Close the connection; the session stays alive and kept."""
        if self._manager is not None:
            await self._manager.aclose()

    def key_pressed(self) -> None:
        """Somebody is there."""
        self._last_key = self._clock.monotonic()

    async def keep_alive_loop(self, busy: Callable[[], bool]) -> None:
        """A light read every 5 minutes while somebody is there or `busy()`; runs until cancelled."""
        from tui.api.errors import ManagerError

        while True:
            await self._clock.sleep(KEEP_ALIVE_S)
            attended = self._clock.monotonic() - self._last_key < ATTENDED_S
            if not (attended or busy()):
                continue
            try:
                await self.manager.keep_alive()
            except ManagerError:
                # Whoever needs the server next says what is wrong with it.
                await asyncio.sleep(0)


def _stored(session: LogonSession, user: str) -> StoredSession:
    return StoredSession(
        user=user, session_id=session.session_id, token=session.token, api_version=session.api_version
    )
