"""What a file is by its first bytes, whatever it is called.

Phones call HEIC ".jpg", downloads and devices leave the ending away: what such a file
is stands in its first bytes, and a person can only save it anew who is told.

Source: the formats' own signatures; ISO/IEC 14496-12 (4.3) for the brands of `ftyp`.
"""

from leukoscope_edge.capture.stored import jpeg, tiff

PNG_START = b"\x89PNG\r\n\x1a\n"
DICOM_AT, DICOM = 128, b"DICM"
HEAD_BYTES = DICOM_AT + len(DICOM)
READ_HERE = frozenset({"JPEG", "PNG", "TIFF", "BMP", "WebP"})
"""Pictures that are read where their names say so."""
VIDEO_KINDS = frozenset({"MP4", "MOV", "AVI", "MKV"})
"""Videos likewise; each is called as its ending."""
STARTS = {
    jpeg.START: "JPEG",
    PNG_START: "PNG",
    **dict.fromkeys(tiff.STARTS, "TIFF"),
    **dict.fromkeys(tiff.BIG_STARTS, "BigTIFF"),
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"\0\0\0\x0cjP  \r\n": "JPEG 2000",
    b"\xff\x4f\xff\x51\0": "JPEG 2000",
    b"\0\0\0\x0cJXL \r\n": "JPEG XL",
    b"II\xbc\x01": "JPEG XR",
    b"8BPS\0": "Photoshop",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"ZISRAWFILE": "CZI",
    b"\xda\xce\xbe\x0a\0\0\0\x01": "ND2",
    b"\x1a\x45\xdf\xa3": "MKV",
}
BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "CR3",
    **dict.fromkeys((b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V "), "MP4"),
    b"qt  ": "MOV",
}
"""Of a file whose first box is `ftyp`."""
RIFF_KINDS = {b"WEBP": "WebP", b"AVI ": "AVI"}
BMP_START, BMP_SECOND = b"BM", slice(14, 18)
BMP_HEADERS = frozenset(n.to_bytes(4, "little") for n in (12, 40, 52, 56, 64, 108, 124))
"""How long a BMP's second header may be: words, too, may begin with "BM"."""


def kind_of(head: bytes) -> str:
    """Return what picture or video a file is, "" where it is none that is known.

    Args:
        head: Its first `HEAD_BYTES` bytes, fewer where there are no more.
    """
    for start, kind in STARTS.items():
        if head.startswith(start):
            return kind
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "")
    if head.startswith(b"RIFF"):
        return RIFF_KINDS.get(head[8:12], "")
    if head.startswith(BMP_START) and head[BMP_SECOND] in BMP_HEADERS:
        return "BMP"
    return "DICOM" if head[DICOM_AT:HEAD_BYTES] == DICOM else ""
