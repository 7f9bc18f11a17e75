"""Numbers on the command line, each with the range in which it makes sense."""

import argparse
import math
from collections.abc import Callable

MAX_SEED = 2**32 - 1
"""The largest that NumPy takes."""
MOST = 10**9
"""Of whatever is counted: no command does more."""


def whole(low: int, high: int = MOST) -> Callable[[str], int]:
    """Return a reader of whole numbers between two."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"expected {low}..{high}, got {text!r}")
        return int(text)

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of decimal numbers between two."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {low}..{high}, got {text!r}")
        return value

    return read
