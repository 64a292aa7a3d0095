"""What the command line decided, and how a connection is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.config import FULL, Folders, Pace

if TYPE_CHECKING:
    from tui.api.limits import Timeouts
    from tui.api.models import ServerAddress
    from tui.clock import Clock
    from tui.config import Settings
    from tui.session import Connection
    from tui.store.keyring_store import SessionStore


@dataclass(kw_only=True)
class Launch:
    """Everything the app needs to know to start, with the precedence already settled."""

    folders: Folders
    settings: Settings
    server: str = ""
    user: str = ""
    password_hint: str = field(default="", repr=False)
    """Only the embedded server's password is ever prefilled."""
    wire: str = "auto"
    ca_file: Path | None = None
    proxy: str = field(default="", repr=False)
    """URL of a proxy, its password in it; empty for none."""
    pace: Pace = FULL
    note: str = ""
    """A sentence for the login screen."""
    timeouts: Timeouts | None = None
    """How long a call may take; None for the client's own."""
    sessions: SessionStore | None = field(default=None, repr=False)
    """Where logon sessions are kept; None for the keyring."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of this start's options must never stand in a report."""
        from tui.api.proxy import ProxyAddress

        return ProxyAddress.parse(self.proxy).secrets if self.proxy else ()

    def connect(self, address: ServerAddress, clock: Clock) -> Connection:
        """A connection to `address` with this start's trust, format and proxy."""
        from tui.api.models import WireFormat
        from tui.session import Connection
        from tui.store.keyring_store import SessionStore
        from tui.store.known_servers import KnownServers

        if self.sessions is None:
            self.sessions = SessionStore(self.folders.keyring_service, state_folder=self.folders.state)
        return Connection(
            address,
            trust_store=KnownServers(self.folders.pins),
            session_store=self.sessions,
            wire=WireFormat(self.wire),
            ca_file=self.ca_file,
            proxy=self.proxy,
            clock=clock,
            timeouts=self.timeouts,
        )

    def remember(self, connection: Connection) -> None:
        """Offer the same server and user at the next logon, of this run and of the next."""
        from tui.store.last_logon import remember_logon

        self.server, self.user = str(connection.address), connection.user
        remember_logon(self.folders.state, self.server, self.user)
