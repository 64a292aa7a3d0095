"""An XML parser for xmltodict that refuses what xmltodict takes as it comes: DTDs, entities, endless depth.

xmltodict accepts a stand-in for the `expat` module, asks it for a parser, hangs its handlers on that
parser and has it parse all in one go. The stand-in here hands out a parser that parses piece by piece
and looks between the pieces how deep it is. That costs nothing per element, unlike counting in a
handler, which costs a tenth of the whole.
"""

from __future__ import annotations

from xml.parsers import expat

from tui.api.errors import TooLarge, Unreadable

_PIECE = 32_768


class GuardedParser:
    """One expat parser with refusals in place; takes xmltodict's handlers by attribute, as expat does."""

    _parser: expat.XMLParserType
    _max_depth: int

    def __init__(self, encoding: str | None, separator: str | None, max_depth: int) -> None:
        parser = expat.ParserCreate(encoding, separator)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        object.__setattr__(self, "_parser", parser)
        object.__setattr__(self, "_max_depth", max_depth)

    def __setattr__(self, name: str, value: object) -> None:
        # xmltodict's own refusal of entities raises a bare ValueError.
        if name != "EntityDeclHandler":
            setattr(self._parser, name, value)

    def Parse(self, data: bytes, is_final: bool) -> None:  # noqa: N802 - expat's face
        """Parse all of `data`.

        Raises:
            TooLarge: it is nested too deep.
            Unreadable: it brings a DTD or entities.
        """
        for start in range(0, len(data), _PIECE):
            self._parser.Parse(data[start : start + _PIECE], False)
            if self._depth() > self._max_depth:
                raise TooLarge("It is nested deeper than any answer of Enterprise Manager.")
        self._parser.Parse(b"", is_final)

    def _depth(self) -> int:
        """How many elements are open: xmltodict's handler keeps the path to where it is."""
        handler = getattr(self._parser.StartElementHandler, "__self__", None)
        return len(handler.path) if handler is not None else 0

    @staticmethod
    def _refuse(*_arguments: object) -> int:
        raise Unreadable("It brings its own document type or entities, which no Enterprise Manager does.")


class GuardedExpat:
    """The stand-in for the `expat` module."""

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth

    def ParserCreate(  # noqa: N802 - expat's face
        self, encoding: str | None = None, namespace_separator: str | None = None
    ) -> GuardedParser:
        """A parser that refuses DTDs, entities and too much depth."""
        return GuardedParser(encoding, namespace_separator, self._max_depth)
