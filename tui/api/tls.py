"""Whom to trust: the system's authorities, a CA file, or one pinned certificate (WIRE 1.1).

For a pin the SHA-256 of the server's certificate is the identity. It is compared inside the
handshake, so that neither user nor password leaves for another server; wrong name and expiry are
then warnings. No setting trusts everything.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from tui.api.errors import CaFileUnreadable
from tui.api.models import Certificate
from tui.files import read_by_hand

_REASONS = {
    9: "It is not valid yet.",
    10: "It has expired.",
    18: "It is self-signed.",
    19: "It is signed by an authority this machine does not know.",
    20: "It is signed by an authority this machine does not know.",
    21: "It is signed by an authority this machine does not know.",
    23: "It has been revoked.",
    62: "It is issued for another name.",
    64: "It is issued for another address.",
}
"""OpenSSL's verify codes, in words."""
_REFUSALS = (
    (
        r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|WRONG_SSL_VERSION|VERSION_TOO_LOW|FALLBACK",
        "It speaks neither TLS 1.2 nor TLS 1.3.",
        "Ask the server's administrator to allow one of them: vbem has nothing older.",
    ),
    (
        r"HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS|INSUFFICIENT_SECURITY|CIPHER_RETURNED",
        "It has no cipher in common with this machine, or it wants a client certificate.",
        "Ask the server's administrator which ciphers it allows; vbem has no client certificate.",
    ),
    (
        r"CERTIFICATE_REQUIRED|ALERT_(?:\w+_)?CERTIFICATE|UNKNOWN_CA",
        "It wants a client certificate, which vbem cannot give.",
        "Ask for an address of Enterprise Manager that takes user and password alone.",
    ),
    (
        r"UNRECOGNIZED_NAME",
        "It does not answer to the name {name}.",
        "Use the name that stands in the server's certificate.",
    ),
    (
        r"KEY_TOO_SMALL|TOO_WEAK|LEGACY|SIGNATURE_TYPE|SIGALG|BAD_DH|BAD_ECPOINT",
        "Its key or signature is too weak for this machine ({reason}).",
        "Ask the server's administrator for a newer certificate and newer ciphers.",
    ),
    (r"NO_APPLICATION_PROTOCOL", "It does not speak HTTP/1.1.", ""),
)
"""OpenSSL's reasons by what they mean, each with what to do."""
_CA_FILE_BYTES = 16_000_000
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Who vouches for the server."""

    ca_file: Path | None = None
    """PEM file of authorities, used instead of the system's."""
    pinned_sha256: str = ""
    """Fingerprint in lower-case hex; when set, it is the identity and nobody else is asked."""


class HandshakeEnded(ssl.SSLError):
    """The handshake was ended on purpose after the server had shown its certificate; nothing was sent."""

    def __init__(self, der: bytes) -> None:
        super().__init__("the handshake was ended")
        # Only errors made by OpenSSL itself carry one; whoever words TLS errors asks for it.
        self.reason = "ENDED_BY_CLIENT"
        self.der = der


class PinMismatch(HandshakeEnded):
    """The server showed another certificate than the pinned one."""


def client_context(trust: Trust, *, handshake_only: bool = False) -> ssl.SSLContext:
    """Return the context connections are made with.

    Args:
        trust: who vouches for the server.
        handshake_only: end each handshake that succeeds with `HandshakeEnded`.

    Raises:
        CaFileUnreadable: the CA file is missing or holds no certificate.
    """
    if trust.pinned_sha256:
        context = _trusting_context()
        _check_in_handshake(context, pinned=trust.pinned_sha256, handshake_only=handshake_only)
        return context
    context = ssl.create_default_context() if trust.ca_file is None else _context_of(trust.ca_file)
    if handshake_only:
        _check_in_handshake(context, pinned="", handshake_only=True)
    return context


def looking_context() -> ssl.SSLContext:
    """Return a context that takes any certificate and ends each handshake with `HandshakeEnded`."""
    context = _trusting_context()
    _check_in_handshake(context, pinned="", handshake_only=True)
    return context


