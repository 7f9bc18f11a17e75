"""A drawn smear: every white cell has its place, and a film its own density."""

import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture import WhiteCell
from leukoscope_edge.capture.cell_drawing import DENSITY_STEPS
from leukoscope_edge.capture.smear import (
    BLOOD,
    MARROW,
    STRIP_PX,
    Film,
    Smear,
    TrueCell,
    paint_smear,
)

SCALE = 0.1

SIZE_PX = (480, 360)
SCALE_UM_PER_PX = 0.2
BARE = replace(BLOOD, red_cell_cover=0.0)
"""Blood without red cells, which take most of the time."""


def painted(
    *kinds: WhiteCell, film: Film = BARE, margin_px: float = 0.0, seed: int = 1
) -> Smear:
    random = np.random.default_rng(seed)
    return paint_smear(
        *SIZE_PX, list(kinds), SCALE_UM_PER_PX, random, film=film, margin_px=margin_px
    )


def place_of(cell: TrueCell) -> tuple[int, int]:
    """Where it was put: the middle of its masks."""
    x, y = (corner + len(cell.cell) // 2 for corner in cell.corner_px)
    return x, y


def test_a_slide_without_white_cells_is_plasma_and_platelets() -> None:
    smear = painted()
    assert smear.cells == ()
    assert smear.density.shape == (SIZE_PX[1], SIZE_PX[0], 3)
    assert smear.density.dtype == np.uint8
    assert np.median(smear.density) < 10


def test_the_truth_stands_in_the_order_of_the_kinds_and_on_the_canvas() -> None:
    kinds = (WhiteCell.BLAST, WhiteCell.NEUTROPHIL, WhiteCell.LYMPHOCYTE)
    smear = painted(*kinds)
    assert tuple(c.kind for c in smear.cells) == kinds
    for cell in smear.cells:
        x, y = cell.corner_px
        side = len(cell.cell)
        under = smear.density[max(y, 0) : y + side, max(x, 0) : x + side]
        nucleus = cell.nucleus[max(-y, 0) :, max(-x, 0) :]
        nucleus = nucleus[: under.shape[0], : under.shape[1]]
        assert np.median(under[nucleus][:, 1]) > np.median(smear.density[..., 1]) + 40


@pytest.mark.parametrize("film", [BLOOD, MARROW])
def test_white_cells_keep_off_the_edges_by_their_margin(film: Film) -> None:
    bare, margin_px = replace(film, red_cell_cover=0.0), 30.0
    smear = painted(*[WhiteCell.LYMPHOCYTE] * 8, film=bare, margin_px=margin_px)
    for cell in smear.cells:
        x, y = place_of(cell)
        least_px = margin_px + cell.radius_px - 1  # places are rounded to pixels
        assert least_px <= x <= SIZE_PX[0] - least_px
        assert least_px <= y <= SIZE_PX[1] - least_px


def test_cells_stand_apart_where_none_touch() -> None:
    alone = replace(BARE, touching=0.0, gap=0.5)
    cells = painted(*[WhiteCell.LYMPHOCYTE] * 6, film=alone).cells
    for i, a in enumerate(cells):
        for b in cells[i + 1 :]:
            away_px = np.hypot(*np.subtract(place_of(a), place_of(b)))
            least_px = a.radius_px + 1.5 * b.radius_px
            assert away_px > least_px - 1.5  # places are rounded to pixels


def test_red_cells_cover_about_what_the_film_says() -> None:
    smear = painted(film=replace(BLOOD, red_cell_cover=0.3))
    share = (smear.density[..., 1] > 12).mean()
    assert 0.2 < share < 0.4


def test_drops_of_fat_leave_empty_glass() -> None:
    fat, none = (
        painted(film=replace(BARE, fat_per_mm2=n)).density.min(axis=2)
        for n in (2000.0, 0.0)
    )
    assert (fat == 0).mean() > 0.02 + (none == 0).mean()


def test_too_many_cells_find_no_room() -> None:
    kinds, random = [WhiteCell.BLAST] * 9, np.random.default_rng(1)
    with pytest.raises(ValueError, match="no room for white cell"):
        paint_smear(120, 120, kinds, SCALE_UM_PER_PX, random, film=BARE)


@pytest.mark.parametrize("film", [BLOOD, MARROW])
def test_a_films_kinds_are_no_blasts_and_make_up_the_whole(film: Film) -> None:
    assert sum(film.shares.values()) == pytest.approx(1.0)
    assert WhiteCell.BLAST not in film.shares


def test_marrow_is_more_crowded_than_blood_and_less_red() -> None:
    assert MARROW.cells_per_field > BLOOD.cells_per_field
    assert MARROW.touching > BLOOD.touching
    assert MARROW.red_cell_cover < BLOOD.red_cell_cover


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
