"""What a slide tells of lamp and stain, in passing: a few frames of it are measured."""

from collections import defaultdict
from statistics import median

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision import assess

MEASURES = ("plasma_level", "plasma_colour_ratio", "stain_levels")
"""The lamp, its colour, and how much darker than plasma the cells are."""
EVERY_N_FRAMES = 25
MIN_FRAMES = 3
"""Fewer frames say more of one field than of the lamp."""


class LightLog:
    """Gathers the light of one slide."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._n_seen = 0
        self._values: dict[str, list[float]] = defaultdict(list)

    def see(self, pixels: U8) -> None:
        """Measure a frame now and then.

        Args:
            pixels: (H, W, 3) uint8 RGB.
        """
        self._n_seen += 1
        if self._n_seen % EVERY_N_FRAMES == 1:
            for measure in assess(pixels).measures:
                if measure.name in MEASURES:
                    self._values[measure.name].append(measure.value)

    def figures(self) -> dict[str, float]:
        """Return the median of each measure, none where too few frames were seen."""
        return {
            name: round(median(values), 4)
            for name, values in self._values.items()
            if len(values) >= MIN_FRAMES
        }
