"""A screening that was made at one go, kept as a slide to be reviewed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.edge.records.one_screening import SCREENING

from leukoscope_edge.capture import items_of
from leukoscope_edge.capture.stored import ImageReplay
from leukoscope_edge.inference import Card
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.records import pixels_sha256
from leukoscope_edge.records.import_screening import hashed, keep_screening
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import Frame


def kept(bench: Any, card: Card, screening: Screening = SCREENING) -> Any:
    slide = keep_screening(
        bench.store,
        screening,
        card,
        site=None,
        sample="S-9",
        frame_sha256={"a.png": "ef" * 32},
        by="ann",
    )
    return bench.reopen().reader.slide(slide)


def test_a_camera_puts_down_the_hash_of_every_frame_that_it_gives(
    tmp_path: Path,
) -> None:
    for number in range(2):
        picture = np.full((480, 640, 3), (180, 200, 210 + number), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    (tmp_path / "2.png").write_bytes(b"no picture")
    hashes: dict[str, str] = {}
    paths = sorted(tmp_path.iterdir())
    with hashed(ImageReplay(paths, 0.1), hashes) as camera:
        items = list(items_of(camera))
    frames = [i for i in items if isinstance(i, Frame)]
    assert (len(items), len(frames), camera.scale_um_per_px) == (3, 2, 0.1)
    assert hashes == {f.name: pixels_sha256(f.pixels) for f in frames}


def test_its_slide_waits_for_people_with_the_machines_word(
    bench: Any, card: Card
) -> None:
    record = kept(bench, card)
    assert record.state is SlideState.REVIEW
    assert record.machine.sentence == "it is a test"
    assert bench.store.reader.identity(record.id).sample == "S-9"
    assert (record.by, record.tally.n_smudges) == ("ann", 4)
    assert record.origin.card_digest == card.digest


def test_its_cells_count_but_those_that_an_edge_cut_off(bench: Any, card: Card) -> None:
    record = kept(bench, card)
    assert [(c.id, c.is_counted) for c in record.cells] == [
        ("1", True),
        ("2", True),
        ("3", False),
    ]
    assert {c.frame_sha256 for c in record.cells} == {"ef" * 32}


@pytest.mark.parametrize(("is_sequence", "mode"), [(True, "slide"), (False, "fields")])
def test_separate_fields_are_no_slide_under_a_moving_stage(
    bench: Any, card: Card, mode: str, *, is_sequence: bool
) -> None:
    record = kept(bench, card, replace(SCREENING, is_sequence=is_sequence))
    assert record.mode == mode


def test_what_served_in_the_place_of_another_is_noted(bench: Any, card: Card) -> None:
    assert kept(bench, card).notes == ()
    model = replace(SCREENING.model, fallback="no accelerator")
    fallen = replace(SCREENING, model=model, segmenter_fallback="no network")
    said = " ".join(kept(bench, card, fallen).notes)
    assert "no accelerator" in said
    assert "no network" in said


def test_what_is_wrong_with_the_pictures_stays_with_them(
    bench: Any, card: Card
) -> None:
    doubt = Doubt(reason=message("test"), cure=None, spoils_calls=True)
    record = kept(bench, card, replace(SCREENING, doubts=(doubt,)))
    assert record.doubts == (doubt,)
