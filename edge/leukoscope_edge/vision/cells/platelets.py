"""Large platelets: told from small white cells by size, shape and density together.

A giant platelet is as large as a small lymphocyte's nucleus, so that no one size parts
them. Four measures do better: how wide the stained part and the whole object are, how
dense the stain is against the plasma, and how round the stained part. What is as small
as a platelet and as dense as a nucleus stays a cell. In a pale picture nuclei are no
denser than platelets elsewhere: there the density is taken against the red cells'.
Where the scale is not known nothing is asked, and the object stays what it was.
"""

import math

import cv2

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.colour import PLASMA_LEVEL
from leukoscope_edge.vision.morphology import window_of
from leukoscope_edge.vision.otsu import counts_of, median_of, otsu3_of

SLOPES = (-12.08, -2.94, -3.42, 5.96)
"""Of the measures, in their order, in log odds."""
BIAS = 21.09
"""Less the level that at most one in eight hundred white cells of any set exceeds (one
of 270 of wbc-fields): above 0 is platelet. Both by `python tools/fit_platelets.py
../shared/data`."""
MIN_DENSITY = 0.05
"""In units of the optical density by natural logarithm: what is paler is no stain."""
FULL_STRENGTH = 0.2
"""In the same units: the median of what is not plasma in a picture, mostly red cells.
Nine in ten fields of wbc-fields have more, bleached by half 0.06 to 0.14, and every
twentieth of their cells passed for a platelet then."""

Measures = tuple[float, float, float, float]


def measure(smooth: U8, nucleus: U8, cell: U8, scale_um_per_px: float) -> Measures:
    """Measure an object in its window.

    Args:
        smooth: (h, w, 3) uint8 RGB of a view.
        nucleus: (h, w) uint8, not empty.
        cell: (h, w) uint8, with or without its nucleus.
        scale_um_per_px: Of these.

    Returns:
        Natural logarithms of the nucleus's and the cell's area-equivalent diameters in
        micrometres and of the nucleus's optical density in green above the plasma;
        and the shorter over the longer axis of its largest part, 0..1.
    """
    near = window_of(nucleus)
    green = cv2.mean(smooth[near], nucleus[near])[1]
    density = math.log(PLASMA_LEVEL / max(green, 1.0))
    return (
        _log_diameter(cv2.countNonZero(nucleus), scale_um_per_px),
        _log_diameter(cv2.countNonZero(cell | nucleus), scale_um_per_px),
        math.log(max(density, MIN_DENSITY)),
        _axes_ratio(nucleus[near]),
    )


def is_platelet(measures: Measures) -> bool:
    """Say whether what would be a whole white cell is a large platelet."""
    return sum(s * m for s, m in zip(SLOPES, measures, strict=True)) + BIAS > 0


def as_if_stained(measures: Measures, log_paleness: float) -> Measures:
    """Return the measures with the density that a stain of full strength would give.

    Args:
        measures: Of an object.
        log_paleness: Of its view.
    """
    nucleus, cell, density, roundness = measures
    return nucleus, cell, density + log_paleness, roundness


def log_paleness_of(smooth: U8, dark: U8) -> float:
    """Return how much paler than FULL_STRENGTH a view is, in logarithms, 0 and more.

    Args:
        smooth: (h, w, 3) uint8 RGB of the whole view.
        dark: (h, w) uint8 of it, as a view has it.
    """
    level, _ = otsu3_of(counts_of(dark))
    stained = dark > level
    if not stained.any():
        return 0.0
    green = median_of(counts_of(smooth[..., 1], stained))
    density = max(math.log(PLASMA_LEVEL / max(green, 1.0)), MIN_DENSITY)
    return max(math.log(FULL_STRENGTH / density), 0.0)


def _log_diameter(area_px: float, scale_um_per_px: float) -> float:
    return math.log(2 * math.sqrt(area_px / math.pi) * scale_um_per_px)


def _axes_ratio(nucleus: U8) -> float:
    """Return the shorter over the longer axis of the ellipse of the largest part."""
    outlines, _ = cv2.findContours(nucleus, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    of = cv2.moments(max(outlines, key=cv2.contourArea))
    middle = (of["mu20"] + of["mu02"]) / 2
    apart = math.hypot((of["mu20"] - of["mu02"]) / 2, of["mu11"])
    return math.sqrt(max(middle - apart, 0.0) / max(middle + apart, 1e-9))
