"""The report of a slide's pictures, and what a reader must know beside the sentence."""

from dataclasses import replace

import numpy as np
import pytest

from leukoscope_edge.messages import NOT_FOR_CARE, message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening_result import (
    ImageReport,
    ModelUsed,
    Screening,
    found_by_note,
    report_of_copy,
    report_of_fault,
    report_of_frame,
)
from leukoscope_edge.types import NOTHING_COUNTED, Fault, Frame, Tally

FRAME = Frame(name="7", pixels=np.zeros((30, 40, 3), np.uint8), time_s=0.7)
UNREAD = message("file-says", why="No such file")
SCREENED = report_of_frame(FRAME, None)
REFUSED = report_of_frame(FRAME, message("out-of-focus"))
COPY = report_of_copy(FRAME, "6")
SKIPPED = report_of_fault(Fault(name="8", reason=UNREAD, n_lost=3))
CLINICAL = ModelUsed(id="m", sha256="0", engine="onnx-cpu", validation="clinical")


def screening_of(*images: ImageReport) -> Screening:
    return Screening(
        source="folder",
        facts=SIMULATED_SAMPLE,
        domain="real",
        is_sequence=False,
        verdict=Refusal(reason=message("no-cell")),
        cells=(),
        cut_off_cells=(),
        tally=NOTHING_COUNTED,
        images=images,
        model=CLINICAL,
        scale_um_per_px=0.1,
        view_um=20.0,
    )


@pytest.mark.parametrize(
    ("report", "status", "size"),
    [
        (SCREENED, "screened", (40, 30)),
        (REFUSED, "refused", (40, 30)),
        (COPY, "refused", (40, 30)),
        (SKIPPED, "skipped", (0, 0)),
    ],
)
def test_an_image_was_judged_or_its_report_says_why_not(
    report: ImageReport, status: str, size: tuple[int, int]
) -> None:
    assert report.status == status
    assert (report.width_px, report.height_px) == size
    assert bool(report.reason) == (status != "screened")


def test_a_copy_names_the_image_that_counts_and_a_fault_what_is_missing() -> None:
    assert (COPY.copy_of, REFUSED.copy_of) == ("6", "")
    assert COPY.reason is not None
    assert COPY.reason.said() == "shows the same field as 6, which counts once"
    assert (SKIPPED.name, SKIPPED.n_lost) == ("8", 3)


def test_nothing_is_said_beside_a_count_of_every_image() -> None:
    assert screening_of().notes == ()
    assert screening_of(SCREENED, SCREENED).notes == ()


def test_what_a_count_was_made_from_is_told() -> None:
    images = SCREENED, SKIPPED, REFUSED, REFUSED, COPY
    assert screening_of(*images).notes == (
        "Made from 1 of 5 images: 1 could not be read, 2 were not usable, "
        "1 were copies.",
    )


def test_frames_of_one_slide_are_not_told_one_by_one() -> None:
    assert replace(screening_of(SCREENED, REFUSED), is_sequence=True).notes == ()


def test_frames_of_one_slide_that_could_not_be_read_are_told() -> None:
    slide = replace(screening_of(SCREENED, SKIPPED, REFUSED), is_sequence=True)
    (note,) = slide.notes
    assert note.startswith("Made from 1 of 3 images: 1 could not be read, 1 were not")


@pytest.mark.parametrize(("n_islands", "is_told"), [(0, False), (1, False), (2, True)])
def test_areas_that_never_overlapped_are_told_from_two_on(
    n_islands: int, is_told: bool
) -> None:
    slide = replace(screening_of(SCREENED), tally=Tally(n_islands=n_islands))
    assert [f"{n_islands} areas" in note for note in slide.notes] == [True] * is_told


def test_a_model_that_was_not_validated_says_so_first() -> None:
    model = ModelUsed(id="m", sha256="0", engine="onnx-cpu")
    slide = replace(
        screening_of(SCREENED, REFUSED), model=model, remarks=(message("not-over"),)
    )
    first, second, third = slide.notes
    assert first == NOT_FOR_CARE.said()
    assert second.startswith("Made from 1 of 2")
    assert third == "the count is not over"


@pytest.mark.parametrize(
    ("fallback", "notes"),
    [("", ()), ("too slow", ("Cells are found by thresholds: too slow",))],
)
def test_a_segmenter_that_stepped_back_is_told_with_its_reason(
    fallback: str, notes: tuple[str, ...]
) -> None:
    assert found_by_note("thresholds", fallback) == notes
    slide = replace(screening_of(SCREENED), segmenter_fallback=fallback)
    assert slide.notes == notes


def test_the_sentence_of_a_simulation_is_marked() -> None:
    real = screening_of(SCREENED)
    assert real.sentence == "No result, because no white cell was seen."
    marked = replace(real, domain="simulated").sentence
    assert marked == f"SIMULATION: {real.sentence}"
