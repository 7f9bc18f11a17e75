"""A screening at one go, as a version of a slide that nobody has read."""

from dataclasses import replace

import pytest
from tests.edge.records.one_screening import SCREENING, cell

from leukoscope_edge.messages import NOT_FOR_CARE
from leukoscope_edge.records.exports.screening_version import (
    origin_of,
    version_of,
    views_of,
)
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.types import CallName


def test_a_screening_without_a_cell_is_a_version_without_one() -> None:
    version = version_of(replace(SCREENING, cells=(), cut_off_cells=()))
    assert version.record.cells == ()
    assert views_of(replace(SCREENING, cells=(), cut_off_cells=())) == {}


def test_it_is_in_review_and_nobodys() -> None:
    version = version_of(SCREENING)
    assert version.record.state is SlideState.REVIEW
    assert (version.identity, version.signature) == (None, None)
    assert (version.n_read, version.source) == (0, "folder")
    assert version.outcome.sentence == "it is a test"


def test_cells_that_an_edge_cut_off_are_there_and_do_not_count() -> None:
    record = version_of(SCREENING).record
    assert [(c.id, c.is_counted) for c in record.cells] == [
        ("1", True),
        ("2", True),
        ("3", False),
    ]
    assert [c.call for c in record.counted] == [CallName.NORMAL, CallName.BLAST]


def test_a_cell_without_a_call_is_a_mistake_of_ours() -> None:
    uncalled = replace(cell(7, CallName.NORMAL, 0.1), call=None)
    with pytest.raises(ValueError, match="cell 7 has no call yet"):
        version_of(replace(SCREENING, cells=(uncalled,)))


@pytest.mark.parametrize(
    ("validation", "marks"), [("research", (NOT_FOR_CARE,)), ("clinical", ())]
)
def test_a_model_for_research_says_so_once(validation: str, marks: object) -> None:
    model = replace(SCREENING.model, validation=validation)
    version = version_of(replace(SCREENING, model=model))
    assert version.marks == marks
    assert NOT_FOR_CARE.said() not in version.record.notes


def test_images_that_were_not_screened_are_named() -> None:
    assert [i.name for i in version_of(SCREENING).left_out] == ["b.png"]


@pytest.mark.parametrize(
    ("scale", "calibration"), [(None, "none"), (0.1, "given with the source")]
)
def test_the_origin_says_whether_there_was_a_scale(
    scale: float | None, calibration: str
) -> None:
    origin = origin_of(replace(SCREENING, scale_um_per_px=scale), card_digest="d")
    assert (origin.calibration, origin.scale_um_per_px) == (calibration, scale)
    assert (origin.bundle, origin.bundle_sha256) == ("m", "ab" * 32)
    assert (origin.card_digest, origin.camera) == ("d", "folder")


@pytest.mark.parametrize(("is_sequence", "mode"), [(True, "slide"), (False, "fields")])
def test_frames_of_one_slide_are_no_separate_fields(
    mode: str, *, is_sequence: bool
) -> None:
    record = version_of(replace(SCREENING, is_sequence=is_sequence)).record
    assert record.mode == mode


def test_every_cell_has_a_picture_for_people() -> None:
    views = views_of(SCREENING)
    assert sorted(views) == ["1", "2", "3"]
    assert all(data.startswith(b"\xff\xd8\xff") for data in views.values())
