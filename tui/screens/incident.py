"""The incident: the moment to restore to before, the ticket and the limit of data lost, asked for once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Label, Static

from tui.errors import VbemError, describe
from tui.moment import SHORT_EXAMPLES, Moment, MomentError, parse_length, parse_moment, spell_length
from tui.restores.incident import Incident
from tui.sanitize import safe
from tui.screens.base import Dialog, Notice, bindings_of
from tui.widgets.inputs import Button, LineInput

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.recovery.service import RecoveryService
    from tui.services import Services

USUAL_LIMIT = timedelta(hours=4)
"""What is offered as the limit of data lost where none was set before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAnswer:
    """What was answered; without an incident, the one in force is to be cleared."""

    incident: Incident | None
    typed: str = ""


async def note_incident(recovery: RecoveryService, answer: IncidentAnswer) -> Notice:
    """Put an answer in force; return what to say of it."""
    try:
        if answer.incident is None:
            await recovery.clear_incident()
            return Notice("The incident is cleared.")
        await recovery.set_incident(answer.incident, answer.typed)
    except VbemError as error:
        return Notice(describe("note the incident", error), "bad")
    return Notice("The incident is set; it stays until you clear it.", "good")


class IncidentScreen(Dialog[IncidentAnswer]):
    """Asks what restores are for; the moment becomes absolute while it is typed."""

    NAME = "incident"
    IS_ANSWERED_UNREAD = True
    """The screen below opens it and takes no text: what is typed behind the key is meant for it."""
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("incident")

    def __init__(self, services: Services, incident: Incident | None) -> None:
        super().__init__(services)
        self._incident = incident

    def compose_box(self) -> ComposeResult:
        known = self._incident
        limit = USUAL_LIMIT if known is None else known.lost_at_most
        with VerticalScroll(classes="box", can_focus=False):
            yield self.title_line("Incident: restore to before ...")
            yield Label("When it happened (everything since then is not to be trusted)", markup=False)
            at = Moment(known.moment).iso if known else ""
            yield LineInput(at, id="incident-moment", placeholder=SHORT_EXAMPLES)
            yield Static("", markup=False, id="incident-echo")
            yield Label("Ticket or reason", markup=False)
            yield LineInput(known.ticket if known else "", id="incident-ticket", placeholder="(empty)")
            yield Label("Mark VMs that lose more than (empty: no limit)", markup=False)
            yield LineInput(
                "" if limit is None else spell_length(limit), id="incident-limit", placeholder="no limit"
            )
            yield Static("", markup=False, id="incident-note")
            with Horizontal(classes="buttons"):
                yield Button("Back", id="incident-back", compact=True)
                yield Button("Set", id="incident-set", compact=True)
                if known is not None:
                    yield Button("Clear", id="incident-clear", compact=True)

    def on_mount(self) -> None:
        self.query_one("#incident-moment").focus()
        self._echo()

    def _text(self, name: str) -> str:
        return self.query_one(f"#incident-{name}", LineInput).value.strip()

    @on(Input.Changed, "#incident-moment")
    def _echo(self) -> None:
        """Say which one moment was typed, in local time, UTC and age, or why it is none."""
        words, typed = "", self._text("moment")
        if typed:
            now = self.services.clock.now()
            try:
                words = f"= {parse_moment(typed, now).words(now)}"
            except MomentError as error:
                words = error.detail
        self.query_one("#incident-echo", Static).update(safe(words, cells=300))

    @on(Input.Submitted, "#incident-moment")
    def _to_ticket(self) -> None:
        if self._answer_or_complain() is not None:
            self.query_one("#incident-ticket").focus()

    @on(Input.Submitted, "#incident-ticket, #incident-limit")
    @on(Button.Pressed, "#incident-set")
    def _set(self) -> None:
        answer = self._answer_or_complain()
        if answer is not None:
            self.dismiss(answer)

    @on(Button.Pressed, "#incident-clear")
    def _clear(self) -> None:
        self.dismiss(IncidentAnswer(incident=None))

    @on(Button.Pressed, "#incident-back")
    def action_back(self) -> None:
        self.dismiss(None)

    def action_next_choice(self) -> None:
        self.focus_next(Button)

    def _answer_or_complain(self) -> IncidentAnswer | None:
        """Return what is typed; where it cannot be used, say why, go there and give None."""
        typed, limit, wrong = self._text("moment"), self._text("limit"), "moment"
        try:
            moment = parse_moment(typed, self.services.clock.now())
            wrong = "limit"
            lost_at_most = parse_length(limit) if limit else None
        except MomentError as error:
            self._complain(wrong, error.detail)
            return None
        self._complain("", "")
        incident = Incident(moment=moment.at, ticket=self._text("ticket"), lost_at_most=lost_at_most)
        return IncidentAnswer(incident=incident, typed=typed)

    def _complain(self, field: str, words: str) -> None:
        if field == "moment":
            words = ""  # the line below the field says it already
        self.query_one("#incident-note", Static).update(safe(words, cells=200))
        if field:
            self.query_one(f"#incident-{field}").focus()
