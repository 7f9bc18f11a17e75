"""A file under a passphrase, written and read as a stream.

A header line names the format and the salt, and how the passphrase is spelt; where it
says nothing, an older program took it as it was typed. Chunks of 1 MiB follow, each
under AES-256-GCM with its number and "is the last" in the nonce, so that no chunk can
be changed, moved, repeated or cut off.

Source: STREAM of Hoang, Reyhanitabar, Rogaway and Vizár 2015; scrypt, RFC 7914, with
the cost that the OWASP password storage cheat sheet asks for.
"""

import json
import os
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import message
from leukoscope_edge.names import passphrase_text

FORMAT = "leukoscope sealed file 1"
CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
SALT_BYTES, PREFIX_BYTES = 16, 7
SCRYPT_COST, SCRYPT_BLOCK, SCRYPT_LANES = 1 << 17, 8, 1
"""128 MiB of memory for each guess at the passphrase."""
MAX_SCRYPT_COST = 1 << 19
"""A header from outside must not take all memory: 512 MiB."""
MAX_HEADER_BYTES = 4096
MIN_PASSPHRASE_LENGTH = 12
SPELLING = "OpaqueString"
"""The profile of RFC 8265 (`names.passphrase_text`)."""


class Takes(Protocol):
    """What bytes can be written to."""

    def write(self, data: bytes, /) -> int:
        """Take more bytes."""
        ...


class SealedWriter:
    """A stream that encrypts; `close` writes the last chunk."""

    def __init__(
        self, file: Takes, passphrase: str, *, cost: int = SCRYPT_COST
    ) -> None:
        """Write the header.

        Args:
            file: Where the sealed bytes go.
            passphrase: At least MIN_PASSPHRASE_LENGTH characters.
            cost: Of a guess, a power of two; goes into the header.

        Raises:
            RecordError: The passphrase is too short.
        """
        passphrase = passphrase_text(passphrase)
        if len(passphrase) < MIN_PASSPHRASE_LENGTH:
            raise RecordError(message("passphrase-short", n=MIN_PASSPHRASE_LENGTH))
        salt, self._prefix = os.urandom(SALT_BYTES), os.urandom(PREFIX_BYTES)
        facts = {"salt": salt.hex(), "prefix": self._prefix.hex(), "cost": cost}
        facts["passphrase"] = SPELLING
        self._header = json.dumps({"format": FORMAT, **facts}).encode() + b"\n"
        self._cipher = AESGCM(_key(passphrase, salt, cost))
        self._file, self._pending, self._n = file, bytearray(), 0
        file.write(self._header)

    def write(self, data: bytes) -> int:
        """Take more bytes."""
        self._pending += data
        while len(self._pending) > CHUNK_BYTES:
            self._seal(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        """Write the last chunk; the file itself stays open."""
        self._seal(bytes(self._pending), is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._prefix, self._n, is_last=is_last)
        self._file.write(self._cipher.encrypt(nonce, chunk, self._header))
        self._n += 1


class SealedReader:
    """A stream that decrypts, and gives nothing that was changed."""

    def __init__(self, file: BinaryIO, passphrase: str, name: str) -> None:
        """Read the header.

        Args:
            file: A sealed file, at its beginning.
            passphrase: What it was sealed with.
            name: What to call it in a message.

        Raises:
            RecordError: It is not a sealed file.
        """
        self._name, self._pending = name, b""
        header = file.readline(MAX_HEADER_BYTES)
        salt, prefix, cost, is_spelt = _facts(header, name)
        passphrase = passphrase_text(passphrase) if is_spelt else passphrase
        cipher = AESGCM(_key(passphrase, salt, cost))
        self._chunks = self._open(file, cipher, header, prefix)

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes, fewer only at the end.

        Raises:
            RecordError: The passphrase is wrong, or the file was changed or cut off.
        """
        while len(self._pending) < n_bytes:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._pending += chunk
        data, self._pending = self._pending[:n_bytes], self._pending[n_bytes:]
        return data

    def _open(
        self, file: BinaryIO, cipher: AESGCM, header: bytes, prefix: bytes
    ) -> Iterator[bytes]:
        sealed, n = file.read(CHUNK_BYTES + TAG_BYTES), 0
        while True:
            following = file.read(CHUNK_BYTES + TAG_BYTES)
            nonce = _nonce(prefix, n, is_last=not following)
            try:
                yield cipher.decrypt(nonce, sealed, header)
            except (InvalidTag, ValueError) as err:
                raise RecordError(message("wrong-passphrase", file=self._name)) from err
            if not following:
                return
            sealed, n = following, n + 1


def _facts(header: bytes, name: str) -> tuple[bytes, bytes, int, bool]:
    """Return salt, nonce prefix, cost and whether a passphrase has one spelling.

    None of them is trusted yet.
    """
    try:
        facts = json.loads(header)
        salt, prefix = bytes.fromhex(facts["salt"]), bytes.fromhex(facts["prefix"])
        cost, format_ = int(facts["cost"]), facts["format"]
        is_spelt = facts.get("passphrase") == SPELLING
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise RecordError(message("no-backup", file=name)) from err
    is_power_of_two = cost > 1 and cost & (cost - 1) == 0
    if format_ != FORMAT or len(prefix) != PREFIX_BYTES or not is_power_of_two:
        raise RecordError(message("backup-format", file=name, expected=FORMAT))
    if cost > MAX_SCRYPT_COST:
        raise RecordError(message("backup-memory", file=name))
    return salt, prefix, cost, is_spelt


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    scrypt = Scrypt(salt, 32, cost, SCRYPT_BLOCK, SCRYPT_LANES)
    return scrypt.derive(passphrase.encode())


def _nonce(prefix: bytes, n: int, *, is_last: bool) -> bytes:
    return prefix + n.to_bytes(4, "big") + bytes([is_last])
