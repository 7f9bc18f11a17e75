"""Cells whose shade is their kind's, and a plan that learns them."""

import numpy as np
import torch
from tests.train.lab_cells import lab_cells

from leukoscope_train.data import KINDS, LabCells, join
from leukoscope_train.networks import Kinds
from leukoscope_train.teach import TeachPlan

SHADES = {
    "blast": (90, 60, 190),
    "lymphocyte": (190, 120, 90),
    "monocyte": (60, 190, 90),
}


def shaded(laboratory: str, kinds: list[str], *, seed: int = 0) -> LabCells:
    """Discs whose shade is their kind's, with the laboratory's own noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:36, :36] - 17.5
    inside = np.hypot(x, y) < 12
    pixels = np.zeros((len(kinds), 36, 36, 3), np.uint8)
    for i, kind in enumerate(kinds):
        level = np.array(SHADES.get(kind, (128, 128, 128))) + random.normal(
            0, 12, (36, 36, 3)
        )
        pixels[i][inside] = np.clip(level, 1, 255)[inside].astype(np.uint8)
    n = len(kinds)
    return lab_cells(
        kinds,
        laboratory,
        pixels=pixels,
        names=[f"{laboratory}{i}" for i in range(n)],
        areas_um2=random.uniform(60, 90, n),
    )


PLAN = TeachPlan(
    architecture="alexnet-kinds",
    side_px=32,
    n_draws=320,
    batch=16,
    rate=3e-3,
    fixed_from=0.8,
)


def three_laboratories(n_each: int = 12) -> LabCells:
    kinds = [k for k in SHADES for _ in range(n_each)]
    return join([shaded(n, kinds, seed=i) for i, n in enumerate(("a", "b", "c"))])


class Stubborn(Kinds):
    """Calls everything a monocyte; its features are the mean colours."""

    def __init__(self) -> None:
        super().__init__(torch.nn.Identity(), 3)

    def judge(self, pooled: torch.Tensor) -> torch.Tensor:
        word = torch.full((len(pooled), len(KINDS)), -20.0)
        word[:, KINDS.index("monocyte")] = 20.0
        return word
