"""Turns what is to be said into a reply in the format that was asked for (WIRE 2.1)."""

from __future__ import annotations

from tui.demo import wire_json, wire_xml
from tui.demo.messages import JSON, XML, Reply, Request
from tui.demo.options import Options
from tui.demo.wire import Body, Failure

_CHALLENGE = ("WWW-Authenticate", "Basic Realm=RestSvc")
_OLD_REASONS = {400: "BadRequest", 404: "NotFound", 500: "InternalServerError"}


class Replies:
    """Writes replies."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def format_of(self, request: Request) -> str:
        """xml, pascal or camel."""
        return self._options.casing if request.wants_json and not request.xml_only else "xml"

    def say(self, request: Request, body: Body, status: int = 200) -> Reply:
        """A reply with a body."""
        fmt = self.format_of(request)
        text = wire_xml.write(body) if fmt == "xml" else wire_json.write(body, camel=fmt == "camel")
        return Reply(status=status, body=text.encode(), content_type=content_type(fmt))

    def fail(self, request: Request, status: int, message: str) -> Reply:
        """An error; a 401 names the way to log on (WIRE 1.6)."""
        reply = self.say(request, Failure(status, message), status)
        if status == 401:
            reply.headers.append(_CHALLENGE)
        if self._options.version <= 4:
            reply.reason = _OLD_REASONS.get(status, "")
        return reply


def content_type(fmt: str) -> str:
    """The media type of a format."""
    return XML if fmt == "xml" else f"{JSON}; charset=utf-8"


NO_CONTENT = 204