def _context_of(ca_file: Path) -> ssl.SSLContext:
    try:
        # Read first: OpenSSL would wait for a pipe, read a device for ever, and take what others may write.
        read_by_hand(ca_file, _CA_FILE_BYTES)
        context = ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError as error:
        raise CaFileUnreadable(f"{ca_file} holds no certificate in PEM form.") from error
    except (OSError, ValueError) as error:
        raise CaFileUnreadable(f"{ca_file}: {getattr(error, 'strerror', '') or error}.") from error
    # The file may hold the server's own or an intermediate certificate, often made without the
    # extensions newer Pythons insist on; the operator vouches for exactly these.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _trusting_context() -> ssl.SSLContext:
    """Return a context that takes any certificate; what it shows is checked in the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _check_in_handshake(context: ssl.SSLContext, *, pinned: str, handshake_only: bool) -> None:
    wanted = pinned.lower().replace(":", "")

    class CheckedObject(ssl.SSLObject):
        """Ends the handshake when the certificate is another one, or was all that was wanted."""

        def do_handshake(self) -> None:
            super().do_handshake()
            der = self.getpeercert(binary_form=True) or b""
            if wanted and not hmac.compare_digest(sha256_of(der), wanted):
                raise PinMismatch(der)
            if handshake_only:
                raise HandshakeEnded(der)

    context.sslobject_class = CheckedObject


# Certificates for people


def sha256_of(der: bytes) -> str:
    """Return the fingerprint of a certificate, lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def problem_of(error: ssl.SSLCertVerificationError) -> str:
    """Say in a sentence why the system does not trust a certificate."""
    return _REASONS.get(error.verify_code) or f"The check says: {error.verify_message}."


def refusal_of(reason: str, name: str, *, in_handshake: bool) -> tuple[str, str] | None:
    """Say why a server refuses TLS for good, and what to do; None where the connection only broke.

    Args:
        reason: OpenSSL's.
        name: the server's, as it was dialled.
        in_handshake: nothing has been sent yet.
    """
    alert = re.sub(r"_\(_SSL\.C.*", "", reason.rpartition("ALERT_")[2]).replace("_", " ")
    said = re.sub(r"^(?:\[SSL\]|TLSV\d+|SSLV\d+)\s+", "", alert).lower()
    for pattern, words, hint in _REFUSALS:
        if re.search(pattern, reason):
            return words.format(name=name, reason=said), hint
    # Asked again, it would come to the same.
    how = "It ended the handshake" if "ALERT" in reason else "The handshake came to nothing"
    return (f"{how}: {said}.", "") if in_handshake else None


def describe(der: bytes, *, host: str, problem: str, now: datetime) -> Certificate:
    """Describe a certificate for people; `problem` is why nobody vouches for it."""
    facts = _facts_of(der)
    return Certificate(
        sha256=sha256_of(der),
        subject=facts.subject,
        issuer=facts.issuer,
        names=facts.names,
        not_before=facts.not_before,
        not_after=facts.not_after,
        problem=problem,
        warnings=tuple(_warnings(facts, host, now)),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    subject: str = "It cannot be read."
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: datetime = _NEVER
    not_after: datetime = _NEVER


def _facts_of(der: bytes) -> _Facts:
    try:
        certificate = x509.load_der_x509_certificate(der)
        return _Facts(
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            names=_names_of(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )
    except ValueError:
        # Old servers make certificates that break the rules; the fingerprint still identifies them.
        return _Facts()


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(attribute.value) for attribute in common)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*extension.value.get_values_for_type(x509.DNSName), *map(str, addresses))


def _warnings(facts: _Facts, host: str, now: datetime) -> list[str]:
    warnings = []
    if now > facts.not_after > _NEVER:
        warnings.append("It has expired.")
    elif now < facts.not_before:
        warnings.append("It is not valid yet.")
    if not any(_covers(name, host) for name in facts.names):
        warnings.append(f"It is not issued for {host}.")
    return warnings


def _covers(name: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    if name.startswith("*."):
        return host.lower().partition(".")[2] == name[2:].lower()
    return name.lower().rstrip(".") == host.lower().rstrip(".")
