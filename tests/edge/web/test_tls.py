"""The device's certificate: whose it is, how long, and what a person compares."""

import hashlib
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.web.tls import (
    CERTIFICATE_FILE,
    KEY_FILE,
    VALID_FROM,
    VALID_TO,
    open_certificate,
)

ADDRESS, NAME = "192.168.4.1", "leukoscope.local"


@pytest.mark.parametrize(("name", "common"), [(NAME, NAME), ("", ADDRESS)])
def test_it_is_of_this_page_signs_no_other_and_outlasts_a_wrong_clock(
    tmp_path: Path, name: str, common: str
) -> None:
    made = open_certificate(tmp_path, PageEntry(address=ADDRESS, name=name))
    read = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    [subject] = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert subject.value == common
    assert read.issuer == read.subject
    others = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert others.get_values_for_type(x509.IPAddress) == [ip_address(ADDRESS)]
    assert others.get_values_for_type(x509.DNSName) == ([name] if name else [])
    limits = read.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.critical
    assert not limits.value.ca
    assert (read.not_valid_before_utc, read.not_valid_after_utc) == (
        VALID_FROM,
        VALID_TO,
    )
    assert (VALID_FROM.isoformat(), VALID_TO.isoformat()) == (
        "2000-01-01T00:00:00+00:00",
        "2099-01-01T00:00:00+00:00",
    )


def test_the_fingerprint_is_that_of_browsers(tmp_path: Path) -> None:
    made = open_certificate(tmp_path, PageEntry(address=ADDRESS))
    read = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    digits = hashlib.sha256(read.public_bytes(Encoding.DER))
    assert made.fingerprint == digits.digest().hex(":").upper()


@pytest.mark.parametrize("lost", [CERTIFICATE_FILE, KEY_FILE])
def test_where_one_of_both_files_is_lost_both_are_made_anew(
    tmp_path: Path, lost: str
) -> None:
    first = open_certificate(tmp_path, PageEntry(address=ADDRESS))
    (tmp_path / lost).unlink()
    again = open_certificate(tmp_path, PageEntry(address=ADDRESS))
    assert again.fingerprint != first.fingerprint
    assert again.certificate.exists()
    assert again.key.exists()


def test_the_certificate_is_made_once_and_its_key_is_secret(tmp_path: Path) -> None:
    page = PageEntry(address="192.168.4.1", name="leukoscope.local")
    first = open_certificate(tmp_path, page)
    assert open_certificate(tmp_path, page) == first
    assert first.key.stat().st_mode & 0o077 == 0
    assert len(first.fingerprint.split(":")) == 32
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(first.certificate, first.key)
    first.certificate.write_text("no certificate")
    with pytest.raises(ConfigError, match="is no certificate"):
        open_certificate(tmp_path, page)
