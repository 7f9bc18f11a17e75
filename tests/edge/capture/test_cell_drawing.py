"""Drawn white cells: a nucleus inside a cell, and each kind like itself."""

import numpy as np
import pytest

from leukoscope_edge.capture.cell_drawing import WhiteCell, draw_white_cell


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
