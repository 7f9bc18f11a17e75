"""What of a folder is a picture, what is left out by name, and what is nobody's."""

import os
from pathlib import Path

import pytest

from leukoscope_edge.capture import open_source
from leukoscope_edge.capture.stored import ImageReplay
from leukoscope_edge.capture.stored.listing import (
    VIDEO_SUFFIXES,
    folders_of_images,
    is_system,
    is_unread,
    list_images,
    list_late,
    stamps_of,
)
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import in_english
from leukoscope_edge.types import Fault

JPEG = b"\xff\xd8\xff\xe0 and so on"


def test_an_empty_folder_holds_no_image(tmp_path: Path) -> None:
    assert folders_of_images(tmp_path) == []
    with pytest.raises(SourceError, match="no image in this folder; expected"):
        list_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "is_named"),
    [
        ("a.heic", b"", True),
        ("a.M4V", b"", True),
        ("a.mxf", b"", True),
        ("a.KFB", b"", True),
        ("a.isyntax", b"", True),
        ("a.pnm", b"P6", True),
        ("a.jpg", JPEG, False),  # it is read
        ("a.JPG", JPEG, False),
        ("._1.jpg", JPEG, False),
        ("a.jpg.part", JPEG, True),
        ("a.jpg ", JPEG, True),
        ("IMG_0001", JPEG, True),
        ("IMG_0002", b"\x89PNG\r\n\x1a\n", True),
        ("IMG_0003", b"II*\0", True),
        ("IMG_0004", bytes(128) + b"DICM", True),
        ("IMG_0005", bytes(127) + b"DICM", False),
        ("IMG_0006", b"\0\0\0\x18ftypheic", True),
        ("slide", b"ZISRAWFILE", True),
        ("slides.zip", b"PK", True),
        ("letter.pdf", b"%PDF-1.7", False),
        ("notes.txt", b"JPEG", False),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0", False),
        ("._IMG_0001.heic", JPEG, False),  # macOS's, beside each file
        (".DS_Store", b"", False),
    ],
)
def test_a_picture_is_left_out_by_name_whatever_it_is_called(
    name: str, data: bytes, tmp_path: Path, *, is_named: bool
) -> None:
    (tmp_path / name).write_bytes(data)
    assert is_unread(tmp_path / name) == is_named
    (tmp_path / "1.jpg").write_bytes(JPEG)
    assert (tmp_path / name in list_images(tmp_path)) == (
        is_named or name.lower() == "a.jpg"
    )


