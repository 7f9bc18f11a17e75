"""The publisher's keys: Ed25519, one file each, locked with a passphrase.

The private file stays with its holder on a machine without a network; the public one
goes to whoever drafts the root.
"""

import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from leukoscope_edge.errors import LeukoscopeError

PRIVATE_SUFFIX, PUBLIC_SUFFIX = ".key", ".pub.json"
OWNER_ONLY = 0o600
MIN_PASSPHRASE_BYTES = 12


class PublishError(LeukoscopeError):
    """A release cannot be made, signed or published."""


def make_key(folder: Path, name: str, passphrase: bytes) -> tuple[Path, Path]:
    """Make a pair of key files; an existing one is never written over.

    Returns:
        The private file and the public one.

    Raises:
        PublishError: The passphrase is too short, or a file cannot be made.
    """
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise PublishError(f"the passphrase needs {MIN_PASSPHRASE_BYTES} characters")
    private, public = folder / (name + PRIVATE_SUFFIX), folder / (name + PUBLIC_SUFFIX)
    key = Ed25519PrivateKey.generate()
    lock = BestAvailableEncryption(passphrase)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    described = {"name": name, **CryptoSigner(key).public_key.to_dict()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(private, flags, OWNER_ONLY), "wb") as file:
            file.write(pem)
        public.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise PublishError(f"{private}: cannot be made: {err.strerror}") from err
    return private, public


def load_signer(private: Path, passphrase: bytes) -> CryptoSigner:
    """Unlock a private key file.

    Raises:
        PublishError: It cannot be read, or the passphrase is wrong.
    """
    try:
        key = load_pem_private_key(private.read_bytes(), passphrase)
    except (OSError, ValueError, TypeError) as err:
        raise PublishError(f"{private}: cannot be unlocked: {err}") from err
    if not isinstance(key, Ed25519PrivateKey):
        raise PublishError(f"{private}: holds another kind of key, expected Ed25519")
    return CryptoSigner(key)


def load_public(public: Path) -> Key:
    """Read a public key file.

    Raises:
        PublishError: It is not one.
    """
    try:
        described = json.loads(public.read_text(encoding="utf-8"))
        material = bytes.fromhex(described["keyval"]["public"])
        key = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(material))
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise PublishError(f"{public}: is no public key file: {err}") from err
    return key
