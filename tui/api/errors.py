"""What can go wrong while talking to Enterprise Manager, sorted by who has to act.

    ManagerError(detail)                     title and hint are set on the class, or are given
      Unreachable      TimedOut, NameNotFound, NoNameServer, Refused, TlsRefused,
                       ConnectionLost (HandshakeCut), ProxyFailed (ProxyRefused)
                                                                         -> retry offered
      Untrusted        UnknownCertificate, CertificateChanged            -> certificate screen
                       CaFileUnreadable                                  -> said at once
      NotAllowed       BadLogin, SessionExpired, Forbidden               -> login, or explained
      Rejected         Invalid (InvalidRestoreSpec), NotFound, Busy, ServerFault,
                       TaskUnknown, NotImplementedThere                  -> shown where it happened
      NotLoggedOff                                                       -> said once
      BadReply         Unreadable (NoContent), MissingField, TooLarge, NotManager,
                       ErrorAsAnswer, ForeignLink                        -> log and report
    BadReference(VbemError)                  a reference the operator typed is malformed

Each error knows whether the request may have reached the server: that decides what may be said
about a restore whose reply was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import VbemError

if TYPE_CHECKING:
    from tui.api.models.server import Certificate


class ManagerError(VbemError):
    """Base of everything the service layer raises.

    Args:
        detail: what exactly happened, in plain English, without secrets.
        hint: what to do, where the class's own hint does not fit.
        http_code: the HTTP status, 0 where there was none.
        request_sent: whether any byte of the request may have left this machine.
        from_manager: whether the answer is provably Enterprise Manager's own and no proxy's between: its
            Error with the StatusCode of the reply, or a 401 with `Basic Realm=RestSvc` (WIRE 1.6, WIRE 9).
    """

    title = "Enterprise Manager could not be used"
    hint = "Try again; if it persists, check the server."
    hint_at_work = ""
    """In its place where Enterprise Manager has answered before: neither its name nor its port is wrong."""

    def __init__(
        self,
        detail: str = "",
        *,
        hint: str = "",
        http_code: int = 0,
        request_sent: bool = True,
        from_manager: bool = False,
    ) -> None:
        super().__init__(detail, hint=hint)
        self.http_code = http_code
        self.request_sent = request_sent
        self.from_manager = from_manager


class Unreachable(ManagerError):
    """The server was not reached, or the connection broke."""

    title = "The server cannot be reached"
    hint = "Check the name and the port, and that no firewall blocks this host."
    hint_at_work = "Try again; if it persists, check the network and the server: it has answered before."


class TimedOut(Unreachable):
    """No answer in time."""

    title = "The server did not answer in time"
    hint = "Try again; the server or the network is slow."
    hint_at_work = hint


class NameNotFound(Unreachable):
    """The host name does not resolve."""

    title = "The server name is unknown"
    hint = "Check the host name's spelling, or type its IP address."
    hint_at_work = "Check this machine's name servers: the name was known before."


class NoNameServer(Unreachable):
    """The host name could not be looked up."""

    title = "The server name could not be looked up"
    hint = "Check this machine's name servers (/etc/resolv.conf), or type the server's IP address."


class Refused(Unreachable):
    """Nothing listens on that port."""

    title = "The server refused the connection"
    hint = "Check the port: Enterprise Manager's REST API listens on 9398 by default."
    hint_at_work = "Wait a moment and try again: its service is probably restarting, or was stopped."


class ConnectionLost(Unreachable):
    """The connection broke in the middle."""

    title = "The connection broke"
    hint = "Try again; if it persists, check the network and the server."
    hint_at_work = hint


class HandshakeCut(ConnectionLost):
    """The other end hung up before TLS was agreed, and did not say why; nothing was sent."""

    title = "The connection ended in the TLS handshake"
    hint = "Check the port; a server that wants other TLS versions or a client certificate may hang up, too."


class TlsRefused(Unreachable):
    """The server said no in the TLS handshake: asking again changes nothing."""

    title = "TLS with the server cannot be agreed"
    hint_at_work = ""
    hint = "Ask the server's administrator to compare its TLS settings: vbem speaks TLS 1.2 and 1.3."


class ProxyFailed(Unreachable):
    """The proxy was not reached, is none, or did not reach the server; nothing was sent to the server."""

    title = "The proxy could not be used"
    hint = "Check --proxy, VBEM_PROXY or the settings file, or connect without a proxy."
    hint_at_work = "Try again; if it persists, ask whoever runs the proxy: it has let you pass before."


class ProxyRefused(ProxyFailed):
    """The proxy does not let this user or this host through: asking again changes nothing."""

    title = "The proxy refused the connection"
    hint_at_work = ""
    hint = "Ask the proxy's administrator to allow this host, or connect without a proxy."


class Untrusted(ManagerError):
    """The server's certificate is not trusted; nothing secret was sent."""

    title = "The server's certificate is not trusted"
    hint = "Compare its fingerprint with the server's before you trust it."


class UnknownCertificate(Untrusted):
    """Neither the system's authorities nor a pin vouch for the certificate."""

    def __init__(self, certificate: Certificate, detail: str = "") -> None:
        super().__init__(detail or certificate.problem, request_sent=False)
        self.certificate = certificate


class CertificateChanged(Untrusted):
    """The server shows another certificate than the one that was pinned; at any request, also in mid-work.

    Args:
        certificate: the one it shows now.
        pinned_sha256: fingerprint of the one that was trusted, lower-case hex.
    """

    title = "The server's certificate has CHANGED"
    hint = "Ask the server's administrator whether it was replaced; if nobody knows, do not log on."

    def __init__(self, certificate: Certificate, pinned_sha256: str) -> None:
        super().__init__(
            f"Its fingerprint begins with {certificate.sha256[:8].upper()}, "
            f"the one you trusted with {pinned_sha256[:8].upper()}.",
            request_sent=False,
        )
        self.certificate = certificate
        self.pinned_sha256 = pinned_sha256


