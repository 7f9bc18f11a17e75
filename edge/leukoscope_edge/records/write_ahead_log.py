"""A damaged write-ahead log of SQLite, mended as far as it tells itself how.

SQLite reads its log up to the first frame whose checksum does not fit and forgets the
rest. Each frame's checksum goes on from the one that the frame before *states*, so a
frame can be checked by itself: here the sound frames behind a bad one are found again.
The checksum is linear in the data, so that a single bit that changed in a page is found
by what it changed of the sum, and turned back. No file is opened here.

Source: https://www.sqlite.org/fileformat.html, 4.1 to 4.3.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
SUMMED_HEADER_BYTES = 8
"""Of a frame's header page number and size are summed, salts and sums are not."""
MAGIC_LITTLE_ENDIAN, FORMAT = 0x377F0682, 3007000
MIN_PAGE_BYTES, MAX_PAGE_BYTES = 512, 65536
U32 = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class _Frame:
    header: bytes
    page: bytes

    @property
    def summed(self) -> bytes:
        return self.header[:SUMMED_HEADER_BYTES] + self.page

    @property
    def salts(self) -> bytes:
        return self.header[8:16]

    @property
    def stated(self) -> bytes:
        return self.header[16:24]


def mended_log(log: bytes, page_bytes: int) -> bytes:
    """Return a log of all frames that can be trusted, summed anew.

    Args:
        log: The file's bytes.
        page_bytes: Of the database; the log's own header may be what is damaged.

    Returns:
        A log that SQLite reads to its end; empty where nothing can be trusted.
    """
    frames = _sound_frames(log, page_bytes)
    if not frames:
        return b""
    salts = frames[0].salts
    start = _words(MAGIC_LITTLE_ENDIAN, FORMAT, page_bytes) + log[12:16] + salts
    sums = _sum(start, (0, 0))
    parts = [start, _words(*sums)]
    for frame in frames:
        sums = _sum(frame.summed, sums)
        parts += [frame.header[:SUMMED_HEADER_BYTES], salts, _words(*sums), frame.page]
    return b"".join(parts)


def _sound_frames(log: bytes, page_bytes: int) -> list[_Frame]:
    """Return the newest generation's frames that fit their sums, or can be made to.

    Older generations lie behind it, under other salts.
    """
    before = _pair(log[HEADER_BYTES - 8 : HEADER_BYTES])
    sound: list[_Frame] = []
    for frame in _frames(log, page_bytes):
        mended, before = _mended(frame, before)
        if mended is not None and _is_of_generation(mended, sound):
            sound.append(mended)
    return sound


def _is_of_generation(frame: _Frame, sound: list[_Frame]) -> bool:
    return not sound or _n_bits_apart(frame.salts, sound[0].salts) <= 1


def _mended(
    frame: _Frame, before: tuple[int, int]
) -> tuple[_Frame | None, tuple[int, int]]:
    """Return a frame that can be trusted, and the sum that the next one follows."""
    found, stated = _sum(frame.summed, before), _pair(frame.stated)
    if _n_bits_apart(_words(*found), frame.stated) <= 1:
        return frame, found
    return _with_one_bit_turned(frame, found, stated), stated


def _n_bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def _frames(log: bytes, page_bytes: int) -> list[_Frame]:
    step = FRAME_HEADER_BYTES + page_bytes
    starts = range(HEADER_BYTES, len(log) - step + 1, step)
    return [
        _Frame(log[i : i + FRAME_HEADER_BYTES], log[i + FRAME_HEADER_BYTES : i + step])
        for i in starts
    ]


def _with_one_bit_turned(
    frame: _Frame, found: tuple[int, int], stated: tuple[int, int]
) -> _Frame | None:
    """Return a frame whose sum fits once one bit is turned, None where none does."""
    words = np.frombuffer(frame.summed, "<u4")
    weights, _ = _weights(len(words))
    missing = np.array(stated, np.uint32) - np.array(found, np.uint32)
    for bit in range(32):
        mask = np.array([1 << bit], np.uint32)
        change = np.where(words & mask, ~mask + mask.dtype.type(1), mask)
        fits = (weights * change[:, None] == missing).all(axis=1)
        if fits.any():
            turned = words.copy()
            turned[int(fits.argmax())] ^= mask[0]
            data = turned.tobytes()
            header = data[:SUMMED_HEADER_BYTES] + frame.header[SUMMED_HEADER_BYTES:]
            return _Frame(header, data[SUMMED_HEADER_BYTES:])
    return None


def _sum(data: bytes, start: tuple[int, int]) -> tuple[int, int]:
    """Return SQLite's checksum of data, going on from another."""
    words = np.frombuffer(data, "<u4")
    weights, of_start = _weights(len(words))
    total = (weights * words[:, None]).sum(axis=0, dtype=np.uint32)
    total = total + of_start @ np.array(start, np.uint32)
    return int(total[0]), int(total[1])


@cache
def _weights(n_words: int) -> tuple[U32, U32]:
    """Return what each word, and each of the two sums before, adds to the two sums.

    For words x, y by turns: a += x + b, then b += y + a, all modulo 2 ** 32.

    Returns:
        (n_words, 2) uint32, of the words; (2, 2) uint32, of the sums before.
    """
    of_a, of_b = np.array([1, 0], np.uint32), np.array([0, 1], np.uint32)
    weights = np.zeros((n_words, 2), np.uint32)
    for i in range(n_words - 2, -1, -2):  # from the end, where a sum is what it is
        weights[i], weights[i + 1] = of_a + of_b, of_b
        of_a, of_b = weights[i], weights[i] + weights[i + 1]
    return weights, np.stack([of_a, of_b], axis=1)


def _pair(data: bytes) -> tuple[int, int]:
    """Return two numbers of 32 bits as the file has them, high byte first."""
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")


def _words(*numbers: int) -> bytes:
    return b"".join(n.to_bytes(4, "big") for n in numbers)
