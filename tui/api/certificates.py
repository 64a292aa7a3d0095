"""Reading a server's certificate for people: names, dates, and why it is not trusted."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.api.models import Certificate
from tui.api.tls import sha256_of

if TYPE_CHECKING:
    from cryptography import x509

_REASONS = {
    9: "It is not valid yet.",
    10: "It has expired.",
    18: "It is self-signed.",
    19: "It is signed by an authority this machine does not know.",
    20: "It is signed by an authority this machine does not know.",
    21: "It is signed by an authority this machine does not know.",
    23: "It has been revoked.",
    62: "It is made out to another name.",
    64: "It is made out to another address.",
}
"""OpenSSL's verify codes, in words."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Facts:
    subject: str = "It cannot be read."
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: datetime = _NEVER
    not_after: datetime = _NEVER


def problem_of(error: ssl.SSLCertVerificationError) -> str:
    """Why the system does not trust a certificate, as a sentence."""
    return _REASONS.get(error.verify_code) or f"The check says: {error.verify_message}."


def describe(der: bytes, *, host: str, problem: str, now: datetime) -> Certificate:
    """A certificate as shown to people; `problem` is why nobody vouches for it."""
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


def _facts_of(der: bytes) -> _Facts:
    from cryptography import x509

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
    from cryptography import x509

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
        warnings.append(f"It is not made out to {host}.")
    return warnings


def _covers(name: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    if name.startswith("*."):
        return host.lower().partition(".")[2] == name[2:].lower()
    return name.lower().rstrip(".") == host.lower().rstrip(".")
