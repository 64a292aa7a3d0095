"""One server, one journal and one clock in memory, with the restores over them."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.restores.fakes import FakeClock, FakeJournal, FakeManager
from tests.unit.restores.points import point
from tui.api.errors import ManagerError
from tui.restores.forms.form import RestoreForm, form_for
from tui.restores.monitor import FASTEST_S, POLL_S, STALE_AFTER_S
from tui.restores.plan import RestorePlan
from tui.restores.restore import Restore
from tui.restores.service import JOURNAL_PATIENCE_S, REPLY_PATIENCE_S, RestoreService

SERVER = "em.lab.example:9398"


class World:
    """One server, one journal, one clock, and the restores over them."""

    def __init__(self) -> None:
        self.manager = FakeManager()
        self.journal = FakeJournal()
        self.clock = FakeClock()
        self.failures: list[BaseException] = []
        """Errors of the watching that nobody foresaw."""
        self.restores = self.start()

    def start(
        self,
        *,
        journal_patience_s: float = JOURNAL_PATIENCE_S,
        reply_patience_s: float = REPLY_PATIENCE_S,
        poll_every_s: float = FASTEST_S,
        stale_after_s: float = STALE_AFTER_S,
        poll_s: float = POLL_S,
        on_logon_needed: Callable[[], object] | None = None,
    ) -> RestoreService:
        """The program started (again) on the same journal."""
        return RestoreService(
            self.manager,
            self.journal,
            server=SERVER,
            clock=self.clock,
            operator="op@jump",
            journal_patience_s=journal_patience_s,
            reply_patience_s=reply_patience_s,
            poll_every_s=poll_every_s,
            stale_after_s=stale_after_s,
            poll_s=poll_s,
            on_failure=self.failures.append,
            on_logon_needed=on_logon_needed,
        )

    @property
    def form(self) -> RestoreForm:
        return form_for(point(), point().platform)

    def plan(self) -> RestorePlan:
        return self.restores.prepare(self.form, {})

    async def submitted(self, answer: ManagerError | None = None) -> Restore:
        if answer is not None:
            self.manager.post = answer
        return await self.restores.submit(self.plan())

    async def tick(self, seconds: float = 1.0) -> Restore:
        self.clock.seconds += seconds
        await self.restores.monitor.tick()
        return self.restores.all[-1]
