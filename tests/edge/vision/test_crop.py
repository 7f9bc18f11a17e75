"""The crop has the card's physical scale, whatever camera the frame came from."""

import numpy as np
import pytest

from leukoscope_edge.vision.crop import TARGET_MEAN, TARGET_STD, CropSpec, cut_crop

SPEC = CropSpec(side_px=64, scale_um_per_px=0.2, colour="masked")
ALIKE = CropSpec(side_px=64, scale_um_per_px=0.2, colour="masked-standardised")
TRIMMED_UM = 0.2  # the rim in whole pixels of this spec: one


def disc(side_px, centre, radius_px):
    y, x = np.mgrid[:side_px, :side_px]
    return np.hypot(x - centre[0], y - centre[1]) <= radius_px


def frame(side_px=200, level=(90, 40, 120)):
    return np.full((side_px, side_px, 3), level, np.uint8)


def textured(mask, *, gain, offset, seed=5):
    noise = np.random.default_rng(seed).normal(0, 10, (*mask.shape, 3))
    cell = np.array([100, 60, 130]) + noise
    return np.clip(cell * gain + np.array(offset), 0, 255).astype(np.uint8)


def test_everything_outside_the_cell_is_black():
    mask = disc(200, (100, 100), 20)
    crop = cut_crop(frame(), mask, (100, 100), 0.2, SPEC)
    assert crop.shape == (64, 64, 3)
    assert crop.dtype == np.uint8
    assert (crop[0] == 0).all()
    assert tuple(crop[32, 32]) == (90, 40, 120)


@pytest.mark.parametrize("scale_um_per_px", [0.05, 0.1, 0.2, 0.33, 0.4])
def test_a_cell_has_the_same_size_whatever_the_camera(scale_um_per_px):
    radius_um = 4.0
    radius_px = radius_um / scale_um_per_px
    side = int(4 * radius_px)
    mask = disc(side, (side / 2, side / 2), radius_px)
    crop = cut_crop(frame(side), mask, (side / 2, side / 2), scale_um_per_px, SPEC)
    diameter_um = 2 * np.sqrt((crop.max(axis=2) > 0).sum() / np.pi) * 0.2
    assert diameter_um == pytest.approx(2 * radius_um - 2 * TRIMMED_UM, rel=0.03)


def test_surroundings_never_bleed_into_the_rim():
    mask = disc(400, (200, 200), 60)
    pixels = frame(400)
    pixels[~mask] = 255
    crop = cut_crop(pixels, mask, (200, 200), 0.05, SPEC)
    inside = crop.max(axis=2) > 0
    assert (crop[inside] == (90, 40, 120)).all()


@pytest.mark.parametrize("centre", [(0.0, 0.0), (199.0, 5.0), (-40.0, 230.0)])
def test_a_window_beyond_the_frame_is_black_there(centre):
    crop = cut_crop(frame(), np.ones((200, 200), bool), centre, 0.2, SPEC)
    x, y = centre
    expected = cut_crop(
        np.pad(frame(), ((100, 100), (100, 100), (0, 0))),
        np.pad(np.ones((200, 200), bool), 100),
        (x + 100, y + 100),
        0.2,
        SPEC,
    )
    np.testing.assert_array_equal(crop, expected)


def test_standardised_cells_share_mean_and_spread():
    mask = disc(200, (100, 100), 25)
    crop = cut_crop(
        textured(mask, gain=0.5, offset=(20, 5, 0)), mask, (100, 100), 0.2, ALIKE
    )
    cell = crop[crop.max(axis=2) > 0].astype(float)
    np.testing.assert_allclose(cell.mean(axis=0), TARGET_MEAN, atol=1.0)
    np.testing.assert_allclose(cell.std(axis=0), TARGET_STD, atol=1.5)


def test_standardised_cells_forget_lamp_and_exposure():
    mask = disc(200, (100, 100), 25)
    one = cut_crop(
        textured(mask, gain=1.0, offset=(0, 0, 0)), mask, (100, 100), 0.2, ALIKE
    )
    two = cut_crop(
        textured(mask, gain=1.3, offset=(15, 30, 5)), mask, (100, 100), 0.2, ALIKE
    )
    assert np.abs(one.astype(int) - two.astype(int)).mean() < 3


