"""Pictures of one cell under two names: the leak that a split by name does not see.

Two crops are near-duplicates where their outlines agree and, inside both outlines,
their grey levels rise and fall together. That finds a cell that was cut out or encoded
again; it does not find one that was turned or drawn at another scale.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import F32, U8
from leukoscope_train.data.cells import I64, CropSet, Strings
from leukoscope_train.errors import DataError

COARSE_SIDE_PX = 24
FINE_SIDE_PX = 48
SAME_OUTLINE = 0.985
"""Correlation at the coarse side. Of 300 C-NMC cells the least after JPEG of quality
60, a blur of 1 px or a shift of 1 px was 0.985; half of all cells have another
person's cell above 0.980, so that this alone proves nothing."""
SAME_TEXTURE = 0.90
"""Correlation inside both outlines at the fine side. After JPEG of quality 60 the least
of 300 cells was 0.978. Of 7,632 pairs of two people's cells with the same outline the
99th percentile was 0.78, and 31 pairs lay above 0.90, many of them above 0.98. Within
people the pairs nearest to 0.90 still come image by image (21 with 28, 25 with 33): one
field photographed twice."""
BLOCK = 512
"""Cells compared at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Two crops that show one cell.

    Attributes:
        first: Index of the one.
        second: Index of the other, larger than the first.
        texture: Correlation inside both outlines, 0..1.
    """

    first: int
    second: int
    texture: float


def find_twins(crops: CropSet, side_of: I64 | Strings) -> list[Twin]:
    """Return the near-duplicates that stand on different sides.

    Args:
        crops: The cells, all with their own colours (`masked`).
        side_of: (N,) the side of each: a fold, a split, a person.
    """
    if len(crops) < 2:
        return []
    grey = _grey(crops.pixels, FINE_SIDE_PX)
    twins = []
    for first, second in _same_outlines(crops.pixels, side_of):
        texture = _texture(grey[first], grey[second])
        if texture >= SAME_TEXTURE:
            twins.append(Twin(first=first, second=second, texture=texture))
    return twins


def refuse_twins(crops: CropSet, side_of: I64 | Strings) -> None:
    """Refuse sides that share a cell.

    Raises:
        DataError: Names the first pair and counts the others.
    """
    twins = find_twins(crops, side_of)
    if twins:
        a, b = twins[0].first, twins[0].second
        raise DataError(
            f"{crops.names[a]} of {crops.people[a]} and {crops.names[b]} of "
            f"{crops.people[b]} show one cell on two sides, and so do "
            f"{len(twins) - 1} other pairs; merge these people (`prepare` does)"
        )


def merge_twins(crops: CropSet) -> tuple[CropSet, list[str]]:
    """Join the people who share a cell into one person: `A+B`.

    Returns:
        The crops with the joined names, and a line for every pair of people joined.
    """
    people = crops.people.tolist()
    groups = {person: {person} for person in people}
    counts: dict[tuple[str, str], int] = {}
    for twin in find_twins(crops, crops.people):
        one, other = people[twin.first], people[twin.second]
        counts[one, other] = counts.get((one, other), 0) + 1
        joined = groups[one] | groups[other]
        groups.update(dict.fromkeys(joined, joined))
    names = {p: "+".join(sorted("+".join(g).split("+"))) for p, g in groups.items()}
    lines = [f"{a} and {b} share {n} cells" for (a, b), n in sorted(counts.items())]
    merged = replace(crops, people=np.array([names[p] for p in people], np.str_))
    refuse_mixed_people(merged)
    return merged, lines


def drop_twins(crops: CropSet) -> tuple[CropSet, list[str]]:
    """Keep the first of the crops that show one cell.

    Returns:
        The cells, and a line for every person with the number of crops dropped.
    """
    twins = find_twins(crops, np.arange(len(crops)))
    again = np.zeros(len(crops), np.bool_)
    again[[twin.second for twin in twins]] = True
    names, counts = np.unique(crops.people[again], return_counts=True)
    lines = [
        f"{name or 'people unknown'}: {count} crops show a cell that another shows"
        for name, count in zip(names.tolist(), counts.tolist(), strict=True)
    ]
    return crops.pick(~again), lines


def refuse_mixed_people(crops: CropSet) -> None:
    """Refuse a person with cells of both classes: their truth cannot be right.

    Raises:
        DataError: Names the person.
    """
    for person in np.unique(crops.people[crops.people != ""]).tolist():
        if len(np.unique(crops.labels[crops.people == person])) > 1:
            raise DataError(f"{person} has blasts and normal cells")


def _same_outlines(pixels: U8, side_of: I64 | Strings) -> Iterator[tuple[int, int]]:
    """Yield pairs, the first before the second, block by block."""
    coarse = _grey(pixels, COARSE_SIDE_PX).reshape(len(pixels), -1)
    coarse -= coarse.mean(axis=1, keepdims=True)
    coarse /= np.maximum(np.linalg.norm(coarse, axis=1, keepdims=True), 1e-6)
    index = np.arange(len(pixels))
    for start in range(0, len(pixels), BLOCK):
        here = slice(start, start + BLOCK)
        alike = coarse[here] @ coarse.T >= SAME_OUTLINE
        alike &= side_of[here, None] != side_of[None]
        alike &= index[here, None] < index[None]
        for one, other in zip(*np.nonzero(alike), strict=True):
            yield start + int(one), int(other)


def _grey(pixels: U8, side_px: int) -> F32:
    """Return (N, side, side) float32 grey levels, 0 outside the cell."""
    size = (side_px, side_px)
    grey = (cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in pixels)
    small = [cv2.resize(g, size, interpolation=cv2.INTER_AREA) for g in grey]
    return np.stack(small).astype(np.float32)


def _texture(one: F32, other: F32) -> float:
    inside: npt.NDArray[np.bool_] = (one > 0) & (other > 0)
    a, b = one[inside], other[inside]
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
