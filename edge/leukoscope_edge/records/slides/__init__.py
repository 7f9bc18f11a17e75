"""One slide as its events tell it: state, fold, cache, correction, conclusion."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.records.slides.cell_archive import archived as archived
    from leukoscope_edge.records.slides.cell_archive import (
        may_be_withheld as may_be_withheld,
    )
    from leukoscope_edge.records.slides.cell_record import CellRecord as CellRecord
    from leukoscope_edge.records.slides.cell_record import FieldPicture as FieldPicture
    from leukoscope_edge.records.slides.cell_record import MissedCell as MissedCell
    from leukoscope_edge.records.slides.cell_record import cell_id as cell_id
    from leukoscope_edge.records.slides.conclusion import context_of as context_of
    from leukoscope_edge.records.slides.conclusion import (
        overruled_blasts as overruled_blasts,
    )
    from leukoscope_edge.records.slides.conclusion import (
        told_of_machine as told_of_machine,
    )
    from leukoscope_edge.records.slides.conclusion import verdict_of as verdict_of
    from leukoscope_edge.records.slides.correction import Corrected as Corrected
    from leukoscope_edge.records.slides.correction import details_of as details_of
    from leukoscope_edge.records.slides.correction import objective_of as objective_of
    from leukoscope_edge.records.slides.count_writer import FramesSeen as FramesSeen
    from leukoscope_edge.records.slides.digest import CHANGED as CHANGED
    from leukoscope_edge.records.slides.digest import digest_of as digest_of
    from leukoscope_edge.records.slides.first_look import blind_place as blind_place
    from leukoscope_edge.records.slides.first_look import (
        is_first_look_over as is_first_look_over,
    )
    from leukoscope_edge.records.slides.first_look import left_for as left_for
    from leukoscope_edge.records.slides.first_look import pass_of as pass_of
    from leukoscope_edge.records.slides.kinds import is_marrow as is_marrow
    from leukoscope_edge.records.slides.reproduce import FieldsAgain as FieldsAgain
    from leukoscope_edge.records.slides.reproduce import Reproduction as Reproduction
    from leukoscope_edge.records.slides.reproduce import look_again as look_again
    from leukoscope_edge.records.slides.reproduce import (
        reproduce_slide as reproduce_slide,
    )
    from leukoscope_edge.records.slides.site_ranges import open_ranges as open_ranges
    from leukoscope_edge.records.slides.slide import (
        MIN_OTHERS_REVIEWED as MIN_OTHERS_REVIEWED,
    )
    from leukoscope_edge.records.slides.slide import ArchivedCell as ArchivedCell
    from leukoscope_edge.records.slides.slide import Identity as Identity
    from leukoscope_edge.records.slides.slide import Kind as Kind
    from leukoscope_edge.records.slides.slide import Origin as Origin
    from leukoscope_edge.records.slides.slide import Outcome as Outcome
    from leukoscope_edge.records.slides.slide import SlideRecord as SlideRecord
    from leukoscope_edge.records.slides.slide import SlideSetUp as SlideSetUp
    from leukoscope_edge.records.slides.slide import outcome_of as outcome_of
    from leukoscope_edge.records.slides.slide_objects import facts_from as facts_from
    from leukoscope_edge.records.slides.slide_state import Action as Action
    from leukoscope_edge.records.slides.slide_state import Live as Live
    from leukoscope_edge.records.slides.slide_state import SlideState as SlideState
    from leukoscope_edge.records.slides.slide_state import is_allowed as is_allowed
    from leukoscope_edge.records.slides.slide_state import state_of as state_of
    from leukoscope_edge.records.slides.worklist import NO_RESULT as NO_RESULT
    from leukoscope_edge.records.slides.worklist import SUSPICIONS as SUSPICIONS
    from leukoscope_edge.records.slides.worklist import Found as Found
    from leukoscope_edge.records.slides.worklist import ListedSlide as ListedSlide
    from leukoscope_edge.records.slides.worklist import Show as Show
    from leukoscope_edge.records.slides.worklist import Wanted as Wanted
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
