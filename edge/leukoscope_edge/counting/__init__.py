"""Counting: each cell once, statistics, the stop rule and the verdict.

Pure: values in, values out. Nothing here opens a file or reads a clock.

Offers: background, differential, earlier_frames, evidence, fraction, quality_slide,
reference_ranges, slide_cells, statistics, verdict.
"""

from leukoscope_edge.counting.context import (
    Background,
    CellCall,
    SlideContext,
    by_model,
)
from leukoscope_edge.counting.verdict import conclude
from leukoscope_edge.outcome import Doubt

__all__ = [
    "Background",
    "CellCall",
    "Doubt",
    "SlideContext",
    "by_model",
    "conclude",
]
