"""The plan of a form as it stands, without asking the server anything: for the words shown while typing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tui.api.errors import ManagerError
from tui.restores.fields import IncompleteForm, Problem, Values
from tui.screens.verdict import Verdict, not_ready, verdict_of

if TYPE_CHECKING:
    from tui.restores.forms import RestoreForm
    from tui.restores.plan import RestorePlan
    from tui.restores.service import Restores


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafter:
    """What is known around a point, and how a plan is made from it."""

    restores: Restores
    newest: datetime | None = None
    """When the newest known point of the same VM was made."""
    same_names: int = 0
    """How many other VMs have the same name."""

    def draft(self, form: RestoreForm, values: Values) -> RestorePlan:
        """The plan of a filled form.

        Raises:
            IncompleteForm: it still has problems; also where a name cannot be written in the request.
        """
        try:
            return self.restores.draft(form, values, newest=self.newest, same_names=self.same_names)
        except ManagerError as error:
            raise IncompleteForm((Problem(field="", sentence=f"{error}. {error.hint}"),)) from error

    async def prepare(self, form: RestoreForm, values: Values) -> RestorePlan:
        """The plan to confirm, with the VM's running restores as the server lists them now.

        Raises:
            IncompleteForm: the form still has problems.
            ManagerError: the restore sessions cannot be listed.
        """
        return await self.restores.prepare(form, values, newest=self.newest, same_names=self.same_names)

    def verdict(self, form: RestoreForm, values: Values, remark: str) -> Verdict:
        """What the form would do, in words, or what is missing."""
        blocked = set(form.blocked(values).values())
        notes = [note for note in (remark, *form.notes(values)) if note and note not in blocked]
        try:
            return verdict_of(self.draft(form, values), notes)
        except IncompleteForm as error:
            return not_ready(error.problems, notes)
