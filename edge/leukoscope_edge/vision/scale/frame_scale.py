"""What the cells of one frame alone say of the scale: enough to tell objectives apart.

One microscope with one objective has one scale, and the frames of a source are pooled
for it (`scale_estimate`). Here each is asked alone, whether its red cells, or its
nuclei where no red cells are round, could be what they are at the slide's scale. So a
nosepiece that was turned within a slide is noticed, and pictures of two microscopes in
one folder, whose sizes in pixels and whose files may be alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from leukoscope_edge.vision.scale.red_cells import RED_CELL_UM
from leukoscope_edge.vision.scale.scale_estimate import (
    ROUND_VIOLET_UM,
    FrameSizes,
    alike,
    middle_by_size,
)

MIN_RED = 2
"""Round red cells that are as wide as each other: one may be anything."""
MAX_RED_RATIO = 1.4
"""Of the width of red cells to RED_CELL_UM, either way. Of 350 frames of five sets,
each at its set's own scale, three are beyond it; objectives are 1.6 and more apart."""
NUCLEI_UM = (6.0, 20.0)
"""What looks round and violet is within, by its middle: of 658 frames of six sets one
is not. A single platelet is below, so that MIN_NUCLEI must be to say so."""
MIN_NUCLEI = 3
MAX_RATIO = 4.0
"""What is further off than from a 100x to a 25x objective is no cell."""

MIN_FRAMES, MIN_SHARE = 3, 0.05
"""Frames that contradict the slide's scale, and of all that speak: of a set at its own
scale 4 in 658 do."""


@dataclass(frozen=True, slots=True)
class FrameScale:
    """What one frame was measured by.

    Attributes:
        witness: Of what.
        diameter_px: Their middle.
        n: How many.
    """

    witness: Literal["red cells", "nuclei"]
    diameter_px: float
    n: int

    def contradicts(self, um_per_px: float) -> bool | None:
        """Say whether the frame was not taken at a scale; None: it cannot tell.

        Args:
            um_per_px: Of the slide.
        """
        width_um = self.diameter_px * um_per_px
        is_red = self.witness == "red cells"
        ratio = width_um / (RED_CELL_UM if is_red else ROUND_VIOLET_UM)
        if not 1 / MAX_RATIO <= ratio <= MAX_RATIO:
            return None
        if is_red:
            return not 1 / MAX_RED_RATIO <= ratio <= MAX_RED_RATIO
        least_um, most_um = NUCLEI_UM
        if width_um < least_um and self.n < MIN_NUCLEI:
            return None
        return not least_um <= width_um <= most_um


def scale_of_frame(sizes: FrameSizes) -> FrameScale | None:
    """Return what a frame alone says, None where it says nothing.

    Args:
        sizes: What was measured in it.
    """
    red = alike(np.log(np.array(sizes.red_px, np.float64)))
    if len(red) >= MIN_RED:
        return FrameScale("red cells", float(np.exp(np.median(red))), len(red))
    if not sizes.nuclei_px:
        return None
    middle_px = middle_by_size(sizes.nuclei_px)
    return FrameScale("nuclei", middle_px, len(sizes.nuclei_px))


def n_contradicting(spoken: Iterable[FrameScale], um_per_px: float) -> tuple[int, int]:
    """Return how many frames contradict a scale, and how many speak.

    Args:
        spoken: What frames say, each alone.
        um_per_px: Of the slide.
    """
    said = [s.contradicts(um_per_px) for s in spoken]
    return said.count(True), len(said) - said.count(None)


def are_mixed(spoken: Sequence[FrameScale], um_per_px: float) -> bool:
    """Say whether frames were taken at more than one scale."""
    k, n = n_contradicting(spoken, um_per_px)
    return k >= MIN_FRAMES and k >= MIN_SHARE * n


def frames_off_scale(
    spoken: Mapping[str, FrameScale | None], um_per_px: float
) -> frozenset[str]:
    """Return the names of the frames that were taken at another scale than the slide's.

    A frame that cannot tell is taken for one of them where the next that can, before or
    after it, is one.

    Args:
        spoken: What each frame alone says, by its name, in the frames' order; None
            where it was not asked.
        um_per_px: Of the slide.
    """
    names = list(spoken)
    said = [s.contradicts(um_per_px) if s else None for s in spoken.values()]
    before = _last_said(said)
    after = _last_said(said[::-1])[::-1]
    return frozenset(n for n, b, a in zip(names, before, after, strict=True) if b or a)


def _last_said(said: Sequence[bool | None]) -> list[bool]:
    """Return of each place what was said there, or else last before it."""
    last, found = False, []
    for one in said:
        last = last if one is None else one
        found.append(last)
    return found
