"""An XML parser for xmltodict that refuses what xmltodict takes as it comes: DTDs, entities, endless depth.

xmltodict accepts a stand-in for the `expat` module, asks it for a parser, hangs its handlers on that
parser and has it parse all in one go. The stand-in here hands out a parser that parses piece by piece
and looks between the pieces how deep it is and how long the tag being read has become. That costs
nothing per element, unlike counting in a handler, which costs a tenth of the whole.

What is opened and closed again within one piece is caught as well: xmltodict keeps the path to where
it is in a list, and a deque that forgets its outermost elements takes the list's place. Nested too
deep, the path is empty before the last element is closed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from tui.api.errors import TooLarge, Unreadable

_PIECE = 32_768
_TAG_BYTES = 1_000_000
"""Of one tag or comment. expat before 2.6 reads an unfinished one again from its start with each piece."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Elements that nobody will read: they are left out, with all that is in them."""

    element: str
    attribute: str
    values: frozenset[str]
    """What the attribute says of those that are left out."""


class GuardedParser:
    """One expat parser with refusals in place; takes xmltodict's handlers by attribute, as expat does."""

    _parser: expat.XMLParserType
    _path: deque[object]
    _unread: Unread | None

    def __init__(
        self, encoding: str | None, separator: str | None, max_depth: int, unread: Unread | None
    ) -> None:
        parser = expat.ParserCreate(encoding, separator)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        object.__setattr__(self, "_parser", parser)
        object.__setattr__(self, "_path", deque(maxlen=max_depth + 1))
        object.__setattr__(self, "_unread", unread)

    def __setattr__(self, name: str, value: object) -> None:
        # xmltodict's own refusal of entities raises a bare ValueError.
        # With attributes as dicts, which xmltodict takes as well, there is less to do for each element.
        if name not in {"EntityDeclHandler", "ordered_attributes"}:
            setattr(self._parser, name, value)
        if name == "StartElementHandler":
            # The handler is a method of xmltodict's builder. One element more than allowed is let in.
            value.__self__.path = self._path  # type: ignore[attr-defined]
        if name == "EndElementHandler" and self._unread is not None:
            self._leave_out(self._unread)

    def Parse(self, data: bytes, is_final: bool) -> None:  # noqa: N802 - expat's face
        """Parse all of `data`.

        Raises:
            TooLarge: it is nested too deep, or one tag is too long.
            Unreadable: it brings a DTD or entities.
        """
        try:
            for start in range(0, len(data), _PIECE):
                self._parser.Parse(data[start : start + _PIECE], False)
                if len(self._path) == self._path.maxlen:
                    raise _too_deep()
                if start - self._parser.CurrentByteIndex > _TAG_BYTES:
                    raise TooLarge("One tag is longer than any answer of Enterprise Manager.")
        except IndexError as error:
            raise _too_deep() from error
        self._parser.Parse(b"", is_final)

    def _leave_out(self, unread: Unread) -> None:
        """Keep what nobody reads from xmltodict's handlers, which cost more than all else together."""
        # The stubs of expat know the handlers with one kind of attributes only.
        parser: Any = self._parser
        start, end, inside = parser.StartElementHandler, parser.EndElementHandler, 0
        element, attribute, values = unread.element, unread.attribute, unread.values

        def on_start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if inside or (name == element and attributes.get(attribute) in values):
                inside += 1
            else:
                start(name, attributes)

        def on_end(name: str) -> None:
            nonlocal inside
            if inside:
                inside -= 1
            else:
                end(name)

        parser.StartElementHandler, parser.EndElementHandler = on_start, on_end

    @staticmethod
    def _refuse(*_arguments: object) -> int:
        raise Unreadable("It brings its own document type or entities, which no Enterprise Manager does.")


def _too_deep() -> TooLarge:
    return TooLarge("It is nested deeper than any answer of Enterprise Manager.")


class GuardedExpat:
    """The stand-in for the `expat` module.

    Args:
        max_depth: how deep elements may be nested.
        unread: what to leave out.
    """

    def __init__(self, max_depth: int, unread: Unread | None = None) -> None:
        self._max_depth = max_depth
        self._unread = unread

    def ParserCreate(  # noqa: N802 - expat's face
        self, encoding: str | None = None, namespace_separator: str | None = None
    ) -> GuardedParser:
        """A parser that refuses DTDs, entities and too much depth."""
        return GuardedParser(encoding, namespace_separator, self._max_depth, self._unread)
