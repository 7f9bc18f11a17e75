"""Pictures of cells as files named by their content."""

from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.pictures import (
    Pictures,
    apart,
    from_png,
    jpeg_bytes,
    pixels_sha256,
    png_bytes,
    side_by_side,
)

SLIDE = "0001"


def picture(seed: int, side_px: int = 8) -> U8:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (side_px, side_px, 3), np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return Pictures(tmp_path / "pictures")


def test_before_the_first_picture_there_is_no_folder(
    pictures: Pictures, tmp_path: Path
) -> None:
    assert pictures.last_slide() == 0
    assert pictures.n_jpeg_bytes(SLIDE) == 0
    pictures.drop(SLIDE)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_read_as_it_was_kept(pictures: Pictures) -> None:
    name = pictures.keep(SLIDE, picture(1))
    assert np.array_equal(from_png(pictures.read(SLIDE, name)), picture(1))
    assert pictures.folder(SLIDE).joinpath(name).stat().st_mode & 0o777 == 0o600


def test_the_same_picture_is_one_file(pictures: Pictures) -> None:
    names = {pictures.keep(SLIDE, picture(n)) for n in (1, 1, 2)}
    assert len(names) == 2
    assert {p.name for p in pictures.folder(SLIDE).iterdir()} == names


def test_what_pictures_take_is_told_without_reading_them(pictures: Pictures) -> None:
    assert pictures.n_bytes(SLIDE, []) == 0
    names = [pictures.keep(SLIDE, picture(n)) for n in (1, 2)]
    whole = sum(len(pictures.read(SLIDE, name)) for name in names)
    for name in names:
        pictures.folder(SLIDE).joinpath(name).chmod(0)
    assert pictures.n_bytes(SLIDE, [*names, "lost.png"]) == whole


def test_a_frame_is_new_once_and_its_size_is_known(pictures: Pictures) -> None:
    data = jpeg_bytes(picture(1), 90)
    name, is_new = pictures.keep_jpeg(SLIDE, data)
    assert is_new
    assert pictures.keep_jpeg(SLIDE, data) == (name, False)
    pictures.keep(SLIDE, picture(2))
    assert pictures.n_jpeg_bytes(SLIDE) == len(data)


@pytest.mark.parametrize("data", [b"", b"another"])
def test_what_is_not_what_it_was_is_not_shown(pictures: Pictures, data: bytes) -> None:
    name = pictures.keep(SLIDE, picture(1))
    (pictures.folder(SLIDE) / name).write_bytes(data)
    with pytest.raises(RecordError, match="damaged or replaced"):
        pictures.read(SLIDE, name)
    (pictures.folder(SLIDE) / name).unlink()
    with pytest.raises(RecordError, match="cannot be read"):
        pictures.read(SLIDE, name)


@pytest.mark.parametrize("slide", ["", "1", "../keys", "00000000000001", "000a"])
def test_only_a_number_of_a_slide_names_a_folder(
    pictures: Pictures, slide: str
) -> None:
    with pytest.raises(RecordError, match="is not the number of a slide"):
        pictures.keep(slide, picture(1))


@pytest.mark.parametrize("name", ["", "x.png", "../" + "0" * 64 + ".png", "0" * 64])
def test_only_a_name_of_a_picture_is_read(pictures: Pictures, name: str) -> None:
    with pytest.raises(RecordError, match="is not the name of a picture"):
        pictures.read(SLIDE, name)


def test_the_highest_slide_with_a_picture_is_known(
    pictures: Pictures, tmp_path: Path
) -> None:
    for slide in ("0009", "0010"):
        pictures.keep(slide, picture(1))
    (tmp_path / "pictures" / "notes").mkdir()
    assert pictures.last_slide() == 10
    pictures.drop("0010")
    assert pictures.last_slide() == 9


def test_crops_are_put_side_by_side_and_taken_apart_again() -> None:
    crops = [picture(n) for n in range(3)]
    strip = side_by_side(crops)
    assert strip.shape == (8, 24, 3)
    assert np.array_equal(apart(strip), np.stack(crops))


def test_what_is_no_picture_is_refused() -> None:
    assert np.array_equal(from_png(png_bytes(picture(1))), picture(1))
    with pytest.raises(RecordError, match="is not a picture"):
        from_png(b"no picture")


def test_one_pixel_makes_another_frame() -> None:
    other = picture(1)
    other[0, 0, 0] ^= 1
    assert pixels_sha256(picture(1)) == pixels_sha256(picture(1).copy())
    assert pixels_sha256(picture(1)) != pixels_sha256(other)
