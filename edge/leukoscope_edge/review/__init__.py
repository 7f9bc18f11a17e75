"""How people read cells: in a blind order, each reader without the other's words.

Offers the order (`by_suspicion`), what a reader may see yet, and how far two agree.
"""

from leukoscope_edge.review.blind_order import (
    TABS,
    agreement,
    by_suspicion,
    differences,
    hides_model,
    tab_of,
    tells_word,
    why_files_wait,
)

__all__ = [
    "TABS",
    "agreement",
    "by_suspicion",
    "differences",
    "hides_model",
    "tab_of",
    "tells_word",
    "why_files_wait",
]
