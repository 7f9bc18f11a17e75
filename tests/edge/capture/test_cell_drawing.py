"""Drawn white cells: a nucleus inside a cell, and each kind like itself."""

import numpy as np
import pytest

from leukoscope_edge.capture.cell_drawing import (
    BEYOND_UM,
    WhiteCell,
    _Sheet,
    draw_white_cell,
    trimmed,
)


@pytest.mark.parametrize("kind", list(WhiteCell))
def test_every_kind_of_cell_has_a_nucleus_inside_a_cell(kind: WhiteCell) -> None:
    drawing = draw_white_cell(kind, 0.1, np.random.default_rng(1))
    assert drawing.nucleus.any()
    assert (drawing.cell | ~drawing.nucleus).mean() > 0.999
    rim = [drawing.cell[0], drawing.cell[-1], drawing.cell[:, 0], drawing.cell[:, -1]]
    assert not np.concatenate(rim).any()


def test_blasts_have_little_cytoplasm_and_neutrophils_much() -> None:
    def share(kind: WhiteCell) -> float:
        random = np.random.default_rng(2)
        drawings = [draw_white_cell(kind, 0.2, random) for _ in range(12)]
        return float(np.mean([d.nucleus.sum() / d.cell.sum() for d in drawings]))

    assert share(WhiteCell.BLAST) > 0.7
    assert share(WhiteCell.NEUTROPHIL) < 0.5


def test_a_disc_is_the_same_wherever_it_counts_and_nothing_far_beyond() -> None:
    near, whole = (
        _Sheet(13.0, 0.1, np.random.default_rng(3)).disc((2.0, -3.0), 1.5, 0.2, beyond)
        for beyond in (BEYOND_UM, 99.0)
    )
    is_near = np.isfinite(near)
    assert 0 < is_near.mean() < 0.1
    assert (near[is_near] == whole[is_near]).all()
    assert whole[~is_near].max() < -BEYOND_UM
    assert np.isfinite(whole).all()


@pytest.mark.parametrize(
    ("used", "left"),
    [
        ([], (0, 7)),
        ([(3, 3)], (3, 4)),
        ([(3, 2)], (2, 5)),
        ([(5, 3)], (1, 6)),
        ([(3, 3), (0, 3)], (0, 7)),
        ([(3, 6)], (0, 7)),
    ],
)
def test_what_is_used_stays_in_the_middle_of_its_square(
    used: list[tuple[int, int]], left: tuple[int, int]
) -> None:
    is_used = np.zeros((7, 7), bool)
    for at in used:
        is_used[at] = True
    assert trimmed(is_used) == (slice(*left), slice(*left))
