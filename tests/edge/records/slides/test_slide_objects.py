"""Slides' values as the plain JSON of the events, and back."""

import json
from dataclasses import replace

import pytest
from tests.edge.records.bench import KEPT_CELL

from leukoscope_edge.counting import NOTHING_GATHERED, Gathered
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.records.slides import CellRecord, FieldPicture, Outcome
from leukoscope_edge.records.slides.cell_record import OF_PEOPLE
from leukoscope_edge.records.slides.slide_objects import (
    cell_from,
    cell_object,
    doubt_from,
    doubt_object,
    facts_from,
    facts_object,
    gathered_from,
    gathered_object,
    outcome_from,
    outcome_object,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup, SampleType
from leukoscope_edge.types import Reading
from leukoscope_edge.vision import FrameColours
from leukoscope_edge.vision.scale import FrameScale, FrameSizes

FIELD = FieldPicture(file="x.jpg", frame="f1", box_px=(5, 6, 7, 8), found_by="n")
OUTCOME = Outcome(
    result="none-possible", sentence="No.", n_cells=0, n_blast=0, n_unclear=0
)


@pytest.mark.parametrize(
    "cell",
    [
        KEPT_CELL,
        replace(KEPT_CELL, call=None, p_blast=None, crops="", n_crops=0),
        replace(KEPT_CELL, field=FIELD, is_unlike=True, kind="monocyte"),
        replace(KEPT_CELL, is_counted=False),
    ],
)
def test_a_cell_is_read_as_it_was_kept(cell: CellRecord) -> None:
    assert cell_from(json.loads(json.dumps(cell_object(cell)))) == cell


def test_what_people_said_is_not_in_the_cells_own_event() -> None:
    said = replace(KEPT_CELL, word=Reading.NORMAL, judged_by="ann", added_by="eve")
    assert cell_object(said) == cell_object(KEPT_CELL)
    assert not set(OF_PEOPLE) & set(cell_object(said))


def test_what_a_cell_does_not_have_is_not_written() -> None:
    """Older programs read these cells, too."""
    assert not {"field", "is_unlike", "kind"} & set(cell_object(KEPT_CELL))


@pytest.mark.parametrize(
    "outcome",
    [
        OUTCOME,
        replace(OUTCOME, blast_fraction_95=(0.1, 0.9), messages=(message("test"),)),
    ],
)
def test_an_outcome_is_read_as_it_was_kept(outcome: Outcome) -> None:
    assert outcome_from(json.loads(json.dumps(outcome_object(outcome)))) == outcome


def test_an_older_outcome_has_a_sentence_and_no_message() -> None:
    older = outcome_object(OUTCOME)
    del older["messages"]
    assert outcome_from(older) == OUTCOME


@pytest.mark.parametrize("sample_type", [None, *SampleType])
@pytest.mark.parametrize("age", AgeGroup)
def test_facts_are_read_as_they_were_kept(
    sample_type: SampleType | None, age: AgeGroup
) -> None:
    facts = replace(SIMULATED_SAMPLE, sample_type=sample_type, age=age)
    assert facts_from(json.loads(json.dumps(facts_object(facts)))) == facts


@pytest.mark.parametrize("cure", [None, message("rescaled-cure")])
@pytest.mark.parametrize("spoils_calls", [True, False])
def test_a_doubt_is_read_as_it_was_kept(cure: object, *, spoils_calls: bool) -> None:
    doubt = Doubt(
        reason=message("rescaled"),
        cure=cure,  # type: ignore[arg-type]
        spoils_calls=spoils_calls,
    )
    assert doubt_from(json.loads(json.dumps(doubt_object(doubt)))) == doubt


DULL = FrameColours(mode=221.0, above=12.5, below=80.0, density=None, negative=None)
GATHERED = Gathered(
    n_frames=9,
    statuses={"screened": 6, "refused": 1, "skipped": 1, "copy": 1},
    n_lost=87,
    colours={
        0: DULL,
        8: replace(DULL, density=(0.5, 1.201, 0.1), negative=(0.0, 0.25, 1.0)),
    },
    sizes=(
        FrameSizes(red_px=(70.25, 74.5), nuclei_px=(), body_um_per_px=None),
        FrameSizes(
            red_px=(),
            nuclei_px=(110.0,),
            body_um_per_px=0.10125,
            stretches=(0.25, -0.1),
        ),
    ),
    frame_scales=(FrameScale("red cells", 74.5, 2), FrameScale("nuclei", 110.0, 1)),
    shapes_px=((640, 480), (320, 240)),
    jpeg_quality=71,
    bits_per_px=0.62,
    um_per_px=(0.1, 0.31),
    light={"plasma_level": (220.5, 221.0)},
)


@pytest.mark.parametrize("gathered", [NOTHING_GATHERED, GATHERED])
def test_what_frames_bear_witness_of_is_read_as_it_was_kept(gathered: Gathered) -> None:
    plain = json.loads(json.dumps(gathered_object(gathered)))
    assert gathered_from(plain) == gathered


def test_what_was_kept_before_red_cells_told_the_shape_of_pixels_is_read() -> None:
    plain = gathered_object(GATHERED)
    plain["sizes"] = [three[:3] for three in plain["sizes"]]
    sizes = tuple(replace(s, stretches=()) for s in GATHERED.sizes)
    assert gathered_from(plain) == replace(GATHERED, sizes=sizes)


def test_what_was_kept_before_videos_told_their_bits_is_read() -> None:
    plain = gathered_object(GATHERED)
    del plain["bits_per_px"]
    assert gathered_from(plain) == replace(GATHERED, bits_per_px=None)
