"""What varying does to a cell, on drawn cells and discs."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from tests.train.drawn_cells import draw_cells

from leukoscope_edge.vision import Colour, finish_crop
from leukoscope_train.data import augment
from leukoscope_train.data.augment import Variation, compress, finish_batch, keep, vary

STILL = Variation(
    scale=0, shift=0, rim_px=0.5, blur_px=0, noise=0, mix=0, gain=0, gamma=0, jpeg=0
)
"""Turned and flipped alone."""


def chance(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_varying_keeps_the_surroundings_black() -> None:
    crops = torch.from_numpy(draw_cells().pixels)
    varied = vary(crops, 24, "masked-standardised", Variation(), chance())
    assert varied.shape == (len(crops), 24, 24, 3)
    assert varied.dtype == torch.uint8
    inside = varied.amax(3) > 0
    assert (~inside).any(dim=(1, 2)).all()
    assert (inside.float().mean(dim=(1, 2)) > 0.2).all()


def test_every_cell_is_varied_by_chance_of_its_own() -> None:
    one = torch.from_numpy(draw_cells().pixels[:1]).repeat(8, 1, 1, 1)
    varied = vary(one, 24, "masked", Variation(), chance())
    again = vary(one, 24, "masked", Variation(), chance())
    other = vary(one, 24, "masked", Variation(), chance(2))
    assert len(np.unique(varied.flatten(1).numpy(), axis=0)) == 8
    assert torch.equal(varied, again)
    assert not torch.equal(varied, other)


def test_a_cell_that_is_only_turned_keeps_its_size_and_colours() -> None:
    y, x = np.mgrid[:48, :48] - 23.5
    disc = np.zeros((8, 48, 48, 3), np.uint8)
    disc[:, np.hypot(x, y) < 14] = (150, 60, 120)
    varied = vary(torch.from_numpy(disc), 40, "masked", STILL, chance())
    inside = varied.amax(3) > 0
    area = inside.float().sum(dim=(1, 2))
    assert area == pytest.approx(np.full(8, np.pi * 14**2), rel=0.08)
    middle = varied[:, 14:26, 14:26].float().mean(dim=(1, 2))
    assert torch.allclose(middle, torch.tensor([150.0, 60.0, 120.0]), atol=1)


def test_scale_and_shift_stay_within_the_recipe() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    disc = np.zeros((64, 64, 64, 3), np.uint8)
    disc[:, np.hypot(x, y) < 12] = 120
    recipe = replace(STILL, scale=0.12, shift=0.08)
    varied = vary(torch.from_numpy(disc), 48, "masked", recipe, chance())
    inside = (varied.amax(3) > 0).double()
    area = inside.sum(dim=(1, 2))
    radius = (area / np.pi).sqrt()
    assert radius.min() > 12 * np.exp(-0.12) - 0.8
    assert radius.max() < 12 * np.exp(0.12) + 0.8
    assert radius.std() > 0.4
    place = torch.arange(48, dtype=torch.float64) - 23.5
    off_x = (inside.sum(1) * place).sum(1) / area
    assert off_x.abs().max() < 0.08 * 48 + 0.5
    assert off_x.std() > 1


@pytest.mark.parametrize("colour", ["masked", "masked-standardised"])
def test_a_batch_is_finished_as_the_device_finishes_a_cell(colour: Colour) -> None:
    pixels = draw_cells().pixels[:6]
    inside = pixels.max(axis=3) > 0
    batch = finish_batch(
        torch.from_numpy(pixels).permute(0, 3, 1, 2).float(),
        torch.from_numpy(inside)[:, None].float(),
        colour,
    )
    for crop, mask, found in zip(pixels, inside, batch.numpy(), strict=True):
        wanted = finish_crop(crop.astype(np.float32), mask, colour)
        assert np.abs(wanted.astype(int) - found).max() <= 1
        assert np.array_equal(wanted.max(axis=2) > 0, found.max(axis=2) > 0)


def test_cells_are_blurred_each_by_its_own_gaussian() -> None:
    image = np.random.default_rng(0).uniform(0, 255, (2, 1, 40, 40)).astype(np.float32)
    sigma_px = torch.tensor([0.0, 1.5]).view(2, 1, 1, 1)
    blurred = augment._blur(torch.from_numpy(image), sigma_px).numpy()
    assert np.abs(blurred[0] - image[0]).max() < 0.1
    wanted = cv2.GaussianBlur(image[1, 0], (0, 0), 1.5)
    assert np.abs(blurred[1, 0] - wanted)[8:-8, 8:-8].max() < 1


def test_some_cells_are_compressed() -> None:
    crop, random = draw_cells().pixels[0], np.random.default_rng(0)
    assert np.array_equal(compress(crop, 0.0, random), crop)
    squeezed = compress(crop, 1.0, random)
    assert not np.array_equal(squeezed, crop)
    assert np.array_equal(squeezed.max(axis=2) > 0, crop.max(axis=2) > 0)


def test_an_unvaried_crop_is_what_the_device_cuts() -> None:
    crop = draw_cells().pixels[0]
    assert np.array_equal(keep(crop, 24, "masked"), crop[4:28, 4:28])


def test_contrast_is_raised_inside_the_cell_alone() -> None:
    crop = draw_cells().pixels[0]
    flat, raised = keep(crop, 24, "masked"), keep(crop, 24, "masked", "clahe")
    assert ((flat > 0) == (raised > 0)).all()
    assert not np.array_equal(flat, raised)
