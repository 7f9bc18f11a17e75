"""What words on the command line may be, with a hint where one is nearly right.

`Path("")` is the current folder, `float("0_1")` is 1 and `int("-1")` a port: none of
them was meant.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from leukoscope_edge.names import on_terminal, unquoted

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
UNIT = re.compile(r"\s*(um|µm|μm|micron|microns)(\s*/\s*(px|pixel))?$", re.IGNORECASE)
EMPTY = "is empty: was a variable not set?"


def path(text: str) -> Path:
    """Read a path; an empty word is no path."""
    if not text:
        raise argparse.ArgumentTypeError(EMPTY)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        why = "begins with ~, and no such user's folder is known here"
        raise argparse.ArgumentTypeError(f"{on_terminal(text)} {why}") from None


def word(text: str) -> str:
    """Read a word that must not be empty."""
    if not text:
        raise argparse.ArgumentTypeError(EMPTY)
    return text


def number(text: str) -> float:
    """Read a decimal number, as people write one."""
    if not text:
        raise argparse.ArgumentTypeError(EMPTY)
    if NUMBER.fullmatch(text):
        return float(text)
    if NUMBER.fullmatch(better := text.replace(",", ".")):
        raise argparse.ArgumentTypeError(
            f"{text!r}: write a decimal point, not a comma: {better}"
        )
    better = UNIT.sub("", unquoted(text))
    hint = f": write {better} alone" if NUMBER.fullmatch(better) else ""
    raise argparse.ArgumentTypeError(f"expected a number, got {text!r}{hint}")


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers between two."""

    def read(text: str) -> int:
        if not text:
            raise argparse.ArgumentTypeError(EMPTY)
        is_number = re.fullmatch(r"\d{1,12}", text) is not None
        if not is_number or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"expected {low}..{high}, got {text!r}")
        return int(text)

    return read


def label(longest: int) -> Callable[[str], str]:
    """Return a reader of what a person calls something: one line that can be seen."""

    def read(text: str) -> str:
        if not text.strip():
            raise argparse.ArgumentTypeError(EMPTY)
        if len(text) > longest or on_terminal(text) != text:
            raise argparse.ArgumentTypeError(
                f"expected at most {longest} letters, digits and signs, on one line"
            )
        return text.strip()

    return read