def test_a_picture_that_nobody_called_so_says_how_to_call_it(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001"
    path.write_bytes(JPEG)
    with ImageReplay([path], None) as camera:
        found = camera.read()
    assert isinstance(found, Fault)
    assert "let it end in .jpg" in in_english(found.reason)
    with pytest.raises(SourceError, match=r"IMG_0001 is a picture .* end in \.jpg"):
        list_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.svs", b"II*\0", "not read here (.svs): save it as PNG"),
        ("IMG_0001", b"\0\0\0\x18ftypheic", "not read here (HEIC): save it as PNG"),
        ("fields.zip", b"PK\3\4", "is a packed folder (.zip): unpack it"),
        ("a.mp4", b"", "is a video among images"),
        ("IMG_0002", b"\0\0\0\x18ftypmp42", "is a video among images"),
        ("IMG_0003", b"\x1a\x45\xdf\xa3", "is a video among images"),
        ("IMG_0004", b"RIFF\x10\0\0\0AVI LIST", "is a video among images"),
        ("IMG_0005", b"RIFF\x10\0\0\0WEBPVP8L", "is a picture whose name does not"),
        ("IMG_0006", b"BM" + bytes(12) + b"\x28\0\0\0", "or .webp"),
    ],
)
def test_a_folder_of_what_is_not_read_says_which_and_the_cure(
    name: str, data: bytes, reason: str, tmp_path: Path
) -> None:
    for k in range(2):
        (tmp_path / f"{k}{name}").write_bytes(data)
    with pytest.raises(SourceError) as caught:
        list_images(tmp_path)
    assert f"0{name} " in str(caught.value)
    assert reason in str(caught.value)
    assert str(caught.value).endswith("; 1 more are not read either")


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (b"\0\0\0\x18ftypmp42", ".mp4"),
        (b"\0\0\0\x14ftypqt  ", ".mov"),
        (b"\x1a\x45\xdf\xa3", ".mkv"),
    ],
)
def test_a_video_alone_that_nobody_called_so_says_how_to_call_it(
    data: bytes, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / "clip"
    path.write_bytes(data)
    assert ending in VIDEO_SUFFIXES
    with pytest.raises(SourceError, match=rf"clip is a video .* end in \{ending}$"):
        open_source(str(path), scale_um_per_px=None)


def test_pictures_come_as_people_count_them_and_what_is_not_read_among_them(
    tmp_path: Path,
) -> None:
    names = ["a2.png", "a10.png", "a.png", "0.png", "2.png", "3.heic", "10.png"]
    for name in sorted(names):
        (tmp_path / name).write_bytes(b"")
    assert [p.name for p in list_images(tmp_path)] == names


def test_a_folder_with_one_picture_holds_pictures_and_one_called_so_is_none(
    tmp_path: Path,
) -> None:
    for name in ("a", "scan.jpg", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("")
    for name in ("a", "scan.jpg"):
        (tmp_path / name / "1.jpg").write_bytes(JPEG)
    (tmp_path / "notes.txt").write_text("")
    assert folders_of_images(tmp_path) == [tmp_path / "a"]


@pytest.mark.parametrize(
    ("path", "is_named"),
    [
        ("a/b/c/x.png", True),
        ("a/x.heic", True),
        ("a/b/IMG_0001", True),
        ("a/notes.txt", False),
        ("a/@eaDir/x.png", False),
        ("a/.x.png", False),
    ],
)
def test_pictures_at_any_depth_are_left_out_by_their_folder_s_name(
    path: str, tmp_path: Path, *, is_named: bool
) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(JPEG if path.endswith("0001") else b"")
    assert folders_of_images(tmp_path) == [tmp_path / "a"] * is_named


def test_a_folder_that_cannot_be_looked_into_may_hold_pictures(tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY)
    for k in range(20):  # a path longer than the kernel takes
        name = "a" if k == 0 else 250 * "a"
        os.mkdir(name, dir_fd=at)
        inside = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inside
    os.close(at)
    (tmp_path / "b").mkdir()
    assert folders_of_images(tmp_path) == [tmp_path / "a"]


def test_a_link_that_leads_back_holds_no_other_pictures(tmp_path: Path) -> None:
    slide = tmp_path / "slide"
    for folder in (slide, tmp_path / "other"):
        folder.mkdir()
        (folder / "1.png").write_bytes(b"")
    (slide / "round").symlink_to(".")
    (slide / "up").symlink_to("..")
    assert folders_of_images(slide) == []
    (slide / "link").symlink_to("../other")
    assert folders_of_images(slide) == [slide / "link"]


def test_what_comes_or_changes_later_is_no_part_of_what_was_listed(
    tmp_path: Path,
) -> None:
    (tmp_path / "below").mkdir()
    for name in ("1.png", "3.png", "4.png", "below/1.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "5.png").symlink_to("nowhere")
    known = stamps_of([*list_images(tmp_path), *folders_of_images(tmp_path)])
    assert list_late(tmp_path, known) == []
    for name in ("10.png", "2.heic", "notes.txt", ".3.png", "below/2.png"):
        (tmp_path / name).write_bytes(b"")
    assert [p.name for p in list_late(tmp_path, known)] == ["2.heic", "10.png"]
    (tmp_path / "1.png").write_bytes(b"longer")
    os.utime(tmp_path / "3.png", ns=(1, 1))
    (tmp_path / "4.png").unlink()
    (tmp_path / "20").mkdir()
    (tmp_path / "20" / "1.png").write_bytes(b"")
    late = ["1.png", "2.heic", "3.png", "10.png"]
    assert [p.name for p in list_late(tmp_path, known, has_folders=False)] == late
    assert [p.name for p in list_late(tmp_path, known)] == [*late, "20"]
    assert list_late(tmp_path / "gone", known) == []


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    assert not any(is_unread(path) for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "is_passed_over"),
    [
        ("slide-2", False),
        ("$RECYCLE.BIN", True),
        ("System Volume Information", True),
        ("__MACOSX", True),
        ("@eaDir", True),
        (".Trash-1000", True),
    ],
)
def test_a_folder_that_a_system_keeps_is_nobody_s_slide(
    name: str, tmp_path: Path, *, is_passed_over: bool
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "1.jpg").write_bytes(JPEG)
    assert is_system(folder) == is_passed_over
    assert folders_of_images(tmp_path) == ([] if is_passed_over else [folder])
