"""Whom to trust: the system's authorities, a CA file, or one pinned certificate (WIRE 1.1).

For a pin the SHA-256 of the server's certificate is the identity. It is compared inside the
handshake, so that neither user nor password leaves for another server; wrong name and expiry are
then warnings. No setting trusts everything.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from dataclasses import dataclass
from pathlib import Path

from tui.api.errors import CaFileUnreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Who vouches for the server."""

    ca_file: Path | None = None
    """PEM file of authorities, used instead of the system's."""
    pinned_sha256: str = ""
    """Fingerprint in lower-case hex; when set, it is the identity and nobody else is asked."""


class PinMismatch(ssl.SSLError):
    """The server showed another certificate than the pinned one."""

    def __init__(self, der: bytes) -> None:
        super().__init__("the certificate is not the pinned one")
        # Only errors made by OpenSSL itself carry one; whoever words TLS errors asks for it.
        self.reason = "CERTIFICATE_NOT_PINNED"
        self.der = der


def client_context(trust: Trust) -> ssl.SSLContext:
    """The context every connection is made with.

    Raises:
        CaFileUnreadable: the CA file is missing or holds no certificate.
    """
    if trust.pinned_sha256:
        return _pinning(trust.pinned_sha256)
    if trust.ca_file is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=str(trust.ca_file))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise CaFileUnreadable(
            f"{trust.ca_file} cannot be used: {error.strerror if isinstance(error, OSError) else error}.",
        ) from error
    # The file may hold the server's own or an intermediate certificate, often made without the
    # extensions newer Pythons insist on; the operator vouches for exactly these.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def looking_context() -> ssl.SSLContext:
    """A context that takes any certificate: only ever for a handshake after which nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def sha256_of(der: bytes) -> str:
    """Fingerprint of a certificate, lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def _pinning(pinned_sha256: str) -> ssl.SSLContext:
    wanted = pinned_sha256.lower().replace(":", "")

    class PinnedObject(ssl.SSLObject):
        """Ends the handshake when the certificate is another one."""

        def do_handshake(self) -> None:
            super().do_handshake()
            der = self.getpeercert(binary_form=True) or b""
            if not hmac.compare_digest(sha256_of(der), wanted):
                raise PinMismatch(der)

    context = looking_context()
    context.sslobject_class = PinnedObject
    return context
