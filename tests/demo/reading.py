"""Reads replies of the demo server with the standard library alone, XML and JSON through one face.

Not with `tui.api`: these tests say what the server sends, not what the client makes of it.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from tests.support.demo_process import DemoProcess

NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
MEDIA = {"xml": "application/xml", "json": "application/json"}
TOKEN = "X-RestSvcSessionId"


@dataclass
class Node:
    """One resource of a reply."""

    data: Any

    @property
    def is_xml(self) -> bool:
        return isinstance(self.data, ElementTree.Element)

    def get(self, name: str) -> str | None:
        """An attribute, element or key as text, `None` if it is not there."""
        if self.is_xml:
            if name in self.data.attrib:
                return str(self.data.attrib[name])
            child = self.data.find(NAMESPACE + name)
            return None if child is None else child.text or ""
        value = self.data.get(name)
        return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        assert value is not None, f"no {name} in {self.names}"
        return value

    @property
    def names(self) -> list[str]:
        """The names of what it holds, in order."""
        if self.is_xml:
            return [*self.data.attrib, *(child.tag.removeprefix(NAMESPACE) for child in self.data)]
        return list(self.data)

    def child(self, name: str) -> Node | None:
        found = self.data.find(NAMESPACE + name) if self.is_xml else self.data.get(name)
        return None if found is None else Node(found)

    @property
    def links(self) -> list[dict[str, str]]:
        if self.is_xml:
            holder = self.data.find(NAMESPACE + "Links")
            return [] if holder is None else [dict(link.attrib) for link in holder]
        return list(self.data.get("Links", []))

    def link(self, rel: str, kind: str = "") -> str:
        """Path and query of the link with this Rel and Type."""
        for link in self.links:
            if link["Rel"] == rel and kind in {"", link.get("Type", "")}:
                parts = urlsplit(link["Href"])
                return parts.path + ("?" + parts.query if parts.query else "")
        raise AssertionError(f"no link {rel} {kind} among {self.links}")

    def has_link(self, rel: str, kind: str = "") -> bool:
        return any(link["Rel"] == rel and kind in {"", link.get("Type", "")} for link in self.links)


@dataclass
class Answer:
    """One reply."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def node(self) -> Node:
        """The root of the document."""
        if self.body.lstrip().startswith(b"<"):
            return Node(ElementTree.fromstring(self.body))  # noqa: S314 - our own server's
        return Node(json.loads(self.body))

    def rows(self, *path: str) -> list[Node]:
        """The rows of a list: XML element names, or JSON keys, on the way to them."""
        found = self.node.data
        for name in path:
            found = found.find(NAMESPACE + name) if isinstance(found, ElementTree.Element) else found[name]
            assert found is not None, f"no {name} in {self.body[:300]!r}"
        return [Node(item) for item in found]

    def queried(self, plural: str, wrapper: str = "Entities") -> list[Node]:
        """The rows of a query: doubly nested in JSON (WIRE T6)."""
        if wrapper == "Refs":
            return self.rows("Refs") if self.node.is_xml else self.rows("Refs", "Refs")
        return self.rows(wrapper, plural) if self.node.is_xml else self.rows(wrapper, plural, plural)

    def listed(self, plural: str) -> list[Node]:
        """The rows of a plain collection."""
        return self.rows() if self.node.is_xml else self.rows(plural)

    @property
    def paging(self) -> Node:
        found = self.node.child("PagingInfo")
        assert found is not None
        return found

    @property
    def message(self) -> str:
        return self.node["Message"]


@dataclass
class Wire:
    """A client that does nothing by itself: no retries, no cookies, no redirects."""

    demo: DemoProcess
    format: str = "xml"
    headers: dict[str, str] = field(default_factory=dict)
    session_id: str = ""

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.demo.certificate)
        self.connection = http.client.HTTPSConnection(
            self.demo.host, self.demo.port, context=context, timeout=30
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, body: str | bytes | None = None, **headers: str | None) -> Answer:
        """One request. `Accept` is the client's format unless `accept` is given; None leaves one out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        left_out = {name.lower() for name in named}
        given = {"Accept": MEDIA[self.format], **self.headers}
        given = {name: value for name, value in given.items() if name.lower() not in left_out}
        given |= {name: value for name, value in named.items() if value is not None}
        data = body.encode() if isinstance(body, str) else body
        self.connection.request(method, path, body=data, headers=given)
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.send("GET", path, **headers)

    def query(self, kind: str, filter_text: str = "", **parameters: object) -> Answer:
        """A query for entities, unless `format` says otherwise."""
        given = {"type": kind, "format": "Entities", **parameters}
        if filter_text:
            given["filter"] = filter_text
        text = "&".join(
            f"{name}={quote(str(value), safe='')}" for name, value in given.items() if value != ""
        )
        return self.get(f"/api/query?{text}")

    def log_on(self, user: str = "", password: str = "", version: str = "latest") -> Answer:
        """Log on and use the session from now on."""
        text = f"{user or self.demo.user}:{password or self.demo.password}"
        basic = "Basic " + base64.b64encode(text.encode()).decode()
        answer = self.send("POST", f"/api/sessionMngr/?v={version}", Authorization=basic, Content_Length="0")
        if answer.status == 201:
            self.headers = {TOKEN: str(answer.headers[TOKEN])}
            self.session_id = answer.node["SessionId"]
        return answer

    def points(self, vm: str, platform: str = "") -> list[Node]:
        """The points of the VMs of a name, newest first."""
        answer = self.query("VmRestorePoint", f'VmDisplayName=="{vm}"', sortDesc="CreationTime", pageSize=500)
        word = f":{platform.lower()}:" if platform else ""
        rows = answer.queried("VmRestorePoints")
        return [row for row in rows if word in (row.get("HierarchyObjRef") or "").lower()]

    def point_id(self, vm: str, platform: str = "") -> str:
        """The bare id of the newest point of a VM."""
        return self.points(vm, platform)[0]["UID"].rpartition(":")[2]

    def restore(
        self, point_id: str, body: str | None, kind: str = "vmRestorePoints", **headers: str | None
    ) -> Answer:
        """POST a restore; the Content-Type is that of the client's format unless given."""
        given: dict[str, str | None] = {"Content_Type": MEDIA[self.format], **headers}
        return self.send("POST", f"/api/{kind}/{point_id}?action=restore", body, **given)


def xml_spec(wrapper: str, inner: str) -> str:
    """A restore request in XML."""
    return f'<RestoreSpec xmlns="{NAMESPACE[1:-1]}"><{wrapper}>{inner}</{wrapper}></RestoreSpec>'


def vm_spec(form: str, *, power_on: bool = False, quick: bool = False, keep: bool | None = True) -> str:
    """A vSphere or Hyper-V restore as the seed page shows it."""
    fields = {"PowerOnAfterRestore": power_on, "QuickRollback": quick, "KeepOriginalVM": keep}
    given = {name: value for name, value in fields.items() if value is not None}
    if form == "json":
        return json.dumps({"VmRestoreSpec": given})
    return xml_spec("VmRestoreSpec", "".join(f"<{k}>{str(v).lower()}</{k}>" for k, v in given.items()))
