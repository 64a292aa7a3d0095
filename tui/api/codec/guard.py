"""An XML parser for xmltodict that refuses what xmltodict takes as it comes: DTDs, entities, endless depth.

xmltodict accepts a stand-in for the `expat` module and asks it for a parser; it then hangs its
handlers on that parser. The stand-in here hands out a parser that counts how deep it is.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat

from tui.api.errors import BadReply, TooLarge, Unreadable

Start = Callable[[str, "list[str]"], None]
End = Callable[[str], None]


class GuardedParser:
    """One expat parser with refusals in place; takes xmltodict's handlers by attribute, as expat does."""

    def __init__(self, encoding: str | None, separator: str | None, max_depth: int) -> None:
        parser = expat.ParserCreate(encoding, separator)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        object.__setattr__(self, "_parser", parser)
        object.__setattr__(self, "_left", [None] * max_depth)

    _parser: expat.XMLParserType
    _left: list[None]

    def __setattr__(self, name: str, value: object) -> None:
        if name == "EntityDeclHandler":
            return  # xmltodict's own refusal raises a bare ValueError
        if name == "StartElementHandler":
            value = self._counting_start(value)  # type: ignore[arg-type]
        elif name == "EndElementHandler":
            value = self._counting_end(value)  # type: ignore[arg-type]
        setattr(self._parser, name, value)

    def _counting_start(self, handler: Start) -> Start:
        # A list that shrinks costs less per element than a counter in a closure or an attribute.
        step_down, too_deep = self._left.pop, IndexError

        def start(name: str, attributes: list[str]) -> None:
            try:
                step_down()
            except too_deep:
                raise TooLarge("It is nested deeper than any answer of Enterprise Manager.") from None
            handler(name, attributes)

        return start

    def _counting_end(self, handler: End) -> End:
        step_up = self._left.append

        def end(name: str) -> None:
            step_up(None)
            handler(name)

        return end

    @staticmethod
    def _refuse(*_arguments: object) -> int:
        raise Unreadable("It brings its own document type or entities, which no Enterprise Manager does.")

    def Parse(self, data: bytes, is_final: bool) -> None:  # noqa: N802 - expat's face
        """Parse all of `data`."""
        self._parser.Parse(data, is_final)


class GuardedExpat:
    """The stand-in for the `expat` module."""

    ExpatError = expat.ExpatError

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth

    def ParserCreate(  # noqa: N802 - expat's face
        self, encoding: str | None = None, namespace_separator: str | None = None
    ) -> GuardedParser:
        """A parser that refuses DTDs, entities and too much depth."""
        return GuardedParser(encoding, namespace_separator, self._max_depth)


__all__ = ["BadReply", "GuardedExpat"]
