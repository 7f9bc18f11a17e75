"""What a file is by its first bytes."""

import pytest

from leukoscope_edge.capture.stored.kinds import HEAD_BYTES, kind_of


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", ""),
        (b"notes of a day", ""),
        (b"PK\3\4", ""),  # a letter is packed, too: its name decides
        (b"%PDF-1.7", ""),
        (b"\xd0\xcf\x11\xe0", ""),  # Thumbs.db
        (b"\xff\xd8\xff\xe1", "JPEG"),
        (b"MM\0+", "BigTIFF"),
        (b"GIF89a\x01", "GIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\0\0\0\x18ftypM4A ", ""),  # sound
        (b"\0\0\0\x14ftypqt  ", "MOV"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"RIFF\x10\0\0\0WAVEfmt ", ""),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"BM of a day, by nobody", ""),
        (bytes(128) + b"DICM", "DICOM"),
        (bytes(127) + b"DICM", ""),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind
    assert kind_of((head + bytes(HEAD_BYTES))[:HEAD_BYTES]) == kind
