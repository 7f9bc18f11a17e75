"""Counting: each cell once, statistics, the stop rule and the verdict.

Pure: values in, values out. Nothing here opens a file or reads a clock.

Offers the cells of a slide (`SlideCells`), what is known of it (`SlideContext`), the
statistics of its calls (`CallModel`, `differential`) and the only way to a sentence,
`conclude`.
"""

from leukoscope_edge.counting.background import (
    MIN_SLIDES,
    NormalSlide,
    SiteBackground,
    site_spread,
)
from leukoscope_edge.counting.cells import CellRegistry
from leukoscope_edge.counting.context import (
    Background,
    CellCall,
    SlideContext,
    by_model,
)
from leukoscope_edge.counting.differential import (
    BLAST,
    NAMED,
    Beside,
    Compared,
    Differential,
    Share,
    compared,
    differential,
)
from leukoscope_edge.counting.earlier_frames import EarlierFrames, Turn
from leukoscope_edge.counting.evidence import Bearing, Evidence, bearing_of
from leukoscope_edge.counting.fraction import (
    CallModel,
    call_model,
    chances,
    confidence_interval,
    posterior,
)
from leukoscope_edge.counting.quality_slide import (
    QualityDay,
    QualityTrend,
    quality_trend,
)
from leukoscope_edge.counting.reference_ranges import (
    AgeRanges,
    ReferenceRanges,
    flags,
    is_leukopenic,
)
from leukoscope_edge.counting.slide_cells import SlideCells, never_counted
from leukoscope_edge.counting.statistics import (
    BetaSpread,
    binomial_interval,
    limit_of_blank,
)
from leukoscope_edge.counting.stop_rule import CUT_OFF, LOOKS, state_after
from leukoscope_edge.counting.verdict import BLANK_CONFIDENCE, conclude
from leukoscope_edge.outcome import Doubt

__all__ = [
    "BLANK_CONFIDENCE",
    "BLAST",
    "CUT_OFF",
    "LOOKS",
    "MIN_SLIDES",
    "NAMED",
    "AgeRanges",
    "Background",
    "Bearing",
    "Beside",
    "BetaSpread",
    "CallModel",
    "CellCall",
    "CellRegistry",
    "Compared",
    "Differential",
    "Doubt",
    "EarlierFrames",
    "Evidence",
    "NormalSlide",
    "QualityDay",
    "QualityTrend",
    "ReferenceRanges",
    "Share",
    "SiteBackground",
    "SlideCells",
    "SlideContext",
    "Turn",
    "bearing_of",
    "binomial_interval",
    "by_model",
    "call_model",
    "chances",
    "compared",
    "conclude",
    "confidence_interval",
    "differential",
    "flags",
    "is_leukopenic",
    "limit_of_blank",
    "never_counted",
    "posterior",
    "quality_trend",
    "site_spread",
    "state_after",
]
