"""Micrometres per pixel, as commands and tools read them."""

import argparse

from leukoscope_edge.vision.stage_micrometer import SCALE_RANGE_UM_PER_PX


def scale(text: str) -> float:
    """Read micrometres per pixel from the command line."""
    low, high = SCALE_RANGE_UM_PER_PX
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"expected micrometres per pixel in {low}..{high}, got {text!r}"
        )
    return value
