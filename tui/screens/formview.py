"""What the restore form shows: the fields of the point's platform, and beside them what will happen.

It renders whatever form `tui.restores` describes and knows no platform. What its keys do stands in
`tui.screens.form`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Button, Static

from tui import times
from tui.api.models import Platform, PointKind
from tui.restores.fields import WrongForm
from tui.restores.platforms.cloud import ROOT
from tui.screens import lookups, opening
from tui.screens.base import VbemScreen
from tui.screens.drafting import Drafter
from tui.screens.filled import Filled
from tui.screens.verdict import Verdict
from tui.text import safe
from tui.widgets.banner import StatusLine
from tui.widgets.entry import Entry
from tui.widgets.fieldrows import FieldRow
from tui.widgets.formbody import FormBody
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tui.api.client import EnterpriseManager
    from tui.api.models import RestorePoint
    from tui.restores.forms import RestoreForm

REASON_LABEL = "  Ticket or reason, optional; for the journal only"
WIDE = 110
"""Columns from which the plan stands beside the form instead of below it."""


class FormView(VbemScreen):
    """Shows the form of one restore point and what it would do.

    Args:
        point: what to restore, or a form filled before.
        newest: when the newest known point of the same VM was made, for the warning.
        same_names: how many other VMs have the same name, for the warning.
    """

    NAME = "form"
    HEADING = "Restore"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - declared so by Textual

    def __init__(
        self, point: RestorePoint | Filled, *, newest: datetime | None = None, same_names: int = 0
    ) -> None:
        super().__init__()
        self._filled = point if isinstance(point, Filled) else Filled(point=point)
        self._newest, self._same_names = newest, same_names
        self._form: RestoreForm | None = None
        self._remark = self._filled.note
        self._busy = False
        """A restore of this form is being prepared, confirmed or sent."""
        self._sent = False
        self._shown_verdict = ""
        self._complaint = ""
        """What the status line says is to be put right first."""
        self._helped: FieldRow | None = None

    @property
    def point(self) -> RestorePoint:
        """The restore point, as listed."""
        return self._filled.point

    # -- what is on it ------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """The point, the fields, the plan, the short verdict and the button."""
        yield Static(self._point_words(), markup=False, id="form-point")
        with Container(id="form-panes"):
            with Vertical(id="form-left"):
                yield Static("Reading the restore point ...", markup=False, id="form-wait")
            with Vertical(id="form-right"):
                yield Static("What will happen", markup=False, classes="section")
                yield Lines(id="form-plan", hang=2)
        yield Static("", markup=False, id="form-help")
        with Horizontal(id="form-bottom"):
            yield Button("Restore...", id="form-restore", compact=True, disabled=True)
            yield Static("", markup=False, id="form-verdict")

    def _point_words(self) -> str:
        point = self._filled.point
        what = "vApp" if point.kind is PointKind.VAPP else "VM"
        age = times.ago(point.created, self.vbem.clock.now())
        server = f" on {safe(point.server_name, cells=30)}" if point.server_name else ""
        name = safe(point.vm_name, cells=60)
        return f"{what} {name}{server}, as of {times.both(point.created)}, {age}"

    def on_mount(self) -> None:
        """Show the form at once where everything is known, and read the point anew behind it."""
        known = (
            self._filled.platform
            if self._filled.platform is not Platform.UNKNOWN
            else self._filled.point.platform
        )
        if known is not Platform.UNKNOWN and self._filled.point.kind is PointKind.VM:
            self._use(self._filled.point, known)
        self._open()

    @property
    def _manager(self) -> EnterpriseManager | None:
        return self.vbem.connection.manager if self.vbem.connection else None

    @work(group="open", exclusive=True, exit_on_error=False, description="read the restore point")
    async def _open(self) -> None:
        manager, listed = self._manager, self._filled.point
        if manager is None:
            return
        point = await self.reading("read the restore point", lambda: opening.read_point(manager, listed))
        if point is None:
            self._wait_words("The restore point could not be read. Press Esc and reload the list.")
            return
        platform = self._filled.platform
        if platform is Platform.UNKNOWN:
            found = await opening.find_platform(self, manager, point)
            if found is None:
                self._wait_words("No platform was chosen. Press Esc to go back.")
                return
            platform = found
        vms, remark = await opening.vms_of(manager, point)
        self._remark = " ".join(filter(None, (self._remark, remark)))
        self._use(point, platform, vms)
        await self._name_the_root(manager)

    async def _name_the_root(self, manager: EnterpriseManager) -> None:
        """Find out what the root that was filled in is called, where the account may ask."""
        names, form = self.vbem.ref_names, self._form
        default = str(form.defaults.get(ROOT, "")) if form else ""
        if default and not names.name_of(default):
            names.learn(await lookups.roots_if_allowed(manager, self._filled.point))
            self._show_state()

    def _wait_words(self, words: str) -> None:
        for wait in self.query("#form-wait").results(Static):
            wait.update(words)

    def _use(self, point: RestorePoint, platform: Platform, vms: tuple[RestorePoint, ...] = ()) -> None:
        """Show the form, or refresh what it knows about the point without touching what was typed."""
        try:
            form = opening.make_form(point, platform, self.vbem.settings.cloud_layout, vms)
        except WrongForm as error:
            self._wait_words(str(error))
            return
        is_first, wait = self._form is None, self.query("#form-wait")
        if is_first and not wait:
            return  # the screen is being taken down: an answer came at its last moment
        self._form = form
        if is_first:
            wait.remove()
            body = FormBody(form, self._filled.values)
            left = self.query_one("#form-left", Vertical)
            reason = Entry(self._filled.reason, id="form-reason", placeholder="(empty)")
            left.mount(body, Static(REASON_LABEL, markup=False, classes="field-label"), reason)
            self.query_one("#form-restore", Button).disabled = False
            self.refresh_bindings()
        else:
            self._body.fill_untouched(form.defaults)
            self._show_state()

    def show_ages(self) -> None:
        """Write the ages anew: they stood still while another screen was over this one."""
        self.query_one("#form-point", Static).update(self._point_words())
        self._show_state()

    @on(FormBody.Ready)
    def _begin(self) -> None:
        self._body.focus_first()
        self._show_state()

    @property
    def _body(self) -> FormBody:
        return self.query_one(FormBody)

    @property
    def _reason(self) -> str:
        return self.query_one("#form-reason", Entry).value.strip()

    # -- while typing -------------------------------------------------------------------------

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self.query_one(StatusLine).take_back(self._complaint)
        self._show_state()

    @on(FieldRow.Left)
    def _left(self) -> None:
        self._show_state()

    @on(FieldRow.Entered)
    def _entered(self, event: FieldRow.Entered) -> None:
        if self._helped is not event.row:
            self._help(event.row, event.row.field.help)

    def on_descendant_focus(self) -> None:
        """Beside the plan or the button, what is said of a field would be taken for what will happen."""
        if self._helped is not None and self._form is not None and self._body.focused_row() is None:
            self._helped = None
            self.query_one("#form-help", Static).update("", layout=False)

    @on(FieldRow.Refused)
    def _refused(self, event: FieldRow.Refused) -> None:
        self._help(event.row, f"{event.row.note} Switch the other one off first.")

    def _help(self, row: FieldRow, words: str) -> None:
        # The focus may be told of later than what was done with it: a refusal is not written over.
        self._helped = row
        self.query_one("#form-help", Static).update(safe(words, cells=200))

    def _show_state(self) -> None:
        form, drafter = self._form, self._drafter
        if form is None or drafter is None or not self.query("FormBody"):
            return
        values = self._body.values
        self._body.show_state(form, form.check(values))
        self._body.show_names(self.vbem.ref_names.name_of)
        self._show_verdict(drafter.verdict(form, values, self._remark))

    @property
    def _drafter(self) -> Drafter | None:
        restores = self.vbem.restores
        if restores is None:
            return None
        return Drafter(restores=restores, newest=self._newest, same_names=self._same_names)

    def _show_verdict(self, verdict: Verdict) -> None:
        short = self.query_one("#form-verdict", Static)
        for tone in ("good", "warning", "bad"):
            short.set_class(tone == verdict.tone, f"-{tone}")
        words = safe(verdict.short, cells=160)
        if words != self._shown_verdict:
            self._shown_verdict = words
            short.update(words)
        self.query_one("#form-plan", Lines).show(self.vbem.ref_names.spell_out(verdict.lines))
