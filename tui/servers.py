"""The servers of one run: the one on the screens, and those it stays logged on to meanwhile.

An object without Textual. Each server has services of its own, which watch its restores whether or not it is
on the screens; they share the journal, the keyring and the count of refused logons.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tui.services import Services

if TYPE_CHECKING:
    from tui.session import Connection

FIRST = "1"
"""The key of the services that the program starts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """A server that can be gone to."""

    name: str
    """What the settings call it; else `host:port`."""
    host: str
    services: Services | None
    """Of the logon there; None while there is none."""
    is_current: bool = False
    """Whether it is on the screens."""
    known_as: str = ""
    """The other name under which this run is logged on there; empty for none."""


class Servers:
    """The services of each server; all but the current ones are logged on.

    Args:
        first: those that the program starts with.
    """

    def __init__(self, first: Services) -> None:
        self.current = first
        """Those that are on the screens."""
        self._all = {FIRST: first}
        """The one that was current last stands last."""
        self._count = 1
        self._take_in(first)

    def _take_in(self, services: Services) -> None:
        services.others = partial(self._others_of, services)

    def _others_of(self, services: Services) -> tuple[Services, ...]:
        return tuple(one for one in self._all.values() if one is not services)

    @property
    def others(self) -> tuple[Services, ...]:
        """Return those that only watch, the one that was current last at the end."""
        return self._others_of(self.current)

    @property
    def all(self) -> tuple[Services, ...]:
        """Return all, the current ones first."""
        return (self.current, *self.others)

    @property
    def login_note(self) -> str:
        """Return what the login of the current server says below its fields."""
        back = f"{name_of(self.others[-1])} stays logged on. Esc goes back there." if self.others else ""
        return f"{back}\n{self.current.options.note}".strip()

    def key_of(self, services: Services) -> str:
        """Return the key of some services; empty where they are dropped."""
        return next((key for key, one in self._all.items() if one is services), "")

    def rows(self) -> list[ServerRow]:
        """Return the servers that the settings name, then the others that this run is logged on to."""
        left = [one for one in self.all if one.connection is not None]
        rows = []
        for name, named in self.current.settings.servers.items():
            server = _address(self.current, named.host)
            live = next((one for one in left if _server_of(one) == server), None)
            known_as = name_of(live) if live is not None else ""
            is_other = known_as not in {"", name}
            rows.append(
                ServerRow(
                    name=name,
                    host=named.host,
                    services=None if is_other else live,
                    is_current=live is self.current and not is_other,
                    known_as=known_as if is_other else "",
                )
            )
        named_ones = {row.services for row in rows}
        return rows + [
            ServerRow(name=name_of(one), host=_server_of(one), services=one, is_current=one is self.current)
            for one in left
            if one not in named_ones
        ]

    def begin(self, name: str) -> Services:
        """Return services for a logon to a named server.

        Raises:
            KeyError: the settings have no such server.
            ValueError: what they say of it cannot be used.
        """
        before = self.current
        options = replace(before.options, sources=dict(before.options.sources), password_hint="", note="")
        options.use_server(name)
        new = Services(
            options, clock=before.clock, session_store=before.session_store, timeouts=before.timeouts
        )
        new.refusals = before.refusals
        self._count += 1
        self._all[str(self._count)] = new
        self._take_in(new)
        return new

    def show(self, services: Services) -> None:
        """Make some services the current ones."""
        self.current = services
        key = self.key_of(services)
        self._all[key] = self._all.pop(key)

    def drop(self, services: Services) -> None:
        """Leave services out that nobody is logged on with, and that are not current."""
        self._all.pop(self.key_of(services), None)

    def admit(self, connection: Connection) -> None:
        """Take charge of a connection after its logon, for the current services."""
        services = self.current
        services.admit(connection)
        if services.restores is not None:
            services.restores.is_followed_beside = partial(self._is_followed_beside, services)

    def _is_followed_beside(self, services: Services, entry_id: int) -> bool:
        watched = (
            restore for one in self._others_of(services) if one.restores for restore in one.restores.all
        )
        return any(restore.entry_id == entry_id for restore in watched)

    def keep_attended(self) -> None:
        """Note that somebody is there, so that every logon session is kept alive."""
        for one in self.all:
            if one.connection is not None:
                one.connection.is_attended = True

    # -- the end --------------------------------------------------------------------------------

    @property
    def is_any_in_flight(self) -> bool:
        """Return whether a restore is in flight on any server."""
        return any(one.in_flight for one in self.all)

    @property
    def what_goes_on(self) -> str:
        """Return what goes on at the servers when this program ends, in sentences; empty for nothing."""
        return " ".join(self._of_each(lambda one: one.what_goes_on))

    @property
    def quit_words(self) -> str:
        """Return what quitting does, for the question before it; empty where nobody is logged on."""
        return "\n\n".join(self._of_each(lambda one: one.quit_words if one.connection else ""))

    @property
    def log_off_words(self) -> str:
        """Return what logging off from the current server does, for the question before it."""
        staying = ", ".join(map(name_of, self.others))
        return f"{self.current.log_off_words}{staying and f' You stay logged on to {staying}.'}"

    def _of_each(self, words: Callable[[Services], str]) -> list[str]:
        """Return some words of each server, with its name where there are several."""
        found = [(name_of(one), words(one)) for one in self.all]
        return [f"{name}: {said}" if self.others else said for name, said in found if said]

    async def close(self) -> str:
        """Close all, as `Services.close` does.

        Returns:
            What to say of sessions that may be left alive at the servers; empty where none is.
        """
        names = dict(zip(self.all, map(name_of, self.all), strict=True))
        closing = [asyncio.create_task(one.close()) for one in names]
        await asyncio.wait(closing)  # each to its end, also where one fails
        said = zip(names.values(), [task.result() for task in closing], strict=True)
        return " ".join(f"{name}: {note}" if self.others else note for name, note in said if note)


def _server_of(services: Services) -> str:
    return services.connection.server if services.connection else services.options.server


def _address(services: Services, host: str) -> str:
    try:
        return str(services.address_of(host))
    except ValueError:
        return host


def name_of(services: Services) -> str:
    """Return what the settings call the server of some services; else `host:port`."""
    server, chosen = _server_of(services), services.options.server_name
    if services.connection is None and chosen:
        return chosen
    known = services.settings.servers.items()
    names = [name for name, named in known if _address(services, named.host) == server]
    return chosen if chosen in names else next(iter(names), server)


def who_of(services: Services) -> str:
    """Return user and server of some services, as the settings name it; empty before logon."""
    return f"{services.connection.user} @ {name_of(services)}" if services.connection else ""


def elsewhere_words(others: Iterable[Services]) -> str:
    """Return what is in flight on other servers, without a full stop; empty for nothing.

    A `?` says that one of them is out of date, as in the line of keys.
    """
    busy = [one for one in others if one.in_flight_note]
    return ", ".join(
        f"{one.in_flight_note.strip('()')} in flight on {name_of(one)}{' (NOT UPDATED)' * bool(one.trouble)}"
        for one in busy
    )
