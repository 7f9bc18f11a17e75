"""Where the lens has been: places with their views, found by place in constant time.

Views are stored as bytes: a long run keeps thousands of them.
"""

from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import F32

I8 = npt.NDArray[np.int8]

SPACING_PX = 64.0
"""At working scale: a fifth of the width, so that neighbours overlap well."""
STEPS_PER_LOG = 256.0
"""A stored view's unit: 0.4 % of light, a third of a sensor's noise."""
COARSE_FACTOR = 4
"""Coarse views, 80 x 60, choose which keyframes are worth a closer look."""


@dataclass(slots=True, eq=False)
class Keyframe:
    """One place of the lens.

    Attributes:
        number: How many keyframes were made before.
        island: The island in which the place holds.
        place_px: (x, y) of the view's corner, at working scale.
        coarse: (h / 4, w / 4) float32, the view made small.
    """

    number: int
    island: int
    place_px: tuple[float, float]
    coarse: F32
    _view: I8

    @property
    def view(self) -> F32:
        """The stored view, (h, w) float32."""
        return self._view.astype(np.float32) / STEPS_PER_LOG


class Keyframes:
    """All keyframes of a run."""

    def __init__(self) -> None:
        """Start with none."""
        self._all: list[Keyframe] = []
        self._bins: dict[tuple[int, int, int], list[Keyframe]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Keyframe:
        return self._all[number]

    def add(self, view: F32, place_px: tuple[float, float], island: int) -> None:
        """Remember a view and its place."""
        stored = np.clip(np.rint(view * STEPS_PER_LOG), -127, 127).astype(np.int8)
        keyframe = Keyframe(len(self._all), island, place_px, coarse(view), stored)
        self._all.append(keyframe)
        self._bins[_bin(place_px, island)].append(keyframe)

    def near(
        self, place_px: tuple[float, float], island: int, n_bins: int
    ) -> list[Keyframe]:
        """Return the keyframes of the bins around a place, the nearest first."""
        _, bx, by = _bin(place_px, island)
        span = range(-n_bins, n_bins + 1)
        found = [
            (float(np.hypot(x - place_px[0], y - place_px[1])), k)
            for dx in span
            for dy in span
            for k in self._bins.get((island, bx + dx, by + dy), ())
            for x, y in [k.place_px]
        ]
        return [k for _, k in sorted(found, key=itemgetter(0))]

    def join(self, island: int, into: int, shift_px: tuple[float, float]) -> None:
        """Move the places of one island into another."""
        for keyframe in self._all:
            if keyframe.island == island:
                self._bins[_bin(keyframe.place_px, island)].remove(keyframe)
                x, y = keyframe.place_px
                keyframe.place_px = (x + shift_px[0], y + shift_px[1])
                keyframe.island = into
                self._bins[_bin(keyframe.place_px, into)].append(keyframe)


def coarse(view: F32) -> F32:
    """Return a small view, (h / 4, w / 4) float32."""
    h, w = view.shape
    size = (max(3, w // COARSE_FACTOR), max(3, h // COARSE_FACTOR))
    return np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), np.float32)


def _bin(place_px: tuple[float, float], island: int) -> tuple[int, int, int]:
    return island, int(place_px[0] // SPACING_PX), int(place_px[1] // SPACING_PX)
