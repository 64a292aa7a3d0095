"""Addresses of things and the links between them, under the host name the server believes in (WIRE T16)."""

from __future__ import annotations

from tui.demo.options import Options
from tui.demo.wire import Link, Resource
from tui.demo.world import Server


class Hrefs:
    """Makes addresses and links."""

    def __init__(self, options: Options) -> None:
        self.base = options.href_host.rstrip("/") + "/api/"

    def of(self, path: str) -> str:
        """The address of a path below `/api/`."""
        return self.base + path

    def up(self, path: str, kind: str, name: str = "") -> Link:
        """A link to what this belongs to."""
        return Link("Up", self.of(path), kind, name)

    def down(self, path: str, kind: str) -> Link:
        """A link to what belongs to this."""
        return Link("Down", self.of(path), kind)

    def server(self, server: Server) -> Link:
        """The Up link to the backup server: the only place where an entity names it (WIRE 3.5)."""
        return self.up(f"backupServers/{server.guid}", "BackupServerReference", server.name)

    def entity(
        self,
        kind: str,
        path: str,
        name: str,
        guid: str,
        links: tuple[Link, ...],
        *,
        related: tuple[Link, ...] = (),
    ) -> Resource:
        """An entity: attributes Href, Type, Name, UID; its links with the Alternate one among them."""
        alternate = Link("Alternate", self.of(f"{path}/{guid}"), f"{kind}Reference", name)
        return Resource(
            tag=kind,
            attributes={
                "Href": self.of(f"{path}/{guid}?format=Entity"), "Type": kind, "Name": name,
                "UID": f"urn:veeam:{kind}:{guid}",
            },
            links=(*links, alternate, *related),
        )  # fmt: skip

    def reference(
        self, kind: str, path: str, name: str, guid: str, links: tuple[Link, ...] = (), *, tag: str = "Ref"
    ) -> Resource:
        """What lists hold by default and `/{id}` answers without format=Entity (WIRE T10)."""
        alternate = Link("Alternate", self.of(f"{path}/{guid}?format=Entity"), kind, name)
        return Resource(
            tag=tag,
            attributes={
                "UID": f"urn:veeam:{kind}:{guid}", "Name": name, "Href": self.of(f"{path}/{guid}"),
                "Type": f"{kind}Reference",
            },
            links=(*links, alternate),
        )  # fmt: skip


def as_reference(entity: Resource, tag: str = "Ref") -> Resource:
    """The reference to an entity: its Up links and the Alternate one, nothing else."""
    kind, name = str(entity.attributes["Type"]), str(entity.attributes["Name"])
    href = str(entity.attributes["Href"])
    ups = tuple(link for link in entity.links or () if link.rel == "Up")
    return Resource(
        tag=tag,
        attributes={
            "UID": entity.attributes["UID"], "Name": name, "Href": href.partition("?")[0],
            "Type": f"{kind}Reference",
        },
        links=(*ups, Link("Alternate", href, kind, name)),
    )  # fmt: skip
