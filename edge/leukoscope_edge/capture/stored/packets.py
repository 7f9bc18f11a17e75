"""What a video's packets and boxes say that FFmpeg, by way of OpenCV, does not.

OpenCV scales every frame to the size of the first one: where a recorder changes its
size in between, as calls over the network do, cells would be measured at a wrong scale.
The size stands in the packets before they are decoded.

Source: ITU-T H.264 (7.3.1) and H.265 (7.3.1.2); RFC 6386 (9.1) for VP8; VP9 bitstream
specification (6.2); ISO/IEC 14496-12 (4.2) for MP4.
"""

from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.capture.stored import jpeg
from leukoscope_edge.errors import SourceError

HEAD_BYTES = 1 << 12
"""Parameter sets stand in front of the picture."""
NAL_START = b"\x00\x00\x01"
H264 = frozenset({"h264", "avc1", "avc3", "x264"})
H265 = frozenset({"h265", "hevc", "hev1", "hvc1"})
"""Four letters, in small ones."""
H264_SPS, H265_SPS = 7, 33
VP8_KEY, VP9_KEY = b"\x9d\x01\x2a", b"\x49\x83\x42"


def format_of(packet: bytes, codec: str) -> bytes:
    """Return the part of a packet that says its frame's size, b"" where none does.

    Two that differ are of another size, or at least of another recording.

    Args:
        packet: As the file holds it, with start codes where the codec has them.
        codec: Four letters.
    """
    if packet.startswith(jpeg.START):
        return _jpeg_size(packet)
    if packet[3:6] == VP8_KEY:
        return packet[6:10]
    if packet[1:4] == VP9_KEY:
        return packet[4:9]
    units = [u for u in packet[:HEAD_BYTES].split(NAL_START)[1:] if u]
    if codec.lower() in H264:
        units = [u for u in units if u[0] & 31 == H264_SPS]
    elif codec.lower() in H265:
        units = [u for u in units if u[0] >> 1 & 63 == H265_SPS]
    else:
        return b""
    return b"".join(u.rstrip(b"\x00") for u in units)


def _jpeg_size(packet: bytes) -> bytes:
    try:
        read = jpeg.read_jpeg(packet)
    except SourceError:
        return b""
    return b"%d x %d" % (read.width_px, read.height_px)


class Packets:
    """The packets of a video, read beside its frames."""

    def __init__(self, path: Path, codec: str) -> None:
        """Open the file; where that fails there is nothing to see.

        Args:
            path: The file.
            codec: Four letters, as OpenCV says them.
        """
        self._codec = codec
        raw = [cv2.CAP_PROP_FORMAT, -1]
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, raw)
        self._first = b""
        self._is_changed = False

    def is_changed(self) -> bool:
        """Look at the next packet; say whether the size has changed by now."""
        found, data = self._capture.read()
        if found and not self._is_changed:
            size = format_of(np.asarray(data, np.uint8).tobytes(), self._codec)
            self._first = self._first or size
            self._is_changed = bool(size) and size != self._first
        return self._is_changed


def has_no_index(path: Path) -> bool:
    """Say whether a file is an MP4 or MOV whose recording was cut off.

    The index ("moov") is written last; without it nothing can be found.
    """
    with path.open("rb") as file:
        while len(head := file.read(8)) == len("....type"):
            n_bytes, kind = int.from_bytes(head[:4], "big"), head[4:]
            if file.tell() == len(head) and kind != b"ftyp":
                return False
            if kind == b"moov":
                return False
            if n_bytes == 1:
                n_bytes = int.from_bytes(file.read(8), "big") - 8
            file.seek(max(n_bytes - 8, 0), 1)
            if n_bytes == 0:
                break
        return file.tell() > 0
