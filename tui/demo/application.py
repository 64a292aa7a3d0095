"""Between the connection and the service: faults, and the record of what was asked."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque

from tui.demo import faults as fault_names
from tui.demo import mischief
from tui.demo.faults import Faults
from tui.demo.messages import Reply, Request
from tui.demo.options import Options
from tui.demo.service import Service
from tui.demo.site import Site
from tui.demo.steps import step_of

_KEPT = 20_000
_SECRET = {"authorization", "cookie", "x-restsvcsessionid"}
_SHAPES_PAGES = {"loop-paging": "loop", "endless-paging": "endless"}


class Application:
    """One running server apart from its sockets."""

    def __init__(self, options: Options, specs: list[str]) -> None:
        self.site = Site(options)
        self.service = Service(self.site)
        self.faults = Faults(specs)
        self.requests: deque[dict[str, object]] = deque(maxlen=_KEPT)
        self.port = 0

    def reset(self, options: Options) -> None:
        """A fresh world on the same port; nothing of the old one is known any more."""
        self.site = Site(options, generation=self.site.generation + 1)
        self.service = Service(self.site)
        self.requests.clear()
        self.faults.clear()

    def set_option(self, name: str, value: object) -> None:
        """Change one switch of the running server.

        Raises:
            ValueError: there is no such option, or the value does not fit.
        """
        options = self.site.options.changed(name, value)
        self.site.configure(options)
        self.site.clock.set_scale(options.time_scale)
        self.service = Service(self.site)

    async def answer(self, request: Request) -> Reply:
        """Answer one request, well or badly."""
        request.step = step_of(request)
        record = _record(request)
        self.requests.append(record)
        await self.faults.hold(request.step, "hold")
        reply = await self._before(request) or self._after(request, self._answer(request))
        await self.faults.hold(request.step, "hold-reply")
        record |= {"status": 0 if reply.manner == "drop" else reply.status, "user": request.user}
        return reply

    def _answer(self, request: Request) -> Reply:
        try:
            return self.service.answer(request)
        except Exception as error:  # noqa: BLE001 - the outer edge: a fault of this server is a 500, and is seen
            traceback.print_exc()
            return self.site.replies.fail(request, 500, f"{type(error).__name__}: {error}")
        finally:
            self.service.queries.misleading = ""

    async def _before(self, request: Request) -> Reply | None:
        found: Reply | None = None
        for fault in self.faults.at(request.step, fault_names.BEFORE):
            if fault.name == "expire":
                fault.seen += 1
                if fault.seen <= fault.number(0):
                    continue
                self.site.logons.expire()
            fault.fire()
            if fault.name == "slow":
                await asyncio.sleep(fault.number(1))
            elif fault.name in _SHAPES_PAGES:
                self.service.queries.misleading = _SHAPES_PAGES[fault.name]
            elif fault.name == "drop-before":
                found = Reply(manner="drop")
            elif fault.name == "hostile-error":
                found = found or self._hostile_error(request)
            elif fault.name != "expire":
                found = found or mischief.instead(fault, request, self.port)
        return found

    def _hostile_error(self, request: Request) -> Reply:
        replies = self.site.replies
        return replies.fail(request, 500, mischief.hostile_words(replies.format_of(request) != "xml"))

    def _after(self, request: Request, reply: Reply) -> Reply:
        for fault in self.faults.at(request.step, fault_names.AFTER):
            fault.fire()
            reply = mischief.spoil(fault, request, reply)
        return reply


def _record(request: Request) -> dict[str, object]:
    """A request as the control channel shows it: without its secrets."""
    headers = {name: "(kept out)" if name in _SECRET else value for name, value in request.headers.items()}
    return {
        "method": request.method, "path": request.target.partition("?")[0], "query": request.query,
        "headers": headers, "body": request.body.decode("utf-8", "replace"), "status": 0,
        "step": request.step, "user": "",
    }  # fmt: skip
