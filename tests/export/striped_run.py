"""Striped cells, and a plan and notes by which a small network learns them."""

import numpy as np

from leukoscope_train.data import CropSet

NOTES = """\
id = "drawn-1"
created = "2026-11-24"
domain = "simulated"
summary = "stripes"
limits = ["of no medical use"]
source = "a test"
licence = "none"
"""
PLAN = 'architecture = "alexnet-tiny"\nside_px = 32\nn_epochs = 8\nn_draws = 256\n'


def striped_cells() -> CropSet:
    """Bright coarse and dark fine stripes in ovals, each turned in its own way."""
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(16), 10)
    labels = (people % 2).astype(np.int64)
    y, x = np.mgrid[:36, :36] - 17.5
    pixels = np.zeros((160, 36, 36, 3), np.uint8)
    for i, label in enumerate(labels):
        turn, phase = random.uniform(0, 2 * np.pi, 2)
        along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y
        across = across - np.sin(turn) * x
        inside = (along / random.uniform(9, 16)) ** 2 + (across / 11) ** 2 < 1
        wave = 60 * np.sin(along * (0.4 if label else 2.2) + phase)[..., None]
        level = (150 if label else 90) + wave + random.normal(0, 30, (36, 36, 3))
        pixels[i][inside] = np.clip(level, 1, 255)[inside].astype(np.uint8)
    return CropSet(
        pixels=pixels,
        labels=labels,
        people=np.array([f"p{p}" for p in people]),
        sources=np.full(160, "drawn"),
        names=np.array([str(i) for i in range(160)]),
        areas_um2=random.uniform(70, 90, 160),
    )
