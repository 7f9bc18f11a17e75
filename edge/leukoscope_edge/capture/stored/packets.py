"""What a video's packets and boxes say that FFmpeg, by way of OpenCV, does not.

OpenCV scales every frame to the size of the first one: where a recorder changes its
size in between, as calls over the network do, cells would be measured at a wrong scale.
The size stands in the packets before they are decoded. So does what was thrown away: by
the tables of a JPEG, or else by how many bits a key frame was recorded with.

Source: ITU-T H.264 (7.3.1) and H.265 (7.3.1.2); RFC 6386 (9.1) for VP8; VP9 bitstream
specification (6.2); ISO/IEC 14496-12 (4.2, 12.1.5) for MP4; ITU-T H.273 (8.2).
"""

import struct
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from leukoscope_edge.capture.stored import jpeg
from leukoscope_edge.capture.stored.parameter_set import (
    HDR_TRANSFERS,
    transfer_of_h264,
    transfer_of_h265,
)
from leukoscope_edge.types import PictureFacts

HEAD_BYTES = 1 << 12
"""Parameter sets stand in front of the picture."""
NAL_START = b"\x00\x00\x01"
H264 = frozenset({"h264", "avc1", "avc3", "x264"})
H265 = frozenset({"h265", "hevc", "hev1", "hvc1"})
"""Four letters, in small ones."""
H264_SPS, H265_SPS = 7, 33
OTHER_TRANSFER = (NAL_START + b"\x06\x93\x01", NAL_START + b"\x4e\x01\x93\x01")
"""How a message of H.264 and one of H.265 begins that names another transfer than the
sets do, one byte; broadcasters tell of hybrid log-gamma so (H.265, D.3.38)."""
_HDR_BYTES = frozenset(bytes([n]) for n in HDR_TRANSFERS)
COLOUR_BOXES = b"colrnclx", b"colrnclc"
"""Of MP4 and of MOV: primaries and transfer follow, two bytes each."""
MKV_TRANSFER = b"\x55\xba\x81"
"""TransferCharacteristics (RFC 9559, 5.1.4.1.28.24), its length, and one byte of it."""
MAX_BOX_BYTES = 1 << 50
"""No file is longer; a damaged length is."""
MAX_INDEX_BYTES, MKV_HEAD_BYTES = 1 << 26, 1 << 16
MAX_EDITS = 1000
NO_INDEX = -1
"""In the place of an index's length."""
EBML = b"\x1a\x45\xdf\xa3"
"""Matroska and WebM begin so."""
VP8_KEY, VP9_KEY = b"\x9d\x01\x2a", b"\x49\x83\x42"


def format_of(packet: bytes, codec: str) -> bytes:
    """Return the part of a packet that says its frame's size, b"" where none does.

    Two that differ are of another size, or at least of another recording.

    Args:
        packet: As the file holds it, with start codes where the codec has them.
        codec: Four letters.
    """
    if packet.startswith(jpeg.START):
        read = jpeg.read_part(packet)
        return b"" if read.is_cut else b"%d x %d" % (read.width_px, read.height_px)
    if packet[3:6] == VP8_KEY:
        return packet[6:10]
    if packet[1:4] == VP9_KEY:
        return packet[4:9]
    return b"".join(_sets_of(packet, codec))


def _sets_of(packet: bytes, codec: str) -> list[bytes]:
    """Return the sequence parameter sets in a packet of H.264 or H.265."""
    parts = [u.rstrip(b"\x00") for u in packet[:HEAD_BYTES].split(NAL_START)[1:]]
    units = [u for u in parts if u]
    if codec.lower() in H264:
        return [u for u in units if u[0] & 31 == H264_SPS]
    if codec.lower() in H265:
        return [u for u in units if u[0] >> 1 & 63 == H265_SPS]
    return []


def is_hdr_packet(packet: bytes, codec: str) -> bool:
    """Say whether a stream's own sets tell of light of a wider range; see `is_hdr`.

    Args:
        packet: The first one, as the file holds it.
        codec: Four letters.
    """
    read = transfer_of_h264 if codec.lower() in H264 else transfer_of_h265
    told = {read(u) for u in _sets_of(packet, codec)}
    if codec.lower() in H264 | H265:
        head = packet[:HEAD_BYTES]
        told |= {p[0] for s in OTHER_TRANSFER for p in head.split(s)[1:] if p}
    return not HDR_TRANSFERS.isdisjoint(told)


def facts_of(packet: bytes, n_px: int, *, is_key: bool) -> PictureFacts:
    """Return what a packet says of how much its frame lost.

    Args:
        packet: As the file holds it.
        n_px: Pixels of the frame.
        is_key: Whether it is whole by itself, and no difference from another.
    """
    if packet.startswith(jpeg.START):
        return PictureFacts(jpeg_quality=jpeg.read_part(packet).quality)
    return PictureFacts(bits_per_px=8 * len(packet) / n_px if is_key else None)