class CaFileUnreadable(Untrusted):
    """The file of authorities the operator named cannot be used."""

    title = "The CA file cannot be used"
    hint = "Give a readable PEM file with the authority's certificate."

    def __init__(self, detail: str) -> None:
        super().__init__(detail, request_sent=False)


MAY_BE_LOGGED_ON = (
    "It is not known whether the server has logged you on; such a session ends by itself, 15 minutes later."
)
"""Said where the server may have taken a logon, and nobody has the session."""


class NotAllowed(ManagerError):
    """The server knows who asks, or does not, and refuses."""

    title = "The server does not allow this"


class BadLogin(NotAllowed):
    """User, password or role refused at logon."""

    title = "Logon refused"
    hint = "Check the password, the role and the user: DOMAIN\\user, user@DOMAIN, or user alone on Linux."


class SessionExpired(NotAllowed):
    """The logon session is over (15 idle minutes, or ended elsewhere)."""

    title = "The logon session has expired"
    hint = "Log on again; nothing typed is lost."


class Forbidden(NotAllowed):
    """The account's role or restore scope lacks the right."""

    title = "This account may not do that"
    hint = "Use an account with the right role, or ask for the right in Enterprise Manager."


class ReadOnly(NotAllowed):
    """vbem was started so that nothing is written; no byte left."""

    title = "READ-ONLY"
    hint = "Start vbem without --read-only, or remove read_only from the settings, to restore or cancel."

    def __init__(self, detail: str = "Nothing was sent.") -> None:
        super().__init__(detail, request_sent=False)


class NotLoggedOff(ManagerError):
    """Whether the logon session has ended is not known."""

    title = "The logon session may still be alive at the server"
    hint = "Wait: it ends by itself after 15 minutes without a request."


class Rejected(ManagerError):
    """The server understood the request and answered no."""

    title = "The server rejected the request"
    hint = "Read what the server says, change the form, and try again."


class Invalid(Rejected):
    """HTTP 400 or 405: the request is malformed or incomplete in the server's eyes."""

    title = "The server found the request invalid"


class InvalidRestoreSpec(Invalid):
    """The restore breaks a rule of the API, or names something malformed; nothing was sent."""

    title = "A restore like this cannot be sent"
    hint = "Correct the restore form and try again."

    def __init__(self, detail: str) -> None:
        super().__init__(detail, request_sent=False)


class NotFound(Rejected):
    """HTTP 404: there is no such thing (any more)."""

    title = "The server no longer has it"
    hint = "Reload the list: it may have been removed."


class Busy(Rejected):
    """HTTP 503, 502, 504: overloaded, in maintenance, or a proxy lost the server behind it."""

    title = "The server is busy or down for maintenance"
    hint = "Wait a moment and try again."


class ServerFault(Rejected):
    """HTTP 500: the server itself failed."""

    title = "Internal server error"
    hint = "Try again; if it persists, check the server's log."


class TaskUnknown(Rejected):
    """The task is not known in this logon session; it proves nothing about the restore (WIRE 6.2)."""

    title = "The server no longer knows the task"
    hint = "Wait: vbem looks for the restore among the restore sessions."


class NotImplementedThere(Rejected):
    """HTTP 501: this server does not have the feature."""

    title = "This server cannot do that"
    hint = "Check the server's version: it may be too old for this."


class BadReply(ManagerError):
    """The server's answer cannot be used."""

    title = "The server's answer cannot be read"
    hint = "Check that the address and port are those of Enterprise Manager's REST API."
    hint_at_work = "Try again; if it persists, ask the server's administrator what answers in its place."


class Unreadable(BadReply):
    """Neither XML nor JSON, cut short, or forbidden constructs in it."""


class NoContent(Unreadable):
    """HTTP 204 where something was asked for; to a question for one thing that is taken for a 404."""

    title = "The server's answer is empty"
    hint = BadReply.hint_at_work

    def __init__(self) -> None:
        super().__init__("It sent no content (HTTP 204).", http_code=204)


class MissingField(BadReply):
    """A required field is missing; `path` names it."""

    title = "The server's answer is incomplete"

    def __init__(self, path: str, *, http_code: int = 0) -> None:
        super().__init__(f"The answer has no {path}.", http_code=http_code)
        self.path = path


class ForeignLink(BadReply):
    """A write would go elsewhere than to the very thing it is about; nothing was sent (WIRE T39)."""

    title = "The server's link leads elsewhere"
    hint_at_work = ""
    hint = "Reload the list; if it persists, use the backup console and tell the server's administrator."

    def __init__(self, detail: str) -> None:
        super().__init__(f"{detail} No request was sent.", request_sent=False)


class TooLarge(BadReply):
    """The answer exceeds a limit of bytes, depth or count."""

    title = "The server's answer is too large"
    hint = "Try again; if it persists, check that the address is an Enterprise Manager's."


class NotManager(BadReply):
    """Something answers there, but it is not Enterprise Manager's REST API."""

    title = "This is not Enterprise Manager's REST API"
    hint = "Check the port: the REST API listens on 9398 by default, the web page elsewhere."


class ErrorAsAnswer(BadReply):
    """The status says yes and the body is Enterprise Manager's Error: what was done is not known."""

    title = "The server sent an error as its answer"
    hint_at_work = ""
    hint = "Read what the server says, and check there whether anything was done."


class BadReference(VbemError):
    """A reference is not of the form `urn:<Platform>:<Type>:<root>.<object>` (WIRE 8.3)."""

    title = "The reference is malformed"
    hint = "Pick it from the list, or copy it whole."
