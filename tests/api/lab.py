"""What a check of the contract works with: one dialect, a scripted server that speaks it, a client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.api.scripted import SESSION, Answer, Identity, Request, Script, client_of, http, serving
from tests.unit.api.dialects import json_camel, json_pascal, xml
from tui.api.client import EnterpriseManager
from tui.api.models import LogonSession, WireFormat

Tree = dict[str, Any]
ELSEWHERE = "https://enterprise04.internal:9398/api"
"""What the server thinks its address is."""
WRITERS = {"xml": xml, "json": json_pascal, "json-camel": json_camel}


@dataclass(frozen=True)
class Lab:
    """One dialect."""

    dialect: str
    who: Identity

    @property
    def wire(self) -> WireFormat:
        return WireFormat.XML if self.dialect == "xml" else WireFormat.JSON

    @property
    def media_type(self) -> str:
        return f"application/{self.wire}"

    def reply(self, root: str, tree: Tree, *headers: str, status: int = 200) -> bytes:
        """A resource as this dialect writes it."""
        return http(status, WRITERS[self.dialect](root, tree), *headers, media_type=self.media_type)

    def entities(self, plural: str, singular: str, items: list[Tree], **more: object) -> bytes:
        """A query's only page unless `more` says else: JSON nests twice under the plural (WIRE T6)."""
        inner = singular if self.dialect == "xml" else plural
        paging = {"PagingInfo": {"PageNum": 1, "PageSize": 100, "PagesCount": 1}}
        return self.reply("QueryResult", {"Entities": {plural: {inner: items}}, **paging, **more})

    def points(self, *points: Tree, **more: object) -> bytes:
        """A page of VM restore points."""
        return self.entities("VmRestorePoints", "VmRestorePoint", list(points), **more)

    def collection(self, plural: str, singular: str, items: list[Tree]) -> bytes:
        """A plain collection, as `GET /api/tasks` answers."""
        return self.reply(plural, {singular if self.dialect == "xml" else plural: items})

    @asynccontextmanager
    async def serve(
        self,
        *answers: Answer,
        routes: Mapping[str, Answer] | None = None,
        session: LogonSession | None = SESSION,
    ) -> AsyncIterator[tuple[EnterpriseManager, Script]]:
        """A client logged on to a server that answers so."""
        script = Script(answers=list(answers), routes=dict(routes or {}))
        async with (
            serving(script, self.who),
            client_of(script, self.who, wire=self.wire, session=session) as manager,
        ):
            yield manager, script

    def sent_body(self, request: Request) -> Tree:
        """The body of a request as nested dicts in the order it was sent, read without the client's code."""
        if self.wire is WireFormat.JSON:
            sent: Tree = json.loads(request.body)
            return sent
        from xml.etree import ElementTree as ET

        fields: Tree = _plain(ET.fromstring(request.body))[1]  # noqa: S314 - the client's own
        return fields


def _plain(element: Any) -> tuple[str, Any]:  # noqa: ANN401 - an element of the standard library
    children = [_plain(child) for child in element]
    return element.tag.partition("}")[2], dict(children) if children else element.text or ""


Check = Callable[[Lab], Awaitable[None]]


@dataclass(frozen=True)
class Fact:
    """One fact or trap of the contract."""

    id: str
    check: Check

    @property
    def name(self) -> str:
        return f"{self.id}-{self.check.__name__}"


FACTS: list[Fact] = []


def fact(id: str) -> Callable[[Check], Check]:
    """Name a check after the section or trap of the contract it stands for."""

    def add(check: Check) -> Check:
        FACTS.append(Fact(id, check))
        return check

    return add
