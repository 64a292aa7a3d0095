"""The three links of a restore point that matter, cut out of its bytes instead of decoded with the others.

Decoding the seven links of each point into objects costs as much as all the rest of the page. Of them
only the backup server, the restore point and the Restore action are wanted, and these are the same from
point to point but for the point's own id. So they are remembered by their bytes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import msgspec

from tui.api.codec.resources import linked, marked_path, server_in
from tui.api.codec.tree import Tree, id_in
from tui.api.errors import Unreadable

Linked = tuple[tuple[str, str], str, str]
"""UID and name of the backup server, id of the restore point, Restore path with `{id}` for the own id."""

_SERVER, _PARENT, _RESTORE = b'"BackupServerReference"', b'"RestorePointReference"', b'"Restore"'
_LONG = 16_000
_KNOWN = 4_096


class Link(Protocol):
    """A decoded link."""

    href: str
    rel: str | None
    type: str | None
    name: str | None


class Decoder(Protocol):
    """Reads one link of one casing."""

    def decode(self, buf: bytes) -> Link:
        """The link."""


class Unusual(Exception):
    """A link is not of the usual shape."""


class LinkReader:
    """Reads the links of one casing.

    Args:
        decoder: reads one link.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._lead = b""
        """What stands before the point's own id where its links begin with Restore, as they mostly do."""
        self._length = 0
        """Of the bytes the last point's links were known by: most are as long."""
        self._known: dict[bytes, Linked] = {}
        """What links say, by their bytes from behind the point's own id to the mark of the restore point."""
        self._order = (1, 2, 0)
        """Where among the links the three stood last; it rarely changes within a list."""
        self._server = lru_cache(maxsize=1024)(self._server_of)
        self._parent = lru_cache(maxsize=4096)(self._parent_of)
        self._restore = lru_cache(maxsize=1024)(self._restore_of)

    def forget(self) -> None:
        """Begin again, as if no links had been read."""
        self._known.clear()
        for remembered in (self._server, self._parent, self._restore):
            remembered.cache_clear()

    def read(self, links: list[bytes], uids: list[str]) -> list[Linked]:
        """What the links of each point say, by their own bytes.

        Raises:
            Unreadable: they are damaged.
        """
        found, get, length = [], self._known.get, self._length
        for raw, uid in zip(links, uids, strict=True):
            own = uid[uid.rfind(":") + 1 :].encode() or b" "
            head = self._lead + own
            said = None
            if raw.startswith(head):
                start = len(head)
                said = get(raw[start : start + length])
                if said is None:  # they may only be longer or shorter than those of the point before
                    length = raw.find(_PARENT, start) + len(_PARENT) - start
                    said = get(raw[start : start + length])
            found.append(said or self._read_anew(raw, uid, own))
        self._length = length
        return found

    def _read_anew(self, raw: bytes, uid: str, own: bytes) -> Linked:
        """What the links of one point say, where their bytes were not met before."""
        found = self._cut_out(raw, own)
        if found is None:
            return linked(Tree("", {"Links": _decoded(raw)}), uid)
        lead, _, rest = raw.partition(own)
        known = rest[: rest.find(_PARENT) + len(_PARENT)]
        # These bytes say it all only where the three stand in them, and no other link is the point's own.
        is_all = _PARENT in known and _SERVER in known and (_RESTORE in lead or _RESTORE in known)
        if is_all and b"}" not in lead and own not in known:
            if lead != self._lead or len(self._known) >= _KNOWN:
                self._known.clear()
            self._lead = lead
            self._known[known] = found
        return found

    def _cut_out(self, raw: bytes, own: bytes) -> Linked | None:
        """The three where they stood last, else where they are; None where they are not to be cut out."""
        try:
            return self._cut(raw, own, self._order)
        except (Unusual, IndexError):
            pass
        pieces = raw.split(b"},{")
        places = [
            next((at for at, piece in enumerate(pieces) if mark in piece), -1)
            for mark in (_SERVER, _PARENT, _RESTORE)
        ]
        if min(places) < 0:
            return None
        order = (places[0], places[1], places[2])
        try:
            found = self._cut(raw, own, order)
        except (Unusual, IndexError):
            return None
        self._order = order
        return found

    def _cut(self, raw: bytes, own: bytes, order: tuple[int, int, int]) -> Linked:
        """Split the links of a compact reply at `},{`.

        A text that holds the same characters spoils the pieces, and then they do not decode: no piece can
        begin inside a text and still begin with a member's quotation mark.

        Raises:
            Unusual, IndexError: what is wanted is not there.
        """
        if len(raw) > _LONG:
            raise Unusual  # the caches count what they hold, they do not weigh it
        server, parent, restore = order
        pieces = raw[2:-2].split(b"},{", max(order) + 1)
        return (
            self._server(pieces[server]),
            self._parent(pieces[parent]),
            self._restore(pieces[restore].replace(own, b"{id}")),
        )

    def _server_of(self, link: bytes) -> tuple[str, str]:
        decoded = self._link(link)
        if decoded.type != "BackupServerReference":
            raise Unusual
        return server_in(decoded.href, decoded.name or "")

    def _parent_of(self, link: bytes) -> str:
        decoded = self._link(link)
        if decoded.type != "RestorePointReference":
            raise Unusual
        return id_in(decoded.href)

    def _restore_of(self, link: bytes) -> str:
        decoded = self._link(link)
        if decoded.rel != "Restore":
            raise Unusual
        return marked_path(decoded.href)

    def _link(self, link: bytes) -> Link:
        try:
            return self._decoder.decode(b"{%b}" % link)
        except (msgspec.DecodeError, ValueError) as error:
            raise Unusual from error


def _decoded(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError) as error:  # inside raw values not even UTF-8 was checked yet
        raise Unreadable("Its links are damaged.") from error
