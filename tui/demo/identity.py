"""The server's key and certificate: self-signed, as Enterprise Manager's is by default.

The certificate is also usable as the CA file of a strict verifier (Python 3.13's VERIFY_X509_STRICT):
basic constraints, key usage and both key identifiers are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import shutil
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tui.demo.options import Options

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HOSTILE = "[red]x[/red]\x1b[2J\x1b]0;pwned\x07\u202egpj\nline two"
_FIXED_START = datetime(2026, 1, 1, tzinfo=UTC)


class Identity:
    """Key and certificate on disk, in `--identity-dir` or in a temporary folder."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._made_folder = options.identity_dir is None
        self.folder = options.identity_dir or Path(tempfile.mkdtemp(prefix="vbem-demo-"))
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.key_file = self.folder / f"demo-{options.certificate}-key.pem"
        self.certificate_file = self.folder / f"demo-{options.certificate}-certificate.pem"
        if options.fixed_identity or not (self.key_file.exists() and self.certificate_file.exists()):
            self.renew()

    def renew(self, number: int = 0, *, kind: str = "") -> None:
        """Make another key and certificate under the same file names."""
        kind = kind or self._options.certificate
        fixed = f"{self._options.seed}:{number}" if self._options.fixed_identity else ""
        key = _key(fixed)
        certificate = _certificate(key, kind=kind, fixed=fixed)
        plain = serialization.NoEncryption()
        key_bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        _write(self.key_file, key_bytes)
        _write(self.certificate_file, certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate: upper-case hex pairs with colons."""
        certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        return certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def remove(self) -> None:
        """Remove the folder if it was a temporary one."""
        if self._made_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _key(fixed: str) -> ec.EllipticCurvePrivateKey:
    if not fixed:
        return ec.generate_private_key(ec.SECP256R1())
    secret = int.from_bytes(hashlib.sha512(f"key {fixed}".encode()).digest(), "big")
    return ec.derive_private_key(secret % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def _certificate(key: ec.EllipticCurvePrivateKey, *, kind: str, fixed: str) -> x509.Certificate:
    common = _HOSTILE if kind == "hostile-name" else "Veeam Backup Enterprise Manager (demo)"
    name = x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, common),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "vbem demo"),
    ])  # fmt: skip
    start = _FIXED_START if fixed else datetime.now(UTC) - timedelta(days=1)
    end = start + timedelta(days=3650)
    if kind == "expired":
        start, end = start - timedelta(days=400), start - timedelta(days=35)
    serial = int.from_bytes(hashlib.sha256(fixed.encode()).digest()[:15], "big")
    public = key.public_key()
    builder = (
        x509.CertificateBuilder(name, name, public, serial or 1 if fixed else x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_names(kind, fixed), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True if fixed else None)


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _names(kind: str, fixed: str) -> x509.SubjectAlternativeName:
    if kind == "hostile-name":
        return x509.SubjectAlternativeName([x509.DNSName("[red]x[/red]\x1b[2J\n.internal")])
    if kind == "wrong-name":
        return x509.SubjectAlternativeName([x509.DNSName("other-host.demo.internal")])
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.DNSName("em01.demo.internal"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    host = socket.gethostname()
    if not fixed and host.isascii() and host not in {"", "localhost"}:
        names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)
