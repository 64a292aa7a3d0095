"""The restore form: the fields of the point's platform, what will happen beside them, and the way to send it.

It renders whatever form `tui.restores.forms` describes and knows no platform.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Static

from tui import timefmt
from tui.api.models import Platform, PointKind
from tui.restores.forms.cloud_director import ROOT
from tui.restores.forms.fields import FieldKind, FormDraft, IncompleteForm, Problem, WrongForm
from tui.sanitize import name, safe
from tui.screens import reference_picker, restore_form_data
from tui.screens.base import (
    AGES_EVERY_S,
    SENDING_UNSEEN,
    Notice,
    OpenTasks,
    VbemScreen,
    bindings_of,
    leads_elsewhere,
)
from tui.screens.confirm import CHECKING_AGAIN, SENDING, confirm_and_send
from tui.screens.dialogs import AskScreen
from tui.screens.plan_text import PlanDrafter, PlanSummary, spell_out
from tui.screens.reference_picker import PickerScreen
from tui.screens.request_preview import RequestScreen
from tui.widgets.form import FieldRow, FormFields, TextRow
from tui.widgets.header import StatusLine
from tui.widgets.inputs import Button, LineInput
from tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.events import Key, Paste

    from tui.api.client import EnterpriseManager
    from tui.api.models import RestorePoint
    from tui.restores.forms.form import RestoreForm
    from tui.restores.plan import RestorePlan
    from tui.services import Services


TICKET_LINES = 2
REASON_LABEL = "  Ticket or reason, optional; for the journal only"
CANNOT_BE_SENT = "Not sent"
PREPARING = "A restore is being prepared."
"""Keys that change nothing on the form and move nothing there."""
WIDE = 110
"""Columns from which the plan is beside the form instead of below it."""


class RestoreFormScreen(VbemScreen):
    """The form of one restore point, from the first key to the restore.

    Args:
        services: what it shows and asks.
        draft: what to restore, and what is filled in already.
    """

    NAME = "form"
    LETTERS_ACT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("form")
    HEADING = "Restore"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-low"), (24, "-tall")]  # noqa: RUF012 - declared so by Textual
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - declared so by Textual

    def __init__(self, services: Services, draft: FormDraft) -> None:
        super().__init__(services)
        self._draft = draft
        self._form: RestoreForm | None = None
        self._has_lookup = True
        """Whether a field can be filled by a lookup, as far as the form is known."""
        self._plans: PlanDrafter | None = None
        self._remark = self._draft.note
        self._sent = False
        self._shown_verdict = ""
        self._complaint = ""
        """The problem that the status line names."""
        self._helped: FieldRow | None = None

    @property
    def point(self) -> RestorePoint:
        """Return the restore point, as listed."""
        return self._draft.point

    # -- what is on it ------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        yield Static(self._point_words(), markup=False, id="form-point")
        with Container(id="form-panes"):
            with Vertical(id="form-left"):
                yield Static("Reading the restore point ...", markup=False, id="form-wait")
            with Vertical(id="form-right"):
                yield TextView(id="form-plan", hang=2, title="What will happen")
        yield Static("", markup=False, id="form-help")
        with Horizontal(id="form-bottom"):
            yield Button("Restore...", id="form-restore", compact=True, disabled=True)
            yield Static("", markup=False, id="form-verdict")

    def _point_words(self) -> str:
        point = self._draft.point
        what = "vApp" if point.kind is PointKind.VAPP else "VM"
        server = f" on {safe(point.server_name, cells=30)}" if point.server_name else ""
        title = name(point.vm_name, cells=60)
        if not point.known_created:
            return f"{what} {title}{server}, of a time that the server does not say"
        age = timefmt.ago(point.created, self.services.clock.now())
        return f"{what} {title}{server}, as of {timefmt.both(point.created)}, {age}"

    def on_mount(self) -> None:
        known = (
            self._draft.platform
            if self._draft.platform is not Platform.UNKNOWN
            else self._draft.point.platform
        )
        if known is not Platform.UNKNOWN and self._draft.point.kind is PointKind.VM:
            self._use(self._draft.point, known)
        self.set_interval(AGES_EVERY_S, self.show_ages)
        self._open()

    @property
    def _manager(self) -> EnterpriseManager | None:
        return self.services.connection.manager if self.services.connection else None

    @work(group="open", exclusive=True, exit_on_error=False, description="read the restore point")
    async def _open(self) -> None:
        manager, listed = self._manager, self._draft.point
        if manager is None:
            return
        point = await self.reading(
            "read the restore point", lambda: restore_form_data.read_point(manager, listed)
        )
        if point is None:
            self._wait_words("The restore point could not be read. Press Esc and reload the list.")
            return
        platform = self._draft.platform
        if platform is Platform.UNKNOWN:
            found = await restore_form_data.find_platform(self, manager, listed, point)
            if found is None:
                self._wait_words("No platform was chosen. Press Esc to go back.")
                return
            platform = found
        vms, remark = await restore_form_data.vms_of(manager, point)
        self._remark = " ".join(filter(None, (self._remark, remark)))
        self._use(point, platform, vms)
        await self._name_the_root(manager)

    async def _name_the_root(self, manager: EnterpriseManager) -> None:
        """Find out what the root that was filled in is called, where the account may ask."""
        names, form = self.services.reference_names, self._form
        default = str(form.defaults.get(ROOT, "")) if form else ""
        if default and not names.name_of(default):
            names.learn(await reference_picker.roots_if_allowed(manager, self._draft.point, self._roots))
            self._show_state()

    @property
    def _roots(self) -> frozenset[str]:
        """Ids of the hierarchy roots that the loaded points are under."""
        return self.services.points.root_ids if self.services.points else frozenset()

    def _wait_words(self, words: str) -> None:
        for wait in self.query("#form-wait").results(Static):
            wait.update(words)

    def _use(self, point: RestorePoint, platform: Platform, vms: tuple[RestorePoint, ...] = ()) -> None:
        """Show the form, or refresh what it knows about the point without touching what was typed."""
        try:
            form = restore_form_data.make_form(point, platform, self.services.settings.cloud_layout, vms)
        except WrongForm as error:
            self._wait_words(error.detail)
            return
        is_first, wait = self._form is None, self.query("#form-wait")
        if is_first and not wait:
            return  # the screen is being taken down: an answer came at its last moment
        self._form = form
        self._has_lookup = any(field.lookup_type for field in form.fields)
        if is_first:
            wait.remove()
            body = FormFields(form, self._draft.values)
            left = self.query_one("#form-left", Vertical)
            reason = LineInput(self._draft.reason, id="form-reason", placeholder="(empty)")
            left.mount(body, Static(REASON_LABEL, markup=False, classes="field-label"), reason)
            self.query_one("#form-restore", Button).disabled = False
            self.refresh_bindings()
        else:
            self._body.fill_untouched(form.defaults)
            self._show_state()

    def show_ages(self) -> None:
        """Make the ages new: they go on while the form is open or another screen is over it."""
        self.query_one("#form-point", Static).update(self._point_words())
        self._show_state()

    @on(FormFields.Ready)
    def _begin(self) -> None:
        self._body.focus_first()
        self._show_state()

    @property
    def _body(self) -> FormFields:
        return self.query_one(FormFields)

    @property
    def _reason(self) -> str:
        return self.query_one("#form-reason", LineInput).value.strip()

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
        # Beside the plan or the button, a remark about a field would be taken for what will happen.
        if self._helped is not None and self._form is not None and self._body.focused_row() is None:
            self._helped = None
            self.query_one("#form-help", Static).update("", layout=False)

    @on(FieldRow.Refused)
    def _refused(self, event: FieldRow.Refused) -> None:
        self._help(event.row, f"{event.row.note} Switch the other one off first.")

    def _help(self, row: FieldRow, words: str) -> None:
        # The focus event may come later than its effect: a refusal is not written over.
        self._helped = row
        self.query_one("#form-help", Static).update(safe(words, cells=200))

    def _show_state(self) -> None:
        form, drafter = self._form, self._drafter
        if form is None or drafter is None or not self.query("FormFields"):
            return
        values = self._body.values
        self._body.show_state(form, drafter.problems(form, values))
        self._body.show_names(self.services.reference_names.name_of)
        self._show_verdict(drafter.verdict(form, values, self._remark))
        self._share_lines()

    @on(FormFields.Resized)
    def _share_lines(self) -> None:
        """Give what will happen the lines below the fields that they leave empty."""
        for fields in self.query(FormFields):
            panes = self.query_one("#form-panes").size
            taken = TICKET_LINES + fields.get_content_height(panes, self.app.size, panes.width - 2)
            self.query_one("#form-right").styles.min_height = max(0, panes.height - taken)

    @property
    def _drafter(self) -> PlanDrafter | None:
        restores = self.services.restores
        if restores is None:
            return None
        if self._plans is None or self._plans.restores is not restores:
            self._plans = PlanDrafter(restores=restores, points=self.services.points)
        return self._plans

    def _show_verdict(self, verdict: PlanSummary) -> None:
        short = self.query_one("#form-verdict", Static)
        for tone in ("good", "warning", "bad"):
            short.set_class(tone == verdict.tone, f"-{tone}")
        words = safe(verdict.short, cells=160)
        if words != self._shown_verdict:
            self._shown_verdict = words
            short.update(words)
        self.query_one("#form-plan", TextView).show(spell_out(self.services.reference_names, verdict.lines))

    # -- keys ---------------------------------------------------------------------------------

    def takes_key(self, event: Key | Paste) -> bool:
        """Return whether a key acts: while the restore is prepared or sent, those that lead elsewhere only.

        What is typed would come too late for it, and what is meant for the confirmation must not move the
        focus here.
        """
        if not super().takes_key(event):
            return False
        return not self.busy_with or leads_elsewhere(event)

    def action_change(self) -> None:
        row = self._body.focused_row() if self._form else None
        if row is not None:
            row.change()

    def action_next_field(self) -> None:
        # The plan is reached with Tab, so that arrow keys never get caught in it.
        if isinstance(self.focus_next(), TextView):
            self.focus_next()

    def action_previous_field(self) -> None:
        if isinstance(self.focus_previous(), TextView):
            self.focus_previous()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        # Enter goes on, and from the last field to the button: it never sends by itself.
        if event.input.id == "form-reason":
            self.query_one("#form-restore", Button).focus()
        else:
            self.focus_next()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return action != "look_up" or self._has_lookup

    def action_look_up(self) -> None:
        row = self._body.focused_row() if self._form else None
        if isinstance(row, TextRow) and row.field.lookup_type:
            self._pick(row)
        else:
            self.set_status("This field has no lookup; fields that have one name F2.")

    @work(group="pick", exclusive=True, exit_on_error=False, description="choose a reference")
    async def _pick(self, row: TextRow) -> None:
        manager, form = self._manager, self._form
        if manager is None or form is None:
            return
        root = form.root_id(self._body.values)
        if row.field.kind is FieldKind.REFERENCE and not root:
            self.set_status("Choose where to restore first: the lookup depends on it.", "bad")
            return
        fetch = partial(reference_picker.items_for, manager, row.field, root, form.point, self._roots)
        chosen = await self.ask(PickerScreen(self.services, row.field.label, fetch))
        if chosen is not None:
            row.set_value(chosen)
            row.control.focus()

    def action_request(self) -> None:
        plan, manager = self._draft_or_complain("No request yet"), self._manager
        if plan is not None and manager is not None:
            write = partial(manager.write_request, plan.point, plan.spec)
            self.app.push_screen(RequestScreen(self.services, plan, write))

    def _draft_or_complain(self, what: str) -> RestorePlan | None:
        form, drafter = self._form, self._drafter
        if form is None or drafter is None:
            return None
        try:
            return drafter.draft(form, self._body.values)
        except IncompleteForm as error:
            self._show_problems(what, error.problems)
            return None

    def _show_problems(self, what: str, problems: Sequence[Problem]) -> None:
        self._body.touch_all()
        self._show_state()
        first = self._body.row(problems[0].field) if problems else None
        if first is not None:
            first.control.focus()
        count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
        sentence = problems[0].sentence if problems else ""
        self._complaint = f"{what}: {count} to correct first. {sentence}"
        self.set_status(self._complaint, "bad")

    # -- sending ------------------------------------------------------------------------------

    @on(Button.Pressed, "#form-restore")
    def _pressed_restore(self) -> None:
        self.action_restore()

    def action_restore(self) -> None:
        if self.refuses_write():
            return
        plan = None if self.busy_with else self._draft_or_complain(CANNOT_BE_SENT)
        if plan is not None:
            self.busy_with = PREPARING
            self._restore(plan)

    @work(group="submit", exclusive=False, exit_on_error=False, description="start a restore")
    async def _restore(self, plan: RestorePlan) -> None:
        restore, restores = None, self.services.restores
        values, reason = self._body.values, self._reason
        try:
            if restores is None:
                return
            self.set_status("")
            checked = await self.reading(
                "look for running restores of this VM",
                lambda: restores.check_running(plan),
                saying="Looking for running restores",
                stop_keys="Esc or Ctrl+C",
            )
            if checked is not None:
                # What was found is in the confirmation.
                restore = await confirm_and_send(self, checked, reason)
        finally:
            self.busy_with = ""
        if restore is not None:
            self.services.form_drafts[restore.key] = FormDraft(
                point=plan.point, platform=plan.platform, values=values, reason=reason
            )
            self._sent = True
            if self.app.screen is self:  # a dialog over it is answered first
                self.app.post_message(OpenTasks(restore.key))
        elif self in self.app.screen_stack:
            self.show_ages()

    def on_screen_resume(self) -> None:
        # The operator went elsewhere while it was being sent: a form that was sent is finished.
        if self._sent:
            self.dismiss(None)
            self.app.post_message(Notice("The restore was sent: Ctrl+T shows it."))
        elif not self.busy_with:  # else it is made new when that has come to its end
            self.show_ages()

    # -- leaving ------------------------------------------------------------------------------

    def action_back(self) -> None:
        if self.busy_with == PREPARING and self.stop_loading():
            return
        if self.busy_with == CHECKING_AGAIN:
            self.busy_with = ""  # so that it is not wanted any more, should the list come now
            self.dismiss(None)
            self.app.post_message(Notice("Nothing was sent: you left while running restores were listed."))
        elif self.busy_with == SENDING:
            self.dismiss(None)
            self.app.post_message(Notice(SENDING_UNSEEN))
        elif self._is_changed():
            self._ask_to_leave()
        else:
            self.dismiss(None)

    def _is_changed(self) -> bool:
        if self._form is None or not self.query("#form-reason"):
            return False
        expected = {**self._form.defaults, **self._draft.values}
        return self._body.values != expected or self._reason != self._draft.reason.strip()

    @work(group="leave", exclusive=True, exit_on_error=False, description="leave the form")
    async def _ask_to_leave(self) -> None:
        text = "Your entries will be discarded. Nothing was sent."
        if await self.ask(AskScreen(self.services, "Leave the form?", text, yes="Leave", no="Stay")):
            self.dismiss(None)
