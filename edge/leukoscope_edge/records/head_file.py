"""The end of the event chain once more, in a file that SQLite does not write.

SQLite ends its log at the first frame that is not whole and calls what came before the
database: a slide that was signed is then in the middle of its count again, and nothing
says so. So the number and hash of the newest event are also kept here, signed, and
written after each commit: a database that does not hold that event has lost something.

Two places in the file are written by turns, each in a sector of its own, so that a torn
write spoils one and leaves the other. Which is the newer its number says, and that it
is whole its signature.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from leukoscope_edge.durable import sync_folder, write_whole
from leukoscope_edge.messages import Message, message
from leukoscope_edge.records.events import Head
from leukoscope_edge.records.keys import is_signed

SLOT_BYTES = 4096
"""A sector of a disk of today; older ones divide it."""
TEXT_BYTES = 256
"""A number of 20 digits, a hash of 64 and a signature of 128 take 214."""
HEAD_NAME = "records.head"


class HeadFile:
    """The file of one device's records; safe between processes.

    Attributes:
        trouble: Why the newest end could not be kept, None where it could.
    """

    def __init__(self, path: Path, key: Ed25519PublicKey) -> None:
        """Take the file, which need not be there.

        Args:
            path: Where it lies.
            key: What is not signed with it is not believed.
        """
        self._path, self._key = path, key
        self.trouble: Message | None = None

    def keep(self, end: Head, signature: bytes) -> None:
        """Keep a new end of the chain, which the database holds already."""
        try:
            self.raise_to(end, signature)
            self.trouble = None
        except OSError as err:
            self.trouble = message("head-not-twice", why=str(err))

    def newest(self) -> Head | None:
        """Return the newest end that was written, None where none is whole.

        Raises:
            OSError: The file cannot be read.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        return max(self._heads(data), key=lambda head: head.seq, default=None)

    def raise_to(self, head: Head, signature: bytes) -> None:
        """Keep an end of the chain, unless a later one is kept already.

        Raises:
            OSError: It cannot be written.
        """
        with self._held() as handle:
            data = os.pread(handle, 2 * SLOT_BYTES, 0)
            slots = [self._head(data, slot) for slot in (0, 1)]
            known = [-1 if slot is None else slot.seq for slot in slots]
            if head.seq > max(known):
                slot = known.index(min(known))
                os.pwrite(handle, _text(head, signature), SLOT_BYTES * slot)
                os.fdatasync(handle)

    def replace(self, head: Head, signature: bytes) -> None:
        """Keep an end of the chain, be it an earlier one: what is lost has been said.

        Raises:
            OutputError: It cannot be written.
        """
        slot = _text(head, signature).ljust(SLOT_BYTES, b"\0")
        write_whole(self._path, slot.ljust(2 * SLOT_BYTES, b"\0"), mode=0o600)

    def _heads(self, data: bytes) -> list[Head]:
        found = [self._head(data, slot) for slot in (0, 1)]
        return [head for head in found if head is not None]

    def _head(self, data: bytes, slot: int) -> Head | None:
        text = data[slot * SLOT_BYTES :][:TEXT_BYTES]
        try:
            number, hash_, signature = text.decode("ascii").split()
            seq, signed = int(number), bytes.fromhex(signature)
        except ValueError:
            return None
        is_ours = is_signed(self._key, seq, hash_, signed)
        return Head(seq, hash_) if is_ours else None

    @contextmanager
    def _held(self) -> Iterator[int]:
        """Hold the file alone, made where it is missing."""
        is_new = not self._path.exists()
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if is_new:
                os.ftruncate(handle, 2 * SLOT_BYTES)
                sync_folder(self._path.parent)
            yield handle
        finally:
            os.close(handle)


def _text(head: Head, signature: bytes) -> bytes:
    return f"{head.seq} {head.hash} {signature.hex()}".ljust(TEXT_BYTES).encode()
