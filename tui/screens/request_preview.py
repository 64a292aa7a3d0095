"""The exact request, as it would go out: method, path, headers without the token, body; as XML or JSON.

It can be copied, and written to a new file that only its owner can read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from tui import timefmt
from tui.api.codec.restore_request import RestoreRequest
from tui.api.models import WireFormat
from tui.files import write_new
from tui.sanitize import safe
from tui.screens.base import VbemScreen, bindings_of
from tui.screens.history import ExportScreen
from tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tui.restores.plan import RestorePlan
    from tui.services import Services


Writer = Callable[[WireFormat], RestoreRequest]
"""The request in one format."""
REQUESTS_HAVE = (
    "Text: method, path, headers and body of each, as it is sent. A name that ends in .sh gets them as "
    "commands of curl. The token is in neither."
)
OF_CURL = "# Each command restores a VM at once, unchecked. TOKEN is the token of a logon session.\n"


class RequestScreen(VbemScreen):
    """Shows the request of a filled form; nothing is sent from here.

    Args:
        services: what a logon needs.
        plan: what is sent.
        write: writes the same restore in the other format, for comparison.
    """

    NAME = "request"
    HEADING = "Exact request"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("request")

    def __init__(self, services: Services, plan: RestorePlan, write: Writer) -> None:
        super().__init__(services)
        self._plan = plan
        self._sent, self._shown = plan.request, plan.request
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

    def action_save(self) -> None:
        self._save()

    @work(group="save", exclusive=True, exit_on_error=False, description="save the request")
    async def _save(self) -> None:
        await _save_requests(self, [self._plan])

    def action_back(self) -> None:
        self.dismiss(None)


class RequestsScreen(VbemScreen):
    """Shows the requests of a plan of many, one below the other; nothing is sent from here.

    Args:
        services: what a logon needs.
        plans: what is sent, in that order.
    """

    NAME = "requests"
    HEADING = "Exact requests"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("requests")

    def __init__(self, services: Services, plans: Sequence[RestorePlan]) -> None:
        super().__init__(services)
        self._plans = plans

    def compose_body(self) -> ComposeResult:
        yield TextView(id="request-text")

    def on_mount(self) -> None:
        text = self.query_one(TextView)
        text.show(_text_of(self._plans).splitlines(), from_top=True)
        text.focus()

    def action_save(self) -> None:
        self._save()

    @work(group="save", exclusive=True, exit_on_error=False, description="save the requests")
    async def _save(self) -> None:
        await _save_requests(self, self._plans)

    def action_back(self) -> None:
        self.dismiss(None)


def _headings(plans: Sequence[RestorePlan]) -> Iterator[str]:
    """Yield of each request which one it is: its number, VM, platform and point, in one line."""
    for number, plan in enumerate(plans, 1):
        made = plan.point.known_created
        point = f"point of {timefmt.utc(made).removesuffix('Z')} UTC" if made else "point of an unknown time"
        vm = safe(plan.vm_name, cells=80)
        yield f"{number} of {len(plans)}: {vm} ({plan.platform.label}), {point}, as it is sent"


def _text_of(plans: Sequence[RestorePlan]) -> str:
    """Return requests one below the other, the body of each exactly as sent."""
    parts = zip(_headings(plans), plans, strict=True)
    return "".join(f"-- {heading}\n{plan.request.pretty()}\n\n" for heading, plan in parts)


def _curl_of(plans: Sequence[RestorePlan], server: str) -> str:
    """Return requests as a script for a shell."""
    parts = zip(_headings(plans), plans, strict=True)
    return OF_CURL + "".join(f"\n# {heading}\n{plan.request.curl(server)}\n" for heading, plan in parts)


async def _save_requests(screen: VbemScreen, plans: Sequence[RestorePlan]) -> None:
    """Ask where to, and write requests there as they are sent, whatever else the screen shows."""
    count = "The request" if len(plans) == 1 else f"{len(plans)} requests"
    stamp = screen.services.clock.now().strftime("%Y%m%d-%H%M%S")
    suggestion = Path.home() / f"vbem-requests-{stamp}.txt"
    path = await screen.ask(
        ExportScreen(screen.services, suggestion, title="Save what is sent", what=REQUESTS_HAVE)
    )
    if path is None:
        screen.set_status("Nothing was written.")
        return
    connection = screen.services.connection
    server = connection.server if connection else screen.services.options.server
    text = _curl_of(plans, server) if path.suffix == ".sh" else _text_of(plans)
    with screen.reporting("save what is sent"):
        await asyncio.to_thread(write_new, path, text)
        verb = "is" if len(plans) == 1 else "are"
        screen.set_status(f"{count} {verb} written to {path}, readable only by you.", "good")
