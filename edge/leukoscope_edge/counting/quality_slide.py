"""The daily quality slide: how many of its white cells the device finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from leukoscope_edge.counting.statistics import binomial_interval, chance_of_at_most
from leukoscope_edge.outcome import Interval

MIN_LOCATED = 0.9
"""Of the white cells present on the quality slide; a commercial analyser's daily
cell-location test asks for about as much."""
RARE = 0.00135
"""One-sided chance beyond three standard deviations, the classical control limit."""
UNUSUAL = 0.0228
"""The same beyond two; two days in a row is an alarm (Westgard's 2-2s)."""
MIN_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityDay:
    """One daily run over the quality slide.

    Attributes:
        day: ISO date.
        n_present: White cells that a person counts in the fields shown.
        n_located: Those that the device found.
    """

    day: str
    n_present: int
    n_located: int

    def __post_init__(self) -> None:
        if not 0 <= self.n_located <= self.n_present or self.n_present == 0:
            raise ValueError(
                f"{self.day}: expected 0 <= n_located <= n_present and a cell, got "
                f"{self.n_located} of {self.n_present}"
            )

    @property
    def fraction(self) -> float:
        """Located / present."""
        return self.n_located / self.n_present

    @property
    def interval(self) -> Interval:
        """95 % interval of the fraction."""
        return binomial_interval(self.n_located, self.n_present)

    @property
    def is_passed(self) -> bool:
        """Whether enough was found to count today."""
        return self.fraction >= MIN_LOCATED


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityTrend:
    """How the last day compares with those before.

    Attributes:
        usual: Fraction located on all earlier days together.
        is_drifting: The last day is far below, or the last two are clearly below.
    """

    usual: float
    is_drifting: bool


def quality_trend(days: Sequence[QualityDay]) -> QualityTrend | None:
    """Compare the last days with all before; None before there are enough days.

    Args:
        days: In their order, the last is today.

    Source: Westgard rules 1-3s and 2-2s, with binomial tails; where not one
    cell was ever missed, the usual share is by Laplace's rule of succession.
    """
    if len(days) < MIN_DAYS:
        return None
    before, (yesterday, today) = days[:-2], days[-2:]
    located, present = (
        sum(d.n_located for d in before),
        sum(d.n_present for d in before),
    )
    usual = located / present
    share = min(usual, (present + 1) / (present + 2))  # few days never show certainty
    chances = [
        chance_of_at_most(d.n_located, d.n_present, share) for d in (yesterday, today)
    ]
    is_drifting = chances[1] < RARE or max(chances) < UNUSUAL
    return QualityTrend(usual=usual, is_drifting=is_drifting)
