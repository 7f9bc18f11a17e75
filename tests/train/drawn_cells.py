"""Cells of people, drawn: blasts are told by their stripes."""

import cv2
import numpy as np

from leukoscope_train.data import CropSet


def draw_cells(n_people: int = 8, n_each: int = 6, *, seed: int = 0) -> CropSet:
    """Blasts have wide stripes; each person has cells of one class, all different."""
    random = np.random.default_rng(seed)
    n = n_people * n_each
    people = np.repeat(np.arange(n_people), n_each)
    labels = (people % 2).astype(np.int64)
    pixels = np.zeros((n, 32, 32, 3), np.uint8)
    y, x = np.mgrid[:32, :32] - 15.5
    inside = np.hypot(x, y) < 11
    for i, label in enumerate(labels):
        stripes = 50 * np.sin(x * (0.5 if label else 2.5) + random.uniform(0, 6))
        coarse = random.normal(0, 50, (8, 8)).astype(np.float32)
        own = cv2.resize(coarse, (32, 32), interpolation=cv2.INTER_CUBIC)
        level = 120 + (stripes + own)[..., None] + random.normal(0, 8, (32, 32, 3))
        pixels[i][inside] = np.clip(level, 1, 255)[inside].astype(np.uint8)
    return CropSet(
        pixels=pixels,
        labels=labels,
        people=np.array([f"p{p}" for p in people]),
        sources=np.full(n, "drawn"),
        names=np.array([f"{i}.png" for i in range(n)]),
        areas_um2=np.full(n, 80.0),
    )
