"""The exact request, as it would go out: method, path, headers without the token, body; as XML or JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from tui.api.codec.restore_request import RestoreRequest
from tui.api.models import WireFormat
from tui.screens.base import VbemScreen, bindings_of
from tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.services import Services


Writer = Callable[[WireFormat], RestoreRequest]
"""The request in one format."""


class RequestScreen(VbemScreen):
    """Shows the request of a filled form; nothing is sent from here."""

    NAME = "request"
    HEADING = "Exact request"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("request")

    def __init__(self, services: Services, write: Writer, *, wire: WireFormat) -> None:
        super().__init__(services)
        self._write = write
        self._sent_as = WireFormat.XML if wire is WireFormat.AUTO else wire
        self._wire = self._sent_as

    def compose_body(self) -> ComposeResult:
        yield Static("", markup=False, id="request-format")
        yield TextView(id="request-text")

    def on_mount(self) -> None:
        self.query_one(TextView).focus()
        self._show()

    def _show(self) -> None:
        use = "this is what is sent" if self._wire is self._sent_as else "for reading only, not what is sent"
        self.query_one("#request-format", Static).update(f"{self._wire.value.upper()} ({use})")
        self.query_one(TextView).show(self._write(self._wire).pretty().splitlines(), from_top=True)

    def action_other_format(self) -> None:
        self._wire = WireFormat.JSON if self._wire is WireFormat.XML else WireFormat.XML
        self._show()

    def action_back(self) -> None:
        self.dismiss(None)
