"""The device's certificate, for a page that is open to the clinic's own network.

Signed by the device itself, since no authority reaches it. So a person compares the
fingerprint in the browser's warning with the one on the device's screen, once.
"""

import datetime
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leukoscope_edge.durable import write_whole
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import PageEntry

CERTIFICATE_FILE, KEY_FILE = "page.crt", "page.key"
VALID_FROM = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
VALID_TO = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
"""A device's clock may be decades off; trust here rests on the fingerprint alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files for the server, and what a person compares."""

    certificate: Path
    key: Path
    fingerprint: str


def open_certificate(folder: Path, page: PageEntry) -> Certificate:
    """Return the device's certificate, made where there is none.

    Args:
        folder: Where it is kept.
        page: The address and the name that it is for.

    Raises:
        ConfigError: The file is damaged.
    """
    certificate, key = folder / CERTIFICATE_FILE, folder / KEY_FILE
    if not (certificate.exists() and key.exists()):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(certificate, key, page)
    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError as err:
        raise ConfigError(
            f"{certificate}: is no certificate: remove it and {KEY_FILE}"
        ) from err
    return Certificate(
        certificate=certificate, key=key, fingerprint=fingerprint_of(read)
    )


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the sha256 fingerprint as browsers show it: AB:CD:..."""
    digits = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return ":".join(re.findall("..", digits))


def _make(certificate: Path, key: Path, page: PageEntry) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, page.name or page.address)]
    )
    others: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(page.address))
    ]
    if page.name:
        others.append(x509.DNSName(page.name))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_TO)
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_whole(key, pem, mode=0o600)
    write_whole(certificate, signed.public_bytes(serialization.Encoding.PEM))
