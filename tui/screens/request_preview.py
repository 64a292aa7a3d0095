"""The exact request, as it would go out: method, path, headers without the token, body; as XML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """Shows the request of a filled form; nothing is sent from here.

    Args:
        services: what a logon needs.
        request: what is sent.
        write: writes the same restore in the other format, for comparison.
    """

    NAME = "request"
    HEADING = "Exact request"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("request")

    def __init__(self, services: Services, request: RestoreRequest, write: Writer) -> None:
        super().__init__(services)
        self._sent, self._shown = request, request
        self._write = write

    def compose_body(self) -> ComposeResult:
        yield Static("", markup=False, id="request-format")
        yield TextView(id="request-text")

    def on_mount(self) -> None:
        self.query_one(TextView).focus()
        self._show()

    def _show(self) -> None:
        is_sent = self._shown is self._sent
        use = "this is what is sent" if is_sent else "for reading only, not what is sent"
        self.query_one("#request-format", Static).update(f"{self._shown.wire.value.upper()} ({use})")
        self.query_one(TextView).show(self._shown.pretty().splitlines(), from_top=True)

    def action_other_format(self) -> None:
        other = WireFormat.JSON if self._sent.wire is WireFormat.XML else WireFormat.XML
        self._shown = self._write(other) if self._shown is self._sent else self._sent
        self._show()

    def action_back(self) -> None:
        self.dismiss(None)


class RequestsScreen(VbemScreen):
    """Shows the requests of a plan of many, one below the other; nothing is sent from here.

    Args:
        services: what a logon needs.
        requests: what is sent, in that order.
    """

    NAME = "requests"
    HEADING = "Exact requests"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("requests")

    def __init__(self, services: Services, requests: Sequence[RestoreRequest]) -> None:
        super().__init__(services)
        self._requests = requests

    def compose_body(self) -> ComposeResult:
        yield TextView(id="request-text")

    def on_mount(self) -> None:
        lines: list[str] = []
        count = len(self._requests)
        for number, request in enumerate(self._requests, 1):
            lines += [
                f"-- {number} of {count}, as it is sent",
                *request.pretty().splitlines(),
                "",
            ]
        text = self.query_one(TextView)
        text.show(lines, from_top=True)
        text.focus()

    def action_back(self) -> None:
        self.dismiss(None)