class Packets:
    """The packets of a video, read beside its frames.

    Attributes:
        ahead: What the next `look` returns, where it is read already: at first the
            first packet, b"" where the file has none.
    """

    def __init__(self, path: Path, codec: str) -> None:
        """Open the file; where that fails there is nothing to see.

        Args:
            path: The file.
            codec: Four letters, as OpenCV says them.
        """
        self._codec = codec
        raw = [cv2.CAP_PROP_FORMAT, -1]
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, raw)
        self._first, self._packet = b"", b""
        self._is_changed = False
        self.ahead = self._read()

    def is_changed(self) -> bool:
        """Look at the next packet; say whether the size has changed by now."""
        self.look()
        if self._packet and not self._is_changed:
            size = format_of(self._packet, self._codec)
            self._first = self._first or size
            self._is_changed = bool(size) and size != self._first
        return self._is_changed

    def look(self) -> bytes:
        """Return the next packet, b"" behind the last one."""
        self._packet, self.ahead = self.ahead or self._read(), b""
        return self._packet

    def _read(self) -> bytes:
        found, data = self._capture.read()
        return np.asarray(data, np.uint8).tobytes() if found else b""

    def facts(self, n_px: int) -> PictureFacts:
        """Return what the packet that was looked at says of a frame of so many pixels.

        Frames may be stored in another order than they are shown in, so that of a video
        as a whole this is true, and of a single frame it need not be.
        """
        is_key = self._capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME) > 0
        return facts_of(self._packet, n_px, is_key=bool(self._packet) and is_key)


def has_no_index(path: Path) -> bool:
    """Say whether a file is an MP4 or MOV whose recording was cut off.

    The index ("moov") is written last; without it nothing can be found.
    """
    with path.open("rb") as file:
        return _to_index(file) == NO_INDEX


def ends_early(path: Path) -> bool:
    """Say whether an MP4 or MOV is shorter than its boxes say, its index in front."""
    n_bytes, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at < n_bytes:
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if (at == 0 and kind != b"ftyp") or not kind.isalnum() or length == 0:
                return False  # no MP4, what somebody left behind it, or to the end
            is_long = length == 1
            n_box_bytes = int.from_bytes(head[8:], "big") if is_long else length
            if not (16 if is_long else 8) <= n_box_bytes <= MAX_BOX_BYTES:
                return True  # damaged: what comes behind it cannot be found
            at += n_box_bytes
            file.seek(at)
    return at > n_bytes


def is_matroska(path: Path) -> bool:
    """Say whether a file is Matroska or WebM, which says no number of frames."""
    with path.open("rb") as file:
        return file.read(len(EBML)) == EBML


def is_hdr(path: Path) -> bool:
    """Say whether a video's numbers are light of a wider range, as phones record it.

    FFmpeg, by way of OpenCV, takes them for those of any other video: pale and flat.
    """
    with path.open("rb") as file:
        if (n_bytes := _to_index(file)) is not None:
            index = file.read(min(max(n_bytes, 0), MAX_INDEX_BYTES))
            after = [p[3:4] for box in COLOUR_BOXES for p in index.split(box)[1:]]
        else:
            file.seek(0)
            parts = file.read(MKV_HEAD_BYTES).split(MKV_TRANSFER)
            after = [p[:1] for p in parts[1:]]
    return not _HDR_BYTES.isdisjoint(after)


def shown_s(path: Path) -> float | None:
    """Return how long an MP4 or MOV is shown by its list of edits.

    A phone that trims a video keeps its frames and says from where to where it goes.

    Returns:
        Seconds; None where there is no such list of its pictures.
    """
    with path.open("rb") as file:
        if (n_bytes := _to_index(file)) is None:
            return None
        index = file.read(min(max(n_bytes, 0), MAX_INDEX_BYTES))
    try:
        return _edited_s(index)
    except (struct.error, IndexError, ZeroDivisionError):
        return None


def _edited_s(index: bytes) -> float | None:
    """Add up the edits of the first track of pictures, in the boxes' version 0.

    A recorder that did not know yet how long it would be wrote none.
    """
    per_s = struct.unpack_from(">I", index.split(b"mvhd", 1)[1], 12)[0]
    tracks = [t for t in index.split(b"trak")[1:] if b"vide" in t and b"elst\0" in t]
    if not tracks:
        return None
    edits = tracks[0].split(b"elst\0", 1)[1]
    n_edits = min(struct.unpack_from(">I", edits, 3)[0], MAX_EDITS)
    found = [struct.unpack_from(">Ii", edits, 7 + 12 * k) for k in range(n_edits)]
    return sum(n for n, start in found if start >= 0) / per_s or None


def _to_index(file: BinaryIO) -> int | None:
    """Go to the index of an MP4.

    Returns:
        Its bytes, `NO_INDEX` where there is none; None of other files.
    """
    while len(head := file.read(8)) == len("....type"):
        n_bytes, kind = int.from_bytes(head[:4], "big"), head[4:]
        if file.tell() == len(head) and kind != b"ftyp":
            return None
        is_to_end = n_bytes == 0
        if n_bytes == 1:
            n_bytes = int.from_bytes(file.read(8), "big") - 8
        if kind == b"moov":
            return MAX_INDEX_BYTES if is_to_end else max(n_bytes - 8, 0)
        if not 0 < n_bytes <= MAX_BOX_BYTES:
            break
        file.seek(max(n_bytes - 8, 0), 1)
    return NO_INDEX if file.tell() > 0 else None
