"""References and UIDs: what names objects of hosts and of Enterprise Manager (WIRE 2.4, 8.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.api.errors import BadReference
from tui.api.models.enums import Platform

_GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_REFERENCE = re.compile(rf"urn:([^:\s]+):([^:\s]+):({_GUID})\.(\S.*)", re.IGNORECASE)
_UID = re.compile(rf"urn:veeam:([^:\s]+):({_GUID})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """A HierarchyObjRef: `urn:<platform>:<type>:<root guid>.<object>` (WIRE 8.3)."""

    platform_word: str
    object_type: str
    root_id: str
    object_id: str
    text: str
    """The reference as sent or typed."""

    @classmethod
    def parse(cls, text: str) -> ObjectRef:
        """Read a reference.

        Raises:
            BadReference: it is not of that form; the message says which part is wrong.
        """
        match = _REFERENCE.fullmatch(text.strip())
        if match is None:
            raise BadReference(
                "A reference looks like urn:vCloud:Datastore:<root id>.<object id>; the root id is a GUID."
            )
        platform, kind, root, thing = match.groups()
        return cls(platform_word=platform, object_type=kind, root_id=root, object_id=thing, text=text.strip())

    @property
    def platform(self) -> Platform:
        """The platform named by the reference."""
        return Platform.from_word(self.platform_word)

    def __str__(self) -> str:
        return self.text


def uid_of(kind: str, text: str) -> str:
    """Normalise what an operator typed for a UID to `urn:veeam:<kind>:<guid>`; a bare GUID is accepted.

    Raises:
        BadReference: it is neither.
    """
    stripped = text.strip()
    match = _UID.fullmatch(stripped)
    if match and match.group(1).lower() == kind.lower():
        return stripped
    if re.fullmatch(_GUID, stripped):
        return f"urn:veeam:{kind}:{stripped}"
    raise BadReference(f"A UID of this kind looks like urn:veeam:{kind}:<GUID>.")


def is_same_path(link: str, path: str) -> bool:
    """Whether a link is that path, in any case and with or without a slash before `?` (WIRE 1.1)."""
    place, mark, query = link.partition("?")
    return (place.removesuffix("/") + mark + query).lower() == path.lower()


def id_of(uid: str) -> str:
    """The bare id at the end of a UID: what URLs carry (WIRE 2.4)."""
    return uid.rpartition(":")[2]
