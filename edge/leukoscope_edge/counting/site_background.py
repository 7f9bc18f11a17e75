"""This site's own background: false calls on its own normal slides.

A model meets other stains and cameras than those of its card. Five to ten slides of
healthy people, counted at the site, say how it does there. So few slides know their
mean roughly and their spread hardly, so what they leave open widens the result: the
spread returned is that expected of the next healthy person, not the best fit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.counting.statistics import BetaSpread

MIN_SLIDES = 5
MEANS = np.linspace(-8, 2, 81)
"""Logits of the mean share of false calls: 0.03 % to 88 %, all alike before."""
CONCENTRATIONS = np.geomspace(1, 300, 41)
"""alpha + beta; the shipped models have 12 and 29. All alike on the logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalSlide:
    """The count of a healthy person's slide.

    Attributes:
        n_cells: Usable cells.
        n_blast: Those that the model called blast.
    """

    n_cells: int
    n_blast: int

    def __post_init__(self) -> None:
        if not 0 <= self.n_blast <= self.n_cells or self.n_cells == 0:
            raise ValueError(
                f"expected 0 <= 'n_blast' <= 'n_cells' and a cell, got {self.n_blast} "
                f"of {self.n_cells}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBackground:
    """The normal slides of one site, counted with one model.

    Attributes:
        bundle: Id of the bundle that called the cells.
        slides: At least five, each of another healthy person.
    """

    bundle: str
    slides: tuple[NormalSlide, ...]

    def __post_init__(self) -> None:
        if len(self.slides) < MIN_SLIDES:
            raise ValueError(
                f"'slides' must be at least {MIN_SLIDES}, got {len(self.slides)}"
            )


def site_spread(slides: Sequence[NormalSlide]) -> BetaSpread:
    """Return how the next healthy person's false calls are spread.

    Source: beta-binomial likelihood over a grid of mean and concentration; the beta
    distribution with the moments of the average over that grid.
    """
    mean = 1 / (1 + np.exp(-MEANS[:, None]))
    alpha, beta = mean * CONCENTRATIONS, (1 - mean) * CONCENTRATIONS
    log_likelihood = sum(
        (_log_chance(s, alpha, beta) for s in slides), np.zeros_like(alpha)
    )
    weight = np.exp(log_likelihood - log_likelihood.max())
    weight /= weight.sum()
    first = float((weight * mean).sum())
    second = float((weight * mean * (alpha + 1) / (CONCENTRATIONS + 1)).sum())
    concentration = (first - second) / (second - first**2)
    return BetaSpread(alpha=first * concentration, beta=(1 - first) * concentration)


def _log_chance(slide: NormalSlide, alpha: F64, beta: F64) -> F64:
    k, n = slide.n_blast, slide.n_cells
    return np.asarray(_log_beta(alpha + k, beta + n - k) - _log_beta(alpha, beta))


def _log_beta(a: F64, b: F64) -> F64:
    return np.asarray(_log_gamma(a) + _log_gamma(b) - _log_gamma(a + b))


_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])
