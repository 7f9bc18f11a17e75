"""A video's packets say their size; OpenCV scales every frame to the first one's."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.stored import VideoReplay
from leukoscope_edge.capture.stored.packets import (
    ends_early,
    facts_of,
    format_of,
    has_no_index,
    is_hdr,
    is_hdr_packet,
    is_matroska,
    shown_s,
)
from leukoscope_edge.messages import in_english
from leukoscope_edge.types import Fault, Frame, PictureFacts

SET, OTHER = b"\x67\x64\x00\x16\xac", b"\x67\x64\x00\x0c\xac"
H265_SET, SLICE = b"\x42\x01\x01", b"\x41\x9a\x22"
CODE = b"\0\0\0\1"


def jpeg(width: int, height: int) -> bytes:
    red = np.arange(width, dtype=np.uint8)[None].repeat(height, axis=0)
    found, data = cv2.imencode(".jpg", np.dstack([red // 2, red // 3, red]))
    assert found
    return data.tobytes()


@pytest.mark.parametrize(
    ("packet", "codec", "said"),
    [
        (b"", "h264", b""),
        (CODE + SLICE, "h264", b""),
        (SET, "h264", b""),
        (SET + CODE + OTHER, "h264", OTHER),
        (CODE + b"\x09\xf0" + CODE + SET + CODE + b"\x68\xeb", "h264", SET),
        (CODE + OTHER + CODE + SLICE, "avc1", OTHER),
        (CODE + H265_SET + CODE + SLICE, "hevc", H265_SET),
        (b"\0\0\1" + SET, "mpg2", b""),  # slices of MPEG-2 are numbered like sets
        (b"\x10\x02\0\x9d\x01\x2a\x80\x02\xe0\x01", "VP80", b"\x80\x02\xe0\x01"),
        (b"\x82\x49\x83\x42\x20\x27\xf0\x1d\xf0\0", "VP90", b"\x20\x27\xf0\x1d\xf0"),
        (jpeg(64, 48), "MJPG", b"64 x 48"),
        (jpeg(64, 48)[:-9], "MJPG", b""),
    ],
)
def test_a_packet_says_its_size_in_its_codec_s_way(
    packet: bytes, codec: str, said: bytes
) -> None:
    assert format_of(packet, codec) == said


def replayed(path: Path) -> tuple[list[Frame], list[str]]:
    frames, reasons = [], []
    with VideoReplay(path, 0.1) as video:
        while (found := video.read()) is not None:
            if isinstance(found, Frame):
                frames.append(found)
            else:
                assert isinstance(found, Fault)
                reasons.append(in_english(found.reason))
    return frames, reasons


@pytest.mark.parametrize("size", [(32, 24), (48, 64)])
def test_no_frame_is_scaled_to_the_size_of_the_first(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "two.mjpeg"
    path.write_bytes(3 * jpeg(64, 48) + 2 * jpeg(*size))
    frames, reasons = replayed(path)
    assert [f.pixels.shape for f in frames] == 3 * [(48, 64, 3)]
    assert len(reasons) == 2
    assert all("another size or format" in why for why in reasons)


@pytest.mark.parametrize(
    ("boxes", "is_cut"),
    [
        ([(b"ftyp", 8), (b"mdat", 20)], True),
        ([(b"ftyp", 8), (b"mdat", 20), (b"moov", 4)], False),
        ([(b"ftyp", 8), (b"moov", 4), (b"mdat", 20)], False),
        ([(b"free", 8), (b"mdat", 20)], False),
        ([(b"ftyp", 8), (b"free", 0), (b"mdat", 4)], True),
        ([(b"ftyp", 8), (b"free", 0), (b"moov", 0)], False),
        ([], False),
    ],
)
def test_an_mp4_without_its_index_was_cut_off(
    boxes: list[tuple[bytes, int]], tmp_path: Path, *, is_cut: bool
) -> None:
    path = tmp_path / "a.mp4"
    parts = ((8 + n).to_bytes(4, "big") + kind + bytes(n) for kind, n in boxes)
    path.write_bytes(b"".join(parts))
    assert has_no_index(path) == is_cut


FTYP, MDAT = b"\0\0\0\x0cftypisom", b"\0\0\0\x0cmdatabcd"
MOOV = b"\0\0\0\x17moov"
"""As long as itself and one of these:"""
COLR = b"\0\x01\0%c\0\x01"
"""Primaries, transfer and matrix, as a box `colr` has them."""


@pytest.mark.parametrize(
    ("data", "is_so"),
    [
        (b"", False),
        (FTYP + MDAT, False),
        (FTYP + MDAT + b"\0\0\0\x08moov", False),
        (FTYP + MDAT + MOOV + b"colrnclx" + COLR % 1, False),
        (FTYP + MDAT + MOOV + b"colrnclx" + COLR % 16, True),
        (FTYP + MOOV + b"colrnclc" + COLR % 18 + MDAT, True),
        (FTYP + MDAT + b"\0\0\0\0" + MOOV[4:] + b"colrnclx" + COLR % 16, True),
        (FTYP + b"\0\0\0\x08moov" + b"colrnclc" + COLR % 18 + MDAT, False),
        (FTYP + b"\0\0\0\x08mdat" + b"colrnclc" + COLR % 18, False),
        (b"\x1a\x45\xdf\xa3" + bytes(9) + b"\x55\xba\x81\x01", False),
        (b"\x1a\x45\xdf\xa3" + bytes(9) + b"\x55\xba\x81\x10", True),
        (b"\x1a\x45\xdf\xa3" + bytes(9) + b"\x55\xba\x81\x12", True),
    ],
)
def test_light_of_a_wider_range_is_said_in_the_index(
    data: bytes, tmp_path: Path, *, is_so: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert is_hdr(path) == is_so


def test_a_box_may_have_a_long_length_or_reach_to_the_end(tmp_path: Path) -> None:
    head = b"\0\0\0\x0cftypisom"
    path = tmp_path / "a.mp4"
    path.write_bytes(head + b"\0\0\0\1mdat" + (24).to_bytes(8, "big") + bytes(8))
    assert has_no_index(path)
    path.write_bytes(path.read_bytes() + b"\0\0\0\x08moov")
    assert not has_no_index(path)
    path.write_bytes(head + b"\0\0\0\1mdat" + b"\xff" * 16)  # no length of a file
    assert has_no_index(path)
    path.write_bytes(head + b"\0\0\0\0mdat" + b"\0\0\0\x08moov")  # its own bytes
    assert has_no_index(path)
    path.write_bytes(b"\0")
    assert has_no_index(path)


@pytest.mark.parametrize(
    ("data", "is_so"),
    [
        (b"", False),
        (b"\0\0\0\x0cmdatabc", False),  # no MP4
        (FTYP + MDAT, False),
        (FTYP + MDAT[:-1], True),
        (FTYP + b"\0\0\0\0mdat", False),  # to its end
        (FTYP + MDAT + b"\0\0\0\x20a recorder's own notes", False),
        (FTYP + b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + bytes(4), False),
        (FTYP + b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + bytes(3), True),
        (FTYP + b"\0\0\0\1mdat" + bytes(8), True),  # no length of a box
        (FTYP + b"\0\0\0\1mdat" + (15).to_bytes(8, "big") + bytes(9), True),
        (FTYP + b"\0\0\0\1mdat" + (2**63 - 16).to_bytes(8, "big"), True),
        (FTYP + b"\0\0\0\7mdat" + MDAT, True),
        (FTYP + b"\0\0\0\x08mdat" + MDAT, False),
    ],
)
def test_a_file_may_be_shorter_than_its_boxes_say(
    data: bytes, tmp_path: Path, *, is_so: bool
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert ends_early(path) == is_so
    assert not is_matroska(path)


HLG = bytes.fromhex("67640016acd940a03da6a1224128000003000800000300a078b16cb0")
PQ = bytes.fromhex(
    "42010102200000030090000003000003005aa0050201e1365959a4932b9a848804820000"
    "030002000003001410"
)


@pytest.mark.parametrize(
    ("packet", "codec", "is_so"),
    [
        (b"", "h264", False),
        (CODE + SET + CODE + SLICE, "h264", False),
        (CODE + HLG + CODE + SLICE, "h264", True),
        (CODE + b"\x09\xf0" + CODE + HLG, "avc1", True),
        (CODE + PQ + CODE + SLICE, "hevc", True),
        (CODE + HLG, "mpg2", False),
        (CODE + SET + CODE + bytes.fromhex("4e0193011280"), "hevc", True),
        (CODE + SET + CODE + bytes.fromhex("4e0193010e80"), "hevc", False),
        (CODE + SET + CODE + bytes.fromhex("0693011280"), "avc1", True),
        (CODE + SET + CODE + bytes.fromhex("069301"), "avc1", False),
        (CODE + SET + CODE + bytes.fromhex("0693011280"), "mpg2", False),
    ],
)
def test_a_stream_tells_of_a_wider_range_itself(
    packet: bytes, codec: str, *, is_so: bool
) -> None:
    assert is_hdr_packet(packet, codec) == is_so


def test_a_key_frame_says_its_bits_and_a_jpeg_its_quality() -> None:
    assert facts_of(b"x" * 60, 100, is_key=True) == PictureFacts(bits_per_px=4.8)
    assert facts_of(b"x" * 60, 100, is_key=False) == PictureFacts()
    grey = np.full((48, 64, 3), 90, np.uint8)
    for quality in (95, 65):
        data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        found = facts_of(data.tobytes(), 64 * 48, is_key=True)
        assert found == PictureFacts(jpeg_quality=quality)
    assert facts_of(data.tobytes()[:40], 64 * 48, is_key=True) == PictureFacts()


def edits(*pairs: tuple[int, int], per_s: int = 1000, kind: bytes = b"vide") -> bytes:
    """Return an index with one track and its edits: length, and where it begins."""
    body = b"".join(struct.pack(">IiI", n, at, 1 << 16) for n, at in pairs)
    listed = b"elst" + struct.pack(">II", 0, len(pairs)) + body
    head = b"mvhd" + struct.pack(">IIII", 0, 0, 0, per_s)
    inside = head + b"trak" + listed + b"hdlr" + kind
    return struct.pack(">I", 8 + len(inside)) + b"moov" + inside


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", None),
        (FTYP + MDAT, None),
        (FTYP + MDAT + edits(), None),
        (FTYP + MDAT + edits((0, 1024)), None),
        (FTYP + MDAT + edits((2500, 4096)), 2.5),
        (FTYP + MDAT + edits((500, -1), (2500, 0), (1000, 9)), 3.5),
        (FTYP + MDAT + edits((2500, 0), per_s=0), None),
        (FTYP + MDAT + edits((2500, 0), kind=b"soun"), None),
        (FTYP + MDAT + edits((2500, 0))[:-12], None),
    ],
)
def test_a_video_that_was_trimmed_says_how_much_is_shown(
    data: bytes, shown: float | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert shown_s(path) == shown
