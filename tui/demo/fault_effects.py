"""What faults do before a request is processed; one that gives a reply keeps it from being processed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.demo import fault_replies
from tui.demo.colleague import restore_beside
from tui.demo.faults import Fault
from tui.demo.messages import Reply, Request
from tui.demo.service import Service


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that has not been processed, and the service that would do it."""

    request: Request
    service: Service


Effect = Callable[[Fault, Arrived], Awaitable[Reply | None]]


async def slow(fault: Fault, _arrived: Arrived) -> None:
    """Let time pass."""
    await asyncio.sleep(fault.number(1))


async def hold(fault: Fault, _arrived: Arrived) -> None:
    """Keep the request until the fault is cleared."""
    await fault.cleared.wait()


async def silent(fault: Fault, _arrived: Arrived) -> Reply:
    """Nothing at all, until the fault is cleared; then the connection is closed."""
    await fault.cleared.wait()
    return Reply(manner="drop")


async def drop(_fault: Fault, _arrived: Arrived) -> Reply:
    """Nothing, and the connection is closed."""
    return Reply(manner="drop")


async def proxy_error(fault: Fault, _arrived: Arrived) -> Reply:
    """A status of a proxy or a busy server: `http-502`."""
    return fault_replies.proxy_error(int(fault.name[5:]))


async def expire(_fault: Fault, arrived: Arrived) -> None:
    """End every logon session."""
    arrived.service.site.logons.expire()


async def empty_401(_fault: Fault, _arrived: Arrived) -> Reply:
    """A 401 that says nothing."""
    return Reply(status=401, content_type="", headers=[("WWW-Authenticate", "Basic Realm=RestSvc")])


async def hostile_error(_fault: Fault, arrived: Arrived) -> Reply:
    """An Error body as any other but for its words."""
    replies, request = arrived.service.site.replies, arrived.request
    return replies.fail(request, 500, fault_replies.hostile_words(replies.format_of(request) != "xml"))


async def html_error(_fault: Fault, _arrived: Arrived) -> Reply:
    """A page of a web server that broke."""
    return fault_replies.page("Runtime Error", 500)


async def html_page(_fault: Fault, _arrived: Arrived) -> Reply:
    """The page of the web interface."""
    return fault_replies.page("Veeam Backup Enterprise Manager")


async def redirect(_fault: Fault, arrived: Arrived) -> Reply:
    """Another name of the same port."""
    port = arrived.request.headers.get("host", "").rpartition(":")[2]
    reply = fault_replies.page("Moved", 302)
    reply.headers = [("Location", f"https://localhost:{port}/api/followed{arrived.request.target}")]
    return reply


async def colleague(fault: Fault, arrived: Arrived) -> None:
    """Somebody else restores the same machine at this moment."""
    restore_beside(arrived.service.site, arrived.request, fault.argument)


async def flaw(fault: Fault, arrived: Arrived) -> None:
    """The request is processed, with a flaw that those who process it know by its name."""
    arrived.request.flaws[fault.name] = fault.argument
