"""The one confirmation: what will happen, in words, and the safe answer first.

Where the original is, or may be, overwritten, the VM's name or the short code shown has to be typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tui.api.errors import SessionExpired
from tui.errors import VbemError, describe
from tui.restore_states import RestoreState
from tui.restores.ports import JournalError
from tui.restores.restore import Restore
from tui.sanitize import name, safe
from tui.screens.base import Dialog, bindings_of
from tui.screens.dialogs import AskScreen
from tui.screens.plan_text import plan_lines, spell_out
from tui.widgets.inputs import Button, LineInput
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import BoxText, Line, TextView

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.restores.plan import RestorePlan
    from tui.screens.base import VbemScreen
    from tui.services import Services


def heading(plan: RestorePlan) -> str:
    """Return what is about to happen, in one line."""
    verb = "OVERWRITE" if plan.overwrites else "Restore"
    return f"{verb} {name(plan.confirm_word, cells=50)}?"


def reason_line(reason: str) -> str:
    """Return what the journal will give as the reason."""
    return f"Ticket or reason: {safe(reason, cells=200) or 'none given'}."


def typed_prompt(plan: RestorePlan) -> str:
    """Return what has to be typed to confirm an overwriting plan."""
    if plan.offers_code:
        why = "other VMs have this name" if plan.context.same_names else "the name is hard to type"
        return f"Type the code {plan.short_code} ({why}) or the name, case as shown:"
    return f"Type the name {name(plan.confirm_word, cells=30)} to confirm; case matters:"


class ConfirmScreen(Dialog[bool]):
    """Asks once; dismissed with True to send exactly this plan.

    Args:
        services: what references are called.
        plan: what is confirmed.
        reason: what the journal will give as the reason.
    """

    NAME = "confirm"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("confirm")

    def __init__(self, services: Services, plan: RestorePlan, reason: str) -> None:
        super().__init__(services)
        self._plan, self._reason = plan, reason
        self._answered = False

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self.title_line(heading(self._plan))
            words = spell_out(self.services.reference_names, self._lines())
            yield BoxText(words, hang=2, needs_tab=False, id="confirm-plan")
            if self._plan.overwrites:
                yield Static(typed_prompt(self._plan), markup=False, id="confirm-prompt")
                yield LineInput(id="confirm-typed")
            yield Static("", markup=False, id="confirm-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="confirm-back", compact=True)
                yield Button(self._yes, id="confirm-restore", compact=True, disabled=self._plan.overwrites)

    def _lines(self) -> list[Line]:
        """Return the plan; what was just looked for follows the warnings, where it is seen at any size."""
        lines = plan_lines(self._plan)
        warnings = [line for line in lines if isinstance(line, StyledText)]
        others = [line for line in lines if not isinstance(line, StyledText)]
        return [*warnings, *self._plan.found, *others, reason_line(self._reason)]

    @property
    def _yes(self) -> str:
        return "Overwrite" if self._plan.overwrites else "Restore"

    def on_mount(self) -> None:
        target = "#confirm-typed" if self._plan.overwrites else "#confirm-back"
        self.query_one(target).focus()

    @on(Input.Changed, "#confirm-typed")
    def compare_typed(self, event: Input.Changed) -> None:
        # A remark about another word no longer holds.
        self.query_one("#confirm-restore", Button).disabled = not self._plan.confirmed_by(event.value)
        self.query_one("#confirm-note", Static).update("")

    @on(Input.Submitted, "#confirm-typed")
    def submit_typed(self, event: Input.Submitted) -> None:
        if event.value.strip() and self._plan.confirmed_by(event.value):
            self._answer(True)
            return
        self.query_one("#confirm-note", Static).update("That does not match. Nothing was sent.")

    @on(Button.Pressed, "#confirm-restore")
    def press_restore(self) -> None:
        if not self.query_one("#confirm-restore", Button).disabled:
            self._answer(True)

    @on(Button.Pressed, "#confirm-back")
    def press_back(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        self._answer(False)

    def action_next_choice(self) -> None:
        self.focus_next(Button)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#confirm-plan", TextView).turn(lines)

    def _answer(self, yes: bool) -> None:
        # A second Enter may arrive while the screen is already leaving.
        if not self._answered:
            self._answered = True
            self.dismiss(yes)


_DOING = "start the restore"
CHECKING_AGAIN = "The restores that are running are being listed."
"""Nothing is sent yet: who leaves now stops it."""
SENDING = "A restore is being sent."
NOT_OF_BEFORE = "NOT of before the incident: use it?"
IN_THE_POINT = "What the incident did to the VM may be in this point."


async def confirm_and_send(screen: VbemScreen, plan: RestorePlan, reason: str) -> Restore | None:
    """Ask once, send once.

    Returns:
        The restore if it was, or may have been, started; None if it surely was not: the screen says why.
    """
    allowed = await _not_after_incident(screen, plan)
    if allowed is None or not await screen.ask(ConfirmScreen(screen.services, allowed, reason)):
        screen.set_status("Nothing was sent.")
        return None
    plan = allowed
    outcome = await _submit(screen, plan, reason)
    if isinstance(outcome, JournalError):
        outcome = await _without_journal(screen, plan, reason, outcome)
    if isinstance(outcome, SessionExpired):
        await _log_on_again(screen, describe(_DOING, outcome))
    elif isinstance(outcome, Restore):
        if _may_have_started(outcome):
            return outcome
        await _refused(screen, outcome)
    elif outcome is not None:
        screen.show_error(_DOING, outcome)
    return None


async def _not_after_incident(screen: VbemScreen, plan: RestorePlan) -> RestorePlan | None:
    """Return the plan to confirm; a point that is not of before the incident takes a yes of its own."""
    incident, restores = plan.context.incident, screen.services.restores
    if incident is None or restores is None or not plan.is_after_incident:
        return plan
    made = plan.point.known_created
    text = f"{incident.warning(made)}\n\n{IN_THE_POINT}"
    question = AskScreen(screen.services, NOT_OF_BEFORE, text, yes="Use this point", no="Back")
    return restores.allow_after_incident(plan) if await screen.ask(question) else None


async def _submit(
    screen: VbemScreen, plan: RestorePlan, reason: str, *, without_journal: bool = False
) -> Restore | VbemError | None:
    """Send through the services, which own it; return the restore, or why nothing was sent."""
    restores = screen.services.restores
    if restores is None:
        return None

    def is_wanted() -> bool:
        if screen.busy_with != CHECKING_AGAIN:
            return False
        screen.busy_with = SENDING
        return True

    screen.busy_with = CHECKING_AGAIN
    screen.set_status("")
    try:
        with screen.telling(lambda waited_s: _waiting_words(screen.busy_with, waited_s)):
            return await restores.submit(plan, reason, override_journal=without_journal, is_wanted=is_wanted)
    except VbemError as error:
        return error


def _waiting_words(busy_with: str, waited_s: float) -> str:
    """Return for how long the server has not answered, and what the keys do that lead away."""
    silence = f": no answer for {waited_s:.0f} s." if waited_s >= 1 else " ..."
    if busy_with == CHECKING_AGAIN:
        return f"Sending{silence} Nothing has left yet; Esc stops it."
    return f"Sending{silence} Esc leaves this form and Ctrl+Q asks to quit; neither takes it back."


async def _without_journal(
    screen: VbemScreen, plan: RestorePlan, reason: str, error: JournalError
) -> Restore | VbemError | None:
    """Offer, once and loudly, to send without a journal row."""
    text = (
        f"{describe('write the restore into the journal', error)}\n\nNothing was sent yet. If you send "
        "without the journal and vbem ends before the journal can be written, this restore is FORGOTTEN: "
        "no later run finds it, and History does not show it."
    )
    if await screen.ask(
        AskScreen(
            screen.services,
            "NO JOURNAL: send anyway?",
            text,
            yes="Send without journal",
            no="Do not send",
        )
    ):
        return await _submit(screen, plan, reason, without_journal=True)
    screen.show_error(_DOING, error)
    return None


def _may_have_started(restore: Restore) -> bool:
    return restore.state is not RestoreState.FAILED or bool(restore.task_id or restore.session_uid)


async def _refused(screen: VbemScreen, restore: Restore) -> None:
    """Show why it did not start; offer to log on again after a 401, but never resend silently."""
    if restore.offer_again:
        await _log_on_again(screen, restore.message)
        return
    hint = restore.error.hint if restore.error else ""
    screen.set_status(f"{restore.message} {hint}".strip(), "bad")


async def _log_on_again(screen: VbemScreen, what_happened: str) -> None:
    screen.set_status(what_happened, "bad")
    if await screen.services.log_on_again():
        screen.set_status(
            "Logged on again. Nothing was started: press Restore to send it as a new restore.", "bad"
        )
