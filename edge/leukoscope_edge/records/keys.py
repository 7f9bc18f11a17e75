"""The device's keys, and the sealing of what names a person.

`device.key` (Ed25519) signs the head of the event chain. `identity.key` wraps the
keys of the single records, so that the database file alone names nobody. Both are made
at first opening and readable by the device's user only. Whoever takes the whole device
has both: against that only an encrypted disk helps.
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leukoscope_edge.durable import make_folder, sync_folder, write_whole
from leukoscope_edge.errors import RecordError, as_told
from leukoscope_edge.messages import message

KEY_BYTES = 32
"""AES-256 and Ed25519 both take 32 bytes."""
NONCE_BYTES = 12
"""What AES-GCM wants (NIST SP 800-38D, section 5.2.1.1)."""
DEVICE_KEY, IDENTITY_KEY = "device.key", "identity.key"


@dataclass(frozen=True, slots=True)
class Keys:
    """The two secrets of a device."""

    device: Ed25519PrivateKey
    identity: bytes


def open_keys(folder: Path, *, may_make: bool) -> Keys:
    """Read the keys, or make them where there are none.

    Args:
        folder: Where they lie.
        may_make: There are no records yet that older keys belong to.

    Raises:
        RecordError: A key is missing or damaged.
    """
    device = _key(folder / DEVICE_KEY, may_make=may_make)
    identity = _key(folder / IDENTITY_KEY, may_make=may_make)
    return Keys(Ed25519PrivateKey.from_private_bytes(device), identity)


def _key(path: Path, *, may_make: bool) -> bytes:
    if not path.exists() and may_make:
        _make_key(path)
    try:
        data = path.read_bytes()
    except PermissionError as err:
        raise RecordError(as_told(err)) from err
    except OSError as err:
        why = str(err.strerror)
        raise RecordError(message("key-unreadable", path=str(path), why=why)) from err
    if len(data) != KEY_BYTES:
        n, m = len(data), KEY_BYTES
        raise RecordError(message("key-size", path=str(path), n=n, m=m))
    return data


def _make_key(path: Path) -> None:
    """Make a key; where another program makes one at the same time, one of both holds.

    A link never replaces a file, so that a key in use cannot be overwritten.
    """
    make_folder(path.parent)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        write_whole(aside, os.urandom(KEY_BYTES), mode=0o600)
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        sync_folder(path.parent)
    except OSError as err:
        why = str(err.strerror)
        raise RecordError(message("path-unwritable", path=str(path), why=why)) from err
    finally:
        aside.unlink(missing_ok=True)


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return 64 bits of a public key's hash, as hex: a device's id."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def sign_head(key: Ed25519PrivateKey, seq: int, head: str) -> bytes:
    """Sign the end of the event chain."""
    return key.sign(_head_text(seq, head))


def is_signed(key: Ed25519PublicKey, seq: int, head: str, signature: bytes) -> bool:
    """Say whether the end of the event chain carries this device's signature."""
    try:
        key.verify(signature, _head_text(seq, head))
    except InvalidSignature:
        return False
    return True


def _head_text(seq: int, head: str) -> bytes:
    return f"leukoscope records head {seq} {head}".encode()


def seal(key: bytes, text: bytes, *, purpose: str) -> bytes:
    """Encrypt with AES-256-GCM; the nonce goes in front.

    Args:
        key: 32 bytes.
        text: What to hide.
        purpose: What it is for; it opens for nothing else.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, purpose.encode())


def unseal(key: bytes, sealed: bytes, *, purpose: str) -> bytes:
    """Return what `seal` hid.

    Raises:
        RecordError: It was changed, or the key or the purpose is another.
    """
    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, text, purpose.encode())
    except (InvalidTag, ValueError) as err:
        raise RecordError(message("sealed-damaged", what=purpose)) from err
