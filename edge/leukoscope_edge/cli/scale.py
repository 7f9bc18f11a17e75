"""Micrometres per pixel, as commands and tools read them."""

import argparse

from leukoscope_edge.cli.arguments import number
from leukoscope_edge.vision.scale import SCALE_RANGE_UM_PER_PX

NM_PER_UM = 1000


def parse_scale(text: str) -> float:
    """Read micrometres per pixel from the command line."""
    low, high = SCALE_RANGE_UM_PER_PX
    value = number(text)
    if low <= value <= high:
        return value
    hint = ""
    if low <= value / NM_PER_UM <= high:
        hint = f"; nanometres? {text} nm are {value / NM_PER_UM:g} um"
    raise argparse.ArgumentTypeError(
        f"expected micrometres per pixel in {low}..{high}, got {text!r}{hint}"
    )
