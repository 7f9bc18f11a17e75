"""What is usual in blood by age group, and the flags that follow from it. Pure."""

from dataclasses import dataclass, fields

from leukoscope_edge.counting.differential import (
    ERYTHROBLAST,
    MIN_FLAGGED,
    Differential,
)
from leukoscope_edge.messages import Message, message
from leukoscope_edge.sample import AgeGroup

Range = tuple[float, ...]
FLAGS = {
    "immature granulocyte": "flag-left-shift",
    "eosinophil": "flag-eosinophilia",
    "lymphocyte": "flag-lymphocytosis",
}
"""What more than usual of a kind is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRanges:
    """What is usual in one age group, each a low and a high end in percent.

    Attributes:
        source: Where the numbers come from.
        leukocytes_10e9_per_l: White cells of a litre of blood, in thousand millions.
    """

    source: str
    leukocytes_10e9_per_l: Range
    neutrophil: Range
    immature_granulocyte: Range
    eosinophil: Range
    basophil: Range
    lymphocyte: Range
    monocyte: Range

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self) if f.name != "source"):
            found = getattr(self, name)
            if len(found) != 2 or not 0 <= found[0] < found[1]:
                raise ValueError(
                    f"'{name}' must be [low, high] with 0 <= low < high, got {found}"
                )

    def usual(self, kind: str) -> Range | None:
        """Return the ends of a kind's range, None where it has none."""
        found: Range | None = getattr(self, kind.replace(" ", "_"), None)
        return found if kind and kind != "source" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRanges:
    """What is usual at a site, by age group."""

    adult: AgeRanges
    child: AgeRanges

    def of(self, age: AgeGroup) -> AgeRanges | None:
        """Return the ranges of an age group, None where the age is not known."""
        found = {AgeGroup.ADULT: self.adult, AgeGroup.CHILD: self.child}
        return found.get(age)


def is_leukopenic(
    wbc_10e9_per_l: float, ranges: ReferenceRanges, age: AgeGroup
) -> bool:
    """Say whether a white cell count is below what is usual.

    Where the age is not known, below the higher of the two low ends: a long count costs
    minutes, a blast missed among few cells more.
    """
    ends = (ranges.adult, ranges.child)
    known = ranges.of(age)
    lows = [r.leukocytes_10e9_per_l[0] for r in ((known,) if known else ends)]
    return wbc_10e9_per_l < max(lows)


def flags(found: Differential, ranges: AgeRanges | None) -> tuple[Message, ...]:
    """Return what of a differential of blood is more than usual.

    Args:
        found: The differential.
        ranges: What is usual at this age, None where that is not known.
    """
    if found.n_cells < MIN_FLAGGED:
        return ()
    red = [b for b in found.beside if b.kind == ERYTHROBLAST and b.n]
    in_blood = [message("flag-erythroblasts", p=f"{b.per_100:.1f}") for b in red]
    if ranges is None:
        return tuple(in_blood)
    more = []
    for kind, id_ in FLAGS.items():
        share, usual = found.share(kind), ranges.usual(kind)
        if share and usual and share.percent > usual[1]:
            p, high = f"{share.percent:.1f}", f"{usual[1]:g}"
            more.append(message(id_, p=p, high=high))
    return (*more, *in_blood)
