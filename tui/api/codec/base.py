"""What a codec can do."""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from typing import ClassVar

from tui.api.codec.listing import Listing, error_message
from tui.api.codec.resources import read_points
from tui.api.codec.tree import Tree
from tui.api.limits import Limits
from tui.api.models import PointKind, RestorePoint, RestoreSpec, WireFormat

PIECE_BYTES = 65_536
"""What is worked on in one go: meanwhile the interpreter does nothing else, in no thread."""


class Codec(ABC):
    """One format: reads replies into models, writes restore requests."""

    wire: ClassVar[WireFormat]
    media_type: ClassVar[str]

    @abstractmethod
    def tree(self, body: bytes, limits: Limits) -> Tree:
        """Decode a reply.

        Raises:
            Unreadable: it is malformed or holds forbidden constructs.
            TooLarge: it exceeds a limit.
        """

    @abstractmethod
    def restore_body(self, spec: RestoreSpec) -> bytes:
        """The body of a restore request.

        Raises:
            Invalid: a value cannot be written in this format.
        """

    def points(self, body: bytes, kind: PointKind, limits: Limits) -> Listing[RestorePoint]:
        """A page of restore points; formats override it with something faster."""
        return read_points(self.tree(body, limits), kind)

    def error_message(self, body: bytes, limits: Limits) -> str:
        """What an error body says, empty if it does not say anything.

        Raises:
            BadReply: it is not of this format.
        """
        return error_message(self.tree(body, limits))


def as_utf8(body: bytes) -> bytes:
    """Return a body with U+FFFD for the bytes that are no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    starts = range(0, len(body), PIECE_BYTES)
    pieces = [decoder.decode(body[start : start + PIECE_BYTES]).encode() for start in starts]
    return b"".join([*pieces, decoder.decode(b"", final=True).encode()])
