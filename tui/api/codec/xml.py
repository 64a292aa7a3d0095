"""XML by xmltodict, through a parser that refuses DTDs, entities and endless depth (WIRE 2.2)."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar
from xml.parsers import expat
from xml.parsers.expat import ExpatError

import xmltodict

from tui.api.codec.base import Codec, as_utf8
from tui.api.codec.listing import is_web_page
from tui.api.codec.restore_request import Fields, xml_fields
from tui.api.codec.tree import Tree
from tui.api.errors import Invalid, NotManager, TooLarge, Unreadable
from tui.api.limits import Limits
from tui.api.models import RestoreSpec, WireFormat

_PIECE = 32_768
_TAG_BYTES = 1_000_000
"""Of one tag or comment. expat before 2.6 reads an unfinished one again from its start with each piece."""


class GuardedParser:
    """One expat parser with refusals in place; takes xmltodict's handlers by attribute, as expat does."""

    _parser: expat.XMLParserType
    _path: deque[object]

    def __init__(self, encoding: str | None, separator: str | None, max_depth: int) -> None:
        parser = expat.ParserCreate(encoding, separator)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        object.__setattr__(self, "_parser", parser)
        object.__setattr__(self, "_path", deque(maxlen=max_depth + 1))

    def __setattr__(self, name: str, value: object) -> None:
        # xmltodict's own refusal of entities raises a bare ValueError.
        # With attributes as dicts, which xmltodict takes as well, there is less to do for each element.
        if name not in {"EntityDeclHandler", "ordered_attributes"}:
            setattr(self._parser, name, value)
        if name == "StartElementHandler":
            # The handler is a method of xmltodict's builder. One element more than allowed is let in.
            value.__self__.path = self._path  # type: ignore[attr-defined]

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

    @staticmethod
    def _refuse(*_arguments: object) -> int:
        raise Unreadable("It brings its own document type or entities, which no Enterprise Manager does.")


def _too_deep() -> TooLarge:
    return TooLarge("It is nested deeper than any answer of Enterprise Manager.")


class GuardedExpat:
    """The stand-in for the `expat` module.

    Args:
        max_depth: how deep elements may be nested.
    """

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth

    def ParserCreate(  # noqa: N802 - expat's face
        self, encoding: str | None = None, namespace_separator: str | None = None
    ) -> GuardedParser:
        """A parser that refuses DTDs, entities and too much depth."""
        return GuardedParser(encoding, namespace_separator, self._max_depth)


NAMESPACE = "http://www.veeam.com/ent/v1.0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PREFIX = re.compile(rb"xmlns:(?!xsd\b|xsi\b)")
_ENCODING = re.compile(rb"<\?xml\s[^>]{0,100}?encoding\s*=\s*[\"']([^\"']{1,40})[\"']", re.IGNORECASE)
_STAND_IN = b"&#xFFFD;"
_BAD_CHARACTERS = {
    expat.errors.codes[words]
    for words in (
        expat.errors.XML_ERROR_INVALID_TOKEN,
        expat.errors.XML_ERROR_BAD_CHAR_REF,
        expat.errors.XML_ERROR_UNDEFINED_ENTITY,
    )
}
"""Codes of expat's errors behind which there may be what is no character."""
_NO_CHARACTER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
_MOST_REPLACED = 100_000
_ENTITIES = (b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&apos;")
"""All there are without a document type, which is refused."""
_REFERENCE = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|&#(?P<base>x(?=[0-9A-Fa-f])|(?=[0-9]+;))(?P<code>[0-9A-Fa-f]+);"
    rb"|(?P<stray>&(?!(?:amp|lt|gt|quot|apos);)(?:#?[0-9A-Za-z._-]{1,32};)?)|(?P<end>\]\]>)",
    re.DOTALL,
)
"""A reference to a character, one to nothing, the end of no section, or a section that has no references."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlCodec(Codec):
    """Reads and writes `application/xml`."""

    wire: ClassVar[WireFormat] = WireFormat.XML
    media_type: ClassVar[str] = "application/xml"

    def tree(self, body: bytes, limits: Limits) -> Tree:
        """Decode a reply; attributes and elements alike become members."""
        return _tree(parse(body, limits))

    def restore_body(self, spec: RestoreSpec) -> bytes:
        """`RestoreSpec` with the seed's declaration and namespaces, elements in the order stated there."""
        fields = xml_fields(spec)
        _check_writable(fields)
        document = {
            "RestoreSpec": {
                "@xmlns": NAMESPACE,
                "@xmlns:xsd": "http://www.w3.org/2001/XMLSchema",
                "@xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                **fields,
            }
        }
        text = xmltodict.unparse(document, pretty=True, indent="  ", short_empty_elements=True)
        return text.encode()