def test_a_flat_cell_is_not_stretched_into_noise():
    mask = disc(200, (100, 100), 25)
    crop = cut_crop(frame(), mask, (100, 100), 0.2, ALIKE)
    assert set(np.unique(crop)) == {0, 128}


def test_an_empty_mask_gives_a_black_crop():
    crop = cut_crop(frame(), np.zeros((200, 200), bool), (100, 100), 0.2, ALIKE)
    assert not crop.any()


def test_refuses_shapes_that_disagree():
    with pytest.raises(ValueError, match="mask"):
        cut_crop(frame(), np.ones((10, 10), bool), (5, 5), 0.2, SPEC)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_refuses_a_scale_that_is_not_positive(scale):
    with pytest.raises(ValueError, match="positive"):
        cut_crop(frame(), np.ones((200, 200), bool), (5, 5), scale, SPEC)


def test_a_string_that_hangs_on_a_cell_is_cut_off():
    mask = disc(200, (100, 100), 20)
    with_string = mask.copy()
    with_string[98:102, 100:190] = True
    plain = cut_crop(frame(), mask, (100, 100), 0.2, SPEC)
    np.testing.assert_array_equal(
        cut_crop(frame(), with_string, (100, 100), 0.2, SPEC)[:, :50], plain[:, :50]
    )
    assert not cut_crop(frame(), with_string, (100, 100), 0.2, SPEC)[:, 56:].any()


def test_a_hole_in_a_cell_is_filled():
    mask = disc(200, (100, 100), 20)
    holed = mask & ~disc(200, (100, 100), 4)
    np.testing.assert_array_equal(
        cut_crop(frame(), holed, (100, 100), 0.2, SPEC).max(axis=2) > 0,
        cut_crop(frame(), mask, (100, 100), 0.2, SPEC).max(axis=2) > 0,
    )


EVEN = CropSpec(
    side_px=64, scale_um_per_px=0.2, colour="masked", light="white-balanced"
)


def smear(*, lamp=(1.0, 1.0, 1.0), across=0.0):
    """A violet cell on plasma, under a lamp that darkens by a share to the right."""
    pixels = np.full((200, 240, 3), (228, 230, 226), np.float32)
    pixels[disc(240, (120, 100), 22)[:200]] = (140, 90, 170)
    fall = 1 - across * np.linspace(0, 1, 240)[None, :, None]
    return np.clip(np.rint(pixels * np.array(lamp) * fall), 0, 255).astype(np.uint8)


def balanced(pixels):
    mask = disc(240, (120, 100), 20)[:200]
    return cut_crop(pixels, mask, (120, 100), 0.2, EVEN)[32, 32].astype(int)


@pytest.mark.parametrize(
    ("lamp", "across"),
    [
        ((1.0, 0.8, 0.6), 0.0),
        ((0.6, 0.9, 1.0), 0.0),
        ((0.5, 0.5, 0.5), 0.0),
        ((1.0, 1.0, 1.0), 0.5),
        ((1.0, 0.8, 0.9), 0.4),
    ],
)
def test_a_cell_keeps_its_colour_under_any_lamp(lamp, across):
    difference = balanced(smear(lamp=lamp, across=across)) - balanced(smear())
    assert np.abs(difference).max() <= 6


def test_the_plasma_becomes_white_and_the_cell_stays_dark():
    whole = np.ones((200, 240), bool)
    crop = cut_crop(smear(lamp=(0.8, 0.7, 0.9)), whole, (120, 100), 0.2, EVEN)
    assert np.abs(crop[2, 2].astype(int) - 235).max() <= 2
    assert crop[32, 32].max() < 190


def test_without_the_key_the_light_stays_as_it_was():
    pixels, mask = smear(lamp=(0.8, 0.7, 0.9)), disc(240, (120, 100), 20)[:200]
    crop = cut_crop(pixels, mask, (120, 100), 0.2, SPEC)
    assert tuple(crop[32, 32]) == tuple(pixels[100, 120])


@pytest.mark.parametrize("level", [0, 1, 255])
def test_a_frame_without_plasma_to_measure_is_cut_without_a_fault(level):
    pixels = np.full((50, 60, 3), level, np.uint8)
    crop = cut_crop(pixels, np.ones((50, 60), bool), (30, 25), 0.2, EVEN)
    assert crop.shape == (64, 64, 3)
