"""What a codec can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeVar

from tui.api.codec import resources
from tui.api.codec.listing import Listing
from tui.api.codec.resources import read_points
from tui.api.codec.tree import Tree
from tui.api.limits import Limits
from tui.api.models import PointKind, RestorePoint, RestoreSpec, WireFormat

ModelT = TypeVar("ModelT")


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

    def read(self, body: bytes, reader: Callable[[Tree], ModelT], limits: Limits) -> ModelT:
        """Decode a reply and read a model from it with one of `readers`."""
        return reader(self.tree(body, limits))

    def error_message(self, body: bytes, limits: Limits) -> str:
        """What an error body says, empty if it does not say anything.

        Raises:
            BadReply: it is not of this format.
        """
        return resources.error_message(self.tree(body, limits))
