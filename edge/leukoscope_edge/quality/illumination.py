"""What a slide tells of lamp and stain, in passing: a few frames of it are measured."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from types import MappingProxyType

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision import assess

MEASURES = ("plasma_level", "plasma_colour_ratio", "stain_levels")
"""The lamp, its colour, and how much darker than plasma the cells are."""
EVERY_N_FRAMES = 25
DIGITS = 4
NOTHING: Mapping[str, Sequence[float]] = MappingProxyType({})
MIN_FRAMES = 3
"""Fewer frames say more of one field than of the lamp."""


class LightLog:
    """Gathers the light of one slide."""

    def __init__(self, earlier: Mapping[str, Sequence[float]] = NOTHING) -> None:
        """Begin with what was measured before an interruption, or with nothing.

        Args:
            earlier: The values of each measure.
        """
        self._n_seen = 0
        self._values: dict[str, list[float]] = defaultdict(list)
        for name, values in earlier.items():
            self._values[name] += values

    def see(self, pixels: U8) -> dict[str, tuple[float, ...]]:
        """Measure a frame now and then.

        Args:
            pixels: (H, W, 3) uint8 RGB.

        Returns:
            What was measured in this one, nothing in most.
        """
        self._n_seen += 1
        if self._n_seen % EVERY_N_FRAMES != 1:
            return {}
        found: dict[str, tuple[float, ...]] = {
            m.name: (round(m.value, DIGITS),)
            for m in assess(pixels).measures
            if m.name in MEASURES
        }
        for name, values in found.items():
            self._values[name] += values
        return found

    def figures(self) -> dict[str, float]:
        """Return the median of each measure, none where too few frames were seen."""
        return {
            name: round(median(values), DIGITS)
            for name, values in self._values.items()
            if len(values) >= MIN_FRAMES
        }
