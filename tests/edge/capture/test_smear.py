"""A smear is painted within little more memory than it takes."""

import tracemalloc
from dataclasses import replace

import cv2
import numpy as np

from leukoscope_edge.capture.cell_drawing import DENSITY_STEPS, WhiteCell
from leukoscope_edge.capture.smear import BLOOD, STRIP_PX, paint_smear

SCALE = 0.1


def test_the_ground_is_what_the_whole_would_be_if_stretched_at_once() -> None:
    width, height = 3 * STRIP_PX + 17, 333
    bare = replace(BLOOD, red_cell_cover=0.0)
    random = np.random.default_rng(3)
    smear = paint_smear(width, height, [], SCALE, random, film=bare)
    coarse = np.random.default_rng(3).standard_normal(
        (height // 64 + 2, width // 64 + 2)
    )
    way = cv2.INTER_CUBIC
    mottle = cv2.resize(coarse, (width, height), interpolation=way) * 0.012 + 0.03
    ground = np.clip(mottle * DENSITY_STEPS, 0, 255).astype(np.uint8)
    is_ground = (smear.density == ground[..., None]).all(axis=2)
    assert (smear.density >= ground[..., None]).all()
    assert is_ground.mean(axis=0).min() > 0.5  # the rest lies under platelets


def test_painting_takes_little_more_than_the_slide_itself() -> None:
    cells = [WhiteCell.BLAST] * 20
    tracemalloc.start()
    try:
        smear = paint_smear(1600, 1600, cells, SCALE, np.random.default_rng(1))
        taken, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1.25 * smear.density.nbytes
    assert most < 2.5 * smear.density.nbytes


def test_a_true_cell_has_no_empty_rim_beyond_its_stain() -> None:
    kinds = [WhiteCell.LYMPHOCYTE] * 3
    cells = paint_smear(900, 900, kinds, SCALE, np.random.default_rng(2)).cells
    for cell in cells:
        side = len(cell.cell)
        assert cell.cell.shape == cell.nucleus.shape == (side, side)
        assert 2 * cell.radius_px < side < 4 * cell.radius_px
