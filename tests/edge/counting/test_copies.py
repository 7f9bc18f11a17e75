"""One field counts once, whatever it is called and however it lies."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.counting.copies import THUMBNAIL_PX, Copies
from leukoscope_edge.types import Frame

FRAMES = first_frames(8)


def recompressed(frame: Frame, quality: int) -> Frame:
    """A frame as it is after a JPEG."""
    how = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", frame.pixels[..., ::-1], how)
    again = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    return replace(frame, pixels=np.asarray(again, np.uint8))


def test_the_same_field_is_known_under_another_name_and_saved_anew() -> None:
    copies = Copies()
    first, other = FRAMES[0], FRAMES[-1]
    assert copies.of(first) == ""
    assert copies.of(other) == ""
    assert copies.of(replace(first, name="Copy")) == first.name
    assert copies.of(recompressed(first, 80)) == first.name


def test_fields_of_a_pale_smear_are_no_copies() -> None:
    copies = Copies()
    assert [copies.of(f) for f in FRAMES] == [""] * len(FRAMES)


@pytest.mark.parametrize(("levels", "is_copy"), [(1, True), (1.5, False)])
def test_fields_that_lie_so_far_apart_are_two(levels: float, is_copy: bool) -> None:
    width, height = THUMBNAIL_PX
    grey = np.full((height, width, 3), 100, np.uint8)
    away = grey + np.uint8(1)
    away[: height // 2] += np.uint8(2 * (levels - 1))
    copies, first = Copies(), replace(FRAMES[0], pixels=grey)
    assert copies.of(first) == ""
    assert bool(copies.of(replace(first, pixels=away, name="b"))) == is_copy


def test_the_first_field_is_known_again_after_many() -> None:
    shades = [
        replace(FRAMES[0], pixels=np.full((24, 32, 3), 4 * n, np.uint8))
        for n in range(60)
    ]
    copies = Copies()
    found = [copies.of(replace(f, name=str(n))) for n, f in enumerate(shades)]
    assert found == [""] * 60
    assert copies.of(shades[0]) == "0"


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_field_that_was_turned_or_mirrored_is_the_same(
    quarters: int, *, is_mirrored: bool
) -> None:
    copies, first = Copies(), FRAMES[0]
    assert copies.of(first) == ""
    turned = np.rot90(first.pixels[:, ::-1] if is_mirrored else first.pixels, quarters)
    again = replace(first, name="Copy", pixels=np.ascontiguousarray(turned))
    assert copies.of(again) == first.name


def test_the_nearest_by_colour_need_not_be_the_same() -> None:
    copies, random = Copies(), np.random.default_rng(0)
    field = random.integers(0, 255, (24, 32, 3), np.uint8)
    swapped = random.permutation(field.reshape(-1, 3)).reshape(24, 32, 3)
    assert copies.of(replace(FRAMES[0], pixels=swapped, name="a")) == ""
    assert copies.of(replace(FRAMES[0], pixels=field, name="b")) == ""
    assert copies.of(replace(FRAMES[0], pixels=field, name="c")) == "b"
