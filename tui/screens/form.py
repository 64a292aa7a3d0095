"""The restore form: the fields of the point's platform, and beside them what will happen, in words.

It renders whatever form `tui.restores` describes and knows no platform. Every error is shown here, where
it happened; what was typed stays.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Button, Input, Static

from tui import times
from tui.api.models import HierarchyItem, Platform, PointKind, WireFormat
from tui.restores.fields import FieldKind, IncompleteForm, Problem, WrongForm
from tui.screens import lookups, opening
from tui.screens.base import VbemScreen
from tui.screens.filled import Filled
from tui.screens.keys import bindings_of
from tui.screens.verdict import Verdict, not_ready, verdict_of
from tui.text import safe
from tui.widgets.entry import Entry
from tui.widgets.fieldrows import FieldRow, TypedRow
from tui.widgets.formbody import FormBody
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from tui.api.client import EnterpriseManager
    from tui.api.models import RestorePoint
    from tui.restores.forms import RestoreForm
    from tui.restores.plan import RestorePlan

REASON_LABEL = "  Ticket or reason, optional (kept in the journal; the server does not get it)"
WIDE = 110
"""Columns from which the plan stands beside the form instead of below it."""


class RestoreFormScreen(VbemScreen):
    """The form of one restore point.

    Args:
        point: what to restore, or a form filled before.
        newest: when the newest known point of the same VM was made, for the warning.
        same_names: how many other VMs have the same name, for the warning.
    """

    NAME = "form"
    HEADING = "Restore"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("form")
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
        is_first = self._form is None
        self._form = form
        if is_first:
            self.query_one("#form-wait").remove()
            body = FormBody(form, self._filled.values)
            left = self.query_one("#form-left", Vertical)
            left.mount(body, self._reason_label(), Entry(self._filled.reason, id="form-reason"))
            self.query_one("#form-restore", Button).disabled = False
            self.call_after_refresh(self._begin)
        else:
            self._body.fill_untouched(form.defaults)
            self._show_state()

    def _reason_label(self) -> Static:
        return Static(REASON_LABEL, markup=False, classes="field-label")

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
        self._show_state()

    @on(FieldRow.Left)
    def _left(self) -> None:
        self._show_state()

    @on(FieldRow.Entered)
    def _entered(self, event: FieldRow.Entered) -> None:
        self.query_one("#form-help", Static).update(safe(event.row.field.help, cells=200))

    @on(FieldRow.Refused)
    def _refused(self, event: FieldRow.Refused) -> None:
        words = f"{event.row.note} Switch the other one off first."
        self.query_one("#form-help", Static).update(safe(words, cells=200))

    def _show_state(self) -> None:
        if self._form is None or not self.query("FormBody"):
            return
        values = self._body.values
        problems = self._form.check(values)
        self._body.show_state(self._form, problems)
        self._show_verdict(self._verdict(problems))

    def _verdict(self, problems: Sequence[Problem]) -> Verdict:
        form, restores = self._form, self.vbem.restores
        if form is None or restores is None:
            return not_ready((), ())
        notes = [*filter(None, (self._remark,)), *form.notes(self._body.values)]
        try:
            plan = restores.draft(form, self._body.values, newest=self._newest, same_names=self._same_names)
        except IncompleteForm as error:
            return not_ready(problems or error.problems, notes)
        return verdict_of(plan, notes)

    def _show_verdict(self, verdict: Verdict) -> None:
        short = self.query_one("#form-verdict", Static)
        for tone in ("good", "warning", "bad"):
            short.set_class(tone == verdict.tone, f"-{tone}")
        short.update(safe(verdict.short, cells=160))
        self.query_one("#form-plan", Lines).show(verdict.lines)

    # -- keys ---------------------------------------------------------------------------------

    def action_change(self) -> None:
        """Switch the field under the focus."""
        row = self._body.focused_row() if self._form else None
        if row is not None:
            row.change()

    def action_next_field(self) -> None:
        """Go on."""
        self.focus_next()

    def action_previous_field(self) -> None:
        """Go back one field."""
        self.focus_previous()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    def action_look_up(self) -> None:
        """Open the picker for the field under the focus."""
        row = self._body.focused_row() if self._form else None
        if isinstance(row, TypedRow) and row.field.lookup_type:
            self._pick(row)
        else:
            self.say("There is nothing to look up here: go to a field that says so.")

    @work(group="pick", exclusive=True, exit_on_error=False, description="choose a reference")
    async def _pick(self, row: TypedRow) -> None:
        from tui.screens.picker import PickerScreen

        manager, form = self._manager, self._form
        if manager is None or form is None:
            return
        root = form.root_id(self._body.values)
        if row.field.kind is FieldKind.REFERENCE and not root:
            self.say("Choose where to restore first: things are looked up under it.", "bad")
            return

        async def fetch() -> Sequence[HierarchyItem]:
            return await lookups.items_for(manager, row.field, root, form.point)

        chosen = await self.app.push_screen_wait(PickerScreen(row.field.label, fetch))
        if chosen is not None:
            row.set_value(chosen)
            row.control.focus()

    def action_request(self) -> None:
        """Show the exact request, if the form is complete."""
        from tui.screens.request import RequestScreen

        plan = self._draft_or_complain()
        manager = self._manager
        if plan is None or manager is None:
            return
        point, spec = plan.point, plan.spec

        def write(wire: WireFormat) -> str:
            return manager.write_request(point, spec, wire).pretty()

        self.app.push_screen(RequestScreen(write, wire=plan.request.wire))

    def _draft_or_complain(self) -> RestorePlan | None:
        form, restores = self._form, self.vbem.restores
        if form is None or restores is None:
            return None
        try:
            return restores.draft(form, self._body.values, newest=self._newest, same_names=self._same_names)
        except IncompleteForm as error:
            self._show_problems(error.problems)
            return None

    def _show_problems(self, problems: Sequence[Problem]) -> None:
        self._body.touch_all()
        self._show_state()
        first = self._body.row(problems[0].field) if problems else None
        if first is not None:
            first.control.focus()
        count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
        self.say(f"Not sent: {count} to put right first. {problems[0].sentence if problems else ''}", "bad")

    # -- sending ------------------------------------------------------------------------------

    @on(Button.Pressed, "#form-restore")
    def _pressed_restore(self) -> None:
        self.action_restore()

    def action_restore(self) -> None:
        """Guards, confirmation, then the app sends it."""
        if not self._busy and self._draft_or_complain() is not None:
            self._busy = True
            self._restore()

    @work(group="submit", exclusive=False, exit_on_error=False, description="start a restore")
    async def _restore(self) -> None:
        from tui.screens.sending import confirm_and_send

        form, restores = self._form, self.vbem.restores
        try:
            if form is None or restores is None:
                return
            values, reason = self._body.values, self._reason
            self.say("Looking for running restores of this VM ...")
            plan = await self.reading(
                "look for running restores of this VM",
                lambda: restores.prepare(form, values, newest=self._newest, same_names=self._same_names),
            )
            restore = await confirm_and_send(self, plan, reason) if plan is not None else None
        finally:
            self._busy = False
        if restore is not None:
            self.vbem.remember_form(
                restore.key, Filled(point=form.point, platform=form.platform, values=values, reason=reason)
            )
            self.vbem.show_restore(restore.key)

    # -- leaving ------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Back to the list; what was typed is not dropped without asking."""
        if self._is_changed():
            self._ask_to_leave()
        else:
            self.dismiss(None)

    def _is_changed(self) -> bool:
        if self._form is None or not self.query("#form-reason"):
            return False
        expected = {**self._form.defaults, **self._filled.values}
        return self._body.values != expected or self._reason != self._filled.reason.strip()

    @work(group="leave", exclusive=True, exit_on_error=False, description="leave the form")
    async def _ask_to_leave(self) -> None:
        from tui.screens.ask import AskScreen

        text = "What is filled in here is dropped. Nothing was sent."
        if await self.app.push_screen_wait(AskScreen("Leave the form?", text, yes="Leave", no="Stay")):
            self.dismiss(None)
