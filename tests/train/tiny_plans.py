"""Plans so small that a test fits them, and cells of three kinds for them."""

from dataclasses import replace

import numpy as np
from tests.train.drawn_cells import draw_cells

from leukoscope_train.data import CropSet, concatenate
from leukoscope_train.plan import FitPlan

PLAN = FitPlan(
    architecture="alexnet-tiny", side_px=24, n_epochs=2, n_draws=64, batch=16
)


def draw_kinds() -> CropSet:
    """Cells of known people, and half discs of unknown ones as granulocytes."""
    crops = draw_cells(seed=1)
    pixels = crops.pixels[:24].copy()
    pixels[:, :16] = 0
    other = replace(
        crops.pick(np.arange(24)),
        pixels=pixels,
        labels=np.zeros(24, np.int64),
        people=np.full(24, ""),
        sources=np.full(24, "pbc-neutrophil"),
    )
    return concatenate([crops, other])


KIND_FIRST = replace(PLAN, architecture="alexnet-kind-first")

HEADS_ALONE = replace(PLAN, heads_first=True, n_epochs=0)
