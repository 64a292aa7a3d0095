"""Where a cell happens: one embedded server, one state folder, a clock that runs only while it is waited."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.matrix.cells import POISONS, Cell
from tests.support.clock import ManualClock
from tests.support.demo_process import DemoProcess
from tests.support.program import options_for
from tests.unit.store.rows import poison, sql
from tui.api.limits import Timeouts
from tui.app import VbemApp
from tui.store.journal_entry import COLUMNS
from tui.store.keyring_store import KeepResult, SessionStore, StoredSession

PATIENT = Timeouts(connect=15, read=15, write=15, read_total=15, write_total=15)
IMPATIENT = Timeouts(connect=5, read=1.2, write=1.2, read_total=1.3, write_total=1.3)


class SessionsInMemory(SessionStore):
    """Keeps logon sessions from one start of the program to the next, as a keyring would, in no time."""

    def __init__(self) -> None:
        super().__init__("vbem-matrix")
        self.kept: dict[str, StoredSession] = {}

    async def load(self, server: str, user: str = "") -> StoredSession | None:
        return self.kept.get(server)

    async def save(self, server: str, session: StoredSession) -> KeepResult:
        self.kept[server] = session
        return KeepResult(in_keyring=True, reason="")

    async def delete(self, server: str, user: str) -> None:
        self.kept.pop(server, None)


@dataclass
class Lab:
    """What one cell stands on; the program may be started in it more than once."""

    demo: DemoProcess
    folder: Path
    wire: str
    timeouts: Timeouts = PATIENT
    clock: ManualClock = field(default_factory=ManualClock)
    sessions: SessionsInMemory = field(default_factory=SessionsInMemory)
    starts: int = 0

    def start(self) -> VbemApp:
        """The program, started by the same operator with the same state folder."""
        self.starts += 1
        options = options_for(self.demo, self.folder)
        options.wire = self.wire
        app = VbemApp(options, clock=self.clock)
        app.services.timeouts, app.services.session_store = self.timeouts, self.sessions
        return app

    @property
    def state(self) -> Path:
        """The program's state folder."""
        return self.folder / "state"

    def set_up(self) -> None:
        """A fresh world that behaves, in which nothing happens by itself."""
        self.demo.renew(now=self.clock.now().isoformat())

    def misbehave(self, cell: Cell) -> None:
        """Set what is wrong in a cell: at the server, or in a second row of the journal."""
        for spec in cell.specs:
            self.demo.fault(spec)
        if cell.name == "poison-row":
            path, column = self.state / "journal.sqlite3", cell.fault.partition(":")[2]
            names = ", ".join(name for name in COLUMNS if name not in {"plan_key", "session_uid"})
            sql(path, f"INSERT INTO restores ({names}) SELECT {names} FROM restores")  # noqa: S608
            poison(path, 2, column, POISONS[column])

    def restores(self) -> list[dict[str, Any]]:
        """What the operator's own restores do; a colleague's are none of them."""
        return [one for one in self.demo.restores() if one["user"] == self.demo.user]

    def count(self, method: str, step: str) -> int:
        """How many requests of that kind reached the server."""
        return sum(one["method"] == method for one in self.demo.requests(step))
