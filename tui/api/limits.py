"""How much of a reply is taken and how long is waited: a hostile server meets these bounds, no other."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a server may send."""

    body_bytes: int = 64 * MIB
    """Of one reply, compressed and again decompressed. A page of 500 points takes about one MiB."""
    small_bytes: int = 64 * 1024
    """Of an error, a logon or the API's root, which are decoded on the event loop."""
    nodes: int = 1_000_000
    """Elements of XML, or members and items of JSON, in one reply."""
    depth: int = 64
    """Nesting of a reply; the contract's deepest is about ten."""
    pages: int = 20_000
    """Pages of one list."""
    session_pages: int = 200
    """Pages of one list of restore sessions: it is asked again every few seconds."""

    def without_points(self) -> Limits:
        """Return the bounds on all other replies: a month of restore sessions is a fifth of a long page."""
        return replace(self, body_bytes=self.body_bytes // 4, nodes=self.nodes // 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds per kind of call. The totals hold for a call with all its tries and all its drips."""

    connect: float = 10.0
    read: float = 30.0
    """Silence while a reply to a read is awaited."""
    write: float = 120.0
    """Silence while a reply to a write is awaited: starting a restore can take the server long."""
    read_total: float = 90.0
    write_total: float = 180.0
    tries: int = 3
    """How often a read is tried in all. A write is tried once."""
