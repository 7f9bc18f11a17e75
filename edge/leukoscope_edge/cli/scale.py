"""Micrometres, and micrometres per pixel, as commands and tools read them."""

import argparse
from collections.abc import Callable

from leukoscope_edge.cli.arguments import number
from leukoscope_edge.vision.scale import SCALE_RANGE_UM_PER_PX

NM_PER_UM = 1000


def parse_scale(text: str) -> float:
    """Read micrometres per pixel from the command line."""
    return _within(text, "micrometres per pixel", *SCALE_RANGE_UM_PER_PX)


def micrometres(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of a length between two."""

    def read(text: str) -> float:
        return _within(text, "micrometres", low, high)

    return read


def _within(text: str, what: str, low: float, high: float) -> float:
    value = number(text)
    if low <= value <= high:
        return value
    hint = ""
    if low <= value / NM_PER_UM <= high:
        hint = f"; nanometres? {text} nm are {value / NM_PER_UM:g} um"
    raise argparse.ArgumentTypeError(
        f"expected {what} in {low}..{high}, got {text!r}{hint}"
    )