def _tree(root: dict[str, Any]) -> Tree:
    name, members = next(iter(root.items()))
    if isinstance(members, dict):
        return Tree(name, members)
    return Tree(name, {"#text": members} if members else {})


def parse(body: bytes, limits: Limits) -> dict[str, Any]:
    """xmltodict's view of a reply, with names freed of namespaces and attributes without a mark.

    Args:
        body: the reply.
        limits: its bounds.

    Raises:
        NotManager: it is a web page.
        Unreadable, TooLarge: as `Codec.tree` says.
    """
    if body[:2] in _UTF16:
        # expat would do, but the checks below look at bytes.
        body = body.decode("utf-16", errors="replace").encode()
        encoding = "utf-8"
    else:
        body, encoding = body.removeprefix(b"\xef\xbb\xbf"), None
    if is_web_page(body):
        raise NotManager("It is a web page.")
    # Two angle brackets an element, two quotes an attribute.
    if body.count(b"<") > 2 * limits.nodes or body.count(b'"') + body.count(b"'") > 2 * limits.nodes:
        raise TooLarge("It holds more elements than any answer of Enterprise Manager.")
    if encoding is None:
        body = body.lstrip()
    if not body.lstrip().startswith(b"<"):
        raise Unreadable("It is neither XML nor JSON." if body.strip() else "It is empty.")
    try:
        try:
            root = _parsed(body, encoding, limits)
        except ExpatError as error:
            # Only now, so that a reply in order pays nothing for it.
            if error.code not in _BAD_CHARACTERS or (cleaned := _with_characters_only(body)) == body:
                raise
            root = _parsed(cleaned, encoding, limits)
    except (ExpatError, ValueError, LookupError, UnicodeError) as error:
        raise Unreadable(f"It is not XML: {_first_words(error)}.") from error
    if not root:
        raise Unreadable("It is empty.")
    return root


def _parsed(body: bytes, encoding: str | None, limits: Limits) -> dict[str, Any]:
    # Freeing names of prefixes costs a tenth of the whole, so only where there are any.
    prefixed = _PREFIX.search(body) is not None
    root: dict[str, Any] = xmltodict.parse(
        body,
        encoding=encoding,
        expat=GuardedExpat(limits.depth),
        attr_prefix="",
        process_namespaces=prefixed,
        namespaces=_AnyNamespace() if prefixed else None,
    )
    return root


def _with_characters_only(body: bytes) -> bytes:
    """The reply with U+FFFD for what is no character: one bad name must not cost the list (WIRE 2.2).

    Raises:
        TooLarge: there is no end of them; replacing millions would keep the interpreter from all else.
    """
    controls = len(body) - len(body.translate(None, _CONTROLS))
    references = body.count(b"&") - sum(map(body.count, _ENTITIES))
    if controls + references > _MOST_REPLACED:
        raise TooLarge("It holds more control characters than any answer of Enterprise Manager.")
    declared = _ENCODING.match(body)
    if declared is None or declared[1].lower() in {b"utf-8", b"utf8"}:
        # Itself, not a reference to it, which is none in a CDATA section.
        body = _NO_CHARACTER.sub("\ufffd".encode(), as_utf8(body))
    return _REFERENCE.sub(_checked_reference, _NO_CHARACTER.sub(_STAND_IN, body))


def _checked_reference(match: re.Match[bytes]) -> bytes:
    """A reference to a character as it is, and one to U+FFFD in place of one to nothing."""
    if match["code"] is None:
        return _STAND_IN if match["stray"] else b"]]&gt;" if match["end"] else match[0]
    digits = match["code"].lstrip(b"0") or b"0"
    code = int(digits, 16 if match["base"] else 10) if len(digits) <= 7 else sys.maxunicode + 1
    return match[0] if code <= sys.maxunicode and not _NOT_XML.match(chr(code)) else _STAND_IN


class _AnyNamespace(Mapping[str, None]):
    """xmltodict's namespace table: every namespace shortens to nothing."""

    def __getitem__(self, _namespace: str) -> None:
        return None

    def __iter__(self) -> Any:  # noqa: ANN401 - never asked for
        return iter(())

    def __len__(self) -> int:
        return 0


def _first_words(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _check_writable(fields: Fields | list[Fields]) -> None:
    for value in fields if isinstance(fields, list) else fields.values():
        if isinstance(value, dict | list):
            _check_writable(value)
        elif isinstance(value, str) and _NOT_XML.search(value):
            raise Invalid(
                "A name or reference contains characters that XML cannot carry.",
                hint="Type it again without control characters.",
                request_sent=False,
            )
