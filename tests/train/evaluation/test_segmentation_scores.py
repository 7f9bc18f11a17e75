"""Detections are laid on the truth of an image, and masks on masks."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_train.evaluation import Box, ImageTruth
from leukoscope_train.evaluation.segmentation_scores import (
    RIMS_PX,
    Method,
    dice,
    match,
    score_image,
    write_overlays,
)

SIZE = (100, 160)
TRUE_BOX = (20.0, 20.0, 60.0, 60.0)


def disc(centre: tuple[int, int], radius_px: int) -> np.ndarray:
    drawn = np.zeros(SIZE, np.uint8)
    cv2.circle(drawn, centre, radius_px, 1, -1)
    return drawn.astype(bool)


def truth(boxes: list[Box], ignored: list[Box] | None = None) -> ImageTruth:
    """One cell of radius 20 at (40, 40), its nucleus of radius 10."""
    return ImageTruth(
        name="field",
        pixels=np.full((*SIZE, 3), 210, np.uint8),
        nucleus=disc((40, 40), 10),
        cell=disc((40, 40), 20),
        boxes=boxes,
        ignored=ignored or [],
        scale_um_per_px=0.1,
    )


def found(
    *centres: tuple[int, int], kind: CellKind = CellKind.WBC, nucleus_px: int = 10
) -> Segmentation:
    nuclei, cells = np.zeros(SIZE, np.int32), np.zeros(SIZE, np.int32)
    for number, centre in enumerate(centres, start=1):
        nuclei[disc(centre, nucleus_px)] = number
        cells[disc(centre, 20)] = number
    boxes = [(x - 20, y - 20, x + 20, y + 20) for x, y in centres]
    return Segmentation(
        kinds=(kind,) * len(centres),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2),
        nucleus_labels=nuclei,
        cell_labels=cells,
        scale_um_per_px=0.1,
    )


def matched(seen: Segmentation, true: ImageTruth) -> tuple[int, int, int, int]:
    return match(seen, list(range(len(seen))), true)


def test_dice_is_twice_the_shared_over_the_sum() -> None:
    a, b = np.array([1, 1, 0, 0], bool), np.array([0, 1, 1, 1], bool)
    assert dice(a, b) == pytest.approx(2 * 1 / 5)
    assert dice(a, a) == 1
    assert dice(a, ~a) == 0
    assert dice(a & ~a, a & ~a) == 1


def test_a_cell_in_its_box_is_right_and_a_second_in_it_is_wrong() -> None:
    assert matched(found((40, 40)), truth([TRUE_BOX])) == (1, 1, 0, 0)
    assert matched(found((40, 40), (45, 45)), truth([TRUE_BOX])) == (1, 1, 1, 0)


def test_a_cell_where_none_is_is_wrong_unless_it_may_be_found() -> None:
    there = (100.0, 20.0, 140.0, 60.0)
    assert matched(found((120, 40)), truth([TRUE_BOX])) == (0, 0, 1, 0)
    assert matched(found((120, 40)), truth([TRUE_BOX], [there])) == (0, 0, 0, 0)


def test_a_cut_off_cell_is_right_but_not_whole_and_elsewhere_apart() -> None:
    cut = CellKind.BORDER
    assert matched(found((40, 40), kind=cut), truth([TRUE_BOX])) == (1, 0, 0, 0)
    assert matched(found((120, 40), kind=cut), truth([TRUE_BOX])) == (0, 0, 0, 1)


def test_a_point_is_found_by_a_cell_whose_box_holds_it() -> None:
    inside, outside = (58.0, 40.0, 58.0, 40.0), (62.0, 40.0, 62.0, 40.0)
    assert matched(found((40, 40)), truth([inside])) == (1, 1, 0, 0)
    assert matched(found((40, 40)), truth([outside])) == (0, 0, 1, 0)


def method(seen: Segmentation) -> Method:
    def run(pixels: U8, scale_um_per_px: float | None) -> Segmentation:
        assert scale_um_per_px == 0.1
        return seen

    return run


def test_what_was_found_exactly_has_full_marks() -> None:
    score = score_image(method(found((40, 40))), truth([TRUE_BOX]), in_marrow=False)
    assert (score.nucleus_dice, score.cell_dice, score.area_ratio) == (1, 1, 1)
    assert (score.n_true, score.n_right, score.n_whole, score.n_wrong) == (1, 1, 1, 0)
    assert score.rim_dice[0] == 1
    assert set(score.rim_dice) == set(RIMS_PX)
    assert score.time_s >= 0


def test_a_nucleus_drawn_too_small_is_best_made_wider() -> None:
    seen = found((40, 40), nucleus_px=8)
    score = score_image(method(seen), truth([TRUE_BOX]), in_marrow=False)
    assert score.area_ratio < 0.8
    assert max(score.rim_dice, key=lambda px: score.rim_dice[px]) == 2


def test_dirt_does_not_count_as_found() -> None:
    seen = found((40, 40), kind=CellKind.DEBRIS)
    score = score_image(method(seen), truth([TRUE_BOX]), in_marrow=False)
    assert (score.nucleus_dice, score.n_right, score.n_wrong) == (0, 0, 0)


def test_an_image_without_masks_has_no_dice() -> None:
    true = truth([TRUE_BOX])
    true.cell[:] = true.nucleus[:] = False
    score = score_image(method(found((40, 40))), true, in_marrow=False)
    assert (score.nucleus_dice, score.cell_dice, score.rim_dice) == (None, None, {})
    assert score.n_right == 1


def test_the_worst_images_are_drawn_under_their_rank_and_dice(tmp_path: Path) -> None:
    run, true = method(found((40, 40), nucleus_px=8)), truth([TRUE_BOX])
    score = score_image(run, true, in_marrow=False)
    write_overlays([score], run, tmp_path / "worst")
    [drawn] = (tmp_path / "worst").iterdir()
    assert drawn.name == f"0-{score.nucleus_dice:.2f}-field.png"
    pixels = cv2.imread(str(drawn))
    assert [255, 0, 0] in pixels[40].tolist()  # blue first: the nucleus that was found
    assert true.pixels.min() == 210
