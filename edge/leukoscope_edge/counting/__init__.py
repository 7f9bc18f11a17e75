"""Counting: each cell once, statistics, the stop rule and the verdict.

Pure: values in, values out. Nothing here opens a file or reads a clock.

Offers the cells of a slide (`SlideCells`), what is known of it (`SlideContext`), the
statistics of its calls (`CallModel`, `differential`) and the only way to a sentence,
`conclude`.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.counting.cells import CellRegistry as CellRegistry
    from leukoscope_edge.counting.context import Background as Background
    from leukoscope_edge.counting.context import CellCall as CellCall
    from leukoscope_edge.counting.context import SlideContext as SlideContext
    from leukoscope_edge.counting.context import by_model as by_model
    from leukoscope_edge.counting.differential import BLAST as BLAST
    from leukoscope_edge.counting.differential import NAMED as NAMED
    from leukoscope_edge.counting.differential import Beside as Beside
    from leukoscope_edge.counting.differential import Compared as Compared
    from leukoscope_edge.counting.differential import Differential as Differential
    from leukoscope_edge.counting.differential import Share as Share
    from leukoscope_edge.counting.differential import compared as compared
    from leukoscope_edge.counting.differential import count_kinds as count_kinds
    from leukoscope_edge.counting.earlier_frames import (
        OTHER_OBJECTIVE as OTHER_OBJECTIVE,
    )
    from leukoscope_edge.counting.earlier_frames import EarlierFrames as EarlierFrames
    from leukoscope_edge.counting.evidence import Evidence as Evidence
    from leukoscope_edge.counting.fraction import CallModel as CallModel
    from leukoscope_edge.counting.fraction import call_model as call_model
    from leukoscope_edge.counting.fraction import chances as chances
    from leukoscope_edge.counting.fraction import (
        confidence_interval as confidence_interval,
    )
    from leukoscope_edge.counting.fraction import highest_missed as highest_missed
    from leukoscope_edge.counting.fraction import posterior as posterior
    from leukoscope_edge.counting.frame_search import Asked as Asked
    from leukoscope_edge.counting.frame_search import FrameResult as FrameResult
    from leukoscope_edge.counting.frame_search import FrameSearch as FrameSearch
    from leukoscope_edge.counting.frame_search import Searched as Searched
    from leukoscope_edge.counting.frame_search import SeenCells as SeenCells
    from leukoscope_edge.counting.gathered import NOTHING_GATHERED as NOTHING_GATHERED
    from leukoscope_edge.counting.gathered import Gathered as Gathered
    from leukoscope_edge.counting.gathered import gather as gather
    from leukoscope_edge.counting.gathered import together as together
    from leukoscope_edge.counting.quality_slide import QualityDay as QualityDay
    from leukoscope_edge.counting.quality_slide import QualityTrend as QualityTrend
    from leukoscope_edge.counting.quality_slide import quality_trend as quality_trend
    from leukoscope_edge.counting.reference_ranges import AgeRanges as AgeRanges
    from leukoscope_edge.counting.reference_ranges import (
        ReferenceRanges as ReferenceRanges,
    )
    from leukoscope_edge.counting.reference_ranges import flags as flags
    from leukoscope_edge.counting.reference_ranges import is_leukopenic as is_leukopenic
    from leukoscope_edge.counting.search_plan import Due as Due
    from leukoscope_edge.counting.search_plan import SearchPlan as SearchPlan
    from leukoscope_edge.counting.seen_twice import doubts_of_twice as doubts_of_twice
    from leukoscope_edge.counting.site_background import MIN_SLIDES as MIN_SLIDES
    from leukoscope_edge.counting.site_background import NormalSlide as NormalSlide
    from leukoscope_edge.counting.site_background import (
        SiteBackground as SiteBackground,
    )
    from leukoscope_edge.counting.site_background import site_spread as site_spread
    from leukoscope_edge.counting.slide_cells import SlideCells as SlideCells
    from leukoscope_edge.counting.slide_cells import (
        keep_calls_to_scale as keep_calls_to_scale,
    )
    from leukoscope_edge.counting.slide_cells import never_counted as never_counted
    from leukoscope_edge.counting.statistics import BetaSpread as BetaSpread
    from leukoscope_edge.counting.statistics import (
        binomial_interval as binomial_interval,
    )
    from leukoscope_edge.counting.statistics import limit_of_blank as limit_of_blank
    from leukoscope_edge.counting.stop_rule import CUT_OFF as CUT_OFF
    from leukoscope_edge.counting.stop_rule import LOOKS as LOOKS
    from leukoscope_edge.counting.stop_rule import state_after as state_after
    from leukoscope_edge.counting.verdict import BLANK_CONFIDENCE as BLANK_CONFIDENCE
    from leukoscope_edge.counting.verdict import conclude as conclude
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
