"""The plain values that pass between the rooms."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import (
    Call,
    CallName,
    Cell,
    CellKind,
    Detection,
    LazyDetection,
    Segmentation,
    Tally,
    hardware_of,
    tally_from,
)


@pytest.mark.parametrize(
    ("engine", "hardware"),
    [
        ("", "the processor"),
        ("onnxruntime 1.22", "the processor"),
        ("onnxruntime-cpu 1.22", "the processor"),
        ("tensorrt 10.3 int8", "the accelerator"),
        ("quick and deep on TensorRT 10.3, onnxruntime-cpu 1.22", "the processor"),
    ],
)
def test_what_an_engine_runs_on_is_told_in_words_of_people(
    engine: str, hardware: str
) -> None:
    assert hardware_of(engine) == hardware


def test_a_tally_of_an_older_program_lacks_what_it_did_not_count() -> None:
    assert tally_from({}) == Tally()
    assert tally_from({"n_smudges": 2, "outcome": {}}) == Tally(n_smudges=2)


def segmentation_of(
    n: int, *, boxes: tuple[int, ...] | None = None, labels_px: int = 8
) -> Segmentation:
    return Segmentation(
        kinds=(CellKind.WBC, CellKind.SMUDGE, CellKind.WBC)[:n],
        boxes_px=np.zeros(boxes or (n, 4), np.int32),
        centres_px=np.zeros((n, 2), np.float32),
        nucleus_labels=np.zeros((8, 8), np.int32),
        cell_labels=np.zeros((8, labels_px), np.int32),
        scale_um_per_px=0.1,
    )


@pytest.mark.parametrize(("n", "wbc"), [(0, []), (2, [0]), (3, [0, 2])])
def test_a_segmentation_knows_its_objects_by_kind(n: int, wbc: list[int]) -> None:
    found = segmentation_of(n)
    assert len(found) == n
    assert found.indices(CellKind.WBC) == wbc
    assert found.indices(CellKind.PLATELET) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"boxes": (1, 4)}, "2 kinds, but boxes"),
        ({"boxes": (2, 3)}, "2 kinds, but boxes"),
        ({"labels_px": 9}, "label images differ"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        segmentation_of(2, **wrong)


KINDS = (("blast", 0.5), ("lymphocyte", 0.3), ("monocyte", 0.2))


@pytest.mark.parametrize(
    ("kinds", "kind", "beside", "p"),
    [
        ((), "", "", 0.0),
        (KINDS, "blast", "lymphocyte", 0.5),
        (KINDS[1:], "lymphocyte", "lymphocyte", 0.3),
        (KINDS[:1], "blast", "", 0.5),
    ],
)
def test_a_call_tells_its_likeliest_kind(
    kinds: tuple[tuple[str, float], ...], kind: str, beside: str, p: float
) -> None:
    call = Call(name=CallName.BLAST, p_blast=0.5, kinds=kinds)
    assert (call.kind, call.kind_beside_blast, call.p_kind) == (kind, beside, p)


def test_a_glimpse_is_cut_out_only_when_it_is_asked_for() -> None:
    crop, view = np.ones((4, 4, 3), np.uint8), np.zeros((9, 9, 3), np.uint8)
    cuts = []

    def cut() -> U8:
        cuts.append(1)
        return crop

    detection = LazyDetection(
        frame="7",
        box_px=(1, 2, 3, 4),
        centre_px=(2.0, 3.0),
        slide_px=(12.0, 13.0),
        sharpness=5.0,
        radius_px=1.5,
        by_cells_um_per_px=0.2,
        cut=cut,
        cut_view=lambda: view,
    )
    assert not cuts
    seen = detection.sighting()
    assert seen.crop is crop
    assert len(cuts) == 1
    for field in fields(Detection):
        assert getattr(seen, field.name) == getattr(detection, field.name), field.name
    sightings = seen, detection.sighting()
    assert Cell(id=1, sightings=sightings, n_sightings=9, view=view).best is seen


def test_two_detections_of_one_place_are_not_the_same() -> None:
    detection = Detection(
        frame="7",
        box_px=(0, 0, 1, 1),
        centre_px=(0.0, 0.0),
        slide_px=(0.0, 0.0),
        sharpness=1.0,
        radius_px=1.0,
    )
    assert detection != replace(detection)
