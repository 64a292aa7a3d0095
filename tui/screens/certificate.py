"""The trust question: who the server says it is, and whether the operator believes it.

Refusing is the default. A certificate that changed is a hard stop: trusting it means typing part of
its fingerprint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tui import timefmt
from tui.sanitize import safe
from tui.screens.base import Dialog, bindings_of
from tui.widgets.inputs import Button, LineInput
from tui.widgets.text_view import BoxText

if TYPE_CHECKING:
    from textual.events import Key

    from tui.api.models import Certificate
    from tui.services import Services

TYPED_DIGITS = 8
"""How many hex digits of a changed certificate's fingerprint have to be typed."""
NOT_THESE = "the new fingerprint does not begin with that"

_DIGITS = frozenset("0123456789abcdefABCDEF")


def in_pairs(sha256: str) -> str:
    """Return a fingerprint for people: upper case, in pairs with colons."""
    return ":".join(sha256[i : i + 2] for i in range(0, len(sha256), 2)).upper()


def in_two_lines(fingerprint: str) -> tuple[str, str]:
    """Return a fingerprint in halves: 95 characters do not fit in 80 columns, and these can be compared."""
    return f"  {fingerprint[:48]}", f"  {fingerprint[48:]}"


class CertificateScreen(Dialog[bool]):
    """Shows a certificate and asks; dismissed with True to trust it."""

    NAME = "certificate"
    BINDINGS = bindings_of("certificate")

    def __init__(
        self, services: Services, certificate: Certificate, *, server: str, pinned_sha256: str = ""
    ) -> None:
        super().__init__(services)
        self._certificate = certificate
        self._server = server
        self._pinned = pinned_sha256

    def compose_box(self) -> ComposeResult:
        with Vertical(classes="box"):
            changed = bool(self._pinned)
            title = "THE CERTIFICATE HAS CHANGED" if changed else "Unknown certificate"
            yield self.title_line(f"{title}: {safe(self._server, cells=40)}")
            yield BoxText(self._facts(), hang=2, needs_tab=False, id="certificate-facts")
            if changed:
                yield Static(
                    f"To trust it anyway, type the first {TYPED_DIGITS} digits of the new fingerprint:",
                    markup=False,
                )
                yield LineInput(id="typed")
            with Horizontal(classes="buttons"):
                yield Button("Refuse", id="refuse", compact=True)
                yield Button("Trust and remember", id="trust", compact=True, disabled=changed)

    def _facts(self) -> list[str]:
        one = self._certificate
        names = ", ".join(one.names) or "(none)"
        lines = [
            one.problem or "No authority this machine trusts has signed it.",
            f"Subject  {one.subject}",
            f"Issuer   {one.issuer}",
            f"Names    {names}",
            f"Valid    {timefmt.both(one.not_before)}",
            f"   to    {timefmt.both(one.not_after)}",
            "SHA-256 fingerprint" + (" NOW:" if self._pinned else ":"),
            *in_two_lines(one.fingerprint),
        ]
        if self._pinned:
            lines += ["Trusted before:", *in_two_lines(in_pairs(self._pinned))]
            lines += ["Ask the server's administrator whether it was replaced; if nobody knows, refuse."]
        else:
            lines += ["Compare the fingerprint with the server's own before you trust it."]
        return [*lines, *(f"  {warning}" for warning in one.warnings)]

    def on_mount(self) -> None:
        # The arrow keys scroll it from everywhere: Tab has a shorter way to the answers.
        self.query_one("#certificate-facts").can_focus = False
        self.query_one("#refuse", Button).focus()

    def on_key(self, event: Key) -> None:
        # Typed digits go to their field, also while the safe answer has the focus.
        if self._pinned and not isinstance(self.focused, LineInput) and (event.character or " ") in _DIGITS:
            entry = self.query_one("#typed", LineInput)
            entry.focus()
            entry.insert_text_at_cursor(event.character or "")
            event.stop()

    @on(Input.Changed, "#typed")
    def compare_typed(self, event: Input.Changed) -> None:
        self.query_one(".box").border_subtitle = ""
        typed = "".join(char for char in event.value.lower() if char.isalnum())
        right = len(typed) >= TYPED_DIGITS and self._certificate.sha256.startswith(typed)
        self.query_one("#trust", Button).disabled = not right

    @on(Input.Submitted, "#typed")
    def submit_typed(self) -> None:
        # Enter after the right digits goes to the button and never presses it.
        button, typed = self.query_one("#trust", Button), self.query_one("#typed", LineInput)
        if not button.disabled:
            button.focus()
        elif typed.value.strip():
            self.query_one(".box").border_subtitle = NOT_THESE
        else:
            self.query_one("#refuse", Button).focus()

    @on(Button.Pressed, "#trust")
    def action_trust(self) -> None:
        if not self.query_one("#trust", Button).disabled:
            self.dismiss(True)

    @on(Button.Pressed, "#refuse")
    def action_refuse(self) -> None:
        self.dismiss(False)

    def action_next_choice(self) -> None:
        self.focus_next()

    def action_scroll(self, lines: int) -> None:
        self.query_one("#certificate-facts", BoxText).turn(lines)
